//! Statements that fail.

use std::collections::HashSet;

use super::stage::*;
use super::*;

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_fails_alone() {
    let store = Store {
        corrupt: HashSet::from([4]),
        ..Store::default()
    };
    let stage = Stage::of(store, 1);
    let reads = stage.reads([1, 2, 3, 4, KEY_OF_A_DEFECT, 5, 6, 4]).await;
    stage.go_on(100).await;
    for (place, read) in reads.into_iter().enumerate() {
        match place {
            3 | 7 => {
                let error = refused(read).await;
                assert!(matches!(error, RepositoryError::Corrupt(it) if it == corrupt(4)));
            }
            4 => {
                let error = refused(read).await;
                let source = std::error::Error::source(&error).map(ToString::to_string);
                assert!(matches!(error, RepositoryError::Internal(_)));
                assert_eq!(source.as_deref(), Some("no such column"));
            }
            _ => assert_eq!(told(read).await, 1),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_away_is_asked_once_for_all() {
    let store = Store {
        is_away: true,
        ..Store::default()
    };
    let stage = Stage::of(store, 1);
    let reads = stage.reads([1, 2, 3, 4]).await;
    stage.go_on(100).await;
    assert_eq!(stage.began().len(), 2);
    for read in reads {
        let error = refused(read).await;
        assert!(matches!(error, RepositoryError::Unavailable(_)));
        let source = std::error::Error::source(&error).map(ToString::to_string);
        assert_eq!(source.as_deref(), Some("it is away"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_no_room_in_an_answer_is_asked_for_again() {
    let store = Store {
        room: 2,
        ..Store::default()
    };
    let stage = Stage::of(store, 1);
    let reads = stage.reads([1, 2, 3, 4, 5, 6]).await;
    stage.go_on(100).await;
    assert_eq!(
        stage.began(),
        [vec![1], vec![2, 3, 4, 5, 6], vec![4, 5, 6], vec![6]]
    );
    for read in reads {
        assert_eq!(told(read).await, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_rows_ends_the_call() {
    let store = Store {
        room: 0,
        ..Store::default()
    };
    let stage = Stage::of(store, 1);
    let lane = stage.loader.0.turn(Arc::new("a"), || 1).await;
    let reads = stage.reads([2, 3]).await;
    drop(lane);
    stage.go_on(100).await;
    for read in reads {
        let error = refused(read).await;
        assert!(matches!(error, RepositoryError::Internal(_)));
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_a_statement_panic_fails_alone() {
    let stage = Stage::of(Store::default(), 1);
    let mut reads = stage.reads([1, 2, KEY_OF_A_PANIC, 3]).await;
    stage.go_on(100).await;
    let error = refused(reads.remove(2)).await;
    assert!(matches!(error, RepositoryError::Internal(_)));
    for read in reads {
        assert_eq!(told(read).await, 1);
    }
    let read = stage.read("a", 4).await;
    assert_eq!(told(read).await, 1);
    assert!(stage.loader.0.is_idle());
}

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_fails_alone() {
    let stage = Stage::of(Store::default(), 1);
    let mut reads = stage.reads([1, 2, KEY_THAT_IS_SLOW, 3, 4]).await;
    stage.go_on(100).await;
    let error = refused(reads.remove(2)).await;
    assert!(matches!(error, RepositoryError::TimedOut(_)));
    for read in reads {
        assert_eq!(told(read).await, 1);
    }
}
