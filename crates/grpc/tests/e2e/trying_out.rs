//! A request that is only tried.

use byline_grpc::pb;
use byline_persistence::testing::count;
use tonic::Code;

use crate::changes::{Change, Told, contents, create_post, create_user, every, request_id};
use crate::errors::shown;
use crate::support::World;

/// What was told, without what differs from one time to the next.
fn timeless(path: &str, told: Told) -> Told {
    let is_new = path.contains("Create");
    let version = |etag: &str| etag.split('-').next().unwrap().to_owned();
    match told {
        Told::User(user) => Told::User(pb::User {
            id: if is_new { String::new() } else { user.id },
            created_at: user.created_at.map(|_| prost_types::Timestamp::default()),
            updated_at: user.updated_at.map(|_| prost_types::Timestamp::default()),
            deleted_at: user.deleted_at.map(|_| prost_types::Timestamp::default()),
            purge_at: user.purge_at.map(|_| prost_types::Timestamp::default()),
            etag: version(&user.etag),
            ..user
        }),
        Told::Post(post) => Told::Post(pb::Post {
            id: if is_new { String::new() } else { post.id },
            created_at: post.created_at.map(|_| prost_types::Timestamp::default()),
            updated_at: post.updated_at.map(|_| prost_types::Timestamp::default()),
            deleted_at: post.deleted_at.map(|_| prost_types::Timestamp::default()),
            purge_at: post.purge_at.map(|_| prost_types::Timestamp::default()),
            published_at: post.published_at.map(|_| prost_types::Timestamp::default()),
            etag: version(&post.etag),
            ..post
        }),
        Told::Nothing => Told::Nothing,
    }
}

#[tokio::test]
async fn a_trial_is_answered_as_the_change_would_be_and_leaves_nothing() {
    let world = World::new().await;
    let channel = world.server.channel().await;
    for (number, change) in every(&world, "a").await.iter().enumerate() {
        let id = request_id(number);
        let before = contents(&world.database).await;
        let mut tried = Vec::new();
        for id in ["", &id, &id] {
            tried.push(change.try_out(&channel, id).await.unwrap());
            let after = contents(&world.database).await;
            assert_eq!(after, before, "{}", change.path);
        }
        // The id is as good as new.
        let made = change.send(&channel, &id).await.unwrap();
        assert_ne!(contents(&world.database).await, before, "{}", change.path);
        let told = timeless(change.path, change.told(&made));
        for tried in tried {
            assert_eq!(
                timeless(change.path, change.told(&tried)),
                told,
                "{}",
                change.path
            );
        }
    }
}

#[tokio::test]
async fn a_trial_of_a_request_that_was_answered_is_answered_the_same() {
    let world = World::new().await;
    let channel = world.server.channel().await;
    for (number, change) in every(&world, "a").await.iter().enumerate() {
        let id = request_id(number);
        let made = change.send(&channel, &id).await.unwrap();
        let after = contents(&world.database).await;
        let tried = change.try_out(&channel, &id).await.unwrap();
        assert_eq!(tried, made, "{}", change.path);
        assert_eq!(contents(&world.database).await, after, "{}", change.path);
    }
}

#[tokio::test]
async fn there_is_no_sequence_of_which_a_trial_could_use_a_number() {
    let world = World::new().await;
    let mut connection = world.database.connection().await;
    let sequences = "select count(*) from pg_sequences";
    assert_eq!(count(&mut connection, sequences).await, 0);
}

const NOBODY: &str = "00000000-0000-4000-8000-000000000001";

/// A request of an id and an etag, to any of the methods that take no more.
macro_rules! by_id {
    ($request:ident, $id:expr, $etag:expr) => {
        Change::of(pb::$request {
            id: $id.to_owned(),
            etag: $etag.to_owned(),
            ..pb::$request::default()
        })
    };
}

fn update_user(user: pb::User) -> Change {
    Change::of(pb::UpdateUserRequest {
        user: Some(user),
        ..pb::UpdateUserRequest::default()
    })
}

fn update_post(post: pb::Post) -> Change {
    Change::of(pb::UpdatePostRequest {
        post: Some(post),
        ..pb::UpdatePostRequest::default()
    })
}

/// Changes of users that are refused, and how.
#[expect(
    clippy::too_many_lines,
    reason = "a list of requests, a few lines each"
)]
async fn refused_of_users(world: &World) -> Vec<(Change, Code, &'static str)> {
    let ada = world.user("ada@example.com").await;
    let alan = world.user("alan@example.com").await;
    world.post(&alan, "in the way").await;
    // In the trash; and there is another of that address now.
    let gone = world
        .delete_user(&world.user("grace@example.com").await.id)
        .await;
    world.user("Grace@example.com").await;
    let ada_as = |etag: &str, email: &str| {
        update_user(pb::User {
            id: ada.id.clone(),
            etag: etag.to_owned(),
            email: email.to_owned(),
            name: Some("Augusta".into()),
            ..pb::User::default()
        })
    };
    let nobody = pb::User {
        id: NOBODY.into(),
        name: Some("Nobody".into()),
        ..pb::User::default()
    };
    let with_taken_id = Change::of(pb::CreateUserRequest {
        user: Some(pb::User {
            id: gone.id.clone(),
            email: "new@example.com".into(),
            ..pb::User::default()
        }),
        ..pb::CreateUserRequest::default()
    });
    vec![
        (
            create_user("no address"),
            Code::InvalidArgument,
            "user.email",
        ),
        (
            create_user("ADA@example.com"),
            Code::AlreadyExists,
            "\"email\"",
        ),
        (with_taken_id, Code::AlreadyExists, "\"id\""),
        (
            ada_as("", "Alan@example.com"),
            Code::AlreadyExists,
            "\"email\"",
        ),
        (ada_as("stale", ""), Code::Aborted, "ETAG_MISMATCH"),
        (update_user(nobody), Code::NotFound, "USER_NOT_FOUND"),
        (
            by_id!(DeleteUserRequest, NOBODY, ""),
            Code::NotFound,
            "USER_NOT_FOUND",
        ),
        (
            by_id!(DeleteUserRequest, gone.id, ""),
            Code::NotFound,
            "USER_NOT_FOUND",
        ),
        (
            by_id!(DeleteUserRequest, ada.id, "stale"),
            Code::Aborted,
            "ETAG_MISMATCH",
        ),
        (
            by_id!(DeleteUserRequest, alan.id, ""),
            Code::FailedPrecondition,
            "USER_HAS_POSTS",
        ),
        (
            by_id!(UndeleteUserRequest, NOBODY, ""),
            Code::NotFound,
            "USER_NOT_FOUND",
        ),
        (
            by_id!(UndeleteUserRequest, ada.id, ""),
            Code::AlreadyExists,
            "USER_NOT_DELETED",
        ),
        (
            by_id!(UndeleteUserRequest, gone.id, "stale"),
            Code::Aborted,
            "ETAG_MISMATCH",
        ),
        (
            by_id!(UndeleteUserRequest, gone.id, ""),
            Code::AlreadyExists,
            "\"email\"",
        ),
        (
            by_id!(PurgeUserRequest, NOBODY, ""),
            Code::NotFound,
            "USER_NOT_FOUND",
        ),
        (
            by_id!(PurgeUserRequest, gone.id, "stale"),
            Code::Aborted,
            "ETAG_MISMATCH",
        ),
        (
            by_id!(PurgeUserRequest, ada.id, ""),
            Code::FailedPrecondition,
            "USER_NOT_IN_TRASH",
        ),
    ]
}

/// Changes of posts that are refused, and how.
#[expect(
    clippy::too_many_lines,
    reason = "a list of requests, a few lines each"
)]
async fn refused_of_posts(world: &World) -> Vec<(Change, Code, &'static str)> {
    let author = world.user("author@example.com").await;
    let left = world.user("left@example.com").await;
    let post = world.post(&author, "here").await;
    let gone = world.post(&author, "gone").await;
    let orphan = world.post(&left, "orphan").await;
    world.delete_post(&gone.id).await;
    world.delete_post(&orphan.id).await;
    world.delete_user(&left.id).await;
    let titled = |id: &str, etag: &str| {
        update_post(pb::Post {
            id: id.to_owned(),
            etag: etag.to_owned(),
            title: "another".into(),
            ..pb::Post::default()
        })
    };
    let with_taken_id = Change::of(pb::CreatePostRequest {
        post: Some(pb::Post {
            id: gone.id.clone(),
            title: "new".into(),
            author_id: author.id.clone(),
            ..pb::Post::default()
        }),
        ..pb::CreatePostRequest::default()
    });
    vec![
        (
            create_post(&author.id, ""),
            Code::InvalidArgument,
            "post.title",
        ),
        (create_post(NOBODY, "new"), Code::NotFound, "USER_NOT_FOUND"),
        (
            create_post(&left.id, "new"),
            Code::FailedPrecondition,
            "AUTHOR_IN_TRASH",
        ),
        (with_taken_id, Code::AlreadyExists, "POST_ALREADY_EXISTS"),
        (titled(NOBODY, ""), Code::NotFound, "POST_NOT_FOUND"),
        (titled(&gone.id, ""), Code::NotFound, "POST_NOT_FOUND"),
        (titled(&post.id, "stale"), Code::Aborted, "ETAG_MISMATCH"),
        (
            by_id!(PublishPostRequest, gone.id, ""),
            Code::NotFound,
            "POST_NOT_FOUND",
        ),
        (
            by_id!(PublishPostRequest, post.id, "stale"),
            Code::Aborted,
            "ETAG_MISMATCH",
        ),
        (
            by_id!(UnpublishPostRequest, NOBODY, ""),
            Code::NotFound,
            "POST_NOT_FOUND",
        ),
        (
            by_id!(UnpublishPostRequest, post.id, "stale"),
            Code::Aborted,
            "ETAG_MISMATCH",
        ),
        (
            by_id!(DeletePostRequest, gone.id, ""),
            Code::NotFound,
            "POST_NOT_FOUND",
        ),
        (
            by_id!(DeletePostRequest, post.id, "stale"),
            Code::Aborted,
            "ETAG_MISMATCH",
        ),
        (
            by_id!(UndeletePostRequest, NOBODY, ""),
            Code::NotFound,
            "POST_NOT_FOUND",
        ),
        (
            by_id!(UndeletePostRequest, post.id, ""),
            Code::AlreadyExists,
            "POST_NOT_DELETED",
        ),
        (
            by_id!(UndeletePostRequest, gone.id, "stale"),
            Code::Aborted,
            "ETAG_MISMATCH",
        ),
        (
            by_id!(UndeletePostRequest, orphan.id, ""),
            Code::FailedPrecondition,
            "AUTHOR_IN_TRASH",
        ),
        (
            by_id!(PurgePostRequest, NOBODY, ""),
            Code::NotFound,
            "POST_NOT_FOUND",
        ),
        (
            by_id!(PurgePostRequest, gone.id, "stale"),
            Code::Aborted,
            "ETAG_MISMATCH",
        ),
        (
            by_id!(PurgePostRequest, post.id, ""),
            Code::FailedPrecondition,
            "POST_NOT_IN_TRASH",
        ),
    ]
}

#[tokio::test]
async fn a_trial_is_refused_as_the_change_would_be() {
    let world = World::new().await;
    let channel = world.server.channel().await;
    let mut refused = refused_of_users(&world).await;
    refused.extend(refused_of_posts(&world).await);
    let before = contents(&world.database).await;
    for (number, (change, code, reason)) in refused.into_iter().enumerate() {
        let real = change.send(&channel, "").await.unwrap_err();
        let said = shown(&real);
        assert_eq!(real.code(), code, "{}: {said}", change.path);
        assert!(said.contains(reason), "{} {reason}: {said}", change.path);
        for id in ["", &request_id(number)] {
            let tried = change.try_out(&channel, id).await.unwrap_err();
            assert_eq!(shown(&tried), said, "{}", change.path);
        }
    }
    assert_eq!(contents(&world.database).await, before);
}
