//! Answers that are heavy by what they embed.

use byline_grpc::pb;
use tonic::Code;

use crate::support::{World, get_by_id, mask};

const MEBIBYTE: usize = 1024 * 1024;

/// Three users, each with two posts of almost a mebibyte.
async fn heavy_users(world: &World) -> Vec<pb::User> {
    let mut users = Vec::new();
    for name in ["a", "b", "c"] {
        let user = world.user(&format!("{name}@example.com")).await;
        for number in 0..2 {
            let content = "x".repeat(MEBIBYTE - 1_024);
            let title = format!("{name}{number}");
            world.post_saying(&user, &title, Some(content)).await;
        }
        users.push(user);
    }
    users
}

#[tokio::test]
async fn a_page_ends_early_and_goes_on_where_embedded_posts_are_heavy() {
    let mut world = World::new().await;
    let ids: Vec<_> = heavy_users(&world)
        .await
        .into_iter()
        .map(|user| user.id)
        .collect();
    let mut list = pb::ListUsersRequest {
        order_by: "email".into(),
        read_mask: mask(&["posts.content"]),
        ..pb::ListUsersRequest::default()
    };
    let mut listed = Vec::new();
    loop {
        let page = world
            .users
            .list_users(list.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(page.users.len(), 1);
        assert_eq!(page.users[0].posts.len(), 2);
        listed.push(page.users[0].id.clone());
        if page.next_page_token.is_empty() {
            break;
        }
        list.page_token = page.next_page_token;
    }
    assert_eq!(listed, ids);

    let mut search = pb::SearchUsersRequest {
        query: "example.com".into(),
        read_mask: mask(&["posts.content"]),
        ..pb::SearchUsersRequest::default()
    };
    let mut found = Vec::new();
    loop {
        let page = world
            .users
            .search_users(search.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(page.users.len(), 1);
        found.push(page.users[0].id.clone());
        if page.next_page_token.is_empty() {
            break;
        }
        search.page_token = page.next_page_token;
    }
    found.sort();
    assert_eq!(found, ids);

    // Without what is heavy they fit into one page.
    let light = pb::ListUsersRequest {
        page_token: String::new(),
        read_mask: mask(&["posts"]),
        ..list
    };
    let page = world.users.list_users(light).await.unwrap().into_inner();
    assert_eq!((page.users.len(), page.next_page_token.as_str()), (3, ""));
}

#[tokio::test]
async fn a_batch_of_users_with_heavy_posts_is_refused() {
    let mut world = World::new().await;
    let ids: Vec<_> = heavy_users(&world)
        .await
        .into_iter()
        .map(|user| user.id)
        .collect();
    let batch = |ids: &[&String]| pb::BatchGetUsersRequest {
        ids: ids.iter().map(|id| (*id).clone()).collect(),
        read_mask: mask(&["posts.content"]),
        ..pb::BatchGetUsersRequest::default()
    };
    let fitting = world.users.batch_get_users(batch(&[&ids[0]])).await;
    assert_eq!(fitting.unwrap().into_inner().users[0].posts.len(), 2);
    for too_many in [&[&ids[0], &ids[1]][..], &[&ids[0], &ids[0]]] {
        let status = world
            .users
            .batch_get_users(batch(too_many))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
    }
}

#[tokio::test]
async fn a_user_comes_with_as_many_posts_as_fit() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    for number in 0..4 {
        let content = Some("x".repeat(MEBIBYTE));
        world.post_saying(&ada, &number.to_string(), content).await;
    }
    let request = pb::GetUserRequest {
        read_mask: mask(&["post_count", "posts.title", "posts.content"]),
        ..get_by_id(&ada.id)
    };
    let user = world
        .users
        .get_user(request)
        .await
        .unwrap()
        .into_inner()
        .user;
    let user = user.unwrap();
    assert_eq!(user.post_count, Some(4));
    let titles: Vec<_> = user.posts.iter().map(|post| post.title.as_str()).collect();
    assert_eq!(titles, ["3", "2"]);
}

#[tokio::test]
async fn a_user_comes_with_a_hundred_posts_at_most() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    for number in 0..101 {
        world.post(&ada, &number.to_string()).await;
    }
    let request = pb::GetUserRequest {
        read_mask: mask(&["post_count", "posts.title"]),
        ..get_by_id(&ada.id)
    };
    let user = world
        .users
        .get_user(request)
        .await
        .unwrap()
        .into_inner()
        .user;
    let user = user.unwrap();
    assert_eq!((user.posts.len(), user.post_count), (100, Some(101)));
    assert_eq!(user.posts[0].title, "100");
}
