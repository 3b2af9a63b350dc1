//! Users and posts to test with: readable, and the same every time.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::clock::Clock;
use crate::ids::{IdGenerator, PostId, UserId};
use crate::lifecycle::{Lifecycle, Version};
use crate::post::{Content, Post, PostRewrite, Title};
use crate::user::{Email, Role, User, UserName};

/// The `seconds`th second of the year in which all fixtures live.
pub fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + seconds, 0).expect("the year 2026 is in range")
}

/// The id that ends in `number`; ids grow with their numbers.
pub fn user_id(number: u64) -> UserId {
    UserId::from_uuid(Uuid::from_u64_pair(
        0x019b_0000_0000_7000,
        (0x8 << 60) | number,
    ))
}

/// The id that ends in `number`; ids grow with their numbers.
pub fn post_id(number: u64) -> PostId {
    PostId::from_uuid(Uuid::from_u64_pair(
        0x019b_0000_0000_7001,
        (0x8 << 60) | number,
    ))
}

/// An address.
pub fn email(text: &str) -> Email {
    Email::parse(text).expect("a valid address")
}

/// User number `number`, made in second `number`: `user-7@example.com`, named `User 7`.
pub fn user(number: u64) -> User {
    User {
        id: user_id(number),
        email: email(&format!("user-{number}@example.com")),
        name: Some(UserName::parse(format!("User {number}")).expect("a valid name")),
        role: Role::default(),
        is_active: true,
        lifecycle: Lifecycle::born(time(number.try_into().expect("a small number"))),
    }
}

/// Post number `number` of `author`, made in second `number`: `Post 7`.
pub fn post(number: u64, author: UserId) -> Post {
    Post {
        id: post_id(number),
        title: Title::parse(format!("Post {number}")).expect("a valid title"),
        content: Some(Content::parse(format!("Content {number}")).expect("valid content")),
        published_at: None,
        author_id: author,
        lifecycle: Lifecycle::born(time(number.try_into().expect("a small number"))),
    }
}

/// Has all that the post is take the place of what is stored in that version.
pub fn replacing(post: &Post, expected: Version) -> PostRewrite {
    PostRewrite {
        head: post.into(),
        expected,
        retitled: true,
        content: Some(post.content.clone()),
    }
}

/// A clock that stands still.
#[derive(Clone, Copy, Debug)]
pub struct FixedClock(pub DateTime<Utc>);

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// A clock that moves on by a second at each look.
#[derive(Debug, Default)]
pub struct TickingClock(AtomicU64);

impl Clock for TickingClock {
    fn now(&self) -> DateTime<Utc> {
        let seconds = self.0.fetch_add(1, Ordering::Relaxed);
        time(0) + TimeDelta::seconds(seconds.try_into().unwrap_or(i64::MAX))
    }
}

/// Makes the ids 1, 2, 3 and so on.
#[derive(Debug, Default)]
pub struct CountingIds(AtomicU64);

impl IdGenerator for CountingIds {
    fn generate(&self) -> Uuid {
        user_id(self.0.fetch_add(1, Ordering::Relaxed) + 1).as_uuid()
    }
}
