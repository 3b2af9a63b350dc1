//! What is deleted, with whom, and what comes back.

use byline_grpc::pb;
use tonic::Code;

use crate::imports::{import_users, posts, settings, user};
use crate::support::{World, get_by_id, reason, violations};

async fn get(world: &World, id: &str) -> Option<pb::Post> {
    let request = pb::GetPostRequest {
        id: id.to_owned(),
        show_deleted: true,
        ..pb::GetPostRequest::default()
    };
    let answer = world.posts.clone().get_post(request).await;
    answer.ok().and_then(|answer| answer.into_inner().post)
}

async fn is_living(world: &World, post: &pb::Post) -> bool {
    get(world, &post.id).await.unwrap().deleted_at.is_none()
}

async fn force(world: &World, id: &str) -> pb::User {
    let request = pb::DeleteUserRequest {
        id: id.to_owned(),
        force: true,
        ..pb::DeleteUserRequest::default()
    };
    let answer = world.users.clone().delete_user(request).await.unwrap();
    answer.into_inner().user.unwrap()
}

async fn undelete(world: &World, id: &str) -> Result<pb::User, tonic::Status> {
    let request = pb::UndeleteUserRequest {
        id: id.to_owned(),
        ..pb::UndeleteUserRequest::default()
    };
    let answer = world.users.clone().undelete_user(request).await?;
    Ok(answer.into_inner().user.unwrap())
}

#[tokio::test]
async fn posts_go_along_with_their_author_and_just_those_come_back() {
    let world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let before = world.post(&ada, "Deleted before").await;
    let along = world.post(&ada, "Goes along").await;
    world.delete_post(&before.id).await;

    let refused = world
        .users
        .clone()
        .delete_user(pb::DeleteUserRequest {
            id: ada.id.clone(),
            ..pb::DeleteUserRequest::default()
        })
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "USER_HAS_POSTS");

    let gone = force(&world, &ada.id).await;
    let deleted_at = gone.deleted_at.unwrap();
    let purge_at = gone.purge_at.unwrap();
    assert_eq!(purge_at.seconds - deleted_at.seconds, 30 * 24 * 3600);
    let post = get(&world, &along.id).await.unwrap();
    assert_eq!(post.purge_at, gone.purge_at);
    assert_ne!(post.etag, along.etag);

    let back = undelete(&world, &ada.id).await.unwrap();
    assert_eq!((back.deleted_at, back.purge_at), (None, None));
    assert!(is_living(&world, &along).await);
    assert!(!is_living(&world, &before).await);
}

#[tokio::test]
async fn an_address_that_was_taken_meanwhile_keeps_everything_in_the_trash() {
    let world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let post = world.post(&ada, "On engines").await;
    force(&world, &ada.id).await;
    world.user("ADA@example.com").await;
    let refused = undelete(&world, &ada.id).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert!(!is_living(&world, &post).await);
}

#[tokio::test]
async fn a_batch_takes_the_posts_of_many_along() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let alan = world.user("alan@example.com").await;
    let posts = [
        world.post(&ada, "One").await,
        world.post(&alan, "Two").await,
    ];
    let delete = |user: &pb::User, force| pb::DeleteUserRequest {
        id: user.id.clone(),
        force,
        ..pb::DeleteUserRequest::default()
    };
    let request = pb::BatchDeleteUsersRequest {
        requests: vec![delete(&ada, true), delete(&alan, false)],
        atomicity: pb::Atomicity::Each.into(),
        ..pb::BatchDeleteUsersRequest::default()
    };
    world.users.batch_delete_users(request).await.unwrap();
    assert!(!is_living(&world, &posts[0]).await);
    assert!(is_living(&world, &posts[1]).await);
    undelete(&world, &ada.id).await.unwrap();
    assert!(is_living(&world, &posts[0]).await);
}

#[tokio::test]
async fn posts_are_given_to_another_author_by_the_filter() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let alan = world.user("alan@example.com").await;
    let kept = world.post(&ada, "Draft").await;
    let given = world.post(&ada, "On engines").await;
    let deleted = world.post(&ada, "On engines, deleted").await;
    world.delete_post(&deleted.id).await;
    let mut request = pb::TransferPostsRequest {
        from_author_id: ada.id.clone(),
        to_author_id: alan.id.clone(),
        filter: r#"title : "engines""#.into(),
        validate_only: true,
        ..pb::TransferPostsRequest::default()
    };
    for validate_only in [true, false] {
        request.validate_only = validate_only;
        let answer = world.posts.transfer_posts(request.clone()).await.unwrap();
        assert_eq!(answer.into_inner().transferred_count, 1);
        let author = get(&world, &given.id).await.unwrap().author_id;
        assert_eq!(
            author,
            if validate_only { &ada.id } else { &alan.id }.clone()
        );
    }
    for post in [&kept, &deleted] {
        assert_eq!(get(&world, &post.id).await.unwrap().author_id, ada.id);
    }

    let wrong = pb::TransferPostsRequest {
        from_author_id: ada.id.clone(),
        to_author_id: ada.id.clone(),
        filter: "nothing = 1".into(),
        request_id: "x".into(),
        ..pb::TransferPostsRequest::default()
    };
    let status = world.posts.transfer_posts(wrong).await.unwrap_err();
    let named: Vec<_> = violations(&status)
        .into_iter()
        .map(|(field, _)| field)
        .collect();
    assert_eq!(named, ["to_author_id", "filter", "request_id"]);
}

#[tokio::test]
async fn what_is_purged_and_imported_again_never_has_the_same_etag() {
    let mut world = World::new().await;
    let birth = prost_types::Timestamp {
        seconds: 1_000_000_000,
        nanos: 0,
    };
    let author = world.user("ada@example.com").await;
    let row = pb::User {
        id: "0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01".into(),
        created_at: Some(birth),
        deleted_at: Some(birth),
        ..user("alan@example.com")
    };
    let post = pb::Post {
        id: "0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e02".into(),
        title: "On numbers".into(),
        author_id: author.id,
        created_at: Some(birth),
        deleted_at: Some(birth),
        ..pb::Post::default()
    };
    let mut etags = Vec::new();
    for _ in 0..2 {
        let rows = [row.clone()];
        let imported = import_users(&world.transfers, settings(), &[&rows]).await;
        assert!(imported.unwrap().into_inner().report.unwrap().applied);
        assert!(
            posts(&world, settings(), std::slice::from_ref(&post))
                .await
                .applied
        );
        let request = pb::GetUserRequest {
            show_deleted: true,
            ..get_by_id(&row.id)
        };
        let found = world.users.get_user(request).await.unwrap();
        let post = get(&world, &post.id).await.unwrap();
        etags.push((found.into_inner().user.unwrap().etag, post.etag));
        let purge = pb::PurgeUserRequest {
            id: row.id.clone(),
            ..pb::PurgeUserRequest::default()
        };
        world.users.purge_user(purge).await.unwrap();
        let purge = pb::PurgePostRequest {
            id: post.id,
            ..pb::PurgePostRequest::default()
        };
        world.posts.purge_post(purge).await.unwrap();
    }
    assert_ne!(etags[0].0, etags[1].0);
    assert_ne!(etags[0].1, etags[1].1);
}
