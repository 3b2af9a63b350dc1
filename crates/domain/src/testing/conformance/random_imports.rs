//! Rows at random: an adapter finds of them, and makes of them, what memory does.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::Ports;
use super::importing::{import, now};
use super::support::{content, name, role, title};
use crate::ids::{NewId, PostId, UserId};
use crate::import::{OnConflict, PostRow, Publication, Settled, Times, UserRow};
use crate::lifecycle::Retention;
use crate::post::Post;
use crate::testing::fixtures::{email, post, post_id, time, user, user_id};
use crate::testing::memory::MemoryStore;
use crate::trash::Trash;
use crate::user::User;

const ROUNDS: u64 = 60;
/// The ids of a round: those of stored resources and of rows that say one, and from half of them
/// on those of rows that say none.
const IDS: u64 = 20;

fn memory() -> Ports {
    let store = std::sync::Arc::new(MemoryStore::new());
    Ports {
        users: store.clone(),
        posts: store.clone(),
        units: store.clone(),
        exporter: store.clone(),
        credentials: store.clone(),
        throttle: store.clone(),
        sweeper: store.clone(),
        audit: store,
    }
}

/// What is made up of one resource or row.
#[derive(Clone, Debug)]
struct Draft {
    id: u64,
    says_id: bool,
    text: Option<&'static str>,
    other: Option<&'static str>,
    flag: Option<bool>,
    is_deleted: bool,
}

fn drafts(texts: &'static [&'static str]) -> impl Strategy<Value = Vec<Draft>> {
    let draft = (
        0_u64..6,
        prop::bool::weighted(0.7),
        option::weighted(0.85, select(texts)),
        option::of(select(&["x", "y"][..])),
        option::of(any::<bool>()),
        prop::bool::weighted(0.25),
    );
    let draft = draft.prop_map(|(id, says_id, text, other, flag, is_deleted)| Draft {
        id,
        says_id,
        text,
        other,
        flag,
        is_deleted,
    });
    proptest::collection::vec(draft, 0..9)
}

fn on_conflict() -> impl Strategy<Value = OnConflict> {
    select(&[OnConflict::Fail, OnConflict::Skip, OnConflict::Update][..])
}

/// The rounds of a run, each with what is stored before, the rows and what becomes of those
/// that meet something.
fn rounds(
    texts: &'static [&'static str],
) -> impl Iterator<Item = (u64, Vec<Draft>, Vec<Draft>, OnConflict)> {
    let mut runner = TestRunner::deterministic();
    let strategy = (drafts(texts), drafts(texts), on_conflict());
    (0..ROUNDS).map(move |round| {
        let tree = strategy.new_tree(&mut runner).expect("values are made up");
        let (stored, rows, on_conflict) = tree.current();
        (round, stored, rows, on_conflict)
    })
}

fn times(is_deleted: bool) -> Times {
    let deleted_at = is_deleted.then(|| time(40));
    let times = Times::new(Some(time(1)), None, deleted_at, None).expect("times in order");
    times.kept_for(Retention::DEFAULT)
}

const ADDRESSES: &[&str] = &["a", "A", "b", "c", "d"];

/// Addresses of one round are none of another.
fn address(round: u64, text: &str) -> crate::user::Email {
    email(&format!("{text}@{round}.example"))
}

/// Each id and each living address once.
fn stored_users(round: u64, drafts: &[Draft]) -> Vec<User> {
    let mut users: Vec<User> = Vec::new();
    for draft in drafts {
        let Some(text) = draft.text else { continue };
        let user = User {
            email: address(round, text),
            name: draft.other.map(name),
            is_active: draft.flag.unwrap_or(true),
            lifecycle: times(draft.is_deleted).lifecycle(now()),
            ..user(round * IDS + draft.id)
        };
        let is_taken = users.iter().any(|other| {
            let living = !other.lifecycle.is_deleted() && !draft.is_deleted;
            other.id == user.id || living && other.email.folded() == user.email.folded()
        });
        if !is_taken {
            users.push(user);
        }
    }
    users
}

fn user_rows(round: u64, drafts: &[Draft]) -> Vec<UserRow> {
    let row = |(number, draft): (u64, &Draft)| {
        let fresh = user_id(round * IDS + IDS / 2 + number);
        UserRow {
            number,
            id: match draft.text {
                // A row says at least one of both.
                Some(_) if !draft.says_id => NewId::Fresh(fresh),
                Some(_) | None => NewId::Given(user_id(round * IDS + draft.id)),
            },
            email: draft.text.map(|text| address(round, text)),
            name: draft.other.map(name),
            role: draft.other.map(role),
            is_active: draft.flag,
            times: times(draft.is_deleted),
        }
    };
    (1..).zip(drafts).map(row).collect()
}

async fn users_of(ports: &Ports, round: u64) -> Vec<User> {
    let ids: Vec<UserId> = (0..IDS).map(|id| user_id(round * IDS + id)).collect();
    ports.find_users(&ids, Trash::Include).await
}

pub async fn of_users_become_what_memory_makes_of_them(ports: Ports) {
    let model = memory();
    for (round, stored, rows, on_conflict) in rounds(ADDRESSES) {
        let (stored, rows) = (stored_users(round, &stored), user_rows(round, &rows));
        let mut found: Vec<Settled> = Vec::new();
        for ports in [&model, &ports] {
            ports.insert_users(&stored.iter().collect::<Vec<_>>()).await;
            found.push(import(ports, on_conflict, &rows).await);
        }
        let told = format!("{on_conflict:?}: {rows:#?} over {stored:#?}");
        assert_eq!(found[1], found[0], "{told}");
        assert_eq!(
            users_of(&ports, round).await,
            users_of(&model, round).await,
            "{told}"
        );
    }
}

const TITLES: &[&str] = &["t", "T", "u"];

/// The author of all that is stored, one in the trash, and one whom nobody knows.
const AUTHORS: [u64; 3] = [1, 2, 3];

fn author(draft: &Draft) -> Option<UserId> {
    let place = usize::try_from(draft.id).unwrap_or_default();
    match draft.flag {
        None => None,
        Some(true) => Some(user_id(AUTHORS[0])),
        Some(false) => Some(user_id(AUTHORS[place % AUTHORS.len()])),
    }
}

fn stored_posts(round: u64, drafts: &[Draft]) -> Vec<Post> {
    let mut posts: Vec<Post> = Vec::new();
    for draft in drafts {
        let Some(text) = draft.text else { continue };
        let made = post(round * IDS + draft.id, user_id(AUTHORS[0]));
        let made = Post {
            title: title(text),
            content: draft.other.map(content),
            published_at: draft.flag.filter(|flag| *flag).map(|_| time(3)),
            lifecycle: times(draft.is_deleted).lifecycle(now()),
            ..made
        };
        if posts.iter().all(|other| other.id != made.id) {
            posts.push(made);
        }
    }
    posts
}

fn post_rows(round: u64, drafts: &[Draft]) -> Vec<PostRow> {
    let row = |(number, draft): (u64, &Draft)| PostRow {
        number,
        id: if draft.says_id {
            NewId::Given(post_id(round * IDS + draft.id))
        } else {
            NewId::Fresh(post_id(round * IDS + IDS / 2 + number))
        },
        title: draft.text.map(title),
        content: draft.other.map(content),
        publication: Publication::new(draft.flag, None).expect("it is in order"),
        author_id: author(draft),
        times: times(draft.is_deleted),
    };
    (1..).zip(drafts).map(row).collect()
}

async fn posts_of(ports: &Ports, round: u64) -> Vec<Post> {
    let ids: Vec<PostId> = (0..IDS).map(|id| post_id(round * IDS + id)).collect();
    ports.find_posts(&ids, Trash::Include).await
}

pub async fn of_posts_become_what_memory_makes_of_them(ports: Ports) {
    let model = memory();
    for ports in [&model, &ports] {
        let mut trash = user(AUTHORS[1]);
        trash.lifecycle = times(true).lifecycle(now());
        ports.insert_users(&[&user(AUTHORS[0]), &trash]).await;
    }
    for (round, stored, rows, on_conflict) in rounds(TITLES) {
        let (stored, rows) = (stored_posts(round, &stored), post_rows(round, &rows));
        let mut found: Vec<Settled> = Vec::new();
        for ports in [&model, &ports] {
            ports.insert_posts(&stored.iter().collect::<Vec<_>>()).await;
            found.push(import(ports, on_conflict, &rows).await);
        }
        let told = format!("{on_conflict:?}: {rows:#?} over {stored:#?}");
        assert_eq!(found[1], found[0], "{told}");
        assert_eq!(
            posts_of(&ports, round).await,
            posts_of(&model, round).await,
            "{told}"
        );
    }
}
