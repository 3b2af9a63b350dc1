//! Filters in the language of AIP-160, through the wire.

use byline_grpc::pb;

use crate::errors::shown;
use crate::support::World;

impl World {
    /// The addresses, without their domain, of the users that a filter leaves.
    async fn filtered(&self, filter: &str, show_deleted: bool) -> Vec<String> {
        let request = pb::ListUsersRequest {
            order_by: "email".into(),
            filter: filter.into(),
            show_deleted,
            ..pb::ListUsersRequest::default()
        };
        let list = self.users.clone().list_users(request).await;
        let users = list.unwrap().into_inner().users.into_iter();
        users
            .map(|user| user.email.split('@').next().unwrap().to_owned())
            .collect()
    }

    /// The titles of the posts that a filter leaves.
    async fn filtered_posts(&self, filter: &str, show_deleted: bool) -> Vec<String> {
        let request = pb::ListPostsRequest {
            order_by: "title".into(),
            filter: filter.into(),
            show_deleted,
            ..pb::ListPostsRequest::default()
        };
        let list = self.posts.clone().list_posts(request).await;
        let posts = list.unwrap().into_inner().posts.into_iter();
        posts.map(|post| post.title).collect()
    }
}

#[tokio::test]
async fn a_filter_leaves_those_who_meet_it() {
    let world = World::new().await;
    let user = |name: &str, role: &str, is_active| pb::User {
        name: (!name.is_empty()).then(|| name.to_owned()),
        role: role.into(),
        is_active: Some(is_active),
        ..pb::User::default()
    };
    for (email, like) in [
        ("ada@example.com", user("Ada Lovelace", "admin", true)),
        ("Alan@example.com", user("Alan Turing", "user", true)),
        ("barbara@example.com", user("", "user", false)),
        ("carol@example.com", user("100% Carol", "editor", false)),
    ] {
        world.user_like(email, like).await;
    }
    for (filter, expected) in [
        ("", &["ada", "Alan", "barbara", "carol"][..]),
        ("  ", &["ada", "Alan", "barbara", "carol"]),
        (r#"role = "admin""#, &["ada"]),
        // OR binds tighter than AND.
        (
            "is_active = true AND role = admin OR role = user",
            &["ada", "Alan"],
        ),
        ("NOT (role = user OR role = editor)", &["ada"]),
        ("-role:user is_active:true", &["ada"]),
        (r#"email = "ALAN@example.com""#, &["Alan"]),
        (r#"name = "ada lovelace""#, &[]),
        ("name : LOVE", &["ada"]),
        (r#"name = "A*ing""#, &["Alan"]),
        (r#"name : "0% c""#, &["carol"]),
        // What is absent is neither equal nor different.
        (r#"name != "Ada Lovelace""#, &["Alan", "carol"]),
        ("name : *", &["ada", "Alan", "carol"]),
        ("NOT name : *", &["barbara"]),
        ("turing", &["Alan"]),
        (
            "created_at > -3600s AND created_at <= 9999-12-31T23:59:59Z",
            &["ada", "Alan", "barbara", "carol"],
        ),
        ("created_at < 2000-01-01T00:00:00+02:00", &[]),
        ("updated_at : *", &[]),
    ] {
        assert_eq!(world.filtered(filter, false).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn users_are_filtered_by_their_posts_and_posts_by_their_authors() {
    let world = World::new().await;
    let admin = pb::User {
        role: "admin".into(),
        ..pb::User::default()
    };
    let ada = world.user_like("ada@example.com", admin).await;
    let alan = world.user("alan@example.com").await;
    world.user("barbara@example.com").await;
    world.post(&ada, "Engines").await;
    world.post(&alan, "Machines").await;
    let gone = world.post(&alan, "Nonsense").await;
    world.delete_post(&gone.id).await;

    for (filter, show_deleted, expected) in [
        ("posts : *", false, &["ada", "alan"][..]),
        ("NOT posts : *", false, &["barbara"]),
        (r#"posts.title = "Engines""#, false, &["ada"]),
        // There is another post of which it is true.
        (r#"posts.title != "Engines""#, false, &["alan"]),
        (r#"posts.title : "nonsense""#, false, &[]),
        (r#"posts.title : "nonsense""#, true, &["alan"]),
    ] {
        let left = world.filtered(filter, show_deleted).await;
        assert_eq!(left, expected, "{filter} {show_deleted}");
    }
    let by_id = format!("author_id = \"{}\"", alan.id.to_uppercase());
    for (filter, show_deleted, expected) in [
        ("author.role = admin", false, &["Engines"][..]),
        ("NOT author.role = admin", false, &["Machines"]),
        ("NOT author.role = admin", true, &["Machines", "Nonsense"]),
        (
            "author.email : ALAN OR deleted_at : *",
            false,
            &["Machines"],
        ),
        (&by_id, true, &["Machines", "Nonsense"]),
        ("published = false -engines", false, &["Machines"]),
    ] {
        let left = world.filtered_posts(filter, show_deleted).await;
        assert_eq!(left, expected, "{filter} {show_deleted}");
    }
}

#[tokio::test]
async fn a_filter_that_cannot_be_read_is_refused_with_the_place_where_it_went_wrong() {
    let mut world = World::new().await;
    let many = ["a"; 51].join(" OR ");
    let deep = format!("{}a{}", "(".repeat(21), ")".repeat(21));
    for (name, filter) in [
        ("bad_filter_field", "emial = x"),
        ("bad_filter_value", "is_active = yes"),
        ("bad_filter_syntax", "role = admin AND (name : a"),
        ("bad_filter_path", "posts.author.role = admin"),
        ("long_filter", &"a".repeat(2_001)),
        ("filter_of_many_terms", &many),
        ("deep_filter", &deep),
    ] {
        let request = pb::ListUsersRequest {
            filter: filter.into(),
            ..pb::ListUsersRequest::default()
        };
        let status = world.users.list_users(request).await.unwrap_err();
        insta::assert_snapshot!(name, shown(&status));
    }
    let request = pb::SearchPostsRequest {
        query: "ada".into(),
        filter: "title < 1 AND auhtor.name = x".into(),
        ..pb::SearchPostsRequest::default()
    };
    let status = world.posts.search_posts(request).await.unwrap_err();
    insta::assert_snapshot!("bad_filter_of_posts", shown(&status));
}
