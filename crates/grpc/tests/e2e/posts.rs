//! A post's life, from end to end.

use byline_grpc::pb;
use tonic::Code;

use crate::support::World;

#[tokio::test]
async fn a_post_is_made_published_changed_deleted_and_brought_back() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let made = world.post(&ada, "Notes").await;
    assert_eq!(made.published, Some(false));
    assert_eq!(made.content, None);

    let publish = pb::PublishPostRequest {
        id: made.id.clone(),
        etag: made.etag.clone(),
        ..pb::PublishPostRequest::default()
    };
    let published = world
        .posts
        .publish_post(publish)
        .await
        .unwrap()
        .into_inner()
        .post
        .unwrap();
    assert!(published.published_at.is_some());
    let again = pb::PublishPostRequest {
        id: made.id.clone(),
        ..pb::PublishPostRequest::default()
    };
    let again = world
        .posts
        .publish_post(again)
        .await
        .unwrap()
        .into_inner()
        .post
        .unwrap();
    assert_eq!(again, published);

    let unpublish = pb::UnpublishPostRequest {
        id: made.id.clone(),
        ..pb::UnpublishPostRequest::default()
    };
    let back = world
        .posts
        .unpublish_post(unpublish)
        .await
        .unwrap()
        .into_inner()
        .post
        .unwrap();
    assert_eq!(back.published_at, None);

    let update = pb::UpdatePostRequest {
        post: Some(pb::Post {
            id: made.id.clone(),
            content: Some("One\n\tTwo".into()),
            ..pb::Post::default()
        }),
        update_mask: None,
        ..pb::UpdatePostRequest::default()
    };
    let changed = world
        .posts
        .update_post(update.clone())
        .await
        .unwrap()
        .into_inner()
        .post;
    let changed = changed.unwrap();
    assert_eq!(changed.title, "Notes");
    let same = world
        .posts
        .update_post(update)
        .await
        .unwrap()
        .into_inner()
        .post
        .unwrap();
    assert_eq!(same.etag, changed.etag);

    let delete = pb::DeletePostRequest {
        id: made.id.clone(),
        ..pb::DeletePostRequest::default()
    };
    world.posts.delete_post(delete.clone()).await.unwrap();
    let twice = world.posts.delete_post(delete.clone()).await.unwrap_err();
    assert_eq!(twice.code(), Code::NotFound);
    let undelete = pb::UndeletePostRequest {
        id: made.id.clone(),
        ..pb::UndeletePostRequest::default()
    };
    world.posts.undelete_post(undelete).await.unwrap();
    world.posts.delete_post(delete).await.unwrap();
    let purge = pb::PurgePostRequest {
        id: made.id.clone(),
        ..pb::PurgePostRequest::default()
    };
    world.posts.purge_post(purge).await.unwrap();
    let get = pb::GetPostRequest {
        id: made.id,
        show_deleted: true,
        ..pb::GetPostRequest::default()
    };
    assert_eq!(
        world.posts.get_post(get).await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn purging_a_user_takes_the_posts_in_the_trash_along() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let post = world.post(&ada, "Notes").await;
    let delete = pb::DeletePostRequest {
        id: post.id.clone(),
        ..pb::DeletePostRequest::default()
    };
    world.posts.delete_post(delete).await.unwrap();
    world.delete_user(&ada.id).await;
    let purge = pb::PurgeUserRequest {
        id: ada.id,
        ..pb::PurgeUserRequest::default()
    };
    world.users.purge_user(purge).await.unwrap();
    let batch = pb::BatchGetPostsRequest {
        ids: vec![post.id.clone()],
        show_deleted: true,
        ..pb::BatchGetPostsRequest::default()
    };
    let answer = world
        .posts
        .batch_get_posts(batch)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.missing_ids, [post.id]);
}
