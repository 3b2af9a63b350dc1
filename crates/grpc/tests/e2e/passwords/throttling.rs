//! Guessing is slowed down.

use std::time::{Duration, Instant};

use byline_grpc::pb::credential_service_client::CredentialServiceClient;
use byline_persistence::testing::{count, execute};
use tokio::task::JoinSet;
use tonic::Code;
use tonic_types::StatusExt;

use super::{PASSWORD, verify};
use crate::support::{Server, World, eventually, reason};

#[tokio::test]
async fn after_six_failures_an_account_waits_at_every_replica_and_not_for_long() {
    let world = World::new().await;
    let ada = world.user_with_password("ada@example.com").await;
    let other = Server::serve(&world.database.service_url(), &[]).await;
    let other = CredentialServiceClient::new(other.channel().await);
    let mut last = Instant::now();
    for number in 0..6 {
        last = Instant::now();
        let at = [&world.credentials, &other][number % 2];
        let status = verify(at, "ada@example.com", "not this one")
            .await
            .unwrap_err();
        assert_eq!(reason(&status), "PASSWORD_NOT_VERIFIED");
    }
    // It waits for a second, however often it is tried meanwhile; a busy machine may take that long.
    for at in [&world.credentials, &other] {
        match verify(at, &ada.id, PASSWORD).await {
            Ok(_) => assert!(last.elapsed() >= Duration::from_secs(1)),
            Err(status) => assert_eq!(reason(&status), "PASSWORD_NOT_VERIFIED"),
        }
    }
    eventually("verified again", || async {
        verify(&other, &ada.id, PASSWORD).await.is_ok()
    })
    .await;
    let mut connection = world.database.connection().await;
    let failures = "select count(*) from throttles where failures > 0";
    assert_eq!(
        count(&mut connection, failures).await,
        1,
        "of the caller alone"
    );
}

#[tokio::test]
async fn of_fifty_guesses_at_once_six_are_compared() {
    let options = ["--hash-queue", "64"];
    let world = World::with(&options).await;
    let ada = world.user_with_password("ada@example.com").await;
    let mut guesses = JoinSet::new();
    for number in 0..50 {
        let (credentials, id) = (world.credentials.clone(), ada.id.clone());
        let guess = format!("guess number {number}");
        guesses.spawn(async move { verify(&credentials, &id, &guess).await.unwrap_err() });
    }
    for status in guesses.join_all().await {
        assert_eq!(reason(&status), "PASSWORD_NOT_VERIFIED");
    }
    let mut connection = world.database.connection().await;
    // The row of the account, and not that of the caller, who failed fifty times. On a machine that
    // takes seconds for all of them the account is let try again in between.
    let least = "select min(failures)::bigint from throttles";
    let compared = count(&mut connection, least).await;
    assert!((6..=9).contains(&compared), "{compared}");
}

#[tokio::test]
async fn a_caller_who_fails_too_often_is_told_when_to_come_back() {
    let world = World::with(&["--failures-per-minute", "3"]).await;
    let ada = world.user_with_password("ada@example.com").await;
    for number in 0..3 {
        // A success is no failure.
        assert!(world.verify(&ada.id, PASSWORD).await.is_ok());
        let whose = format!("nobody-{number}@example.com");
        let status = world.verify(&whose, PASSWORD).await.unwrap_err();
        assert_eq!(reason(&status), "PASSWORD_NOT_VERIFIED");
    }
    let mut connection = world.database.connection().await;
    let rows = "select count(*) from throttles";
    assert_eq!(count(&mut connection, rows).await, 4);
    for whose in [&ada.id, "nobody-9@example.com"] {
        let status = world.verify(whose, PASSWORD).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(reason(&status), "TOO_MANY_FAILURES");
        let details = status.get_error_details();
        let delay = details.retry_info().unwrap().retry_delay.unwrap();
        assert!(delay <= Duration::from_mins(1), "{delay:?}");
        assert!(delay > Duration::from_secs(20), "{delay:?}");
    }
    // Nothing more is kept of accounts.
    assert_eq!(count(&mut connection, rows).await, 4);
}

#[tokio::test]
async fn what_is_forgotten_is_swept() {
    let world = World::with(&["--sweep-interval", "50ms"]).await;
    for number in 0..3 {
        let whose = format!("nobody-{number}@example.com");
        world.verify(&whose, PASSWORD).await.unwrap_err();
    }
    let mut connection = world.database.connection().await;
    execute(
        &mut connection,
        "update throttles set forgotten_at = now() where failures = 1",
    )
    .await;
    eventually("swept", || async {
        let mut connection = world.database.connection().await;
        count(&mut connection, "select count(*) from throttles").await == 1
    })
    .await;
}
