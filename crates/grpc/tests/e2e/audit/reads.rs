//! Reads of the audit log: their pages, how they are found, and how many there are at once.

use std::time::{Duration, Instant};

use byline_grpc::pb;
use byline_grpc::pb::audit_service_client::AuditServiceClient;
use byline_grpc::pb::user_service_client::UserServiceClient;
use byline_persistence::testing::{count, execute};
use tonic::Code;

use super::{deeds, renamed};
use crate::errors::shown;
use crate::support::{Server, World, eventually, get_by_id};

#[tokio::test]
async fn pages_follow_each_other_and_a_wrong_filter_is_told() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let user = world.user(&format!("user-{number}@example.com")).await;
        ids.push(user.id);
    }
    ids.reverse();
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let page = pb::ListAuditEventsRequest {
            filter: "action = user.created".into(),
            page_size: 2,
            page_token: token,
        };
        let page = world.page_of_events(page).await;
        found.extend(page.events.into_iter().map(|event| event.resource_id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(found, ids);
    let wrong = pb::ListAuditEventsRequest {
        filter: "email = \"ada@example.com\"".into(),
        ..pb::ListAuditEventsRequest::default()
    };
    let mut audit = AuditServiceClient::new(world.server.channel().await);
    let refused = audit.list_audit_events(wrong).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("there is no field"), "{refused}");
}

#[tokio::test]
async fn pages_end_and_begin_within_what_one_call_made() {
    let mut world = World::new().await;
    let requests = (0..7).map(|number| pb::CreateUserRequest {
        user: Some(pb::User {
            email: format!("user-{number}@example.com"),
            ..pb::User::default()
        }),
        ..pb::CreateUserRequest::default()
    });
    let request = pb::BatchCreateUsersRequest {
        requests: requests.collect(),
        ..pb::BatchCreateUsersRequest::default()
    };
    world.users.batch_create_users(request).await.unwrap();
    world.user("ada@example.com").await;
    for filter in ["", "action : created"] {
        let (mut found, mut sizes, mut token) = (Vec::new(), Vec::new(), String::new());
        loop {
            let page = pb::ListAuditEventsRequest {
                filter: filter.into(),
                page_size: 3,
                page_token: token,
            };
            let page = world.page_of_events(page).await;
            sizes.push(page.events.len());
            found.extend(page.events.into_iter().map(|event| event.id));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(sizes, [3, 3, 2], "{filter}");
        assert!(found.is_sorted_by(|one, next| one > next), "{found:?}");
    }
}

/// A client of IPv4 is the same whatever the server listens on.
#[tokio::test]
async fn a_peer_is_known_by_one_address_and_found_by_it() {
    let world = World::new().await;
    let url = world.database.service_url();
    let server = Server::serve_at("[::ffff:127.0.0.1]:0", &url, &[]).await;
    let ada = world.user("ada@example.com").await;
    let mut users = UserServiceClient::new(server.channel().await);
    users.update_user(renamed(&ada.id, "Ada")).await.unwrap();
    let events = world.events("peer = 127.0.0.1").await;
    let expected = [
        ("user.created", ada.id.as_str()),
        ("user.updated", ada.id.as_str()),
    ];
    assert_eq!(deeds(&events), expected);
    assert!(world.events("peer != 127.0.0.1").await.is_empty());
}

/// Has each read of the audit log take longer than any test.
const SLOW: &str = "alter table audit_events enable row level security;
    create policy slow on audit_events using (pg_sleep(3600) is not null)";
const NOT_SLOW: &str = "alter table audit_events disable row level security";
const SLEEPING: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and wait_event = 'PgSleep'";

#[tokio::test]
async fn slow_reads_are_few_and_leave_connections_for_others() {
    let world = World::with(&["--pool-size", "8"]).await;
    let ada = world.user("ada@example.com").await;
    let channel = world.server.channel().await;
    let read = || {
        let mut audit = AuditServiceClient::new(channel.clone());
        async move {
            let all = pb::ListAuditEventsRequest::default();
            audit.list_audit_events(all).await
        }
    };
    let mut beside = world.database.connection().await;
    execute(&mut beside, SLOW).await;
    let slow = [tokio::spawn(read()), tokio::spawn(read())];
    eventually("both places are taken", || async {
        let mut beside = world.database.connection().await;
        count(&mut beside, SLEEPING).await == 2
    })
    .await;

    let began = Instant::now();
    let refused = read().await.unwrap_err();
    insta::assert_snapshot!("too_many_audit_reads", shown(&refused));
    let mut users = world.users.clone();
    users.get_user(get_by_id(&ada.id)).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "nobody waits");

    for read in slow {
        read.abort();
    }
    eventually("both have ended", || async {
        let mut beside = world.database.connection().await;
        count(&mut beside, SLEEPING).await == 0
    })
    .await;
    execute(&mut beside, NOT_SLOW).await;
    let events = read().await.unwrap().into_inner().events;
    assert_eq!(deeds(&events), [("user.created", ada.id.as_str())]);
}
