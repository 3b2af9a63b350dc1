//! An import, which takes longer than other units of work, and may be left in the middle.

use std::future::Future;
use std::ops::RangeInclusive;
use std::task::{Context, Waker};

use byline_domain::audit::Origin;
use byline_domain::ids::NewId;
use byline_domain::import::{OnConflict, Settled, Times, UserRow};
use byline_domain::unit_of_work::UnitOfWork;

use super::*;

/// Transactions that wait for a statement for longer than [`SHORT`].
const LONG_PAUSES: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'byline'
    and state = 'idle in transaction' and clock_timestamp() - state_change > interval '500 ms'";

fn rows(numbers: RangeInclusive<u64>) -> Vec<UserRow> {
    let row = |number| {
        let user = fixtures::user(number);
        UserRow {
            number,
            id: NewId::Given(user.id),
            email: Some(user.email),
            name: user.name,
            role: None,
            is_active: None,
            times: Times::default(),
        }
    };
    numbers.map(row).collect()
}

async fn stage(world: &World, numbers: RangeInclusive<u64>) -> Box<dyn UnitOfWork> {
    let mut unit = world.database.begin().await.unwrap();
    unit.user_import().open().await.unwrap();
    unit.user_import().stage(&rows(numbers)).await.unwrap();
    unit
}

async fn settle(unit: &mut dyn UnitOfWork, alone: bool) -> Result<Settled, RepositoryError> {
    unit.user_import().settle(OnConflict::Fail, alone).await
}

/// Writes what was settled, and keeps it.
async fn keep(mut unit: Box<dyn UnitOfWork>, settled: &Settled) -> Result<(), RepositoryError> {
    unit.user_import()
        .apply(settled, fixtures::time(500))
        .await?;
    unit.audit()
        .keep(&Origin::sweep(), fixtures::time(500))
        .await?;
    unit.commit().await
}

#[tokio::test]
async fn outlasts_the_time_outs_of_others_and_leaves_them_to_others() {
    let mut world = World::new(&PoolSettings {
        statement_timeout: SHORT,
        lock_timeout: SHORT,
        idle_in_transaction_timeout: SHORT,
        ..patient(1)
    })
    .await;
    let mut unit = stage(&world, 1..=2).await;
    world.until(LONG_PAUSES, 1).await;

    world.lock_users().await;
    let settling = tokio::spawn(async move {
        let settled = settle(unit.as_mut(), false).await?;
        keep(unit, &settled).await
    });
    world.until(LONG_WAITS, 1).await;
    world.unlock().await;
    settling.await.unwrap().unwrap();
    assert!(world.find(2).await.unwrap().is_some());

    // The same connection again.
    world.lock_users().await;
    assert!(world.find(2).await.is_err());
}

#[tokio::test]
async fn that_is_left_while_rows_go_in_closes_its_connection() {
    let mut world = World::new(&patient(1)).await;
    let mut unit = stage(&world, 1..=1).await;
    let rows = rows(1..=1_000);
    // Until a COPY is sent whose answer is not there at once.
    let is_left = (0..100).any(|_| {
        let staging = std::pin::pin!(unit.user_import().stage(&rows));
        let mut context = Context::from_waker(Waker::noop());
        staging.poll(&mut context).is_pending()
    });
    assert!(is_left);
    drop(unit);
    world.until(BACKENDS, 0).await;
    world.insert(&fixtures::user(1)).await;
}

/// One settles and stays open; another one that wants to settle then waits for its end.
async fn one_waits_for_the_other([first, second]: [bool; 2]) {
    let mut world = World::new(&patient(2)).await;
    let mut one = stage(&world, 1..=2).await;
    let mut other = stage(&world, 3..=4).await;
    let settled = settle(one.as_mut(), first).await.unwrap();
    let waiting = tokio::spawn(async move {
        let settled = settle(other.as_mut(), second).await?;
        keep(other, &settled).await
    });
    world.until(WAITING, 1).await;
    assert!(!waiting.is_finished());
    keep(one, &settled).await.unwrap();
    waiting.await.unwrap().unwrap();
    for number in 1..=4 {
        assert!(world.find(number).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn that_wants_to_be_alone_waits_for_those_that_share() {
    one_waits_for_the_other([false, true]).await;
}

#[tokio::test]
async fn that_shares_waits_for_one_that_is_alone() {
    one_waits_for_the_other([true, false]).await;
}

#[tokio::test]
async fn that_wants_to_be_alone_waits_for_one_that_is() {
    one_waits_for_the_other([true, true]).await;
}

#[tokio::test]
async fn that_shares_does_not_wait_for_another_that_does() {
    let world = World::new(&patient(2)).await;
    let mut one = stage(&world, 1..=2).await;
    let mut other = stage(&world, 3..=4).await;
    let settled = settle(one.as_mut(), false).await.unwrap();
    let others = settle(other.as_mut(), false).await.unwrap();
    keep(other, &others).await.unwrap();
    keep(one, &settled).await.unwrap();
    for number in 1..=4 {
        assert!(world.find(number).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn that_gives_up_its_place_lets_one_be_alone() {
    let mut world = World::new(&patient(2)).await;
    let mut one = stage(&world, 1..=2).await;
    let mut other = stage(&world, 3..=4).await;
    let mut tried = one.savepoint().await.unwrap();
    settle(tried.as_mut(), false).await.unwrap();
    let waiting = tokio::spawn(async move {
        let settled = settle(other.as_mut(), true).await?;
        keep(other, &settled).await
    });
    world.until(WAITING, 1).await;
    // As it does when it has met concurrent changes, over the same rows.
    tried.rollback().await.unwrap();
    waiting.await.unwrap().unwrap();
    let settled = settle(one.as_mut(), true).await.unwrap();
    keep(one, &settled).await.unwrap();
    for number in 1..=4 {
        assert!(world.find(number).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn has_all_of_it_in_the_indexes_of_searches_when_it_ends() {
    // The pages of what waits, which its owner may have go in.
    const WAITING_PAGES: &str = "select gin_clean_pending_list('users_search_idx')";
    // Of 8 KiB each, in the shortest list there is.
    const FEW: i64 = 8;
    let mut world = World::new(&patient(1)).await;
    // As many wait under the limit of an import, where nobody has them go in.
    let waits = "insert into users (id, email, role, is_active, created_at, version)
        select gen_random_uuid(), 'other-' || number || '@example.com', 'user', true, now(), 1
        from generate_series(1, 2000) number";
    execute(&mut world.beside, waits).await;
    assert!(count(&mut world.beside, WAITING_PAGES).await > 2 * FEW);

    let mut unit = stage(&world, 1..=2_000).await;
    let settled = settle(unit.as_mut(), false).await.unwrap();
    assert_eq!(settled.created, 2_000);
    keep(unit, &settled).await.unwrap();
    assert!(count(&mut world.beside, WAITING_PAGES).await <= FEW);
}

#[tokio::test]
async fn has_more_wait_for_the_indexes_of_searches_but_for_its_last_row() {
    // What may wait as each statement that makes users ends.
    const NOTE: &str = "create table may_wait (place serial, setting text);
        create function note_what_may_wait() returns trigger language plpgsql security definer
        as $$ begin
            insert into public.may_wait (setting)
            values (current_setting('gin_pending_list_limit'));
            return null;
        end $$;
        create trigger note after insert on users
        for each statement execute function note_what_may_wait()";
    let mut world = World::new(&patient(1)).await;
    execute(&mut world.beside, NOTE).await;
    let mut unit = stage(&world, 1..=3).await;
    let settled = settle(unit.as_mut(), false).await.unwrap();
    keep(unit, &settled).await.unwrap();
    // The connection goes on as before.
    world.insert(&fixtures::user(4)).await;
    let noted = "select setting from may_wait order by place";
    let noted = byline_persistence::testing::rows(&mut world.beside, noted).await;
    assert_eq!(noted, ["1MB", "64kB", "128kB"]);
}
