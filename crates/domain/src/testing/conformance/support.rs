//! Short ways to fill and read a store.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::Ports;
use crate::error::{RepositoryError, Resource};
use crate::filter::{parse_posts, parse_users};
use crate::ids::{PostId, UserId};
use crate::lifecycle::{Lifecycle, Retention, Version};
use crate::page::PageSize;
use crate::post::{Content, FoundPost, Post, PostFilter, PostView, Title};
use crate::selection::Fields;
use crate::testing::fixtures;
use crate::trash::Trash;
use crate::unit_of_work::UnitOfWork;
use crate::user::{Role, User, UserFilter, UserName, UserView};

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

    pub(super) async fn purge_users(&self, users: &[UserId]) {
        let mut unit = self.begin().await;
        for id in users {
            let done = unit.users().purge(*id).await;
            assert!(done.expect("a user is purged"));
        }
        unit.commit().await.expect("a purge is committed");
    }

    pub(super) async fn purge_posts(&self, posts: &[PostId]) {
        let mut unit = self.begin().await;
        for id in posts {
            let done = unit.posts().purge(*id).await;
            assert!(done.expect("a post is purged"));
        }
        unit.commit().await.expect("a purge is committed");
    }

    pub(super) async fn update_user(&self, user: &User, expected: Version) {
        let mut unit = self.begin().await;
        let done = unit.users().update(user, expected).await;
        done.expect("a user is updated");
        unit.commit().await.expect("an update is committed");
    }

    pub(super) async fn update_post(&self, post: &Post, expected: Version) {
        let mut unit = self.begin().await;
        let done = unit
            .posts()
            .update_many(&[fixtures::replacing(post, expected)])
            .await;
        done.expect("a post is updated");
        unit.commit().await.expect("an update is committed");
    }

    /// The user as it is committed, in the trash or not.
    pub(super) async fn stored_user(&self, user: &User) -> Option<User> {
        self.find_user(user.id, Trash::Include).await
    }

    /// The post as it is committed, in the trash or not.
    pub(super) async fn stored_post(&self, post: &Post) -> Option<Post> {
        self.find_post(post.id, Trash::Include).await
    }

    pub(super) async fn find_user(&self, id: UserId, trash: Trash) -> Option<User> {
        let found = self.users.find(id, trash, &Fields::all()).await;
        found.expect("users are read").map(whole_user)
    }

    pub(super) async fn find_user_by_email(&self, address: &str, trash: Trash) -> Option<User> {
        let email = fixtures::email(address);
        let found = self
            .users
            .find_by_email(&email, trash, &Fields::all())
            .await;
        found.expect("users are read").map(whole_user)
    }

    /// Sorted by id: what a batch read finds comes in no particular order.
    pub(super) async fn find_users(&self, ids: &[UserId], trash: Trash) -> Vec<User> {
        let found = self.users.find_many(ids, trash, &Fields::all()).await;
        users_by_id(found.expect("users are read"))
    }

    /// Sorted by id, as [`Self::find_users`].
    pub(super) async fn find_users_by_email(&self, addresses: &[&str], trash: Trash) -> Vec<User> {
        let emails: Vec<_> = addresses.iter().map(|text| fixtures::email(text)).collect();
        let found = self
            .users
            .find_many_by_email(&emails, trash, &Fields::all())
            .await;
        users_by_id(found.expect("users are read"))
    }

    pub(super) async fn find_post(&self, id: PostId, trash: Trash) -> Option<Post> {
        let found = self.posts.find(id, trash, &Fields::all()).await;
        found.expect("posts are read").map(whole_post)
    }

    /// Sorted by id, as [`Self::find_users`].
    pub(super) async fn find_posts(&self, ids: &[PostId], trash: Trash) -> Vec<Post> {
        let found = self.posts.find_many(ids, trash, &Fields::all(), 0).await;
        let found = found.expect("posts are read").into_iter();
        let mut posts: Vec<_> = found.map(whole_post).collect();
        posts.sort_by_key(|post| post.id);
        posts
    }
}

/// The users on that side of the trash that the filter means. Durations count from
/// second 0 of the fixtures.
pub(super) fn users_meeting(trash: Trash, text: &str) -> UserFilter {
    let meets = parse_users(text, fixtures::time(0)).expect("a valid filter");
    UserFilter { trash, meets }
}

/// The posts on that side of the trash that the filter means, as [`users_meeting`].
pub(super) fn posts_meeting(trash: Trash, text: &str) -> PostFilter {
    let meets = parse_posts(text, fixtures::time(0)).expect("a valid filter");
    PostFilter { trash, meets }
}

/// What fixtures number.
pub(super) trait Numbered {
    fn id(&self) -> Uuid;
}

impl Numbered for User {
    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }
}

impl Numbered for Post {
    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }
}

impl Numbered for PostView {
    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }
}

impl Numbered for FoundPost {
    fn id(&self) -> Uuid {
        self.post.id()
    }
}

/// The numbers that the fixtures were made with.
pub(super) fn numbers<T: Numbered>(items: &[T]) -> Vec<u64> {
    let number = |item: &T| item.id().as_u64_pair().1 & u64::from(u32::MAX);
    items.iter().map(number).collect()
}

/// The user of whom all fields were read.
pub(super) fn whole_user(view: UserView) -> User {
    view.into_user().expect("all fields were read")
}

/// The post of which all fields were read.
pub(super) fn whole_post(view: PostView) -> Post {
    view.into_post().expect("all fields were read")
}

fn users_by_id(found: Vec<UserView>) -> Vec<User> {
    let mut users: Vec<_> = found.into_iter().map(whole_user).collect();
    users.sort_by_key(|user| user.id);
    users
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
    user.lifecycle
        .delete(fixtures::time(deleted_at), Retention::DEFAULT);
    user
}

/// The post `number` of `author`, in the trash since second `deleted_at`.
pub(super) fn deleted_post(number: u64, author: &User, deleted_at: i64) -> Post {
    let mut post = fixtures::post(number, author.id);
    post.lifecycle
        .delete(fixtures::time(deleted_at), Retention::DEFAULT);
    post
}

/// A life with the seconds of birth, of the last change and of deletion. What is in the
/// trash may go in second 200, but for what was put there in second 97: by a program that
/// knew no retention.
pub(super) fn life(times: (i64, Option<i64>, Option<i64>)) -> Lifecycle {
    let (created_at, updated_at, deleted_at) = times;
    Lifecycle::from_stored(
        fixtures::time(created_at),
        updated_at.map(fixtures::time),
        deleted_at.map(fixtures::time),
        deleted_at
            .filter(|at| *at != 97)
            .map(|_| fixtures::time(200)),
        Version::FIRST,
    )
}

/// A life with every time in it, none of them a whole millisecond.
pub(super) fn long_life() -> Lifecycle {
    Lifecycle::from_stored(
        precise(10, 1),
        Some(precise(20, 123_457)),
        Some(precise(30, 999_999)),
        Some(precise(40, 7)),
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

pub(super) fn role(text: &str) -> Role {
    Role::parse(text).expect("a valid role")
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
