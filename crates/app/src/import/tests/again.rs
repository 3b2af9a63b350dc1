//! What is decided where an import comes again, meets others, or loses its connection.

use super::*;

#[tokio::test]
async fn an_answer_is_kept_under_the_id_of_the_request() {
    let unit = MockUnitOfWork::committed()
        .stages(&[1, 2])
        .savepoints(vec![keeping().claims(|| Ok(None))])
        .answers("kept: 2 of 2, 0 wrong: []");
    let settings = ImportSettings::default();
    let answer = import(begins([unit]), 2, &[], settings, &identified()).await;
    assert_eq!(answer.expect("kept"), told("kept: 2 of 2, 0 wrong: []"));
}

#[tokio::test]
async fn a_request_that_was_answered_is_answered_the_same_and_nothing_is_settled() {
    let inner = MockUnitOfWork::committed().claims(|| Ok(Some(record())));
    let unit = MockUnitOfWork::abandoned()
        .stages(&[1, 2])
        .savepoints(vec![inner]);
    let settings = ImportSettings::default();
    let answer = import(begins([unit]), 2, &[], settings, &identified()).await;
    let Ok(Answer::Recorded(bytes)) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(bytes, b"as then");
}

#[tokio::test]
async fn an_id_of_another_request_is_refused() {
    let inner = MockUnitOfWork::committed().claims(|| {
        let digest = Digest([8; 32]);
        Ok(Some(RequestRecord { digest, ..record() }))
    });
    let unit = MockUnitOfWork::abandoned()
        .stages(&[1, 2])
        .savepoints(vec![inner]);
    let settings = ImportSettings::default();
    let answer = import(begins([unit]), 2, &[], settings, &identified()).await;
    assert!(matches!(answer, Err(Error::RequestIdReused)), "{answer:?}");
}

fn contended(alone: bool) -> MockUnitOfWork {
    MockUnitOfWork::abandoned()
        .settles_among(alone, OnConflict::Fail, made(2))
        .applies(made(2), || Err(contention()))
}

fn pauses(times: usize) -> MockPause {
    let mut pause = MockPause::new();
    pause.expect_before().times(times).returning(|_| ());
    pause
}

#[tokio::test]
async fn what_meets_concurrent_changes_is_settled_again_and_alone_over_the_same_rows() {
    let claimed = MockUnitOfWork::abandoned().claims(|| Err(contention()));
    let inner = vec![claimed, keeping_among(true).claims(|| Ok(None))];
    let unit = MockUnitOfWork::committed()
        .stages(&[1, 2])
        .savepoints(inner)
        .answers("kept: 2 of 2, 0 wrong: []");
    let settings = ImportSettings::default();
    let units = begins([unit]);
    let answer = import_pausing(units, pauses(1), 2, &[], settings, &identified()).await;
    assert_eq!(answer.expect("kept"), told("kept: 2 of 2, 0 wrong: []"));
}

#[tokio::test]
async fn after_three_retries_contention_is_told() {
    let unit = MockUnitOfWork::abandoned()
        .stages(&[1, 2])
        .savepoints((0..4).map(|tries| contended(tries > 0)).collect());
    let settings = ImportSettings::default();
    let units = begins([unit]);
    let answer = import_pausing(units, pauses(3), 2, &[], settings, &Intent::default()).await;
    assert!(matches!(answer, Err(Error::Contention(_))), "{answer:?}");
}

#[tokio::test]
async fn a_connection_that_is_lost_before_the_commit_changed_nothing() {
    let inner = MockUnitOfWork::abandoned()
        .settles(OnConflict::Fail, made(2))
        .applies(made(2), || Err(connection_lost()));
    let unit = MockUnitOfWork::abandoned()
        .stages(&[1, 2])
        .savepoints(vec![inner]);
    let settings = ImportSettings::default();
    let answer = import(begins([unit]), 2, &[], settings, &Intent::default()).await;
    assert!(
        matches!(answer, Err(Error::ConnectionLost(_))),
        "{answer:?}"
    );
}

/// An import whose COMMIT is lost.
fn lost() -> MockUnitOfWork {
    MockUnitOfWork::default()
        .stages(&[1, 2])
        .savepoints(vec![keeping().claims(|| Ok(None))])
        .answers("kept: 2 of 2, 0 wrong: []")
        .ends(|| Err(connection_lost()))
}

/// Looks for a record.
fn looks(answer: fn() -> Result<Option<RequestRecord>, RepositoryError>) -> MockUnitOfWork {
    MockUnitOfWork::abandoned().claims(answer)
}

#[tokio::test]
async fn the_record_says_what_became_of_a_lost_commit() {
    let settings = ImportSettings::default();
    let units = begins([lost(), looks(|| Ok(Some(record())))]);
    let answer = import(units, 2, &[], settings, &identified()).await;
    let Ok(Answer::Recorded(bytes)) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(bytes, b"as then");

    let units = begins([lost(), looks(|| Ok(None))]);
    let answer = import(units, 2, &[], settings, &identified()).await;
    assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");
}

#[tokio::test]
async fn a_lost_commit_is_looked_for_again_while_the_database_is_away() {
    let settings = ImportSettings::default();
    let away = || looks(|| Err(unavailable()));
    let units = begins([
        lost(),
        away(),
        looks(|| Err(contention())),
        looks(|| Ok(None)),
    ]);
    let answer = import_pausing(units, pauses(2), 2, &[], settings, &identified()).await;
    assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");

    let units = begins([lost(), away(), away(), away(), away()]);
    let answer = import_pausing(units, pauses(3), 2, &[], settings, &identified()).await;
    assert!(
        matches!(answer, Err(Error::OutcomeUnknown(_))),
        "{answer:?}"
    );
}

#[tokio::test]
async fn without_an_id_nobody_knows_what_became_of_a_lost_commit() {
    let unit = MockUnitOfWork::default()
        .stages(&[1, 2])
        .savepoints(vec![keeping()])
        .ends(|| Err(connection_lost()));
    let settings = ImportSettings::default();
    let answer = import(begins([unit]), 2, &[], settings, &Intent::default()).await;
    assert!(
        matches!(answer, Err(Error::OutcomeUnknown(_))),
        "{answer:?}"
    );
}
