//! A unit of work in which a statement failed.

use super::*;

fn hasty() -> PoolSettings {
    PoolSettings {
        lock_timeout: Duration::from_millis(100),
        ..patient(1)
    }
}

#[tokio::test]
async fn is_not_committed_and_nothing_is_kept() {
    let mut world = World::new(&hasty()).await;
    world.insert(&fixtures::user(1)).await;
    execute(&mut world.locker, "begin; select * from users for update").await;

    let mut unit = world.database.begin().await.unwrap();
    unit.users().insert(&fixtures::user(2)).await.unwrap();
    assert_contention(unit.users().find_for_update(fixtures::user_id(1)).await);
    let committed = unit.commit().await;
    assert!(
        matches!(committed, Err(RepositoryError::Internal(_))),
        "{committed:?}"
    );

    assert_eq!(world.find(2).await.unwrap(), None);
    world.insert(&fixtures::user(3)).await;
    world.unlock().await;
}

#[tokio::test]
async fn can_be_rolled_back_and_the_connection_serves_on() {
    let mut world = World::new(&hasty()).await;
    world.insert(&fixtures::user(1)).await;
    execute(&mut world.locker, "begin; select * from users for update").await;

    let mut unit = world.database.begin().await.unwrap();
    assert_contention(unit.users().find_for_update(fixtures::user_id(1)).await);
    unit.rollback().await.unwrap();
    world.insert(&fixtures::user(2)).await;
    world.unlock().await;
}

#[tokio::test]
async fn inside_a_savepoint_that_is_rolled_back_is_committed_without_it() {
    let mut world = World::new(&hasty()).await;
    world.insert(&fixtures::user(1)).await;
    execute(&mut world.locker, "begin; select * from users for update").await;

    let mut unit = world.database.begin().await.unwrap();
    unit.users().insert(&fixtures::user(2)).await.unwrap();
    let mut inner = unit.savepoint().await.unwrap();
    inner.users().insert(&fixtures::user(3)).await.unwrap();
    assert_contention(inner.users().find_for_update(fixtures::user_id(1)).await);
    drop(inner);
    unit.users().insert(&fixtures::user(4)).await.unwrap();
    unit.commit().await.unwrap();
    world.unlock().await;

    let rows = count(&mut world.beside, "select count(*) from users").await;
    assert_eq!(rows, 3);
    assert_eq!(world.find(3).await.unwrap(), None);
}
