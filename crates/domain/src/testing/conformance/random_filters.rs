//! Random filters on random rows, held against the logic of filters itself.
//!
//! The same every time: a filter on which an adapter fails is met again.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use uuid::Uuid;

use super::Ports;
use super::support::{BOTH_SIDES, numbers};
use crate::count::CountMode;
use crate::filter::Filter;
use crate::ids::{PostId, UserId};
use crate::order::{Direction, Order};
use crate::page::{PageRequest, PageSize};
use crate::post::{Post, PostField, PostFilter};
use crate::testing::filters::{self, Rows, to_text};
use crate::testing::fixtures::email;
use crate::testing::memory::{meets_post, meets_user};
use crate::trash::Trash;
use crate::user::{User, UserField, UserFilter};

/// How many filters a case tries.
const FILTERS: usize = 2_000;

/// On how many stores of random rows, one after the other.
const STORES: usize = 20;

/// How many draws of rows a store holds; one is too few for most filters to tell any
/// of them apart.
const DRAWS: u64 = 4;

/// What each store holds, and the filters that are tried on it.
fn drawn<T>(filters: &impl Strategy<Value = Filter<T>>) -> Vec<(Rows, Vec<Filter<T>>)> {
    let mut runner = TestRunner::deterministic();
    let mut store = || {
        let rows = draw_rows(&mut runner);
        let filters = (0..FILTERS / STORES).map(|_| draw(filters, &mut runner));
        (rows, filters.collect())
    };
    (0..STORES).map(|_| store()).collect()
}

/// The rows of several draws, by id. Those of the first are as they were drawn, since
/// filters name their ids and addresses; the others get some of their own.
fn draw_rows(runner: &mut TestRunner) -> Rows {
    let mut all = draw(&filters::rows(), runner);
    for drawn in 1..DRAWS {
        let other = draw(&filters::rows(), runner);
        let further = |id: Uuid| Uuid::from_u128(id.as_u128() + u128::from(drawn) * 100);
        let another_user = |id: UserId| UserId::from_uuid(further(id.as_uuid()));
        all.users.extend(other.users.into_iter().map(|user| User {
            id: another_user(user.id),
            email: email(&format!("{}{drawn}", user.email.as_str())),
            ..user
        }));
        all.posts.extend(other.posts.into_iter().map(|post| Post {
            id: PostId::from_uuid(further(post.id.as_uuid())),
            author_id: another_user(post.author_id),
            ..post
        }));
    }
    all
}

fn draw<S: Strategy>(strategy: &S, runner: &mut TestRunner) -> S::Value {
    let tree = strategy.new_tree(runner);
    tree.expect("a value is drawn").current()
}

async fn insert(ports: &Ports, rows: &Rows) {
    ports
        .insert_users(&rows.users.iter().collect::<Vec<_>>())
        .await;
    ports
        .insert_posts(&rows.posts.iter().collect::<Vec<_>>())
        .await;
}

async fn clear(ports: &Ports, rows: &Rows) {
    let users: Vec<_> = rows.users.iter().map(|user| user.id).collect();
    ports.purge_users(&users).await;
}

fn users_met(rows: &Rows, filter: &UserFilter) -> Vec<User> {
    let trash = filter.trash;
    let sees = |user: &&User| trash.sees(user.lifecycle.is_deleted());
    let meets = |user: &&User| {
        let posts = rows.posts_of(user);
        let posts = posts.filter(|post| trash.sees(post.lifecycle.is_deleted()));
        let tree = filter.meets.as_ref();
        tree.is_none_or(|tree| meets_user(tree, user, posts))
    };
    let users = rows.users.iter();
    users.filter(sees).filter(meets).cloned().collect()
}

fn posts_met(rows: &Rows, filter: &PostFilter) -> Vec<Post> {
    let trash = filter.trash;
    let sees = |post: &&Post| trash.sees(post.lifecycle.is_deleted());
    let meets = |post: &&Post| {
        let author = rows.author_of(post);
        let author = author.filter(|author| trash.sees(author.lifecycle.is_deleted()));
        let tree = filter.meets.as_ref();
        tree.is_none_or(|tree| meets_post(tree, post, author))
    };
    let posts = rows.posts.iter();
    posts.filter(sees).filter(meets).cloned().collect()
}

/// Filters that mean all or nothing say little about an adapter.
#[track_caller]
fn assert_telling(telling: usize) {
    assert!(
        telling > FILTERS / 3,
        "only {telling} filters tell rows apart"
    );
}

pub async fn of_users_mean_what_their_tests_say(ports: Ports) {
    let first = PageRequest::first(PageSize::MAX);
    let order = Order::by(UserField::Id, Direction::Ascending);
    let mut telling = 0;
    let stores = drawn(&filters::user_filters());
    for (rows, filters) in stores {
        insert(&ports, &rows).await;
        for tree in filters {
            let text = to_text(&tree);
            let mut filter = UserFilter {
                trash: Trash::Exclude,
                meets: Some(tree),
            };
            for trash in BOTH_SIDES {
                filter.trash = trash;
                let expected = users_met(&rows, &filter);
                let page = ports.user_page(&filter, &order, &first).await;
                let (met, meant) = (numbers(&page.items), numbers(&expected));
                assert_eq!(met, meant, "{text} {trash:?} on {rows:#?}");
                let count = ports.users.count(&filter, CountMode::Exact).await;
                let count = count.expect("users are counted");
                assert_eq!(count, meant.len() as u64, "{text} {trash:?} on {rows:#?}");
            }
            let meant = users_met(&rows, &filter).len();
            telling += usize::from(meant > 0 && meant < rows.users.len());
        }
        clear(&ports, &rows).await;
    }
    assert_telling(telling);
}

pub async fn of_posts_mean_what_their_tests_say(ports: Ports) {
    let first = PageRequest::first(PageSize::MAX);
    let order = Order::by(PostField::Id, Direction::Ascending);
    let mut telling = 0;
    let stores = drawn(&filters::post_filters());
    for (rows, filters) in stores {
        insert(&ports, &rows).await;
        for tree in filters {
            let text = to_text(&tree);
            let mut filter = PostFilter {
                trash: Trash::Exclude,
                meets: Some(tree),
            };
            for trash in BOTH_SIDES {
                filter.trash = trash;
                let expected = posts_met(&rows, &filter);
                let page = ports.post_page(&filter, &order, &first).await;
                let (met, meant) = (numbers(&page.items), numbers(&expected));
                assert_eq!(met, meant, "{text} {trash:?} on {rows:#?}");
                let count = ports.posts.count(&filter, CountMode::Exact).await;
                let count = count.expect("posts are counted");
                assert_eq!(count, meant.len() as u64, "{text} {trash:?} on {rows:#?}");
            }
            let meant = posts_met(&rows, &filter).len();
            telling += usize::from(meant > 0 && meant < rows.posts.len());
        }
        clear(&ports, &rows).await;
    }
    assert_telling(telling);
}
