//! What is decided about units of work, over mocks.

use byline_domain::ids::RequestId;
use byline_domain::request::{Digest, RequestRecord};
use byline_domain::testing::fixtures::{self, FixedClock, user, user_id};
use byline_domain::testing::mocks::{MockPause, MockUnitOfWork, MockUnitOfWorkFactory, begins};
use byline_domain::user::User;
use mockall::predicate::eq;

use super::*;
use crate::testing::{connection_lost, contention, never_waits, now, unavailable};
use crate::user::CreateUser;

fn command() -> CreateUser {
    let user = user(1);
    CreateUser {
        id: user.id,
        email: user.email,
        name: user.name,
        role: user.role,
        is_active: true,
    }
}

fn request() -> Request {
    Request {
        id: RequestId::from_uuid(user_id(99).as_uuid()),
        method: "UserService/CreateUser",
        digest: Digest([7; 32]),
    }
}

fn identified() -> Intent {
    Intent {
        request: Some(request()),
        ..Intent::default()
    }
}

fn tried_out(request: Option<Request>) -> Intent {
    Intent {
        request,
        validate_only: true,
        ..Intent::default()
    }
}

struct Address;

impl Render<User> for Address {
    type Told = User;

    fn tell(&self, user: User) -> User {
        user
    }

    fn bytes(&self, user: &User) -> Vec<u8> {
        user.email.as_str().into()
    }
}

async fn write(
    units: impl UnitOfWorkFactory + 'static,
    intent: &Intent,
) -> Result<Answer<User>, Error> {
    write_pausing(units, intent, never_waits()).await
}

async fn write_pausing(
    units: impl UnitOfWorkFactory + 'static,
    intent: &Intent,
    pause: MockPause,
) -> Result<Answer<User>, Error> {
    let clock = Arc::new(FixedClock(now()));
    let writer = Writer::new(Arc::new(units), clock, Arc::new(pause), Retention::DEFAULT);
    writer.write(&command(), intent, &Address).await
}

trait Expects {
    /// The user is added, which ends so.
    fn inserts(self, answer: fn() -> Result<(), RepositoryError>) -> Self;
    /// The id of the request is claimed, and this is found under it.
    fn claims(self, found: Option<RequestRecord>) -> Self;
    /// The answer is kept.
    fn answers(self) -> Self;
    /// The commit ends so.
    fn ends(self, answer: fn() -> Result<(), RepositoryError>) -> Self;
}

impl Expects for MockUnitOfWork {
    fn inserts(mut self, answer: fn() -> Result<(), RepositoryError>) -> Self {
        let insert = self.users.expect_insert();
        insert.once().returning(move |_| answer());
        self
    }

    fn claims(mut self, found: Option<RequestRecord>) -> Self {
        let claim = self.requests.expect_claim();
        claim
            .with(eq(request()), eq(now()))
            .once()
            .return_once(move |_, _| Ok(found));
        self
    }

    fn answers(mut self) -> Self {
        let answer = self.requests.expect_answer();
        answer
            .withf(|id, response, at| {
                let of = (*id, *at) == (request().id, now());
                of && response == b"user-1@example.com"
            })
            .once()
            .returning(|_, _, _| Ok(()));
        self
    }

    fn ends(mut self, answer: fn() -> Result<(), RepositoryError>) -> Self {
        self.ending.expect_commit().once().returning(answer);
        self
    }
}

fn made() -> User {
    User {
        lifecycle: byline_domain::lifecycle::Lifecycle::born(now()),
        ..fixtures::user(1)
    }
}

fn record() -> RequestRecord {
    RequestRecord {
        method: request().method.to_owned(),
        digest: request().digest,
        response: b"as then".into(),
    }
}

#[tokio::test]
async fn without_an_id_nothing_is_kept_but_the_change() {
    let unit = MockUnitOfWork::committed().inserts(|| Ok(()));
    let answer = write(begins([unit]), &Intent::default()).await;
    assert_eq!(answer.expect("made"), Answer::Made(made()));
}

#[tokio::test]
async fn with_an_id_the_answer_is_kept_beside_the_change() {
    let unit = MockUnitOfWork::committed()
        .claims(None)
        .inserts(|| Ok(()))
        .answers();
    let answer = write(begins([unit]), &identified()).await;
    assert_eq!(answer.expect("made"), Answer::Made(made()));
}

#[tokio::test]
async fn a_retry_is_answered_as_the_first_was_and_changes_nothing() {
    for intent in [identified(), tried_out(Some(request()))] {
        let unit = MockUnitOfWork::abandoned().claims(Some(record()));
        let answer = write(begins([unit]), &intent).await;
        assert_eq!(
            answer.expect("answered"),
            Answer::Recorded(b"as then".into())
        );
    }
}

#[tokio::test]
async fn an_id_of_another_request_is_refused() {
    let others = [
        RequestRecord {
            method: "UserService/DeleteUser".into(),
            ..record()
        },
        RequestRecord {
            digest: Digest([8; 32]),
            ..record()
        },
    ];
    for other in others {
        let unit = MockUnitOfWork::abandoned().claims(Some(other));
        let error = write(begins([unit]), &identified()).await;
        assert!(matches!(error, Err(Error::RequestIdReused)), "{error:?}");
    }
}

#[tokio::test]
async fn what_is_only_tried_is_rolled_back() {
    let unit = MockUnitOfWork::abandoned().inserts(|| Ok(()));
    let answer = write(begins([unit]), &tried_out(None)).await;
    assert_eq!(answer.expect("valid"), Answer::Made(made()));
}

#[tokio::test]
async fn a_refusal_is_told_at_once_and_not_kept() {
    let unit = MockUnitOfWork::abandoned().claims(None).inserts(|| {
        Err(RepositoryError::AlreadyExists {
            resource: byline_domain::error::Resource::User,
            field: "email",
        })
    });
    let error = write(begins([unit]), &identified()).await;
    assert!(matches!(error, Err(Error::AlreadyExists { .. })));
}

#[tokio::test]
async fn what_is_in_the_way_is_tried_again_after_a_longer_pause_each_time() {
    let mut pause = MockPause::new();
    let mut order = mockall::Sequence::new();
    for retry in 1..=3 {
        pause
            .expect_before()
            .with(eq(retry))
            .once()
            .in_sequence(&mut order)
            .returning(|_| ());
    }
    let units = [
        MockUnitOfWork::abandoned().inserts(|| Err(contention())),
        MockUnitOfWork::default()
            .inserts(|| Ok(()))
            .ends(|| Err(contention())),
        MockUnitOfWork::abandoned().inserts(|| Err(connection_lost())),
        MockUnitOfWork::committed().inserts(|| Ok(())),
    ];
    let answer = write_pausing(begins(units), &Intent::default(), pause).await;
    assert_eq!(answer.expect("made at last"), Answer::Made(made()));
}

#[tokio::test]
async fn what_stays_in_the_way_is_told_after_three_retries() {
    let units = [(); 4].map(|()| MockUnitOfWork::abandoned().inserts(|| Err(contention())));
    let error = write(begins(units), &Intent::default()).await;
    assert!(matches!(error, Err(Error::Contention(_))));
}

#[tokio::test]
async fn a_statement_that_took_too_long_is_not_tried_again() {
    let unit = MockUnitOfWork::abandoned().inserts(|| Err(unavailable()));
    let error = write(begins([unit]), &Intent::default()).await;
    assert!(matches!(error, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn a_commit_that_was_not_in_time_kept_nothing() {
    let unit = MockUnitOfWork::default()
        .inserts(|| Ok(()))
        .ends(|| Err(unavailable()));
    let error = write(begins([unit]), &Intent::default()).await;
    assert!(matches!(error, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn a_database_that_is_away_is_told_at_once() {
    let mut units = MockUnitOfWorkFactory::new();
    units.expect_begin().once().returning(|| Err(unavailable()));
    let error = write(units, &identified()).await;
    assert!(matches!(error, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn a_commit_of_unknown_outcome_is_told_where_no_id_could_find_it_out() {
    let unit = MockUnitOfWork::default()
        .inserts(|| Ok(()))
        .ends(|| Err(connection_lost()));
    let error = write(begins([unit]), &Intent::default()).await;
    assert!(matches!(error, Err(Error::OutcomeUnknown(_))));
}

/// A unit of work of an identified request whose commit is not answered.
fn lost() -> MockUnitOfWork {
    MockUnitOfWork::default()
        .claims(None)
        .inserts(|| Ok(()))
        .answers()
        .ends(|| Err(connection_lost()))
}

#[tokio::test]
async fn a_commit_of_unknown_outcome_that_was_kept_is_found_by_its_id() {
    let second = MockUnitOfWork::abandoned().claims(Some(record()));
    let answer = write(begins([lost(), second]), &identified()).await;
    assert_eq!(answer.expect("found"), Answer::Recorded(b"as then".into()));
}

#[tokio::test]
async fn a_commit_of_unknown_outcome_that_was_not_kept_is_made_again() {
    let second = MockUnitOfWork::committed()
        .claims(None)
        .inserts(|| Ok(()))
        .answers();
    let answer = write(begins([lost(), second]), &identified()).await;
    assert_eq!(answer.expect("made"), Answer::Made(made()));
}

#[tokio::test]
async fn an_outcome_that_stays_unknown_is_told_as_such() {
    let mut first = vec![lost()].into_iter();
    let mut units = MockUnitOfWorkFactory::new();
    units
        .expect_begin()
        .times(2)
        .returning(move || match first.next() {
            Some(unit) => Ok(Box::new(unit)),
            None => Err(unavailable()),
        });
    let error = write(units, &identified()).await;
    assert!(matches!(error, Err(Error::OutcomeUnknown(_))));

    let error = write(begins([(); 4].map(|()| lost())), &identified()).await;
    assert!(matches!(error, Err(Error::OutcomeUnknown(_))));
}
