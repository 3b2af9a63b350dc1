//! A claim of a request id that another unit of work has.

use byline_domain::ids::RequestId;
use byline_domain::request::{Claim, Digest, Request};
use byline_persistence::testing::rows;

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

fn numbered(number: u64) -> Request {
    Request {
        id: RequestId::from_uuid(fixtures::user_id(number).as_uuid()),
        ..request()
    }
}

#[tokio::test]
async fn along_with_others_leaves_out_what_is_under_way_and_takes_the_others() {
    let mut world = World::new(&patient(3)).await;
    let now = fixtures::time(0);
    let mut before = world.database.begin().await.unwrap();
    let claimed = before.requests().claim(&numbered(7), now).await.unwrap();
    assert_eq!(claimed, None);
    let answered = before.requests().answer(numbered(7).id, b"7", now).await;
    answered.unwrap();
    before.commit().await.unwrap();

    let mut first = world.database.begin().await.unwrap();
    for number in [2, 20] {
        let claimed = first.requests().claim(&numbered(number), now).await;
        assert_eq!(claimed.unwrap(), None);
    }
    let asked: Vec<_> = (1..=30).map(numbered).collect();
    let mut other = world.database.begin_impatient().await.unwrap();
    let began = Instant::now();
    let claims = other.requests().claim_many(&asked, now).await.unwrap();
    assert!(began.elapsed() < patient(2).lock_timeout / 2);
    let mut answers = Vec::new();
    for (number, claim) in (1..=30).zip(claims) {
        match (number, claim) {
            (2 | 20, Claim::UnderWay) => {}
            (7, Claim::Answered(record)) => assert_eq!(record.response, b"7"),
            (_, Claim::Taken) => answers.push((numbered(number).id, vec![1])),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(answers.len(), 27);

    // It is as impatient as before, and as usable.
    world.lock_users().await;
    let mut waits = world.database.begin_impatient().await.unwrap();
    let began = Instant::now();
    let asked = [numbered(2), numbered(31)];
    let claims = waits.requests().claim_many(&asked, now).await.unwrap();
    assert_eq!(claims, [Claim::UnderWay, Claim::Taken]);
    assert_contention(waits.users().find_for_update(fixtures::user_id(1)).await);
    assert!(began.elapsed() > Duration::from_millis(95), "50 ms each");
    world.unlock().await;
    drop(waits);
    let user = fixtures::user(1);
    other.users().insert(&user).await.unwrap();
    other.requests().answer_many(&answers, now).await.unwrap();
    other.commit().await.unwrap();
    assert_eq!(world.find(1).await.unwrap(), Some(user));
    first.rollback().await.unwrap();
    let mut after = world.database.begin().await.unwrap();
    let found = after.requests().claim(&numbered(30), now).await.unwrap();
    assert_eq!(found.unwrap().response, [1]);
    assert_eq!(
        after.requests().claim(&numbered(2), now).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn along_with_none_hurries_nothing_that_follows_if_it_is_under_way() {
    let mut world = World::new(&patient(3)).await;
    let now = fixtures::time(0);
    let mut first = world.database.begin().await.unwrap();
    assert_eq!(first.requests().claim(&request(), now).await.unwrap(), None);
    world.lock_users().await;
    let mut other = world.database.begin_impatient().await.unwrap();
    let claims = other.requests().claim_many(&[request()], now).await;
    assert_eq!(claims.unwrap(), [Claim::UnderWay]);
    let began = Instant::now();
    assert_contention(other.users().find_for_update(fixtures::user_id(1)).await);
    let waited = began.elapsed();
    assert!(waited >= Duration::from_millis(50), "{waited:?}");
}

#[tokio::test]
async fn along_with_others_comes_in_the_order_of_ids_whoever_has_some() {
    let mut world = World::new(&patient(3)).await;
    let now = fixtures::time(0);
    let mut first = world.database.begin().await.unwrap();
    for number in [3, 14] {
        let claimed = first.requests().claim(&numbered(number), now).await;
        assert_eq!(claimed.unwrap(), None);
    }
    let asked: Vec<_> = (1..=16).rev().map(numbered).collect();
    let mut other = world.database.begin_impatient().await.unwrap();
    other.requests().claim_many(&asked, now).await.unwrap();
    other.commit().await.unwrap();
    // Those that were claimed first lie before the others.
    let lying = "select id::text from request_records order by ctid";
    let lying = rows(&mut world.beside, lying).await;
    assert_eq!(lying.len(), 14);
    assert!(lying.is_sorted(), "{lying:?}");
}

#[tokio::test]
async fn along_with_others_undoes_nothing_that_came_before() {
    let world = World::new(&PoolSettings {
        lock_timeout: SHORT,
        ..patient(2)
    })
    .await;
    let now = fixtures::time(0);
    let mut first = world.database.begin().await.unwrap();
    assert_eq!(first.requests().claim(&request(), now).await.unwrap(), None);
    let mut other = world.database.begin_impatient().await.unwrap();
    other.users().insert(&fixtures::user(1)).await.unwrap();
    let asked = [request(), numbered(1)];
    let claims = other.requests().claim_many(&asked, now).await.unwrap();
    assert_eq!(claims, [Claim::UnderWay, Claim::Taken]);
    let answers = [(numbered(1).id, Vec::new())];
    other.requests().answer_many(&answers, now).await.unwrap();
    other.commit().await.unwrap();
    assert_eq!(world.find(1).await.unwrap(), Some(fixtures::user(1)));
}

#[tokio::test]
async fn of_an_impatient_unit_of_work_waits_for_nobody() {
    let mut world = World::new(&patient(2)).await;
    let began = Instant::now();
    world.lock_users().await;
    let mut other = world.database.begin_impatient().await.unwrap();
    assert_contention(other.users().find_for_update(fixtures::user_id(1)).await);
    assert!(began.elapsed() < patient(2).lock_timeout / 2);
}
