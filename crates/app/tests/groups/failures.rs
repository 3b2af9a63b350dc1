//! Units of work that fail or hang, and callers that go.

use std::sync::atomic::Ordering;

use byline_app::{Answer, Error};
use byline_domain::testing::fixtures::user_id;
use byline_domain::user::User;
use byline_lanes::LATE;

use super::TAKEN;
use super::stage::{Stage, request, settle};
use super::store::Ending;

/// What is told of the users that take the lanes, and of two that are made together after them: the
/// first of the two has a request id.
async fn made_together(stage: &Stage) -> Vec<Result<Answer<User>, Error>> {
    let held = stage.hold().await;
    let mut changes = stage.create_each(TAKEN).await;
    changes.push(stage.create(3, Some(request(3))));
    changes.push(stage.create(4, None));
    settle().await;
    drop(held);
    stage.all(changes).await
}

#[tokio::test]
async fn of_a_unit_of_work_that_fails_each_is_made_alone() {
    for ending in [Ending::Locked, Ending::LockedAtCommit, Ending::Slow] {
        let stage = Stage::new();
        stage.store.ends(ending);
        let held = stage.hold().await;
        let changes = stage.create_each(1..=6).await;
        settle().await;
        drop(held);
        assert!(stage.all(changes).await.iter().all(Result::is_ok));
        assert_eq!(stage.store.began(), (6, 1));
        assert_eq!(stage.users().await.len(), 6);
        assert_eq!(stage.events().await.len(), 6);
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_told_to_all_at_once() {
    let stage = Stage::new();
    stage.store.ends(Ending::Away);
    let held = stage.hold().await;
    let changes = stage.create_each(1..=6).await;
    settle().await;
    drop(held);
    let answers = stage.all(changes).await;
    assert!(answers[..2].iter().all(Result::is_ok));
    assert!(
        answers[2..]
            .iter()
            .all(|it| matches!(it, Err(Error::Unavailable(_))))
    );
    assert_eq!(stage.store.began(), (2, 1));
}

#[tokio::test]
async fn after_a_commit_that_was_lost_who_has_a_request_id_finds_out_and_others_are_told() {
    for (ending, kept) in [
        (Ending::LostAfterCommit, true),
        (Ending::LostBeforeCommit, false),
    ] {
        let stage = Stage::new();
        stage.store.ends(ending);
        let answers = made_together(&stage).await;
        match &answers[2] {
            Ok(Answer::Recorded(bytes)) => assert!(kept && bytes == b"user-3@example.com"),
            Ok(Answer::Made(user)) => assert!(!kept && user.id == user_id(3)),
            Err(error) => panic!("{error}"),
        }
        assert!(matches!(answers[3], Err(Error::OutcomeUnknown(_))));
        let made = stage
            .users()
            .await
            .iter()
            .filter(|user| user.id == user_id(3))
            .count();
        assert_eq!(made, 1);
    }
}

#[tokio::test]
async fn a_caller_that_is_gone_before_is_left_out_and_takes_nobody_along() {
    let stage = Stage::new();
    let held = stage.hold().await;
    let mut changes = stage.create_each(1..=6).await;
    settle().await;
    changes.remove(3).abort();
    settle().await;
    drop(held);
    assert!(stage.all(changes).await.iter().all(Result::is_ok));
    let users = stage.users().await;
    assert_eq!(users.len(), 5);
    assert!(users.iter().all(|user| user.id != user_id(4)));
}

#[tokio::test]
async fn a_caller_that_goes_meanwhile_leaves_the_others_their_answers() {
    let stage = Stage::new();
    stage.store.ends(Ending::Waiting);
    let held = stage.hold().await;
    let mut changes = stage.create_each(1..=6).await;
    settle().await;
    drop(held);
    settle().await;
    // The unit of work has begun, and waits.
    assert_eq!(stage.store.began().1, 1);
    changes.remove(3).abort();
    settle().await;
    stage.store.go_on.add_permits(1);
    assert!(stage.all(changes).await.iter().all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_unit_of_work_that_is_late_is_given_another_one() {
    let stage = Stage::new();
    stage.store.ends(Ending::Waiting);
    let held = stage.hold().await;
    let mut changes = stage.create_each(1..=3).await;
    settle().await;
    drop(held);
    settle().await;
    // Its commit waits; so does the store, which memory has for one at a time.
    assert_eq!(stage.store.began(), (2, 1));
    changes.push(stage.create(4, None));
    changes.push(stage.create(5, None));
    changes.push(stage.create(6, None));
    settle().await;
    tokio::time::advance(LATE).await;
    settle().await;
    assert_eq!(stage.store.began().1, 2, "a lane beside the others");
    stage.store.go_on.add_permits(2);
    assert!(stage.all(changes).await.iter().all(Result::is_ok));
    assert_eq!(stage.users().await.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn who_comes_while_changes_made_alone_are_late_waits_for_none_of_them() {
    let stage = Stage::new();
    let held = stage.hold().await;
    let mut changes = stage.create_each(TAKEN).await;
    settle().await;
    for number in [3, 4] {
        tokio::time::advance(LATE).await;
        changes.push(stage.create(number, None));
        settle().await;
        let begun = usize::try_from(number).unwrap();
        assert_eq!(stage.store.began(), (begun, 0));
    }
    drop(held);
    assert!(stage.all(changes).await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn of_a_unit_of_work_that_panics_each_is_made_alone_unless_its_commit_had_begun() {
    for (ending, is_unknown) in [
        (Ending::PanickingAtWork, false),
        (Ending::PanickingAtCommit, true),
    ] {
        let stage = Stage::new();
        stage.store.ends(ending);
        let answers = made_together(&stage).await;
        assert!(matches!(answers[2], Ok(Answer::Made(_))), "{ending:?}");
        match &answers[3] {
            Ok(Answer::Made(_)) => assert!(!is_unknown),
            Err(Error::OutcomeUnknown(_)) => assert!(is_unknown),
            other => panic!("{ending:?}: {other:?}"),
        }
        assert_eq!(stage.store.began().1, 1);
    }
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_not_committed() {
    let stage = Stage::new();
    stage.store.ends(Ending::WaitingToBegin);
    let held = stage.hold().await;
    let mut changes = stage.create_each(1..=6).await;
    settle().await;
    drop(held);
    settle().await;
    assert_eq!(stage.store.began(), (2, 1));
    let gone = changes.split_off(2);
    for change in &gone {
        change.abort();
    }
    settle().await;
    stage.store.go_on.add_permits(1);
    settle().await;
    assert!(stage.all(changes).await.iter().all(Result::is_ok));
    assert_eq!(stage.users().await.len(), 2);
    assert_eq!(stage.store.commits.load(Ordering::Relaxed), 2);
    // Others are made as ever.
    assert!(stage.create(7, None).await.unwrap().is_ok());
}

#[tokio::test]
async fn a_commit_that_has_begun_is_waited_for_though_nobody_waits_any_more() {
    let stage = Stage::new();
    stage.store.ends(Ending::Waiting);
    let held = stage.hold().await;
    let mut changes = stage.create_each(1..=6).await;
    settle().await;
    drop(held);
    settle().await;
    assert_eq!(stage.store.commits.load(Ordering::Relaxed), 3);
    for change in changes.split_off(2) {
        change.abort();
    }
    settle().await;
    stage.store.go_on.add_permits(1);
    settle().await;
    assert_eq!(stage.users().await.len(), 6);
}
