//! What the tests of the use cases share: use cases over mocks, and units of work
//! in which resources are found and replaced.

use std::sync::Arc;

use byline_domain::error::RepositoryError;
use byline_domain::ids::{PostId, UserId};
use byline_domain::lifecycle::{ExpectedEtag, Lifecycle, Retention};
use byline_domain::post::{Post, PostRewrite};
use byline_domain::testing::fixtures::{self, FixedClock};
use byline_domain::testing::mocks::{MockPause, MockPostReader, MockUnitOfWork, MockUserReader};
use byline_domain::unit_of_work::UnitOfWorkFactory;
use byline_domain::user::User;
use chrono::{DateTime, Utc};
use mockall::predicate::eq;

use crate::post::Posts;
use crate::user::Users;
use crate::{Answer, Error, Intent, Mutation, Render, Writer};

/// When every use case of a test is run.
pub(crate) fn now() -> DateTime<Utc> {
    fixtures::time(1_000)
}

/// Makes the change as callers have it made, without an id of the request.
pub(crate) async fn run<M: Mutation>(
    units: impl UnitOfWorkFactory + 'static,
    change: M,
) -> Result<M::Output, Error> {
    let clock = Arc::new(FixedClock(now()));
    let writer = Writer::new(
        Arc::new(units),
        clock,
        Arc::new(never_waits()),
        Retention::DEFAULT,
    );
    match writer.write(&change, &Intent::default(), &AsItIs).await? {
        Answer::Made(output) => Ok(output),
        Answer::Recorded(_) => panic!("no request had an id"),
    }
}

struct AsItIs;

impl<T: Send + Sync> Render<T> for AsItIs {
    type Told = T;

    fn tell(&self, output: T) -> T {
        output
    }

    fn bytes(&self, _told: &T) -> Vec<u8> {
        Vec::new()
    }
}

/// Waits no time before a retry.
pub(crate) fn never_waits() -> MockPause {
    let mut pause = MockPause::new();
    pause.expect_before().returning(|_| ());
    pause
}

/// The use cases of users that read without posts.
pub(crate) fn users_read(reader: MockUserReader) -> Users {
    users_with_posts(reader, MockPostReader::new())
}

/// The use cases of users that read them and their posts.
pub(crate) fn users_with_posts(reader: MockUserReader, posts: MockPostReader) -> Users {
    Users::new(Arc::new(reader), Arc::new(posts))
}

/// The use cases of posts that read without authors.
pub(crate) fn posts_read(reader: MockPostReader) -> Posts {
    posts_with_authors(reader, MockUserReader::new())
}

/// The use cases of posts that read them and their authors.
pub(crate) fn posts_with_authors(reader: MockPostReader, authors: MockUserReader) -> Posts {
    Posts::new(Arc::new(reader), Arc::new(authors))
}

/// A user in the trash.
pub(crate) fn deleted_user(number: u64) -> User {
    let mut user = fixtures::user(number);
    user.lifecycle
        .delete(fixtures::time(500), Retention::DEFAULT);
    user
}

/// A post by user 1.
pub(crate) fn post(number: u64) -> Post {
    fixtures::post(number, fixtures::user_id(1))
}

/// A post by user 1, in the trash.
pub(crate) fn deleted_post(number: u64) -> Post {
    let mut post = post(number);
    post.lifecycle
        .delete(fixtures::time(500), Retention::DEFAULT);
    post
}

/// The etag of the present state.
pub(crate) fn current(lifecycle: &Lifecycle) -> Option<ExpectedEtag> {
    ExpectedEtag::from_request(lifecycle.etag().to_string())
}

/// The etag of another state.
pub(crate) fn stale() -> Option<ExpectedEtag> {
    ExpectedEtag::from_request("stale")
}

/// Concurrent changes are in the way.
pub(crate) fn contention() -> RepositoryError {
    RepositoryError::Contention("deadlock".into())
}

/// The database is away.
pub(crate) fn unavailable() -> RepositoryError {
    RepositoryError::Unavailable("no connection".into())
}

/// The connection is gone.
pub(crate) fn connection_lost() -> RepositoryError {
    RepositoryError::ConnectionLost("reset".into())
}

/// What is expected of a unit of work, each once.
pub(crate) trait Expects {
    /// The user is found and held for a change.
    fn holds_user(self, user: &User) -> Self;
    /// There is no such user to change.
    fn misses_user(self, id: UserId) -> Self;
    /// Another unit of work has any user.
    fn contends_for_user(self) -> Self;
    /// The user is replaced, if it still is as it was before.
    fn replaces_user(self, before: &User, after: &User) -> Self;
    /// The author is found and held, so that others cannot change it.
    fn shares_author(self, author: &User) -> Self;
    /// There is no such author.
    fn misses_author(self, id: UserId) -> Self;
    /// The post is found and held for a change.
    fn holds_post(self, post: &Post) -> Self;
    /// There is no such post to change.
    fn misses_post(self, id: PostId) -> Self;
    /// Another unit of work has any post.
    fn contends_for_post(self) -> Self;
    /// The post is replaced, if it still is as it was before.
    fn replaces_post(self, before: &Post, after: &Post) -> Self;
}

impl Expects for MockUnitOfWork {
    fn holds_user(mut self, user: &User) -> Self {
        let found = user.clone();
        self.users
            .expect_find_for_update()
            .with(eq(user.id))
            .once()
            .return_once(move |_| Ok(Some(found)));
        self
    }

    fn misses_user(mut self, id: UserId) -> Self {
        self.users
            .expect_find_for_update()
            .with(eq(id))
            .once()
            .returning(|_| Ok(None));
        self
    }

    fn contends_for_user(mut self) -> Self {
        self.users
            .expect_find_for_update()
            .once()
            .returning(|_| Err(contention()));
        self
    }

    fn replaces_user(mut self, before: &User, after: &User) -> Self {
        self.users
            .expect_update()
            .with(eq(after.clone()), eq(before.lifecycle.version()))
            .once()
            .returning(|_, _| Ok(()));
        self
    }

    fn shares_author(mut self, author: &User) -> Self {
        let found = author.clone();
        self.users
            .expect_find_for_share()
            .with(eq(author.id))
            .once()
            .return_once(move |_| Ok(Some(found)));
        self
    }

    fn misses_author(mut self, id: UserId) -> Self {
        self.users
            .expect_find_for_share()
            .with(eq(id))
            .once()
            .returning(|_| Ok(None));
        self
    }

    fn holds_post(mut self, post: &Post) -> Self {
        let found = post.clone();
        self.posts
            .expect_find_for_update()
            .with(eq(post.id))
            .once()
            .return_once(move |_| Ok(Some(found)));
        self
    }

    fn misses_post(mut self, id: PostId) -> Self {
        self.posts
            .expect_find_for_update()
            .with(eq(id))
            .once()
            .returning(|_| Ok(None));
        self
    }

    fn contends_for_post(mut self) -> Self {
        self.posts
            .expect_find_for_update()
            .once()
            .returning(|_| Err(contention()));
        self
    }

    fn replaces_post(mut self, before: &Post, after: &Post) -> Self {
        self.posts
            .expect_update_many()
            .with(eq(vec![PostRewrite::between(before, after)]))
            .once()
            .returning(|_| Ok(()));
        self
    }
}
