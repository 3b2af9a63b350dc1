//! Walks in random orders while rows come, change and go at random: no row that
//! stayed as it was is skipped or met twice.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::Ports;
use super::support::{content, name, size, title};
use super::walks::after;
use crate::error::Invalid;
use crate::field::Field;
use crate::filter::{Filter, parse_posts, parse_users};
use crate::ids::UserId;
use crate::lifecycle::Retention;
use crate::order::{Direction, Order};
use crate::page::PageRequest;
use crate::post::{Post, PostChanges, PostField, PostFilter};
use crate::testing::fixtures::{post, time, user, user_id};
use crate::trash::Trash;
use crate::user::{Role, User, UserChanges, UserField, UserFilter};

/// How many walks a case makes.
const WALKS: usize = 40;
/// How many rows there are at the start of each.
const ROWS: u64 = 24;

/// One walk: in which order, in pages of which size, and what happens after each page.
#[derive(Clone, Debug)]
struct Walk<F> {
    order: Order<F>,
    trash: Trash,
    /// Whether only some of the rows are listed.
    some: bool,
    size: i32,
    /// To what the row of that number, among all there ever were, comes.
    events: Vec<Vec<(Event, Index)>>,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Appears,
    Changes,
    IsDeleted,
    IsPurged,
}

fn walks<F: Field>() -> impl Strategy<Value = Walk<F>> {
    let ways = select(&[Direction::Ascending, Direction::Descending]);
    let events = select(&[
        Event::Appears,
        Event::Changes,
        Event::IsDeleted,
        Event::IsPurged,
    ]);
    (
        vec((select(F::ALL), ways), 1..=3),
        select(&[Trash::Exclude, Trash::Include]),
        any::<bool>(),
        1..=5,
        vec(vec((events, any::<Index>()), 0..=2), 40),
    )
        .prop_map(|(keys, trash, some, size, events)| {
            let (field, direction) = keys[0];
            let order = keys[1..]
                .iter()
                .fold(Order::by(field, direction), |order, (field, direction)| {
                    order.then(*field, *direction)
                });
            Walk {
                order,
                trash,
                some,
                size,
                events,
            }
        })
}

fn some_of<T>(
    some: bool,
    text: &str,
    parse: impl Fn(&str, DateTime<Utc>) -> Result<Option<Filter<T>>, Invalid>,
) -> Option<Filter<T>> {
    let filter = some.then(|| parse(text, time(0)).expect("a valid filter"));
    filter.flatten()
}

/// Draws the walks of a case; the same every time.
fn draw<T>(strategy: impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    let draw = |_| strategy.new_tree(&mut runner).expect("a walk").current();
    (0..WALKS).map(draw).collect()
}

/// Rows with many ties, and with values absent.
fn population(walk: u64) -> impl Iterator<Item = User> {
    (1..=ROWS).map(move |number| varied(walk * 1_000 + number))
}

fn varied(number: u64) -> User {
    let mut user = user(number);
    user.name = (!number.is_multiple_of(3)).then(|| name(["Ada", "ada", "Éva"][pick(number, 3)]));
    user.role = Role::parse(["user", "admin"][pick(number / 2, 2)]).expect("a valid role");
    user.is_active = !number.is_multiple_of(5);
    let second = i64::try_from(number % 7).expect("a small number");
    user.lifecycle = crate::lifecycle::Lifecycle::born(time(second));
    if number.is_multiple_of(2) {
        user.lifecycle.touch(time(10 + second % 3));
    }
    if number.is_multiple_of(6) {
        user.lifecycle
            .delete(time(20 + second % 2), Retention::DEFAULT);
    }
    user
}

fn pick(number: u64, among: u64) -> usize {
    usize::try_from(number % among).expect("a small number")
}

/// Asserts that what stayed was met once, in the order in which it stood.
fn assert_met<I: Ord + Copy + std::fmt::Debug>(
    what: &impl std::fmt::Debug,
    met: &[I],
    stood: &[I],
    moved: &BTreeSet<I>,
) {
    let stayed = |ids: &[I]| -> Vec<I> {
        let stayed = ids.iter().filter(|id| !moved.contains(id));
        stayed.copied().collect()
    };
    assert_eq!(stayed(met), stayed(stood), "{what:?}");
}

pub async fn of_users_meet_each_that_stays_once(ports: Ports) {
    for (number, walk) in (1..).zip(draw(walks::<UserField>())) {
        let mut users: BTreeMap<UserId, User> = BTreeMap::new();
        for user in population(number) {
            users.insert(user.id, user);
        }
        ports
            .insert_users(&users.values().collect::<Vec<_>>())
            .await;
        let filter = UserFilter {
            trash: walk.trash,
            meets: some_of(walk.some, "is_active = true OR name = Ada", parse_users),
        };
        let all = PageRequest::first(size(1_000));
        let stood = ports.user_page(&filter, &walk.order, &all).await.items;
        let stood: Vec<_> = stood.iter().map(|user| user.id).collect();
        let (mut met, mut moved) = (Vec::new(), BTreeSet::new());
        let mut request = PageRequest::first(size(walk.size));
        let mut next_number = number * 1_000 + ROWS;
        for events in walk.events.iter().chain(std::iter::repeat(&Vec::new())) {
            let page = ports.user_page(&filter, &walk.order, &request).await;
            met.extend(page.items.iter().map(|user| user.id));
            if page.next.is_none() {
                break;
            }
            request = after(size(walk.size), page.next);
            for (event, index) in events {
                if let Event::Appears = event {
                    next_number += 1;
                    let user = varied(next_number);
                    ports.insert_users(&[&user]).await;
                    moved.insert(user.id);
                    users.insert(user.id, user);
                } else if !users.is_empty() {
                    let id = *index.get(&users.keys().copied().collect::<Vec<_>>());
                    moved.insert(id);
                    befall_user(&ports, &mut users, id, *event).await;
                }
            }
        }
        assert_met(&walk, &met, &stood, &moved);
        for id in users.keys() {
            befall_purge(&ports, *id).await;
        }
    }
}

async fn befall_user(ports: &Ports, users: &mut BTreeMap<UserId, User>, id: UserId, event: Event) {
    let Some(user) = users.get_mut(&id) else {
        return;
    };
    let before = user.lifecycle.version();
    match event {
        Event::Appears => {}
        Event::Changes => {
            let changes = UserChanges {
                name: Some(Some(name("Zoë"))),
                is_active: Some(!user.is_active),
                ..UserChanges::default()
            };
            user.apply(changes, time(30));
            ports.update_user(user, before).await;
        }
        Event::IsDeleted if user.lifecycle.is_deleted() => {}
        Event::IsDeleted => {
            user.lifecycle.delete(time(31), Retention::DEFAULT);
            ports.update_user(user, before).await;
        }
        Event::IsPurged => {
            befall_purge(ports, id).await;
            users.remove(&id);
        }
    }
}

async fn befall_purge(ports: &Ports, id: UserId) {
    let mut unit = ports.begin().await;
    let done = unit.users().purge(id).await;
    assert!(done.expect("a user is purged"));
    unit.commit().await.expect("a sound unit is committed");
}

fn varied_post(number: u64) -> Post {
    let mut post = post(number, user_id(1 + number % 2));
    post.title = title(["Alpha", "alpha", "Ωmega"][pick(number, 3)]);
    if number.is_multiple_of(3) {
        post.content = None;
    }
    post.lifecycle = varied(number).lifecycle;
    post.set_published(number.is_multiple_of(4), time(5));
    post
}

pub async fn of_posts_meet_each_that_stays_once(ports: Ports) {
    ports.insert_users(&[&user(1), &user(2)]).await;
    for (number, walk) in (1..).zip(draw(walks::<PostField>())) {
        let mut posts: Vec<Post> = (1..=ROWS)
            .map(|row| varied_post(number * 1_000 + row))
            .collect();
        ports.insert_posts(&posts.iter().collect::<Vec<_>>()).await;
        let filter = PostFilter {
            trash: walk.trash,
            meets: some_of(walk.some, "published = true OR -title : a", parse_posts),
        };
        let all = PageRequest::first(size(1_000));
        let stood = ports.post_page(&filter, &walk.order, &all).await.items;
        let stood: Vec<_> = stood.iter().map(|post| post.id).collect();
        let (mut met, mut moved) = (Vec::new(), BTreeSet::new());
        let mut request = PageRequest::first(size(walk.size));
        let mut next_number = number * 1_000 + ROWS;
        for events in walk.events.iter().chain(std::iter::repeat(&Vec::new())) {
            let page = ports.post_page(&filter, &walk.order, &request).await;
            met.extend(page.items.iter().map(|post| post.id));
            if page.next.is_none() {
                break;
            }
            request = after(size(walk.size), page.next);
            for (event, index) in events {
                if let Event::Appears = event {
                    next_number += 1;
                    posts.push(varied_post(next_number));
                    let appeared = &posts[posts.len() - 1];
                    moved.insert(appeared.id);
                    ports.insert_posts(&[appeared]).await;
                } else if !posts.is_empty() {
                    let place = index.index(posts.len());
                    moved.insert(posts[place].id);
                    befall_post(&ports, &mut posts, place, *event).await;
                }
            }
        }
        assert_met(&walk, &met, &stood, &moved);
        while !posts.is_empty() {
            befall_post(&ports, &mut posts, 0, Event::IsPurged).await;
        }
    }
}

async fn befall_post(ports: &Ports, posts: &mut Vec<Post>, place: usize, event: Event) {
    let post = &mut posts[place];
    let before = post.lifecycle.version();
    match event {
        Event::Appears => {}
        Event::Changes => {
            let changes = PostChanges {
                title: Some(title("Beta")),
                content: Some(Some(content("Changed"))),
                published: Some(!post.is_published()),
            };
            post.apply(changes, time(30));
            ports.update_post(post, before).await;
        }
        Event::IsDeleted if post.lifecycle.is_deleted() => {}
        Event::IsDeleted => {
            post.lifecycle.delete(time(31), Retention::DEFAULT);
            ports.update_post(post, before).await;
        }
        Event::IsPurged => {
            let mut unit = ports.begin().await;
            let done = unit.posts().purge(posts.remove(place).id).await;
            assert!(done.expect("a post is purged"));
            unit.commit().await.expect("a sound unit is committed");
        }
    }
}
