//! Imports that come again, that are only tried, and how they say what they want.

use byline_grpc::pb;
use byline_persistence::testing::count;
use tokio_stream::iter;

use crate::changes::{contents, request_id};
use crate::errors::shown;
use crate::imports::{counts, each, import_users, on, populated, settings, user, users};
use crate::support::{World, reason, violations};

#[tokio::test]
async fn a_retry_is_answered_the_same_however_its_rows_are_divided() {
    let world = World::new().await;
    let rows: Vec<_> = (1..=5)
        .map(|n| user(&format!("user-{n}@example.com")))
        .collect();
    let settings = || pb::ImportSettings {
        request_id: request_id(1),
        ..each(on(pb::OnConflict::Skip))
    };
    let first = import_users(&world.transfers, settings(), &[&rows]).await;
    let first = first.unwrap().into_inner();
    let after = contents(&world.database).await;
    let parts: [&[&[pb::User]]; 2] = [&[&rows], &[&rows[..2], &[], &rows[2..]]];
    for messages in parts {
        let again = import_users(&world.transfers, settings(), messages).await;
        assert_eq!(again.unwrap().into_inner(), first);
    }
    for (other, messages) in [
        (settings(), &rows[1..]),
        (
            pb::ImportSettings {
                on_conflict: pb::OnConflict::Update.into(),
                ..settings()
            },
            &rows[..],
        ),
    ] {
        let status = import_users(&world.transfers, other, &[messages]).await;
        let status = status.unwrap_err();
        assert_eq!(reason(&status), "REQUEST_ID_REUSED");
        let named = ("settings.request_id".to_owned(), String::new());
        assert_eq!(violations(&status), [named]);
    }
    assert_eq!(contents(&world.database).await, after);
}

#[tokio::test]
async fn what_was_not_applied_is_not_recorded() {
    let world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let rows = [user("ada@example.com"), user("bob@example.com")];
    let settings = || pb::ImportSettings {
        request_id: request_id(1),
        ..settings()
    };
    assert!(!users(&world, settings(), &rows).await.applied);
    world.delete_user(&ada.id).await;
    let report = users(&world, settings(), &rows).await;
    assert!(report.applied);
    assert_eq!(counts(&report), [2, 0, 0, 0, 0]);
}

#[tokio::test]
async fn what_is_only_tried_leaves_nothing() {
    let (world, _) = populated().await;
    let before = contents(&world.database).await;
    let rows = [user("ada@example.com"), user("new@example.com")];
    for (on_conflict, expected) in [
        (pb::OnConflict::Fail, [1, 0, 0, 0, 1]),
        (pb::OnConflict::Skip, [1, 0, 0, 1, 0]),
        (pb::OnConflict::Update, [1, 1, 0, 0, 0]),
    ] {
        let settings = pb::ImportSettings {
            validate_only: true,
            request_id: request_id(1),
            ..each(on(on_conflict))
        };
        let report = users(&world, settings, &rows).await;
        assert!(!report.applied);
        assert_eq!(counts(&report), expected, "{on_conflict:?}");
        assert_eq!(contents(&world.database).await, before);
    }
}

#[tokio::test]
async fn an_import_without_rows_or_messages_is_one_of_nothing() {
    let world = World::new().await;
    for messages in [&[][..], &[&[][..]]] {
        let answer = import_users(&world.transfers, settings(), messages).await;
        let report = answer.unwrap().into_inner().report.unwrap();
        assert!(report.applied);
        assert_eq!(counts(&report), [0; 5]);
    }
}

#[tokio::test]
async fn settings_come_once_and_are_right() {
    let world = World::new().await;
    let wrong = pb::ImportSettings {
        on_conflict: 9,
        atomicity: 9,
        request_id: "again".into(),
        ..settings()
    };
    let status = import_users(&world.transfers, wrong, &[&[]]).await;
    insta::assert_snapshot!("bad_import", shown(&status.unwrap_err()));

    let message = |email: &str| pb::ImportUsersRequest {
        settings: Some(settings()),
        users: vec![user(email)],
    };
    let messages = [message("a@example.com"), message("b@example.com")];
    let status = world.transfers.clone().import_users(iter(messages)).await;
    let status = status.unwrap_err();
    assert_eq!(reason(&status), "INVALID_FIELDS");
    assert_eq!(
        violations(&status),
        [("settings".to_owned(), "MALFORMED".to_owned())]
    );
    let mut beside = world.database.connection().await;
    assert_eq!(count(&mut beside, "select count(*) from users").await, 0);
}
