//! Setting passwords.

use byline_grpc::pb;
use byline_persistence::testing::{count, execute};
use tonic::Code;

use super::{PASSWORD, to_set};
use crate::errors::shown;
use crate::support::{World, cost, get_by_id, reason, violations};

const NOBODY: &str = "00000000-0000-4000-8000-000000000001";
const REQUEST: &str = "7d444840-9dc0-41d1-b245-5ffdce74fad2";

#[tokio::test]
async fn a_password_that_was_set_is_verified_by_id_and_by_address() {
    let world = World::new().await;
    let ada = world.user_with_password("ada@example.com").await;
    for whose in [&ada.id, "ada@example.com", "ADA@Example.com"] {
        let answer = world.verify(whose, PASSWORD).await.unwrap();
        assert_eq!(cost(&answer), 3, "the user, the attempt, and its end");
        assert_eq!(answer.into_inner().user, Some(ada.clone()));
    }
    // What is typed on another keyboard is the same.
    world
        .set(to_set(&ada, "cafe\u{301} au\u{a0}lait"))
        .await
        .unwrap();
    assert!(world.verify(&ada.id, "café au lait").await.is_ok());
    let old = world.verify(&ada.id, PASSWORD).await.unwrap_err();
    assert_eq!(reason(&old), "PASSWORD_NOT_VERIFIED");
    // The user is as before.
    let found = world.users.clone().get_user(get_by_id(&ada.id)).await;
    assert_eq!(found.unwrap().into_inner().user, Some(ada));
}

#[tokio::test]
async fn what_may_be_no_password_is_refused() {
    let world = World::new().await;
    let user = pb::User {
        name: Some("Ada Lovelace".to_owned()),
        ..pb::User::default()
    };
    let ada = world.user_like("ada.lovelace@example.com", user).await;
    for (password, expected) in [
        ("", "REQUIRED"),
        ("1234567", "TOO_SHORT"),
        (&"x".repeat(1_025), "TOO_LONG"),
        ("tab\tin it", "FORBIDDEN_CHARACTER"),
        ("PassWord", "COMMON_PASSWORD"),
        ("Ada.Lovelace@example.com", "COMMON_PASSWORD"),
        ("ada.lovelace", "COMMON_PASSWORD"),
        ("ada lovelace", "COMMON_PASSWORD"),
    ] {
        let status = world.set(to_set(&ada, password)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{password}");
        let expected = [("new_password".to_owned(), expected.to_owned())];
        assert_eq!(violations(&status), expected, "{password}");
    }
    let bad = pb::SetPasswordRequest {
        current_password: Some(String::new()),
        request_id: "x".to_owned(),
        ..to_set(&pb::User::default(), "short")
    };
    let status = world.set(bad).await.unwrap_err();
    insta::assert_snapshot!("bad_password", shown(&status));
    let mut connection = world.database.connection().await;
    let kept = count(&mut connection, "select count(*) from credentials").await;
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn nobody_has_a_password_and_in_the_trash_it_cannot_be_set() {
    let world = World::new().await;
    let ada = world.user_with_password("ada@example.com").await;
    let nobody = pb::User {
        id: NOBODY.to_owned(),
        ..pb::User::default()
    };
    let status = world.set(to_set(&nobody, PASSWORD)).await.unwrap_err();
    assert_eq!(reason(&status), "USER_NOT_FOUND");
    world.delete_user(&ada.id).await;
    for current in [None, Some(PASSWORD.to_owned())] {
        let request = pb::SetPasswordRequest {
            current_password: current,
            ..to_set(&ada, "another one of mine")
        };
        let status = world.set(request).await.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(reason(&status), "USER_IN_TRASH");
    }
    // It is kept there, and comes back.
    let undelete = pb::UndeleteUserRequest {
        id: ada.id.clone(),
        ..pb::UndeleteUserRequest::default()
    };
    world.users.clone().undelete_user(undelete).await.unwrap();
    assert!(world.verify(&ada.id, PASSWORD).await.is_ok());
    // Whoever is removed for good loses it.
    world.delete_user(&ada.id).await;
    let purge = pb::PurgeUserRequest {
        id: ada.id.clone(),
        ..pb::PurgeUserRequest::default()
    };
    world.users.clone().purge_user(purge).await.unwrap();
    let mut connection = world.database.connection().await;
    let kept = count(&mut connection, "select count(*) from credentials").await;
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn the_current_password_has_to_be_right_where_it_is_said() {
    let world = World::new().await;
    let ada = world.user_with_password("ada@example.com").await;
    let change = |current: &str| pb::SetPasswordRequest {
        current_password: Some(current.to_owned()),
        ..to_set(&ada, "another one of mine")
    };
    let status = world.set(change("not this one")).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(reason(&status), "PASSWORD_NOT_VERIFIED");
    assert!(world.verify(&ada.id, PASSWORD).await.is_ok());
    world.set(change(PASSWORD)).await.unwrap();
    assert!(world.verify(&ada.id, "another one of mine").await.is_ok());
    // Guessed so, it is slowed down as it is by VerifyPassword.
    for _ in 0..6 {
        world.set(change("not this one")).await.unwrap_err();
    }
    let right = world.verify(&ada.id, "another one of mine").await;
    assert_eq!(reason(&right.unwrap_err()), "PASSWORD_NOT_VERIFIED");
    // Whoever sets it anew starts over.
    world.set(to_set(&ada, PASSWORD)).await.unwrap();
    assert!(world.verify(&ada.id, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_retry_is_answered_the_same_and_another_password_is_no_retry() {
    let world = World::new().await;
    let ada = world.user_with_password("ada@example.com").await;
    let change = |new: &str| pb::SetPasswordRequest {
        current_password: Some(PASSWORD.to_owned()),
        request_id: REQUEST.to_owned(),
        ..to_set(&ada, new)
    };
    let tried = pb::SetPasswordRequest {
        validate_only: true,
        ..change("another one of mine")
    };
    world.set(tried).await.unwrap();
    assert!(world.verify(&ada.id, PASSWORD).await.is_ok(), "only tried");
    world.set(change("another one of mine")).await.unwrap();
    // The current one is another by now.
    world.set(change("another one of mine")).await.unwrap();
    let status = world.set(change("a third one of mine")).await.unwrap_err();
    assert_eq!(reason(&status), "REQUEST_ID_REUSED");
    assert!(world.verify(&ada.id, "another one of mine").await.is_ok());

    // What is kept of the request is quick to compare with no guess.
    let mut connection = world.database.connection().await;
    execute(
        &mut connection,
        "do $$ begin if exists (
            select from request_records where response <> '' or digest = sha256('another one of mine')
        ) then raise 'it tells of a password'; end if; end $$",
    )
    .await;
}
