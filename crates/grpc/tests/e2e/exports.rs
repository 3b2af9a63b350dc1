//! Exports: what they answer, and what they refuse.

use byline_grpc::pb;
use byline_persistence::testing::execute;
use tonic::{Status, Streaming};

use crate::errors::shown;
use crate::support::{World, get_by_id, mask, violations};

/// Thirty thousand users, more than is ever under way between the database and a client.
const MANY_USERS: &str = "insert into users (id, email, name, role, is_active, created_at, version)
    select gen_random_uuid(), 'user-' || n || '@example.com', repeat('x', 100), 'user', true,
        '2026-01-01', 1 from generate_series(1, 30000) n";

/// All users that an export has yet, each message of it with at least one.
pub(crate) async fn users_of(
    mut stream: Streaming<pb::ExportUsersResponse>,
) -> Result<Vec<pb::User>, Status> {
    let mut users = Vec::new();
    while let Some(message) = stream.message().await? {
        assert!((1..=1_000).contains(&message.users.len()));
        users.extend(message.users);
    }
    Ok(users)
}

/// All posts that an export has yet, each message of it with at least one.
pub(crate) async fn posts_of(
    mut stream: Streaming<pb::ExportPostsResponse>,
) -> Result<Vec<pb::Post>, Status> {
    let mut posts = Vec::new();
    while let Some(message) = stream.message().await? {
        assert!((1..=1_000).contains(&message.posts.len()));
        posts.extend(message.posts);
    }
    Ok(posts)
}

impl World {
    async fn export_users(&self, request: pb::ExportUsersRequest) -> Result<Vec<pb::User>, Status> {
        let stream = self.transfers.clone().export_users(request).await?;
        users_of(stream.into_inner()).await
    }

    async fn export_posts(&self, request: pb::ExportPostsRequest) -> Result<Vec<pb::Post>, Status> {
        let stream = self.transfers.clone().export_posts(request).await?;
        posts_of(stream.into_inner()).await
    }
}

#[tokio::test]
async fn users_are_exported_as_they_are_got() {
    let mut world = World::new().await;
    let named = pb::User {
        name: Some("Ada".into()),
        role: "admin".into(),
        is_active: Some(false),
        ..pb::User::default()
    };
    let ada = world.user_like("ada@example.com", named).await;
    let bob = world.user("bob@example.com").await;
    world.delete_user(&bob.id).await;

    let living = world.export_users(pb::ExportUsersRequest::default()).await;
    assert_eq!(living.unwrap(), std::slice::from_ref(&ada));
    let both = pb::ExportUsersRequest {
        show_deleted: true,
        order_by: "email".into(),
        ..pb::ExportUsersRequest::default()
    };
    let mut got = Vec::new();
    for user in [ada, bob] {
        let request = pb::GetUserRequest {
            show_deleted: true,
            ..get_by_id(&user.id)
        };
        let user = world.users.get_user(request).await.unwrap();
        got.extend(user.into_inner().user);
    }
    assert!(got[1].purge_at.is_some());
    assert_eq!(world.export_users(both).await.unwrap(), got);
}

#[tokio::test]
async fn posts_are_exported_as_they_are_got() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let content = Some("What it says.\n".to_owned());
    let first = world.post_saying(&ada, "A", content).await;
    let empty = world.post_saying(&ada, "B", Some(String::new())).await;
    let without = world.post(&ada, "C").await;
    let publish = pb::PublishPostRequest {
        id: first.id.clone(),
        ..pb::PublishPostRequest::default()
    };
    world.posts.publish_post(publish).await.unwrap();
    world.delete_post(&without.id).await;

    let both = pb::ExportPostsRequest {
        show_deleted: true,
        order_by: "title".into(),
        ..pb::ExportPostsRequest::default()
    };
    let mut got = Vec::new();
    for post in [first, empty, without] {
        let request = pb::GetPostRequest {
            id: post.id,
            show_deleted: true,
            ..pb::GetPostRequest::default()
        };
        let post = world.posts.get_post(request).await.unwrap();
        got.extend(post.into_inner().post);
    }
    assert!(got[0].published_at.is_some());
    assert_eq!(got[1].content.as_deref(), Some(""));
    assert_eq!(world.export_posts(both).await.unwrap(), got);
    let living = world.export_posts(pb::ExportPostsRequest::default()).await;
    assert_eq!(living.unwrap().len(), 2);
}

#[tokio::test]
async fn a_filter_an_order_and_a_mask_mean_what_they_mean_in_a_list() {
    let mut world = World::new().await;
    for number in 0..20 {
        let user = pb::User {
            name: (number % 3 != 0).then(|| format!("User {}", number % 5)),
            role: ["user", "admin"][number % 2].into(),
            ..pb::User::default()
        };
        let user = world
            .user_like(&format!("{number}@example.com"), user)
            .await;
        match number % 4 {
            0 => drop(world.post(&user, &format!("Post {number}")).await),
            1 => drop(world.delete_user(&user.id).await),
            _ => {}
        }
    }
    for (filter, order_by, show_deleted, fields) in [
        ("", "name desc, email", false, &[][..]),
        ("", "deleted_at", true, &["*"]),
        ("role = admin AND name:*", "email desc", true, &["email"]),
        ("posts.title : post", "id", false, &["etag", "name"]),
        (
            "created_at > -3600s",
            "role, id desc",
            true,
            &["created_at"],
        ),
        ("name = nobody", "id", true, &[]),
    ] {
        let list = pb::ListUsersRequest {
            page_size: 1_000,
            filter: filter.into(),
            order_by: order_by.into(),
            show_deleted,
            read_mask: mask(fields),
            ..pb::ListUsersRequest::default()
        };
        let export = pb::ExportUsersRequest {
            filter: filter.into(),
            order_by: order_by.into(),
            show_deleted,
            read_mask: mask(fields),
        };
        let listed = world.users.list_users(list).await.unwrap().into_inner();
        let exported = world.export_users(export).await.unwrap();
        assert_eq!(exported, listed.users, "{filter}, by {order_by}");
    }

    let list = pb::ListPostsRequest {
        filter: "author.role = user".into(),
        order_by: "title desc".into(),
        read_mask: mask(&["title", "author_id"]),
        ..pb::ListPostsRequest::default()
    };
    let export = pb::ExportPostsRequest {
        filter: list.filter.clone(),
        order_by: list.order_by.clone(),
        show_deleted: false,
        read_mask: list.read_mask.clone(),
    };
    let listed = world.posts.list_posts(list).await.unwrap().into_inner();
    assert_eq!(listed.posts.len(), 5);
    assert_eq!(world.export_posts(export).await.unwrap(), listed.posts);
}

#[tokio::test]
async fn a_bad_filter_order_or_mask_is_refused() {
    let world = World::new().await;
    let export = pb::ExportUsersRequest {
        filter: "shoe_size = 4".into(),
        order_by: "email up".into(),
        show_deleted: false,
        read_mask: mask(&["email", "post_count", "posts.title"]),
    };
    let status = world.export_users(export).await.unwrap_err();
    insta::assert_snapshot!("bad_export_of_users", shown(&status));

    let export = pb::ExportPostsRequest {
        filter: "title =".into(),
        order_by: "author".into(),
        show_deleted: false,
        read_mask: mask(&["author", "author.email", "title"]),
    };
    let status = world.export_posts(export).await.unwrap_err();
    insta::assert_snapshot!("bad_export_of_posts", shown(&status));
    let fields = violations(&status).into_iter().map(|(field, _)| field);
    let expected = ["order_by", "filter", "read_mask", "read_mask"];
    assert_eq!(fields.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn an_export_is_of_one_moment_whatever_changes_while_it_is_taken() {
    let world = World::new().await;
    let mut beside = world.database.connection().await;
    execute(&mut beside, MANY_USERS).await;
    let request = pb::ExportUsersRequest::default();
    let stream = world.transfers.clone().export_users(request).await;
    let mut stream = stream.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap().users;

    execute(&mut beside, "delete from users where email like '%7@%'").await;
    execute(&mut beside, "update users set name = 'Changed'").await;
    execute(
        &mut beside,
        "update users set deleted_at = now() where email like '%8@%'",
    )
    .await;
    world.user("late@example.com").await;

    let rest = users_of(stream).await.unwrap();
    let mut emails: Vec<_> = first.into_iter().chain(rest).collect();
    assert!(emails.iter().all(|user| user.name == Some("x".repeat(100))));
    emails.sort_by(|a, b| a.email.cmp(&b.email));
    emails.dedup_by(|a, b| a.email == b.email);
    assert_eq!(emails.len(), 30_000);
    assert!(emails.iter().all(|user| user.email.starts_with("user-")));
}
