//! Read masks: own fields, relations, and fields of relations.

use byline_grpc::pb;

use crate::errors::shown;
use crate::support::{World, get_by_id, mask};

/// Users with posts: Ada has two and one in the trash, Alan none.
struct Authors {
    world: World,
    ada: pb::User,
    alan: pb::User,
}

impl Authors {
    async fn new() -> Self {
        let world = World::new().await;
        let ada = world.user("ada@example.com").await;
        let alan = world.user("alan@example.com").await;
        for title in ["Notes", "Sketches", "Rubbish"] {
            let content = Some(format!("{title} of Ada's"));
            world.post_saying(&ada, title, content).await;
        }
        let rubbish = world.post(&ada, "More rubbish").await;
        world.delete_post(&rubbish.id).await;
        Self { world, ada, alan }
    }

    async fn get(&self, paths: &[&str], show_deleted: bool) -> pb::User {
        let request = pb::GetUserRequest {
            read_mask: mask(paths),
            show_deleted,
            ..get_by_id(&self.ada.id)
        };
        let answer = self.world.users.clone().get_user(request).await;
        answer.unwrap().into_inner().user.unwrap()
    }

    async fn get_post(&self, id: &str, paths: &[&str]) -> pb::Post {
        let request = pb::GetPostRequest {
            id: id.into(),
            read_mask: mask(paths),
            ..pb::GetPostRequest::default()
        };
        let answer = self.world.posts.clone().get_post(request).await;
        answer.unwrap().into_inner().post.unwrap()
    }
}

fn titles(user: &pb::User) -> Vec<&str> {
    user.posts.iter().map(|post| post.title.as_str()).collect()
}

#[tokio::test]
async fn only_the_fields_that_are_named_are_answered_and_the_id() {
    let authors = Authors::new().await;
    let ada = authors.ada.clone();
    let bare = pb::User {
        id: ada.id.clone(),
        ..pb::User::default()
    };
    assert_eq!(authors.get(&["id"], false).await, bare);
    let some = pb::User {
        email: ada.email.clone(),
        etag: ada.etag.clone(),
        is_active: Some(true),
        ..bare.clone()
    };
    assert_eq!(
        authors.get(&["email", "etag", "is_active"], false).await,
        some
    );
    assert_eq!(authors.get(&["*"], false).await, ada);
    assert_eq!(authors.get(&[], false).await, ada);

    let counted = authors.get(&["post_count", "*"], false).await;
    let expected = pb::User {
        post_count: Some(3),
        ..ada
    };
    assert_eq!(counted, expected);
}

#[tokio::test]
async fn the_newest_posts_come_without_content_unless_it_is_named() {
    let authors = Authors::new().await;
    let ada = authors.get(&["posts", "post_count"], false).await;
    assert_eq!((ada.email.as_str(), ada.post_count), ("", Some(3)));
    assert_eq!(titles(&ada), ["Rubbish", "Sketches", "Notes"]);
    for post in &ada.posts {
        assert_eq!(post.content, None);
        assert_eq!(post.author_id, authors.ada.id);
        assert!(!post.etag.is_empty() && post.created_at.is_some());
    }

    let ada = authors.get(&["posts.content"], false).await;
    assert_eq!(titles(&ada), ["", "", ""]);
    assert_eq!(ada.posts[2].content.as_deref(), Some("Notes of Ada's"));
    assert!(ada.posts.iter().all(|post| !post.id.is_empty()));

    let ada = authors.get(&["post_count", "posts.title"], true).await;
    assert_eq!(ada.post_count, Some(4));
    assert_eq!(
        titles(&ada),
        ["More rubbish", "Rubbish", "Sketches", "Notes"]
    );
}

#[tokio::test]
async fn an_author_comes_with_the_fields_that_are_named_out_of_the_trash_too() {
    let authors = Authors::new().await;
    let notes = authors.get(&["posts"], false).await.posts[2].id.clone();
    let post = authors.get_post(&notes, &["title", "author.email"]).await;
    let expected = pb::Post {
        id: notes.clone(),
        title: "Notes".into(),
        author: Some(pb::User {
            id: authors.ada.id.clone(),
            email: authors.ada.email.clone(),
            ..pb::User::default()
        }),
        ..pb::Post::default()
    };
    assert_eq!(post, expected);
    let post = authors.get_post(&notes, &["*", "author"]).await;
    assert_eq!(post.author_id, authors.ada.id);
    assert_eq!(post.author, Some(authors.ada.clone()));

    let world = &authors.world;
    for post in authors.get(&["posts"], false).await.posts {
        world.delete_post(&post.id).await;
    }
    world.delete_user(&authors.ada.id).await;
    let request = pb::GetPostRequest {
        id: notes,
        show_deleted: true,
        read_mask: mask(&["author.deleted_at"]),
    };
    let post = world.posts.clone().get_post(request).await;
    let author = post.unwrap().into_inner().post.unwrap().author.unwrap();
    assert!(author.deleted_at.is_some());
}

#[tokio::test]
async fn batches_lists_and_searches_heed_the_mask_too() {
    let authors = Authors::new().await;
    let (mut users, mut posts) = (authors.world.users.clone(), authors.world.posts.clone());
    let light = mask(&["post_count", "posts.title"]);
    let ada = pb::User {
        post_count: Some(3),
        ..authors.get(&["posts.title"], false).await
    };
    let alan = pb::User {
        id: authors.alan.id.clone(),
        post_count: Some(0),
        ..pb::User::default()
    };

    let batch = pb::BatchGetUsersRequest {
        ids: vec![ada.id.clone(), alan.id.clone()],
        emails: vec!["ADA@example.com".into()],
        read_mask: light.clone(),
        ..pb::BatchGetUsersRequest::default()
    };
    let got = users.batch_get_users(batch).await.unwrap().into_inner();
    assert_eq!(got.users, [ada.clone(), alan.clone(), ada.clone()]);

    let list = pb::ListUsersRequest {
        order_by: "email".into(),
        read_mask: light.clone(),
        ..pb::ListUsersRequest::default()
    };
    let got = users.list_users(list).await.unwrap().into_inner();
    assert_eq!(got.users, [ada.clone(), alan]);

    let search = pb::SearchUsersRequest {
        query: "ada".into(),
        read_mask: light,
        ..pb::SearchUsersRequest::default()
    };
    let got = users.search_users(search).await.unwrap().into_inner();
    assert_eq!(got.users, std::slice::from_ref(&ada));

    let author = mask(&["author.email"]);
    let expected = ada.posts.iter().map(|post| pb::Post {
        id: post.id.clone(),
        author: Some(pb::User {
            id: ada.id.clone(),
            email: "ada@example.com".into(),
            ..pb::User::default()
        }),
        ..pb::Post::default()
    });
    let expected: Vec<_> = expected.collect();

    let batch = pb::BatchGetPostsRequest {
        ids: expected.iter().map(|post| post.id.clone()).collect(),
        read_mask: author.clone(),
        ..pb::BatchGetPostsRequest::default()
    };
    let got = posts.batch_get_posts(batch).await.unwrap().into_inner();
    assert_eq!(got.posts, expected);

    let list = pb::ListPostsRequest {
        read_mask: author.clone(),
        ..pb::ListPostsRequest::default()
    };
    let got = posts.list_posts(list).await.unwrap().into_inner();
    assert_eq!(got.posts, expected);

    let search = pb::SearchPostsRequest {
        query: "sketches".into(),
        read_mask: author,
        ..pb::SearchPostsRequest::default()
    };
    let got = posts.search_posts(search).await.unwrap().into_inner();
    assert_eq!(got.results.len(), 1);
    assert_eq!(got.results[0].post.as_ref(), Some(&expected[1]));
    assert!(!got.results[0].snippet.is_empty());
}

#[tokio::test]
async fn paths_that_lead_nowhere_are_refused_each() {
    let mut world = World::new().await;
    let request = pb::GetUserRequest {
        read_mask: mask(&["email", "shoe_size", "posts.author", "posts.title.x"]),
        ..pb::GetUserRequest::default()
    };
    let status = world.users.get_user(request).await.unwrap_err();
    insta::assert_snapshot!("bad_read_mask_of_users", shown(&status));
    let request = pb::BatchGetPostsRequest {
        read_mask: mask(&["author", "authors"]),
        ..pb::BatchGetPostsRequest::default()
    };
    let status = world.posts.batch_get_posts(request).await.unwrap_err();
    insta::assert_snapshot!("bad_read_mask_of_posts", shown(&status));
}
