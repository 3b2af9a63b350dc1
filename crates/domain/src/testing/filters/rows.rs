//! Random users and posts.

use chrono::{DateTime, Utc};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{ALPHABET, POSTS, USERS, address, deltas, moments};
use crate::lifecycle::{Lifecycle, Retention, Version};
use crate::post::{Content, Post, Title};
use crate::testing::fixtures;
use crate::user::{Role, User, UserName};

/// What a store holds.
#[derive(Clone, Debug)]
pub struct Rows {
    /// Each has an address of its own.
    pub users: Vec<User>,
    /// Each is of one of the users; what is of a user in the trash is in the trash too.
    pub posts: Vec<Post>,
}

impl Rows {
    /// The posts of `user`.
    pub fn posts_of(&self, user: &User) -> impl Iterator<Item = &Post> + Clone {
        let id = user.id;
        self.posts.iter().filter(move |post| post.author_id == id)
    }

    /// Who wrote `post`.
    pub fn author_of(&self, post: &Post) -> Option<&User> {
        self.users.iter().find(|user| user.id == post.author_id)
    }
}

/// One to six users with at most eight posts together; living ones, deleted ones,
/// and with whatever can be absent absent. Ids are those of the fixtures, from 1.
pub fn rows() -> impl Strategy<Value = Rows> {
    (1..=USERS, 0..=POSTS).prop_flat_map(|(users, posts)| {
        let users = (1..=users).map(user).collect::<Vec<_>>();
        let posts = (1..=posts).map(post).collect::<Vec<_>>();
        (users, posts).prop_map(|(users, posts)| {
            let posts = posts.into_iter();
            let posts = posts.map(|(author, post)| of_author(post, author.get(&users)));
            Rows {
                posts: posts.collect(),
                users,
            }
        })
    })
}

fn user(number: u64) -> impl Strategy<Value = User> {
    (
        address(number),
        option::weighted(0.7, line(3)),
        line(1),
        any::<bool>(),
        lifecycles(),
    )
        .prop_map(move |(email, name, role, is_active, lifecycle)| User {
            id: fixtures::user_id(number),
            email: fixtures::email(&email),
            name: name.map(|name| UserName::parse(name).expect("a valid name")),
            role: Role::parse(role).expect("a valid role"),
            is_active,
            lifecycle,
        })
}

fn post(number: u64) -> impl Strategy<Value = (prop::sample::Index, Post)> {
    (
        any::<prop::sample::Index>(),
        line(3),
        option::weighted(0.7, content()),
        lifecycles(),
        option::of(deltas()),
    )
        .prop_map(move |(author, title, content, lifecycle, published)| {
            let post = Post {
                id: fixtures::post_id(number),
                title: Title::parse(title).expect("a valid title"),
                content: content.map(|text| Content::parse(text).expect("valid content")),
                published_at: published.map(|delta| lifecycle.created_at() + delta),
                author_id: fixtures::user_id(1),
                lifecycle,
            };
            (author, post)
        })
}

/// A living post never has an author in the trash.
fn of_author(mut post: Post, author: &User) -> Post {
    post.author_id = author.id;
    let now = author.lifecycle.deleted_at();
    if let Some(now) = now.filter(|_| !post.lifecycle.is_deleted()) {
        post.lifecycle.delete(now, Retention::DEFAULT);
    }
    post
}

fn line(max: usize) -> impl Strategy<Value = String> {
    vec(select(ALPHABET), 1..=max).prop_map(String::from_iter)
}

fn content() -> impl Strategy<Value = String> {
    let chars = prop_oneof![12 => select(ALPHABET), 1 => select(&['\n', '\t', '\r'])];
    vec(chars, 0..=4).prop_map(String::from_iter)
}

fn lifecycles() -> impl Strategy<Value = Lifecycle> {
    let in_trash = (deltas(), option::weighted(0.7, deltas()));
    let states = (option::of(deltas()), option::weighted(0.3, in_trash));
    (moments(), states).prop_map(|(created, (changed, trash))| {
        let changed = changed.map(|delta| created + delta);
        let deleted = trash.map(|(delta, _)| changed.unwrap_or(created) + delta);
        let kept = trash.and_then(|(_, kept)| kept);
        let purged = deleted.zip(kept).map(|(deleted, kept)| deleted + kept);
        stored(created, deleted.or(changed), deleted, purged)
    })
}

fn stored(
    created: DateTime<Utc>,
    changed: Option<DateTime<Utc>>,
    deleted: Option<DateTime<Utc>>,
    purged: Option<DateTime<Utc>>,
) -> Lifecycle {
    let version = 1 + i64::from(changed.is_some());
    let version = Version::from_stored(version).expect("a positive version");
    Lifecycle::from_stored(created, changed, deleted, purged, version)
}
