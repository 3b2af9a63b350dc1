//! A unit of work that is left.

use super::*;

#[tokio::test]
async fn is_rolled_back_and_frees_its_locks() {
    let mut world = World::new(&patient(2)).await;
    let user = fixtures::user(1);
    let mut unit = world.database.begin().await.unwrap();
    unit.users().insert(&user).await.unwrap();
    assert_eq!(count(&mut world.beside, IN_TRANSACTION).await, 1);
    drop(unit);

    // The same address would wait for a transaction that still held it.
    let began = Instant::now();
    world.insert(&user).await;
    assert!(began.elapsed() < SECOND, "{:?}", began.elapsed());
    world.until(IN_TRANSACTION, 0).await;
}

#[tokio::test]
async fn gives_the_only_place_in_the_pool_back_clean() {
    let mut world = World::new(&patient(1)).await;
    let mut unit = world.database.begin().await.unwrap();
    unit.users().insert(&fixtures::user(1)).await.unwrap();
    drop(unit);

    assert_eq!(world.find(1).await.unwrap(), None);
    world.insert(&fixtures::user(2)).await;
    assert_eq!(
        world.until("select count(*) from users", 1).await.as_secs(),
        0
    );
}

#[tokio::test]
async fn in_the_middle_of_a_statement_is_rolled_back_and_frees_its_locks() {
    let mut world = World::new(&patient(1)).await;
    let held = fixtures::user(1);
    world.insert(&held).await;
    execute(&mut world.locker, "begin; select * from users for update").await;

    let database = world.database.clone();
    let call = tokio::spawn(async move {
        let mut unit = database.begin().await.unwrap();
        unit.users().insert(&fixtures::user(2)).await.unwrap();
        let _ = unit.users().find_for_update(fixtures::user_id(1)).await;
    });
    world.until(WAITING, 1).await;
    call.abort();
    let _ = call.await;
    let took = world.until(WAITING, 0).await;
    assert!(took < SECOND, "{took:?}");

    // Address 2 is free again while row 1 is still held.
    world.insert(&fixtures::user(2)).await;
    world.unlock().await;
    assert_eq!(world.find(1).await.unwrap(), Some(held));
}

#[tokio::test]
async fn while_it_commits_is_committed_or_rolled_back_and_ends() {
    let mut world = World::new(&patient(1)).await;
    let database = world.database.clone();
    let call = tokio::spawn(async move {
        let mut unit = database.begin().await.unwrap();
        unit.users().insert(&fixtures::user(1)).await.unwrap();
        unit.commit().await.unwrap();
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    call.abort();
    let _ = call.await;
    world.find(1).await.unwrap();
    world.until(IN_TRANSACTION, 0).await;
}
