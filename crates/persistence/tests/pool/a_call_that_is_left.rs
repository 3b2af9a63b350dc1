//! A call that is left.

use super::*;

#[tokio::test]
async fn ends_on_the_server_within_a_second() {
    let mut world = World::new(&patient(1)).await;
    world.lock_users().await;
    let call = world.start_find(1);
    world.until(WAITING, 1).await;

    call.abort();
    let _ = call.await;
    let took = world.until(WAITING, 0).await;
    assert!(took < SECOND, "{took:?}");
    world.unlock().await;
}

#[tokio::test]
async fn does_not_keep_the_only_place_in_the_pool() {
    let mut world = World::new(&patient(1)).await;
    world.lock_users().await;
    let call = world.start_find(1);
    world.until(WAITING, 1).await;
    call.abort();
    let _ = call.await;

    // Even while what it waited for is locked.
    let began = Instant::now();
    world.database.ping().await.unwrap();
    assert!(began.elapsed() < SECOND, "{:?}", began.elapsed());

    world.unlock().await;
    let began = Instant::now();
    assert_eq!(world.find(1).await.unwrap(), None);
    assert!(began.elapsed() < SECOND, "{:?}", began.elapsed());
    assert_eq!(world.until(BACKENDS, 1).await.as_secs(), 0);
}

#[tokio::test]
async fn costs_the_pool_nothing_however_often_it_happens() {
    let mut world = World::new(&patient(2)).await;
    world.lock_users().await;
    for _ in 0..10 {
        let calls = [world.start_find(1), world.start_find(2)];
        for call in &calls {
            call.abort();
        }
        for call in calls {
            let _ = call.await;
        }
        let calls = [world.start_find(1), world.start_find(2)];
        tokio::time::sleep(Duration::from_millis(30)).await;
        for call in calls {
            call.abort();
            let _ = call.await;
        }
    }
    world.unlock().await;
    world.find(1).await.unwrap();
    world.until(WAITING, 0).await;
    // Those that were closed may take a moment to end.
    world.until(BACKENDS_BEYOND_TWO, 0).await;
}
