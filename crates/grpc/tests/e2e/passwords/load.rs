//! Many verifications at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use byline_persistence::testing::{count, execute};
use tokio::task::JoinSet;
use tonic::Code;
use tonic_types::StatusExt;

use super::{PASSWORD, to_set, verify};
use crate::support::{World, get_by_id, reason};

#[tokio::test]
async fn what_does_not_fit_is_told_at_once_and_is_no_failure() {
    let options = ["--hash-threads", "1", "--hash-queue", "3"];
    let world = World::with(&options).await;
    let ada = world.user_with_password("ada@example.com").await;
    let mut calls = JoinSet::new();
    for number in 0..40 {
        let credentials = world.credentials.clone();
        let whose = format!("nobody-{number}@example.com");
        calls.spawn(async move { verify(&credentials, &whose, PASSWORD).await.unwrap_err() });
    }
    let told = calls.join_all().await;
    let (busy, others): (Vec<_>, Vec<_>) = told
        .iter()
        .partition(|status| status.code() == Code::ResourceExhausted);
    assert!(!busy.is_empty(), "40 calls fit into 4 places");
    assert!(others.len() >= 4, "{}", others.len());
    for status in &busy {
        assert_eq!(reason(status), "TOO_MANY_VERIFICATIONS");
        assert!(status.get_error_details().retry_info().is_some());
        let queries = status.metadata().get("byline-db-queries").unwrap();
        assert_eq!(queries, "0", "nothing was read or counted");
    }
    for status in &others {
        assert_eq!(reason(status), "PASSWORD_NOT_VERIFIED");
    }
    assert!(world.verify(&ada.id, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn what_is_hashed_and_waits_to_be_kept_has_no_place() {
    const WAITING: &str = "select count(*) from pg_stat_activity \
        where datname = current_database() and wait_event_type = 'Lock'";
    let world = World::with(&["--hash-threads", "1", "--hash-queue", "0"]).await;
    let ada = world.user_with_password("ada@example.com").await;
    let bob = world.user_with_password("bob@example.com").await;
    let mut behind = world.database.connection().await;
    let hold = "begin; select from users where email = 'ada@example.com' for update";
    execute(&mut behind, hold).await;
    let mut credentials = world.credentials.clone();
    let request = to_set(&ada, "another horse battery staple");
    let setting = tokio::spawn(async move { credentials.set_password(request).await });
    let mut other = world.database.connection().await;
    while count(&mut other, WAITING).await == 0 {
        assert!(!setting.is_finished(), "it waits for nobody");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    world
        .verify(&bob.id, PASSWORD)
        .await
        .expect("there is a place");
    assert!(!setting.is_finished(), "it waits no more");
    execute(&mut behind, "rollback").await;
    setting.await.unwrap().unwrap();
}

#[tokio::test]
async fn other_calls_are_answered_while_passwords_wait_to_be_hashed() {
    let options = ["--hash-threads", "1", "--hash-queue", "64"];
    let world = World::with(&options).await;
    let ada = world.user("ada@example.com").await;
    let (stop, under_way) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let mut calls = JoinSet::new();
    for number in 0..32 {
        let (credentials, stop) = (world.credentials.clone(), stop.clone());
        let under_way = under_way.clone();
        calls.spawn(async move {
            let whose = format!("nobody-{number}@example.com");
            while !stop.load(Ordering::Relaxed) {
                under_way.fetch_add(1, Ordering::Relaxed);
                let _ = verify(&credentials, &whose, PASSWORD).await;
                under_way.fetch_sub(1, Ordering::Relaxed);
            }
        });
    }
    // One thread hashes for all of them, so that most wait.
    for _ in 0..50 {
        let read = world.users.clone();
        let mut read = read;
        let read = read.get_user(get_by_id(&ada.id));
        let answer = tokio::time::timeout(Duration::from_secs(2), read).await;
        answer.expect("it waits for no hash").unwrap();
        assert!(under_way.load(Ordering::Relaxed) > 0);
    }
    stop.store(true, Ordering::Relaxed);
    calls.join_all().await;
}
