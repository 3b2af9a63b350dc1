//! Searches, walked from end to end.

use byline_grpc::pb;

use crate::errors::shown;
use crate::support::{World, mask};

#[tokio::test]
async fn a_search_finds_the_best_match_first_and_takes_wildcards_literally() {
    let mut world = World::new().await;
    for email in [
        "x.ada@example.com",
        "ada@example.com",
        "50%_off@example.com",
        "bob@example.com",
    ] {
        world.user(email).await;
    }
    let mut search = async |query: &str| {
        let mut request = pb::SearchUsersRequest {
            query: query.into(),
            page_size: 1,
            ..pb::SearchUsersRequest::default()
        };
        let mut found = Vec::new();
        loop {
            let page = world
                .users
                .search_users(request.clone())
                .await
                .unwrap()
                .into_inner();
            found.extend(page.users.into_iter().map(|user| user.email));
            if page.next_page_token.is_empty() {
                return found;
            }
            request.page_token = page.next_page_token;
        }
    };
    assert_eq!(
        search("ADA").await,
        ["ada@example.com", "x.ada@example.com"]
    );
    assert_eq!(search("%_o").await, ["50%_off@example.com"]);
    assert_eq!(search("bo").await, ["bob@example.com"]);
    assert!(search("ob").await.is_empty());
}

#[tokio::test]
async fn a_search_for_users_heeds_filter_and_trash() {
    let world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let admin = pb::User {
        role: "admin".into(),
        ..pb::User::default()
    };
    world.user_like("ada.two@example.com", admin).await;
    world.delete_user(&ada.id).await;
    let search = async |filter: &str, show_deleted| {
        let request = pb::SearchUsersRequest {
            query: "ada".into(),
            filter: filter.into(),
            show_deleted,
            ..pb::SearchUsersRequest::default()
        };
        let page = world.users.clone().search_users(request).await;
        let users = page.unwrap().into_inner().users.into_iter();
        users.map(|user| user.email).collect::<Vec<_>>()
    };
    assert_eq!(search("", false).await, ["ada.two@example.com"]);
    assert_eq!(
        search("", true).await,
        ["ada@example.com", "ada.two@example.com"]
    );
    assert_eq!(search("role = user", true).await, ["ada@example.com"]);
    assert!(search("role = user", false).await.is_empty());
}

impl World {
    /// What a search for posts finds, gathered from pages of one.
    async fn found(&self, request: pb::SearchPostsRequest) -> Vec<pb::FoundPost> {
        let mut found = Vec::new();
        let mut request = pb::SearchPostsRequest {
            page_size: 1,
            ..request
        };
        loop {
            let page = self.posts.clone().search_posts(request.clone()).await;
            let page = page.unwrap().into_inner();
            found.extend(page.results);
            if page.next_page_token.is_empty() {
                return found;
            }
            request.page_token = page.next_page_token;
        }
    }

    async fn titles_found(&self, query: &str) -> Vec<String> {
        let request = pb::SearchPostsRequest {
            query: query.into(),
            ..pb::SearchPostsRequest::default()
        };
        let found = self.found(request).await.into_iter();
        found.map(|found| found.post.unwrap().title).collect()
    }
}

async fn library(world: &World) -> pb::User {
    let ada = world.user("ada@example.com").await;
    for (title, content) in [
        ("Sketch", Some("The analytical engine weaves patterns.")),
        ("Analytical engine", None),
        (
            "Engines that are analytical",
            Some("Of the <mark>engine</mark> & more"),
        ),
        ("Poetry", Some("Engine analytical, reversed.")),
        ("Nothing", Some("of that kind")),
    ] {
        let content = content.map(ToOwned::to_owned);
        world.post_saying(&ada, title, content).await;
    }
    ada
}

#[tokio::test]
async fn posts_are_found_as_people_search_the_web() {
    let world = World::new().await;
    library(&world).await;
    for (query, expected) in [
        ("patterns", &["Sketch"][..]),
        ("PATTERNS weaves", &["Sketch"]),
        ("\"engine analytical\"", &["Poetry"]),
        ("engine -weaves -reversed -that", &["Analytical engine"]),
        ("patterns or reversed", &["Poetry", "Sketch"]),
        ("... !", &[]),
        ("'; drop table posts; --", &[]),
        ("nowhere", &[]),
    ] {
        let mut titles = world.titles_found(query).await;
        titles.sort();
        assert_eq!(titles, expected, "{query}");
    }
    // A word in the title weighs more than one in the content.
    assert_eq!(world.titles_found("engine").await[0], "Analytical engine");
}

#[tokio::test]
async fn what_was_found_is_shown_best_first_with_marks_that_nobody_can_forge() {
    let world = World::new().await;
    let ada = library(&world).await;
    let request = |query: &str| pb::SearchPostsRequest {
        query: query.into(),
        read_mask: mask(&["title", "author.email"]),
        ..pb::SearchPostsRequest::default()
    };
    let found = world.found(request("engine")).await;
    assert_eq!(found.len(), 4);
    assert!(found.is_sorted_by(|better, worse| better.rank >= worse.rank));
    for found in &found {
        let post = found.post.as_ref().unwrap();
        assert_eq!((post.content.as_ref(), post.author_id.as_str()), (None, ""));
        assert_eq!(post.author.as_ref().unwrap().email, ada.email);
        assert!(found.rank > 0.0);
    }
    let snippet = |title: &str| {
        let found = found
            .iter()
            .find(|found| found.post.as_ref().unwrap().title == title);
        found.unwrap().snippet.as_str()
    };
    assert_eq!(
        snippet("Sketch"),
        "The analytical <mark>engine</mark> weaves patterns."
    );
    assert_eq!(
        snippet("Analytical engine"),
        "Analytical <mark>engine</mark>"
    );
    let forged = snippet("Engines that are analytical");
    assert!(forged.contains("<mark>engine</mark>"), "{forged}");
    assert!(forged.contains("&amp; more"), "{forged}");
    assert_eq!(forged.matches("<mark>").count(), 1, "{forged}");
}

#[tokio::test]
async fn a_search_for_posts_heeds_filter_skip_and_trash() {
    let world = World::new().await;
    library(&world).await;
    let all = pb::SearchPostsRequest {
        query: "analytical".into(),
        ..pb::SearchPostsRequest::default()
    };
    let found = world.found(all.clone()).await;
    assert_eq!(found.len(), 4);
    let filtered = pb::SearchPostsRequest {
        filter: "NOT content : * OR title : poet".into(),
        ..all.clone()
    };
    assert_eq!(world.found(filtered).await.len(), 2);

    let skipping = pb::SearchPostsRequest {
        skip: 3,
        page_size: 5,
        ..all.clone()
    };
    let page = world
        .posts
        .clone()
        .search_posts(skipping)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (page.results, page.next_page_token.as_str()),
        (vec![found[3].clone()], "")
    );

    world.delete_post(&found[0].post.as_ref().unwrap().id).await;
    assert_eq!(world.found(all.clone()).await.len(), 3);
    let with_trash = pb::SearchPostsRequest {
        show_deleted: true,
        ..all
    };
    assert_eq!(world.found(with_trash).await.len(), 4);
}

#[tokio::test]
async fn a_bad_search_names_every_wrong_field() {
    let mut world = World::new().await;
    let request = pb::SearchPostsRequest {
        query: "a\nb".into(),
        page_size: -1,
        page_token: "rubbish".into(),
        skip: -1,
        filter: "title : (a)".into(),
        read_mask: mask(&["snippet"]),
        ..pb::SearchPostsRequest::default()
    };
    let status = world.posts.search_posts(request.clone()).await.unwrap_err();
    insta::assert_snapshot!("bad_search_of_posts", shown(&status));
    // Now that the query is right, the token can be told to be wrong.
    let request = pb::SearchPostsRequest {
        query: "a".into(),
        ..request
    };
    let status = world.posts.search_posts(request).await.unwrap_err();
    insta::assert_snapshot!("bad_search_page", shown(&status));
}
