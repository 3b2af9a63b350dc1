//! A change by every method, each of something of its own.

use byline_grpc::pb;

use super::{Change, empty};
use crate::support::World;

/// What another program made of a password.
const HASH: &str = "$2b$04$abcdefghijklmnopqrstuuZqPR5xj9nUIHpEVjrq0r3xLJ5rFPmDq";

/// A change by every method, each of something of its own, which is made here. `name`
/// keeps these apart from those of another call. In the order of [`empty`].
pub(crate) async fn every(world: &World, name: &str) -> Vec<Change> {
    let user = async |part: &str| world.user(&format!("{name}-{part}@example.com")).await;
    let author = user("author").await;
    let post = async |part: &str| world.post(&author, &format!("{name} {part}")).await;
    let (updated, deleted) = (user("updated").await, user("deleted").await);
    let undeleted = world.delete_user(&user("undeleted").await.id).await;
    let purged = world.delete_user(&user("purged").await.id).await;

    let mut changes = vec![
        create_user(&format!("{name}-created@example.com")),
        Change::of(pb::UpdateUserRequest {
            user: Some(pb::User {
                id: updated.id,
                etag: updated.etag,
                name: Some(format!("{name} updated")),
                ..pb::User::default()
            }),
            ..pb::UpdateUserRequest::default()
        }),
        Change::of(pb::DeleteUserRequest {
            id: deleted.id,
            etag: deleted.etag,
            ..pb::DeleteUserRequest::default()
        }),
        Change::of(pb::UndeleteUserRequest {
            id: undeleted.id,
            etag: undeleted.etag,
            ..pb::UndeleteUserRequest::default()
        }),
        Change::of(pb::PurgeUserRequest {
            id: purged.id,
            etag: purged.etag,
            ..pb::PurgeUserRequest::default()
        }),
        create_post(&author.id, &format!("{name} created")),
    ];

    let updated = post("updated").await;
    let (published, unpublished) = (post("published").await, post("unpublished").await);
    publish(world, &unpublished.id).await;
    let (deleted, undeleted, purged) = (
        post("deleted").await,
        post("undeleted").await,
        post("purged").await,
    );
    world.delete_post(&undeleted.id).await;
    world.delete_post(&purged.id).await;
    changes.extend([
        Change::of(pb::UpdatePostRequest {
            post: Some(pb::Post {
                id: updated.id,
                etag: updated.etag,
                content: Some(format!("{name} updated")),
                ..pb::Post::default()
            }),
            ..pb::UpdatePostRequest::default()
        }),
        Change::of(pb::PublishPostRequest {
            id: published.id,
            etag: published.etag,
            ..pb::PublishPostRequest::default()
        }),
        Change::of(pb::UnpublishPostRequest {
            id: unpublished.id,
            ..pb::UnpublishPostRequest::default()
        }),
        Change::of(pb::DeletePostRequest {
            id: deleted.id,
            ..pb::DeletePostRequest::default()
        }),
        Change::of(pb::UndeletePostRequest {
            id: undeleted.id,
            ..pb::UndeletePostRequest::default()
        }),
        Change::of(pb::PurgePostRequest {
            id: purged.id,
            ..pb::PurgePostRequest::default()
        }),
    ]);
    changes.extend(many(world, name).await);
    changes.extend([
        Change::of(pb::SetPasswordRequest {
            user_id: user("set").await.id,
            new_password: format!("{name} correct horse battery"),
            ..pb::SetPasswordRequest::default()
        }),
        Change::of(pb::ImportPasswordHashRequest {
            user_id: user("imported").await.id,
            hash: HASH.to_owned(),
            ..pb::ImportPasswordHashRequest::default()
        }),
    ]);
    let paths = |changes: &[Change]| changes.iter().map(|one| one.path).collect::<Vec<_>>();
    assert_eq!(paths(&changes), paths(&empty()), "a method is missing here");
    changes
}

/// A change by every method that makes many.
async fn many(world: &World, name: &str) -> Vec<Change> {
    let user = async |part: &str| world.user(&format!("{name}-many-{part}@example.com")).await;
    let (updated, deleted, signed) = (
        user("updated").await,
        user("deleted").await,
        user("signed").await,
    );
    let (author, heir) = (user("author").await, user("heir").await);
    world.post(&author, &format!("{name} given")).await;
    let post = async |part: &str| world.post(&heir, &format!("{name} many {part}")).await;
    let rename = |id: &str| pb::UpdateUserRequest {
        user: Some(pb::User {
            id: id.to_owned(),
            name: Some(format!("{name} renamed")),
            ..pb::User::default()
        }),
        ..pb::UpdateUserRequest::default()
    };
    let new_user = pb::CreateUserRequest {
        user: Some(pb::User {
            email: format!("{name}-many-created@example.com"),
            ..pb::User::default()
        }),
        ..pb::CreateUserRequest::default()
    };
    let delete_user = pb::DeleteUserRequest {
        id: deleted.id,
        ..pb::DeleteUserRequest::default()
    };
    let new_post = pb::CreatePostRequest {
        post: Some(pb::Post {
            title: format!("{name} many created"),
            author_id: heir.id.clone(),
            ..pb::Post::default()
        }),
        ..pb::CreatePostRequest::default()
    };
    let publish = pb::UpdatePostRequest {
        post: Some(pb::Post {
            id: post("updated").await.id,
            published: Some(true),
            ..pb::Post::default()
        }),
        ..pb::UpdatePostRequest::default()
    };
    let delete_post = pb::DeletePostRequest {
        id: post("deleted").await.id,
        ..pb::DeletePostRequest::default()
    };
    let sign = pb::operation::Operation::UpdateUser(rename(&signed.id));
    vec![
        Change::of(pb::TransferPostsRequest {
            from_author_id: author.id,
            to_author_id: heir.id.clone(),
            ..pb::TransferPostsRequest::default()
        }),
        Change::of(pb::BatchCreateUsersRequest {
            requests: vec![new_user],
            ..pb::BatchCreateUsersRequest::default()
        }),
        Change::of(pb::BatchUpdateUsersRequest {
            requests: vec![rename(&updated.id)],
            ..pb::BatchUpdateUsersRequest::default()
        }),
        Change::of(pb::BatchDeleteUsersRequest {
            requests: vec![delete_user],
            ..pb::BatchDeleteUsersRequest::default()
        }),
        Change::of(pb::BatchCreatePostsRequest {
            requests: vec![new_post],
            ..pb::BatchCreatePostsRequest::default()
        }),
        Change::of(pb::BatchUpdatePostsRequest {
            requests: vec![publish],
            ..pb::BatchUpdatePostsRequest::default()
        }),
        Change::of(pb::BatchDeletePostsRequest {
            requests: vec![delete_post],
            ..pb::BatchDeletePostsRequest::default()
        }),
        Change::of(pb::ExecuteTransactionRequest {
            operations: vec![pb::Operation {
                operation: Some(sign),
            }],
            ..pb::ExecuteTransactionRequest::default()
        }),
    ]
}

/// Makes a user, whose id the server chooses.
pub(crate) fn create_user(email: &str) -> Change {
    Change::of(pb::CreateUserRequest {
        user: Some(pb::User {
            email: email.to_owned(),
            ..pb::User::default()
        }),
        ..pb::CreateUserRequest::default()
    })
}

/// Makes a post, whose id the server chooses.
pub(crate) fn create_post(author_id: &str, title: &str) -> Change {
    Change::of(pb::CreatePostRequest {
        post: Some(pb::Post {
            title: title.to_owned(),
            author_id: author_id.to_owned(),
            ..pb::Post::default()
        }),
        ..pb::CreatePostRequest::default()
    })
}

async fn publish(world: &World, id: &str) {
    let request = pb::PublishPostRequest {
        id: id.to_owned(),
        ..pb::PublishPostRequest::default()
    };
    world.posts.clone().publish_post(request).await.unwrap();
}
