//! How often callers call, and how often others try to.

use std::time::{Duration, Instant};

use byline_grpc::pb;
use secrecy::ExposeSecret;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

use super::{guarded, guarded_by, with_token};
use crate::support::{World, eventually, reason};
use crate::wire::call_any;

async fn list(world: &World, token: &str) -> Result<(), Status> {
    let request = with_token(pb::ListUsersRequest::default(), token);
    world.users.clone().list_users(request).await.map(drop)
}

/// When to come back, as a refusal says.
fn wait(status: &Status) -> Duration {
    let details = status.get_error_details();
    details.retry_info().unwrap().retry_delay.unwrap()
}

async fn health(world: &World) {
    HealthClient::new(world.server.channel().await)
        .check(HealthCheckRequest::default())
        .await
        .expect("health answers");
}

#[tokio::test]
async fn a_caller_has_its_burst_and_is_then_told_when_it_is_let_in_again() {
    let rate = ["--caller-rate", "1", "--caller-burst", "5"];
    let (world, [busy, other, idle]) = guarded_by(["users.read"; 3], &rate).await;
    let began = Instant::now();
    let mut let_in = 0;
    let refused = loop {
        match list(&world, &busy).await {
            Ok(()) => let_in += 1,
            Err(refused) => break refused,
        }
    };
    // Its burst, and what its rate let in meanwhile.
    let most = 5 + began.elapsed().as_secs() + 1;
    assert!((5..=most).contains(&let_in), "{let_in} of {most}");
    let told = (refused.code(), reason(&refused));
    let expected = (Code::ResourceExhausted, "RATE_LIMIT_EXCEEDED".to_owned());
    assert_eq!(told, expected);
    let wait = wait(&refused);
    assert!(
        !wait.is_zero() && wait <= Duration::from_secs(1),
        "{wait:?}"
    );
    // Nobody else is concerned.
    list(&world, &other).await.unwrap();
    health(&world).await;

    tokio::time::sleep(wait).await;
    list(&world, &busy).await.expect("it has come back in time");
    // What is refused later counts as well, and it is refused before it is asked what it may.
    let channel = world.server.channel().await;
    let path = "/byline.v1.UserService/PurgeUser";
    let mut reasons = Vec::new();
    while !reasons.contains(&"RATE_LIMIT_EXCEEDED".to_owned()) {
        let answer = call_any(&channel, path, with_token(vec![0xff; 9], &idle)).await;
        reasons.push(reason(&answer.unwrap_err()));
    }
    assert!(
        reasons.len() > 5 && reasons[..5] == ["SCOPE_MISSING"; 5],
        "{reasons:?}"
    );
    eventually("the refusal is logged as the caller's", || async {
        let calls = world.server.calls();
        calls
            .iter()
            .any(|line| line["caller"] == "key:caller 2" && line["code"] == "ResourceExhausted")
    })
    .await;
}

#[tokio::test]
async fn a_caller_can_be_left_without_a_rate() {
    let rate = ["--caller-rate", "0", "--caller-burst", "1"];
    let (world, [token]) = guarded_by(["users.read"], &rate).await;
    for _ in 0..20 {
        list(&world, &token).await.unwrap();
    }
}

#[tokio::test]
async fn whoever_is_refused_too_often_has_to_rest_and_good_credentials_are_let_in() {
    let (world, [good]) = guarded_by(["users.read"], &["--refusals-per-minute", "4"]).await;
    for token in ["byl_0000000000000000_0", "a.b.c", &good[..40], "a.b.c"] {
        let refused = list(&world, token).await.unwrap_err();
        assert_eq!(reason(&refused), "CREDENTIALS_INVALID");
    }
    let mut users = world.users.clone();
    let nothing = users.list_users(pb::ListUsersRequest::default()).await;
    for refused in [list(&world, "a.b.c").await, nothing.map(drop)] {
        let refused = refused.unwrap_err();
        let told = (refused.code(), reason(&refused));
        let expected = (Code::ResourceExhausted, "TOO_MANY_REFUSALS".to_owned());
        assert_eq!(told, expected);
        let wait = wait(&refused);
        assert!(
            !wait.is_zero() && wait <= Duration::from_secs(15),
            "{wait:?}"
        );
    }
    list(&world, &good).await.expect("it has good ones");
    health(&world).await;
}

#[tokio::test]
async fn why_credentials_were_refused_is_logged_so_often_and_no_more() {
    let (world, [good]) = guarded(["users.read"]).await;
    let unknown = {
        // Another secret to the id of a key.
        let other = byline_domain::access::ApiKey::from_random(&[9; 40]).reveal();
        assert_ne!(other.expose_secret(), good);
        other.expose_secret().to_owned()
    };
    let id = &unknown[4..20];
    let no_such_key = format!("there is no API key {id}, or no longer, or its secret is another");
    let tried = [
        (Some(&unknown[..]), &no_such_key[..]),
        (Some(&good[..40]), "it is no API key, or a mistyped one"),
        (Some("a.b.c"), "tokens are not taken (--auth)"),
        (None, "there are none"),
    ];
    for (token, _) in &tried {
        let mut request = Request::new(pb::ListUsersRequest::default());
        if let Some(token) = token {
            request = with_token(request.into_inner(), token);
        }
        world.users.clone().list_users(request).await.unwrap_err();
    }
    let lines = world.server.lines("credentials were refused");
    assert_eq!(lines.len(), tried.len(), "{lines:?}");
    for (line, (_, why)) in lines.iter().zip(tried) {
        assert_eq!(line["reason"], why);
        assert_eq!(line["level"], "WARN");
        let peer = line["peer"].as_str().unwrap();
        assert!(peer.starts_with("127.0.0.1:"), "{line}");
        assert!(!line["request_id"].as_str().unwrap().is_empty(), "{line}");
    }
    for _ in 0..100 {
        list(&world, &unknown).await.unwrap_err();
    }
    let left_out = || {
        let lines = world
            .server
            .lines("not all refusals of credentials are logged");
        let numbers = lines.iter().map(|line| line["left_out"].as_u64().unwrap());
        numbers.sum::<u64>()
    };
    eventually("it is told how many were left out", || async {
        left_out() > 0
    })
    .await;
    eventually("each was logged or counted", || async {
        let logged = world.server.lines("credentials were refused").len();
        u64::try_from(logged).unwrap() + left_out() == 104
    })
    .await;
    let logged = world.server.lines("credentials were refused").len();
    assert!(logged < 30, "{logged}");
    // Whatever becomes of the warnings, each refused call is a line of its own.
    let calls = world.server.lines("call");
    let refused = calls.iter().filter(|it| it["code"] == "Unauthenticated");
    assert_eq!(refused.count(), 104);
    let log = world.server.log();
    for secret in [&unknown[21..], &good[21..40], "a.b.c"] {
        assert!(!log.contains(secret), "{log}");
    }
}
