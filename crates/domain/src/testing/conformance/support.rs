//! Short ways to fill and read a store.

use chrono::{DateTime, TimeDelta, Utc};

use super::Ports;
use crate::error::{RepositoryError, Resource};
use crate::lifecycle::{Lifecycle, Version};
use crate::page::PageSize;
use crate::post::{Content, Post, Title};
use crate::testing::fixtures;
use crate::trash::Trash;
use crate::unit_of_work::UnitOfWork;
use crate::user::{User, UserName};

pub(super) const BOTH_SIDES: [Trash; 2] = [Trash::Exclude, Trash::Include];

impl Ports {
    pub(super) async fn begin(&self) -> Box<dyn UnitOfWork> {
        self.units.begin().await.expect("a unit of work begins")
    }

    pub(super) async fn insert_users(&self, users: &[&User]) {
        let mut unit = self.begin().await;
        for user in users {
            unit.users().insert(user).await.expect("a user is inserted");
        }
        unit.commit().await.expect("users are committed");
    }

    pub(super) async fn insert_posts(&self, posts: &[&Post]) {
        let mut unit = self.begin().await;
        for post in posts {
            unit.posts().insert(post).await.expect("a post is inserted");
        }
        unit.commit().await.expect("posts are committed");
    }

    pub(super) async fn update_user(&self, user: &User, expected: Version) {
        let mut unit = self.begin().await;
        let done = unit.users().update(user, expected).await;
        done.expect("a user is updated");
        unit.commit().await.expect("an update is committed");
    }

    pub(super) async fn update_post(&self, post: &Post, expected: Version) {
        let mut unit = self.begin().await;
        let done = unit.posts().update(post, expected).await;
        done.expect("a post is updated");
        unit.commit().await.expect("an update is committed");
    }

    /// The user as it is committed, in the trash or not.
    pub(super) async fn stored_user(&self, user: &User) -> Option<User> {
        let found = self.users.find(user.id, Trash::Include).await;
        found.expect("users are read")
    }

    /// The post as it is committed, in the trash or not.
    pub(super) async fn stored_post(&self, post: &Post) -> Option<Post> {
        let found = self.posts.find(post.id, Trash::Include).await;
        found.expect("posts are read")
    }
}

/// The user `number`, of that address.
pub(super) fn user_at(number: u64, email: &str) -> User {
    User {
        email: fixtures::email(email),
        ..fixtures::user(number)
    }
}

/// The user `number`, in the trash since second `deleted_at`.
pub(super) fn deleted_user(number: u64, deleted_at: i64) -> User {
    let mut user = fixtures::user(number);
    user.lifecycle.delete(fixtures::time(deleted_at));
    user
}

/// The post `number` of `author`, in the trash since second `deleted_at`.
pub(super) fn deleted_post(number: u64, author: &User, deleted_at: i64) -> Post {
    let mut post = fixtures::post(number, author.id);
    post.lifecycle.delete(fixtures::time(deleted_at));
    post
}

/// A life with every time in it, none of them a whole millisecond.
pub(super) fn long_life() -> Lifecycle {
    Lifecycle::from_stored(
        precise(10, 1),
        Some(precise(20, 123_457)),
        Some(precise(30, 999_999)),
        Version::from_stored(7).expect("a version"),
    )
}

/// The `seconds`th second, and that many microseconds.
pub(super) fn precise(seconds: i64, micros: i64) -> DateTime<Utc> {
    fixtures::time(seconds) + TimeDelta::microseconds(micros)
}

pub(super) fn name(text: &str) -> UserName {
    UserName::parse(text).expect("a valid name")
}

pub(super) fn title(text: &str) -> Title {
    Title::parse(text).expect("a valid title")
}

pub(super) fn content(text: impl Into<String>) -> Content {
    Content::parse(text).expect("valid content")
}

pub(super) fn size(rows: i32) -> PageSize {
    PageSize::from_request(rows).expect("a valid size")
}

/// Sorted by id: what a batch read finds comes in no particular order.
pub(super) fn users_by_id(mut users: Vec<User>) -> Vec<User> {
    users.sort_by_key(|user| user.id);
    users
}

/// Sorted by id: what a batch read finds comes in no particular order.
pub(super) fn posts_by_id(mut posts: Vec<Post>) -> Vec<Post> {
    posts.sort_by_key(|post| post.id);
    posts
}

#[track_caller]
pub(super) fn assert_exists<T>(
    result: &Result<T, RepositoryError>,
    resource: Resource,
    field: &str,
) {
    assert!(
        matches!(result, Err(RepositoryError::AlreadyExists { resource: r, field: f })
            if *r == resource && *f == field),
        "expected that {resource} {field} already exists, got {:?}",
        result.as_ref().err(),
    );
}

#[track_caller]
pub(super) fn assert_stale<T>(result: &Result<T, RepositoryError>, resource: Resource) {
    assert!(
        matches!(result, Err(RepositoryError::StaleVersion { resource: r }) if *r == resource),
        "expected a stale version, got {:?}",
        result.as_ref().err(),
    );
}

#[track_caller]
pub(super) fn assert_author_missing<T>(result: &Result<T, RepositoryError>) {
    assert!(
        matches!(
            result,
            Err(RepositoryError::ReferenceMissing {
                resource: Resource::User
            })
        ),
        "expected that the author is missing, got {:?}",
        result.as_ref().err(),
    );
}

#[track_caller]
pub(super) fn assert_internal<T>(result: &Result<T, RepositoryError>) {
    assert!(
        matches!(result, Err(RepositoryError::Internal(_))),
        "expected an internal error, got {:?}",
        result.as_ref().err(),
    );
}
