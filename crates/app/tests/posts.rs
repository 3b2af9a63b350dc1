//! What the use cases of posts decide, and whether they commit it. Mocks only.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

use std::sync::Arc;

use byline_app::post::{
    BatchGetPosts, CreatePost, DeletePost, Posts, PurgePost, SetPublished, UndeletePost,
};
use byline_app::{Error, Precondition};
use byline_domain::error::{RepositoryError, Resource};
use byline_domain::ids::PostId;
use byline_domain::post::{Content, Post, Title};
use byline_domain::testing::fixtures::{
    CountingIds, FixedClock, post, post_id, time, user, user_id,
};
use byline_domain::testing::mocks::{
    MockPostReader, MockUnitOfWork, MockUnitOfWorkFactory, begins, begins_none,
};
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWorkFactory;
use byline_domain::user::User;
use mockall::predicate::eq;

const NOW: i64 = 1_000;

fn posts(reader: MockPostReader, units: impl UnitOfWorkFactory + 'static) -> Posts {
    Posts::new(
        Arc::new(reader),
        Arc::new(units),
        Arc::new(FixedClock(time(NOW))),
        Arc::new(CountingIds::default()),
    )
}

fn writing(units: MockUnitOfWorkFactory) -> Posts {
    posts(MockPostReader::new(), units)
}

fn a_post() -> Post {
    post(1, user_id(1))
}

fn deleted(mut post: Post) -> Post {
    post.lifecycle.delete(time(500));
    post
}

fn holds(unit: &mut MockUnitOfWork, post: &Post) {
    let found = post.clone();
    unit.posts
        .expect_find_for_update()
        .with(eq(post.id))
        .once()
        .return_once(move |_| Ok(Some(found)));
}

/// Expects that the author is looked for, for share.
fn author(unit: &mut MockUnitOfWork, found: Option<User>) {
    unit.users
        .expect_find_for_share()
        .with(eq(user_id(1)))
        .once()
        .return_once(move |_| Ok(found));
}

fn in_trash() -> User {
    let mut author = user(1);
    author.lifecycle.delete(time(500));
    author
}

fn create(published: bool) -> CreatePost {
    CreatePost {
        id: Some(post_id(1)),
        title: Title::parse("Notes").unwrap(),
        content: None,
        published,
        author_id: user_id(1),
    }
}

#[tokio::test]
async fn a_post_of_a_living_author_is_made_and_published_at_once_if_asked() {
    for published in [true, false] {
        let mut unit = MockUnitOfWork::committed();
        author(&mut unit, Some(user(1)));
        unit.posts.expect_insert().once().returning(|_| Ok(()));
        let made = writing(begins([unit]))
            .create(&create(published))
            .await
            .unwrap();
        assert_eq!(made.published_at, published.then(|| time(NOW)));
    }
}

#[tokio::test]
async fn an_unknown_author_is_named_and_nothing_is_written() {
    let mut unit = MockUnitOfWork::abandoned();
    author(&mut unit, None);
    unit.posts.expect_insert().never();
    match writing(begins([unit])).create(&create(false)).await {
        Err(Error::NotFound { resource, key }) => {
            assert_eq!((resource, key), (Resource::User, user_id(1).to_string()));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_author_in_the_trash_writes_nothing() {
    let mut unit = MockUnitOfWork::abandoned();
    author(&mut unit, Some(in_trash()));
    unit.posts.expect_insert().never();
    let refused = writing(begins([unit])).create(&create(false)).await;
    assert!(matches!(
        refused,
        Err(Error::Precondition(Precondition::AuthorInTrash { .. }))
    ));
}

fn set(published: bool) -> SetPublished {
    SetPublished {
        id: post_id(1),
        etag: None,
        published,
    }
}

#[tokio::test]
async fn publishing_writes_once_and_then_changes_nothing() {
    let mut unit = MockUnitOfWork::committed();
    holds(&mut unit, &a_post());
    unit.posts.expect_update().once().returning(|_, _| Ok(()));
    let published = writing(begins([unit]))
        .set_published(set(true))
        .await
        .unwrap();
    assert_eq!(published.published_at, Some(time(NOW)));

    let mut unit = MockUnitOfWork::abandoned();
    holds(&mut unit, &published);
    unit.posts.expect_update().never();
    let again = writing(begins([unit]))
        .set_published(set(true))
        .await
        .unwrap();
    assert_eq!(again, published);
}

#[tokio::test]
async fn a_deleted_post_is_neither_published_nor_deleted_again() {
    let mut unit = MockUnitOfWork::abandoned();
    holds(&mut unit, &deleted(a_post()));
    let refused = writing(begins([unit])).set_published(set(true)).await;
    assert!(matches!(refused, Err(Error::NotFound { .. })));

    let mut unit = MockUnitOfWork::abandoned();
    holds(&mut unit, &deleted(a_post()));
    let delete = DeletePost {
        id: post_id(1),
        etag: None,
    };
    let refused = writing(begins([unit])).delete(&delete).await;
    assert!(matches!(refused, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn a_post_comes_back_only_to_a_living_author() {
    let undelete = UndeletePost {
        id: post_id(1),
        etag: None,
    };
    let mut unit = MockUnitOfWork::committed();
    holds(&mut unit, &deleted(a_post()));
    author(&mut unit, Some(user(1)));
    unit.posts
        .expect_update()
        .withf(|post, _| !post.lifecycle.is_deleted())
        .once()
        .returning(|_, _| Ok(()));
    writing(begins([unit])).undelete(&undelete).await.unwrap();

    let mut unit = MockUnitOfWork::abandoned();
    holds(&mut unit, &deleted(a_post()));
    author(&mut unit, Some(in_trash()));
    unit.posts.expect_update().never();
    let refused = writing(begins([unit])).undelete(&undelete).await;
    assert!(matches!(
        refused,
        Err(Error::Precondition(Precondition::AuthorInTrash { .. }))
    ));
}

#[tokio::test]
async fn a_living_post_is_not_purged() {
    let mut unit = MockUnitOfWork::abandoned();
    holds(&mut unit, &a_post());
    unit.posts.expect_purge().never();
    let purge = PurgePost {
        id: post_id(1),
        etag: None,
    };
    let refused = writing(begins([unit])).purge(&purge).await;
    assert!(matches!(
        refused,
        Err(Error::Precondition(Precondition::PostNotInTrash { .. }))
    ));
}

#[tokio::test]
async fn a_large_post_that_is_asked_for_again_and_again_is_too_large() {
    let mut reader = MockPostReader::new();
    reader.expect_find_many().once().returning(|_, _| {
        let mut large = a_post();
        large.content = Some(Content::parse("x".repeat(Content::MAX_BYTES)).unwrap());
        Ok(vec![large])
    });
    let query = BatchGetPosts {
        ids: vec![PostId::from_uuid(post_id(1).as_uuid()); 3],
        trash: Trash::Exclude,
    };
    let refused = posts(reader, begins_none()).batch_get(&query).await;
    assert!(matches!(refused, Err(Error::ResponseTooLarge)));
}

#[tokio::test]
async fn a_commit_that_fails_is_told() {
    let mut unit = MockUnitOfWork::default();
    holds(&mut unit, &a_post());
    unit.posts.expect_update().once().returning(|_, _| Ok(()));
    unit.ending
        .expect_commit()
        .once()
        .returning(|| Err(RepositoryError::Unavailable("gone".into())));
    let delete = DeletePost {
        id: post_id(1),
        etag: None,
    };
    let result = writing(begins([unit])).delete(&delete).await;
    assert!(matches!(result, Err(Error::Unavailable(_))));
}
