//! A user's life, from end to end.

use byline_grpc::pb;
use tonic::Code;

use crate::support::{World, get_by_id};

#[tokio::test]
async fn a_user_is_made_changed_deleted_brought_back_and_purged() {
    let mut world = World::new().await;
    let made = world.user("Ada@Example.com").await;
    assert_eq!(made.email, "Ada@Example.com");
    assert_eq!(made.role, "user");
    assert_eq!(made.is_active, Some(true));
    assert_eq!(made.updated_at, None);

    let by_email = pb::GetUserRequest {
        key: Some(pb::get_user_request::Key::Email("aDA@eXAMPLE.com".into())),
        ..pb::GetUserRequest::default()
    };
    let found = world
        .users
        .get_user(by_email)
        .await
        .unwrap()
        .into_inner()
        .user;
    assert_eq!(found, Some(made.clone()));

    let update = pb::UpdateUserRequest {
        user: Some(pb::User {
            id: made.id.clone(),
            name: Some("Ada".into()),
            etag: made.etag.clone(),
            ..pb::User::default()
        }),
        update_mask: None,
        ..pb::UpdateUserRequest::default()
    };
    let changed = world.users.update_user(update.clone()).await.unwrap();
    let changed = changed.into_inner().user.unwrap();
    assert_eq!(changed.name.as_deref(), Some("Ada"));
    assert_eq!(changed.email, made.email);
    assert_ne!(changed.etag, made.etag);
    let lost = world.users.update_user(update).await.unwrap_err();
    assert_eq!(lost.code(), Code::Aborted);

    let deleted = world.delete_user(&made.id).await;
    assert!(deleted.deleted_at.is_some());
    let gone = world.users.get_user(get_by_id(&made.id)).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
    let shown = pb::GetUserRequest {
        show_deleted: true,
        ..get_by_id(&made.id)
    };
    assert!(world.users.get_user(shown).await.is_ok());

    let undelete = pb::UndeleteUserRequest {
        id: made.id.clone(),
        ..pb::UndeleteUserRequest::default()
    };
    let back = world
        .users
        .undelete_user(undelete)
        .await
        .unwrap()
        .into_inner()
        .user;
    assert_eq!(back.unwrap().deleted_at, None);

    world.delete_user(&made.id).await;
    let purge = pb::PurgeUserRequest {
        id: made.id.clone(),
        ..pb::PurgeUserRequest::default()
    };
    world.users.purge_user(purge.clone()).await.unwrap();
    let nothing = world.users.purge_user(purge).await.unwrap_err();
    assert_eq!(nothing.code(), Code::NotFound);
}

#[tokio::test]
async fn a_deleted_address_can_be_taken_and_then_not_be_brought_back() {
    let mut world = World::new().await;
    let first = world.user("ada@example.com").await;
    world.delete_user(&first.id).await;
    world.user("ADA@example.com").await;
    let undelete = pb::UndeleteUserRequest {
        id: first.id,
        ..pb::UndeleteUserRequest::default()
    };
    let status = world.users.undelete_user(undelete).await.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists);
}

#[tokio::test]
async fn a_replacing_update_takes_every_field_from_the_message() {
    let mut world = World::new().await;
    let made = world.user("ada@example.com").await;
    let update = |user: pb::User| pb::UpdateUserRequest {
        user: Some(user),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["*".into()],
        }),
        ..pb::UpdateUserRequest::default()
    };
    let full = pb::User {
        id: made.id.clone(),
        email: "lovelace@example.com".into(),
        name: Some("Ada".into()),
        role: "admin".into(),
        is_active: Some(false),
        ..pb::User::default()
    };
    world.users.update_user(update(full)).await.unwrap();
    let bare = pb::User {
        id: made.id,
        email: "ada@example.com".into(),
        ..pb::User::default()
    };
    let user = world
        .users
        .update_user(update(bare))
        .await
        .unwrap()
        .into_inner()
        .user
        .unwrap();
    assert_eq!(user.name, None);
    assert_eq!(user.role, "user");
    assert_eq!(user.is_active, Some(true));
}

#[tokio::test]
async fn a_batch_answers_in_order_and_names_what_is_missing() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let alan = world.user("alan@example.com").await;
    let nobody = "00000000-0000-4000-8000-000000000001".to_owned();
    let batch = pb::BatchGetUsersRequest {
        ids: vec![
            alan.id.clone(),
            nobody.clone(),
            ada.id.clone(),
            alan.id.clone(),
        ],
        emails: vec!["nobody@example.com".into(), "ADA@example.com".into()],
        ..pb::BatchGetUsersRequest::default()
    };
    let answer = world
        .users
        .batch_get_users(batch)
        .await
        .unwrap()
        .into_inner();
    let ids: Vec<_> = answer.users.into_iter().map(|user| user.id).collect();
    assert_eq!(
        ids,
        [&alan.id, &ada.id, &alan.id, &ada.id].map(Clone::clone)
    );
    assert_eq!(answer.missing_ids, [nobody]);
    assert_eq!(answer.missing_emails, ["nobody@example.com"]);
}

#[tokio::test]
async fn of_64_calls_that_make_the_same_user_one_succeeds() {
    let world = World::new().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let mut users = world.users.clone();
        calls.spawn(async move {
            let user = pb::User {
                email: "ada@example.com".into(),
                ..pb::User::default()
            };
            users
                .create_user(pb::CreateUserRequest {
                    user: Some(user),
                    ..pb::CreateUserRequest::default()
                })
                .await
        });
    }
    let codes: Vec<Code> = calls
        .join_all()
        .await
        .into_iter()
        .map(|result| result.map_or_else(|status| status.code(), |_| Code::Ok))
        .collect();
    assert_eq!(codes.iter().filter(|code| **code == Code::Ok).count(), 1);
    assert_eq!(
        codes
            .iter()
            .filter(|code| **code == Code::AlreadyExists)
            .count(),
        63
    );
}
