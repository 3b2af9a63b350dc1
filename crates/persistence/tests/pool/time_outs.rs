//! Time outs.

use super::*;

#[tokio::test]
async fn a_lock_that_is_not_to_be_had_in_time_is_contention() {
    let mut world = World::new(&PoolSettings {
        lock_timeout: Duration::from_millis(100),
        ..patient(1)
    })
    .await;
    world.lock_users().await;
    assert_contention(world.find(1).await);
    world.unlock().await;
    assert_eq!(world.find(1).await.unwrap(), None);
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_told_from_a_database_that_is_away() {
    let mut world = World::new(&PoolSettings {
        statement_timeout: Duration::from_millis(100),
        ..patient(1)
    })
    .await;
    world.lock_users().await;
    let error = world.find(1).await.err();
    assert!(
        matches!(error, Some(RepositoryError::TimedOut(_))),
        "{error:?}"
    );
    world.unlock().await;
    assert_eq!(world.find(1).await.unwrap(), None);
}

#[tokio::test]
async fn a_unit_of_work_that_is_idle_for_too_long_is_lost_and_undone() {
    let mut world = World::new(&PoolSettings {
        idle_in_transaction_timeout: Duration::from_millis(100),
        ..patient(1)
    })
    .await;
    let mut unit = world.database.begin().await.unwrap();
    unit.users().insert(&fixtures::user(1)).await.unwrap();
    world.until(BACKENDS, 0).await;

    assert_lost(unit.users().insert(&fixtures::user(2)).await);
    assert!(unit.commit().await.is_err());
    assert_eq!(world.find(1).await.unwrap(), None);
}

#[tokio::test]
async fn a_commit_of_a_unit_of_work_that_the_server_ended_is_lost() {
    let mut world = World::new(&PoolSettings {
        idle_in_transaction_timeout: Duration::from_millis(100),
        ..patient(1)
    })
    .await;
    let mut unit = world.database.begin().await.unwrap();
    unit.users().insert(&fixtures::user(1)).await.unwrap();
    world.until(BACKENDS, 0).await;
    assert_lost(unit.commit().await);
    assert_eq!(world.find(1).await.unwrap(), None);
}

#[tokio::test]
async fn a_pool_that_is_in_use_is_unavailable_in_time() {
    let world = World::new(&PoolSettings {
        acquire_timeout: Duration::from_millis(200),
        ..patient(1)
    })
    .await;
    let unit = world.database.begin().await.unwrap();
    let began = Instant::now();
    assert_unavailable(world.find(1).await);
    assert!(began.elapsed() < SECOND, "{:?}", began.elapsed());
    assert_unavailable(world.database.begin().await);
    assert_unavailable(world.database.ping().await);

    unit.rollback().await.unwrap();
    world.find(1).await.unwrap();
}

#[tokio::test]
async fn two_units_of_work_in_a_deadlock_are_contention_for_one() {
    let world = World::new(&patient(2)).await;
    world.insert(&fixtures::user(1)).await;
    world.insert(&fixtures::user(2)).await;
    let mut one = world.database.begin().await.unwrap();
    let mut other = world.database.begin().await.unwrap();
    let (first, second) = (fixtures::user_id(1), fixtures::user_id(2));
    one.users().find_for_update(first).await.unwrap();
    other.users().find_for_update(second).await.unwrap();

    // Whoever is the victim must be undone before the other can go on.
    let one = async move {
        let found = one.users().find_for_update(second).await;
        (found, one.rollback().await)
    };
    let other = async move {
        let found = other.users().find_for_update(first).await;
        (found, other.rollback().await)
    };
    let ((one, one_end), (other, other_end)) = tokio::join!(one, other);
    one_end.unwrap();
    other_end.unwrap();
    let (winner, victim) = if one.is_ok() {
        (one, other)
    } else {
        (other, one)
    };
    assert!(winner.unwrap().is_some());
    assert_contention(victim);
}
