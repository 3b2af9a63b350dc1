//! What each is told, and what is kept of each.

use std::sync::atomic::Ordering;

use byline_app::user::CreateUser;
use byline_app::{Answer, Error, Intent};
use byline_domain::error::Resource;
use byline_domain::testing::fixtures::user_id;
use byline_domain::user::User;

use super::TAKEN;
use super::stage::{Stage, by, create, request, settle};

fn emails(answers: Vec<Result<Answer<User>, Error>>) -> Vec<String> {
    let made = answers.into_iter().map(|answer| match answer {
        Ok(Answer::Made(user)) => user.email.as_str().to_owned(),
        other => format!("{other:?}"),
    });
    made.collect()
}

#[tokio::test]
async fn while_a_lane_is_free_a_change_is_made_alone() {
    let stage = Stage::new();
    for number in 1..=3 {
        let made = stage.spawn(create(number), by("a", None));
        made.await.unwrap().unwrap();
    }
    assert_eq!(stage.store.began(), (3, 0));
}

#[tokio::test]
async fn what_arrives_meanwhile_is_one_unit_of_work() {
    let stage = Stage::new();
    let held = stage.hold().await;
    let changes = stage.create_each(1..=20).await;
    settle().await;
    drop(held);
    let answers = stage.all(changes).await;
    let expected: Vec<_> = (1..=20).map(|n| format!("user-{n}@example.com")).collect();
    assert_eq!(emails(answers), expected);
    assert_eq!(stage.store.began(), (2, 1));
    assert_eq!(stage.users().await.len(), 20);
}

#[tokio::test]
async fn a_unit_of_work_makes_no_more_than_it_is_to() {
    for (size, units) in [(3, (2, 6)), (1, (20, 0))] {
        let stage = Stage::of_groups(size);
        let held = stage.hold().await;
        let changes = stage.create_each(1..=20).await;
        settle().await;
        drop(held);
        assert!(stage.all(changes).await.iter().all(Result::is_ok));
        assert_eq!(stage.store.began(), units);
    }
}

#[tokio::test]
async fn each_is_noted_as_done_by_its_own_caller() {
    let stage = Stage::new();
    let held = stage.hold().await;
    let changes = stage.create_each(1..=6).await;
    settle().await;
    drop(held);
    stage.all(changes).await;
    let mut events = stage.events().await;
    events.sort_by_key(|event| event.resource_id);
    let done: Vec<_> = events
        .iter()
        .map(|event| {
            (
                event.resource_id,
                event.caller.clone(),
                event.action.clone(),
            )
        })
        .collect();
    let expected: Vec<_> = (1..=6)
        .map(|number| {
            let id = user_id(number).as_uuid();
            (id, format!("caller-{number}"), "user.created".to_owned())
        })
        .collect();
    assert_eq!(done, expected);
}

#[tokio::test]
async fn what_cannot_be_made_is_refused_alone_and_its_request_id_is_free_again() {
    let stage = Stage::new();
    stage
        .spawn(create(5), by("a", None))
        .await
        .unwrap()
        .unwrap();
    let held = stage.hold().await;
    let mut changes = stage.create_each(TAKEN).await;
    changes.push(stage.create(3, Some(request(3))));
    let taken = CreateUser {
        id: user_id(4),
        ..create(5)
    };
    changes.push(stage.spawn(taken, by("caller-4", Some(request(4)))));
    changes.push(stage.create(6, None));
    settle().await;
    drop(held);
    let answers = stage.all(changes).await;
    assert!(matches!(
        answers[3],
        Err(Error::AlreadyExists {
            resource: Resource::User,
            field: "email"
        })
    ));
    assert!(
        answers
            .iter()
            .enumerate()
            .all(|(at, it)| at == 3 || it.is_ok())
    );
    assert_eq!(stage.store.began().1, 1);
    assert!(
        stage
            .events()
            .await
            .iter()
            .all(|event| event.caller != "caller-4")
    );

    // The id of what was refused can be given to another request.
    let again = stage.spawn(create(4), by("a", Some(request(4))));
    assert!(matches!(again.await.unwrap(), Ok(Answer::Made(_))));
    // And that of what was made not: it is answered what was kept.
    let again = stage.spawn(create(3), by("a", Some(request(3))));
    assert_eq!(
        again.await.unwrap().unwrap(),
        Answer::Recorded(b"user-3@example.com".to_vec())
    );
}

#[tokio::test]
async fn a_retry_is_answered_out_of_the_middle_of_a_group() {
    let stage = Stage::new();
    stage
        .spawn(create(3), by("a", Some(request(3))))
        .await
        .unwrap()
        .unwrap();
    let held = stage.hold().await;
    let mut changes = stage.create_each(TAKEN).await;
    changes.push(stage.create(4, Some(request(4))));
    changes.push(stage.create(3, Some(request(3))));
    let mut reused = request(3);
    reused.digest.0 = [9; 32];
    settle().await;
    drop(held);
    let answers = stage.all(changes).await;
    assert!(matches!(answers[2], Ok(Answer::Made(_))));
    assert_eq!(
        answers[3].as_ref().unwrap(),
        &Answer::Recorded(b"user-3@example.com".to_vec())
    );

    let held = stage.hold().await;
    let mut changes = stage.create_each([7, 8, 9]).await;
    changes.push(stage.spawn(create(10), by("a", Some(reused))));
    settle().await;
    drop(held);
    let answers = stage.all(changes).await;
    assert!(matches!(answers[3], Err(Error::RequestIdReused)));
    assert_eq!(stage.store.began().1, 2);
    assert_eq!(stage.users().await.len(), 7);
}

#[tokio::test]
async fn what_is_under_way_elsewhere_waits_for_that_alone() {
    let stage = Stage::new();
    stage.store.has_elsewhere(&request(4));
    let held = stage.hold().await;
    let mut changes = stage.create_each(TAKEN).await;
    changes.extend((3..=6).map(|number| stage.create(number, Some(request(number)))));
    settle().await;
    drop(held);
    assert!(stage.all(changes).await.iter().all(Result::is_ok));
    assert_eq!(stage.store.began(), (3, 1));
    assert_eq!(stage.users().await.len(), 6);
}

#[tokio::test]
async fn where_none_can_be_made_nothing_is_committed() {
    let stage = Stage::new();
    let held = stage.hold().await;
    let mut changes = stage.create_each(TAKEN).await;
    for number in [3, 4] {
        let taken = CreateUser {
            id: user_id(number),
            ..create(1)
        };
        changes.push(stage.spawn(taken, by("a", Some(request(number)))));
    }
    settle().await;
    drop(held);
    let answers = stage.all(changes).await;
    assert!(
        answers[2..]
            .iter()
            .all(|it| matches!(it, Err(Error::AlreadyExists { .. })))
    );
    assert_eq!(stage.store.commits.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn what_is_only_tried_is_tried_alone() {
    let stage = Stage::new();
    let held = stage.hold().await;
    let mut changes = stage.create_each(TAKEN).await;
    let tried = Intent {
        validate_only: true,
        ..by("a", Some(request(3)))
    };
    changes.push(stage.spawn(create(3), tried));
    settle().await;
    drop(held);
    assert!(stage.all(changes).await.iter().all(Result::is_ok));
    assert_eq!(stage.store.began(), (3, 0));
    assert_eq!(stage.users().await.len(), 2);
}

#[tokio::test]
async fn statements_are_counted_for_each() {
    let stage = Stage::new();
    let held = stage.hold().await;
    let changes = stage.create_each(1..=5).await;
    settle().await;
    drop(held);
    stage.all(changes).await;
    // Seven of one group, told to three.
    assert_eq!(*stage.meter.counted.lock().unwrap(), [7, 7, 7]);
}
