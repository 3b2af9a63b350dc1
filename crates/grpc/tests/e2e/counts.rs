//! Counts: of all, of what a filter leaves, and apart by a value.

use byline_grpc::pb;

use crate::errors::shown;
use crate::support::World;

fn groups(groups: &[pb::CountGroup]) -> Vec<(&str, i64)> {
    groups
        .iter()
        .map(|group| (group.key.as_str(), group.count))
        .collect()
}

#[tokio::test]
async fn users_are_counted_in_all_and_apart() {
    let mut world = World::new().await;
    for (number, role) in ["user", "admin", "user", "editor"].iter().enumerate() {
        let like = pb::User {
            role: (*role).into(),
            is_active: Some(number > 0),
            ..pb::User::default()
        };
        world
            .user_like(&format!("{number}@example.com"), like)
            .await;
    }
    let gone = world.user("gone@example.com").await;
    world.delete_user(&gone.id).await;

    let mut count = async |filter: &str, show_deleted, group_by: &str| {
        let request = pb::CountUsersRequest {
            filter: filter.into(),
            show_deleted,
            group_by: group_by.into(),
        };
        world.users.count_users(request).await.unwrap().into_inner()
    };
    let all = count("", false, "").await;
    assert_eq!((all.count, all.groups), (4, vec![]));
    assert_eq!(count("", true, "").await.count, 5);
    assert_eq!(count("role = user", false, "").await.count, 2);
    assert_eq!(
        count("role = nobody", false, "role").await,
        pb::CountUsersResponse::default()
    );

    let by_role = count("", false, "role").await;
    assert_eq!(by_role.count, 4);
    assert_eq!(
        groups(&by_role.groups),
        [("user", 2), ("admin", 1), ("editor", 1)]
    );
    let by_role = count("", true, "role").await;
    assert_eq!(
        groups(&by_role.groups),
        [("user", 3), ("admin", 1), ("editor", 1)]
    );
    let by_use = count("role != editor", false, "is_active").await;
    assert_eq!(by_use.count, 3);
    assert_eq!(groups(&by_use.groups), [("true", 2), ("false", 1)]);
}

#[tokio::test]
async fn posts_are_counted_in_all_and_apart() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let alan = world.user("alan@example.com").await;
    let first = world.post(&ada, "one").await;
    world.post(&alan, "two").await;
    world.post(&alan, "three").await;
    let publish = pb::PublishPostRequest {
        id: first.id,
        ..pb::PublishPostRequest::default()
    };
    world.posts.publish_post(publish).await.unwrap();

    let mut count = async |filter: &str, group_by: &str| {
        let request = pb::CountPostsRequest {
            filter: filter.into(),
            group_by: group_by.into(),
            ..pb::CountPostsRequest::default()
        };
        world.posts.count_posts(request).await.unwrap().into_inner()
    };
    let by_author = count("", "author_id").await;
    assert_eq!(by_author.count, 3);
    assert_eq!(groups(&by_author.groups), [(&*alan.id, 2), (&*ada.id, 1)]);
    let by_state = count("", "published").await;
    assert_eq!(groups(&by_state.groups), [("false", 2), ("true", 1)]);
    let of_alan = count("author.email : alan", "").await;
    assert_eq!((of_alan.count, of_alan.groups), (2, vec![]));
}

#[tokio::test]
async fn what_cannot_be_counted_by_is_refused() {
    let mut world = World::new().await;
    let request = pb::CountUsersRequest {
        filter: "role =".into(),
        group_by: "email".into(),
        ..pb::CountUsersRequest::default()
    };
    let status = world.users.count_users(request).await.unwrap_err();
    insta::assert_snapshot!("bad_count_of_users", shown(&status));
    let request = pb::CountPostsRequest {
        group_by: "title".into(),
        ..pb::CountPostsRequest::default()
    };
    let status = world.posts.count_posts(request).await.unwrap_err();
    insta::assert_snapshot!("bad_count_of_posts", shown(&status));
}
