//! Units of work that change many at once, each in a task of its own.

use tokio::task::yield_now;

use super::Ports;
use super::concurrency::{Outcome, at_once, begin, commit};
use super::support::{assert_stale, user_at};
use crate::count::CountMode;
use crate::error::{RepositoryError, Resource};
use crate::ids::{PostId, UserId};
use crate::lifecycle::Version;
use crate::post::{Post, PostHead, PostRewrite};
use crate::testing::fixtures::{post, time, user, user_id};
use crate::trash::Trash;
use crate::user::{User, UserFilter};

/// How many each unit of work changes.
const MANY: u64 = 200;

/// The items in an order of its own for each of some callers: every other one has it the
/// other way round, and each begins at another place.
fn turned<T: Clone>(items: &[T], caller: u64) -> Vec<T> {
    let mut items = items.to_vec();
    let places = usize::try_from(caller).expect("a small number") * 17 % items.len();
    items.rotate_left(places);
    if caller.is_multiple_of(2) {
        items.reverse();
    }
    items
}

fn users() -> Vec<User> {
    (1..=MANY).map(user).collect()
}

fn posts(round: u64) -> Vec<Post> {
    let numbers = round * 1_000..round * 1_000 + MANY;
    numbers.map(|number| post(number, user_id(1))).collect()
}

async fn insert_posts(ports: &Ports, round: u64) {
    let posts = posts(round);
    ports.insert_posts(&posts.iter().collect::<Vec<_>>()).await;
}

/// How often units of work meet: the first time, they may have to connect first.
const ROUNDS: u64 = 4;

fn assert_all_done(outcomes: &[Outcome]) {
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
}

/// Of units of work that expect the same versions, one changes all, and the others none.
fn assert_one_done(outcomes: &[Outcome], resource: Resource) {
    assert_eq!(outcomes.iter().filter(|one| one.is_ok()).count(), 1);
    for outcome in outcomes.iter().filter(|one| one.is_err()) {
        assert_stale(outcome, resource);
    }
}

pub async fn users_held_in_any_order_are_never_in_each_others_way(ports: Ports) {
    ports
        .insert_users(&users().iter().collect::<Vec<_>>())
        .await;
    let outcomes = at_once(&ports, 1..=8, |ports, caller| async move {
        let ids: Vec<UserId> = users().iter().map(|user| user.id).collect();
        let mut unit = begin(&ports).await?;
        // Overlapping sets of which none is the same as another.
        let ids = &turned(&ids, caller)[20..];
        let held = unit.users().find_many_for_update(ids).await?;
        yield_now().await;
        let mut changed = held.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut versions = Vec::new();
        for user in &mut changed {
            versions.push(user.lifecycle.version());
            user.lifecycle.touch(time(5_000));
        }
        let changed: Vec<_> = changed.into_iter().zip(versions).collect();
        let changed = turned(&changed, caller + 1);
        unit.users().update_many(&changed).await?;
        commit(unit).await
    })
    .await;
    assert_all_done(&outcomes);
}

pub async fn users_held_for_share_and_for_update_are_never_in_each_others_way(ports: Ports) {
    ports
        .insert_users(&users().iter().collect::<Vec<_>>())
        .await;
    let outcomes = at_once(&ports, 1..=8, |ports, caller| async move {
        let ids: Vec<UserId> = users().iter().map(|user| user.id).collect();
        let ids = turned(&ids, caller);
        let mut unit = begin(&ports).await?;
        let held = if caller.is_multiple_of(3) {
            unit.users().find_many_for_update(&ids).await?
        } else {
            unit.users().find_many_for_share(&ids).await?
        };
        assert_eq!(held.len(), ids.len());
        commit(unit).await
    })
    .await;
    assert_all_done(&outcomes);
}

pub async fn of_8_updates_of_the_same_users_in_any_order_one_wins(ports: Ports) {
    ports
        .insert_users(&users().iter().collect::<Vec<_>>())
        .await;
    let outcomes = at_once(&ports, 1..=8, |ports, caller| async move {
        let changed = users().into_iter().map(|mut user| {
            user.name = None;
            user.lifecycle.touch(time(5_000));
            (user, Version::FIRST)
        });
        let changed = turned(&changed.collect::<Vec<_>>(), caller);
        let mut unit = begin(&ports).await?;
        unit.users().update_many(&changed).await?;
        commit(unit).await
    })
    .await;
    assert_one_done(&outcomes, Resource::User);
}

/// Who waits for an address that another is getting may be in the other's way in turn:
/// that is contention, and the next try finds the address taken.
pub async fn of_8_inserts_of_the_same_addresses_each_is_had_once(ports: Ports) {
    let outcomes = at_once(&ports, 1..=8, |ports, caller| async move {
        let users: Vec<_> = (1..=20)
            .map(|place| user_at(caller * 100 + place, &format!("a{place}@b.c")))
            .collect();
        let mut unit = begin(&ports).await?;
        let outcomes = unit.users().insert_many(&turned(&users, caller)).await?;
        for outcome in outcomes.iter().filter(|one| one.is_err()) {
            let taken = matches!(
                outcome,
                Err(RepositoryError::AlreadyExists { field: "email", .. })
            );
            assert!(taken, "{outcome:?}");
        }
        commit(unit).await
    })
    .await;
    assert!(
        outcomes
            .iter()
            .all(|one| matches!(one, Ok(()) | Err(RepositoryError::Contention(_)))),
        "{outcomes:?}"
    );
    assert!(outcomes.iter().any(Result::is_ok), "{outcomes:?}");
    let addresses: Vec<_> = (1..=20).map(|place| format!("a{place}@b.c")).collect();
    let addresses: Vec<_> = addresses.iter().map(String::as_str).collect();
    let kept = ports
        .users
        .count(&UserFilter::default(), CountMode::Exact)
        .await;
    assert_eq!(kept.expect("users are counted"), 20);
    let found = ports.find_users_by_email(&addresses, Trash::Exclude).await;
    assert_eq!(found.len(), 20);
}

pub async fn posts_held_in_any_order_are_never_in_each_others_way(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    insert_posts(&ports, 0).await;
    for _ in 0..ROUNDS {
        let outcomes = at_once(&ports, 1..=8, |ports, caller| async move {
            let ids: Vec<PostId> = posts(0).iter().map(|post| post.id).collect();
            let ids = &turned(&ids, caller)[20..];
            let mut unit = begin(&ports).await?;
            let held = unit.posts().find_heads_for_update(ids).await?;
            yield_now().await;
            let held = held.into_iter().collect::<Result<Vec<_>, _>>()?;
            let rewrites = held.iter().map(|before| rewrite(before, caller));
            let rewrites = turned(&rewrites.collect::<Vec<_>>(), caller + 1);
            unit.posts().update_many(&rewrites).await?;
            commit(unit).await
        })
        .await;
        assert_all_done(&outcomes);
    }
}

pub async fn of_8_updates_of_the_same_posts_in_any_order_one_wins(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    for round in 0..ROUNDS {
        insert_posts(&ports, round).await;
        let outcomes = at_once(&ports, 1..=8, |ports, caller| async move {
            let posts = turned(&posts(round), caller);
            let rewrites = (0..)
                .zip(&posts)
                .map(|(place, stored)| rewrite(&PostHead::from(stored), place));
            let rewrites: Vec<_> = rewrites.collect();
            let mut unit = begin(&ports).await?;
            unit.posts().update_many(&rewrites).await?;
            commit(unit).await
        })
        .await;
        assert_one_done(&outcomes, Resource::Post);
    }
}

pub async fn of_8_inserts_of_the_same_posts_in_any_order_one_wins(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    for round in 0..ROUNDS {
        let outcomes = at_once(&ports, 1..=8, |ports, caller| async move {
            let posts = turned(&posts(round), caller);
            let mut unit = begin(&ports).await?;
            let outcomes = unit.posts().insert_many(&posts).await?;
            let first = outcomes.first().is_some_and(Result::is_ok);
            assert!(outcomes.iter().all(|one| one.is_ok() == first));
            commit(unit).await
        })
        .await;
        assert_all_done(&outcomes);
    }
}

/// The post after a touch; every other one says nothing any more.
fn rewrite(before: &PostHead, number: u64) -> PostRewrite {
    let mut after = before.clone();
    after.lifecycle.touch(time(5_000));
    PostRewrite::of(before, after, number.is_multiple_of(2).then_some(None))
}
