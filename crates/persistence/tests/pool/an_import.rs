//! An import, which takes longer than other units of work, and may be left in the middle.

use std::future::Future;
use std::task::{Context, Waker};

use byline_domain::import::{OnConflict, RowId, Settled, Times, UserRow};
use byline_domain::unit_of_work::UnitOfWork;

use super::*;

const SHORT: Duration = Duration::from_millis(150);

/// Statements that wait for a lock, and transactions that wait for a statement, longer than that.
const LONG_WAITS: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'byline'
    and wait_event_type = 'Lock' and clock_timestamp() - query_start > interval '500 ms'";
const LONG_PAUSES: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'byline'
    and state = 'idle in transaction' and clock_timestamp() - state_change > interval '500 ms'";

fn rows(many: u64) -> Vec<UserRow> {
    let row = |number| {
        let user = fixtures::user(number);
        UserRow {
            number,
            id: RowId::Given(user.id),
            email: Some(user.email),
            name: user.name,
            role: None,
            is_active: None,
            times: Times::default(),
        }
    };
    (1..=many).map(row).collect()
}

async fn stage(world: &World, many: u64) -> Box<dyn UnitOfWork> {
    let mut unit = world.database.begin().await.unwrap();
    unit.user_import().open().await.unwrap();
    unit.user_import().stage(&rows(many)).await.unwrap();
    unit
}

async fn settle(unit: &mut dyn UnitOfWork) -> Result<Settled, RepositoryError> {
    unit.user_import().settle(OnConflict::Fail, false).await
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
    let mut unit = stage(&world, 2).await;
    world.until(LONG_PAUSES, 1).await;

    world.lock_users().await;
    let settling = tokio::spawn(async move {
        let settled = settle(unit.as_mut()).await?;
        let now = fixtures::time(500);
        unit.user_import().apply(&settled, now).await?;
        unit.commit().await
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
    let mut unit = stage(&world, 1).await;
    let rows = rows(1_000);
    {
        let staging = unit.user_import().stage(&rows);
        let mut staging = std::pin::pin!(staging);
        // The COPY is sent, and its answer is not there yet.
        let mut context = Context::from_waker(Waker::noop());
        assert!(staging.as_mut().poll(&mut context).is_pending());
    }
    drop(unit);
    world.until(BACKENDS, 0).await;
    world.insert(&fixtures::user(1)).await;
}
