//! Orders by one field or several, walked from page to page.

use std::collections::BTreeSet;

use byline_grpc::pb;

use crate::errors::shown;
use crate::support::World;

impl World {
    /// The users in that order, gathered from pages of two.
    async fn users_by(&self, order: &str) -> Vec<pb::User> {
        let mut users = Vec::new();
        let mut request = pb::ListUsersRequest {
            order_by: order.into(),
            page_size: 2,
            show_deleted: true,
            ..pb::ListUsersRequest::default()
        };
        loop {
            let page = self.users.clone().list_users(request.clone()).await;
            let page = page.unwrap().into_inner();
            users.extend(page.users);
            if page.next_page_token.is_empty() {
                return users;
            }
            request.page_token = page.next_page_token;
        }
    }

    /// The posts in that order, gathered from pages of two.
    async fn posts_by(&self, order: &str) -> Vec<pb::Post> {
        let mut posts = Vec::new();
        let mut request = pb::ListPostsRequest {
            order_by: order.into(),
            page_size: 2,
            show_deleted: true,
            ..pb::ListPostsRequest::default()
        };
        loop {
            let page = self.posts.clone().list_posts(request.clone()).await;
            let page = page.unwrap().into_inner();
            posts.extend(page.posts);
            if page.next_page_token.is_empty() {
                return posts;
            }
            request.page_token = page.next_page_token;
        }
    }
}

/// Five users: some without a name, one in the trash.
async fn five_users(world: &World) -> Vec<pb::User> {
    let mut users = Vec::new();
    for (email, name, role) in [
        ("e@example.com", Some("Zoë"), "user"),
        ("D@example.com", None, "admin"),
        ("c@example.com", Some("Ada"), "user"),
        ("B@example.com", Some("ada"), "user"),
        ("a@example.com", None, "user"),
    ] {
        let like = pb::User {
            name: name.map(ToOwned::to_owned),
            role: role.into(),
            is_active: Some(role == "admin"),
            ..pb::User::default()
        };
        users.push(world.user_like(email, like).await);
    }
    world.delete_user(&users[2].id).await;
    users
}

fn initials(users: &[pb::User]) -> String {
    users.iter().map(|user| &user.email[..1]).collect()
}

#[tokio::test]
async fn users_are_ordered_by_several_fields_and_what_is_absent_comes_first() {
    let world = World::new().await;
    five_users(&world).await;
    for (order, expected) in [
        ("", "aBcDe"),
        ("created_at", "eDcBa"),
        ("email", "aBcDe"),
        ("email desc", "eDcBa"),
        // Without a name first, then by code point; the older id first among equals.
        ("name", "DaceB"),
        ("name desc", "BecaD"),
        ("role, email desc", "DecBa"),
        ("role desc, name asc, email", "aceBD"),
        ("is_active desc, created_at", "DecBa"),
        ("deleted_at desc, id", "ceDBa"),
        ("id", "eDcBa"),
    ] {
        assert_eq!(initials(&world.users_by(order).await), expected, "{order}");
    }
}

#[tokio::test]
async fn every_field_can_be_walked_by_in_both_directions() {
    let world = World::new().await;
    let users = five_users(&world).await;
    let ids: BTreeSet<_> = users.iter().map(|user| user.id.clone()).collect();
    for field in [
        "id",
        "email",
        "name",
        "role",
        "is_active",
        "created_at",
        "updated_at",
        "deleted_at",
        "purge_at",
    ] {
        let up = world.users_by(field).await;
        let down = world.users_by(&format!("{field} desc")).await;
        assert_eq!(up.len(), ids.len(), "{field}");
        assert_eq!(
            up.iter()
                .map(|user| user.id.clone())
                .collect::<BTreeSet<_>>(),
            ids
        );
        // The id breaks ties in the direction of the field: the very reverse.
        assert!(up.iter().eq(down.iter().rev()), "{field}");
    }

    let mut posts = BTreeSet::new();
    for (number, author) in users
        .iter()
        .filter(|user| user.email != "c@example.com")
        .enumerate()
    {
        let content = (number % 2 == 0).then(|| "x".repeat(300) + &number.to_string());
        let post = world
            .post_saying(author, &format!("{}", 9 - number), content)
            .await;
        posts.insert(post.id);
    }
    let publish = pb::PublishPostRequest {
        id: posts.first().unwrap().clone(),
        ..pb::PublishPostRequest::default()
    };
    world.posts.clone().publish_post(publish).await.unwrap();
    world.delete_post(posts.last().unwrap()).await;
    for field in [
        "id",
        "title",
        "content",
        "published",
        "published_at",
        "author_id",
        "created_at",
        "updated_at",
        "deleted_at",
        "purge_at",
    ] {
        let up = world.posts_by(field).await;
        let down = world.posts_by(&format!("{field} desc")).await;
        assert_eq!(up.len(), posts.len(), "{field}");
        assert_eq!(
            up.iter()
                .map(|post| post.id.clone())
                .collect::<BTreeSet<_>>(),
            posts
        );
        assert!(up.iter().eq(down.iter().rev()), "{field}");
    }
    let all = "published desc, published_at, content, title, author_id, created_at, updated_at, \
               deleted_at desc, purge_at, id";
    assert_eq!(world.posts_by(all).await.len(), posts.len());
}

#[tokio::test]
async fn what_is_no_order_is_refused() {
    let mut world = World::new().await;
    for (name, order) in [
        ("bad_order_field", "title, shoe_size"),
        ("bad_order_direction", "title downwards"),
        ("bad_order_twice", "title, created_at, title desc"),
    ] {
        let request = pb::ListPostsRequest {
            order_by: order.into(),
            ..pb::ListPostsRequest::default()
        };
        let status = world.posts.list_posts(request).await.unwrap_err();
        insta::assert_snapshot!(name, shown(&status));
    }
}
