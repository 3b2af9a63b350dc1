//! A claim of a request id that another unit of work has.

use byline_domain::ids::RequestId;
use byline_domain::request::{Digest, Request};

use super::*;

fn request() -> Request {
    Request {
        id: RequestId::from_uuid(fixtures::user_id(9).as_uuid()),
        method: "UserService/CreateUser",
        digest: Digest([7; 32]),
    }
}

async fn hurried() -> World {
    World::new(&PoolSettings {
        lock_timeout: SHORT,
        ..patient(2)
    })
    .await
}

#[tokio::test]
async fn outlasts_what_others_wait_for_a_lock() {
    let mut world = hurried().await;
    let now = fixtures::time(0);
    let mut first = world.database.begin().await.unwrap();
    assert_eq!(first.requests().claim(&request(), now).await.unwrap(), None);
    let mut other = world.database.begin().await.unwrap();
    let waiting = tokio::spawn(async move {
        let found = other.requests().claim(&request(), now).await?;
        other.rollback().await?;
        Ok::<_, RepositoryError>(found)
    });
    world.until(LONG_WAITS, 1).await;
    let answered = first.requests().answer(request().id, b"first", now).await;
    answered.unwrap();
    first.commit().await.unwrap();
    let found = waiting.await.unwrap().unwrap().unwrap();
    assert_eq!(found.response, b"first");
}

#[tokio::test]
async fn leaves_what_follows_as_little_patience_as_before() {
    let mut world = hurried().await;
    world.lock_users().await;
    let mut unit = world.database.begin().await.unwrap();
    let claimed = unit.requests().claim(&request(), fixtures::time(0)).await;
    assert_eq!(claimed.unwrap(), None);
    let found = unit.users().find_for_update(fixtures::user_id(1)).await;
    assert_contention(found);
}

#[tokio::test]
async fn of_an_impatient_unit_of_work_waits_for_nobody() {
    let mut world = World::new(&patient(2)).await;
    let now = fixtures::time(0);
    let mut first = world.database.begin().await.unwrap();
    assert_eq!(first.requests().claim(&request(), now).await.unwrap(), None);
    let mut other = world.database.begin_impatient().await.unwrap();
    let began = Instant::now();
    assert_contention(other.requests().claim_many(&[request()], now).await);
    drop(other);
    drop(first);

    world.lock_users().await;
    let mut other = world.database.begin_impatient().await.unwrap();
    assert_contention(other.users().find_for_update(fixtures::user_id(1)).await);
    assert!(began.elapsed() < patient(2).lock_timeout / 2);
}
