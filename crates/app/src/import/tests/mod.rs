//! What is decided about imports, over mocks.

use byline_domain::error::{Invalid, RepositoryError};
use byline_domain::ids::{NewId, RequestId};
use byline_domain::import::{Problem, ProblemKind, Settled, Times, UserRow};
use byline_domain::request::{Digest, Request, RequestRecord};
use byline_domain::testing::fixtures::{FixedClock, time, user, user_id};
use byline_domain::testing::mocks::{MockPause, MockUnitOfWork, MockUnitOfWorkFactory, begins};
use mockall::predicate::eq;

use super::*;
use crate::testing::{connection_lost, contention, never_waits, now, unavailable};
use crate::{Answer, Intent, Render};

mod again;

type Outcome = Result<Answer<String>, Error>;

fn row(number: u64) -> UserRow {
    let user = user(number);
    UserRow {
        number,
        id: NewId::Given(user.id),
        email: Some(user.email),
        name: user.name,
        role: None,
        is_active: None,
        times: Times::default(),
    }
}

fn request() -> Request {
    Request {
        id: RequestId::from_uuid(user_id(99).as_uuid()),
        method: "TransferService/ImportUsers",
        digest: Digest([7; 32]),
    }
}

fn identified() -> Intent {
    Intent {
        request: Some(request()),
        ..Intent::default()
    }
}

fn record() -> RequestRecord {
    RequestRecord {
        method: request().method.to_owned(),
        digest: request().digest,
        response: b"as then".into(),
    }
}

fn each() -> ImportSettings {
    ImportSettings {
        on_conflict: OnConflict::Skip,
        atomicity: Atomicity::Each,
    }
}

fn made(created: u64) -> Settled {
    Settled {
        created,
        ..Settled::default()
    }
}

fn with_problem(created: u64, row: u64) -> Settled {
    let kind = ProblemKind::Taken { field: "id" };
    Settled {
        problem_count: 1,
        problems: vec![Problem { row, kind }],
        ..made(created)
    }
}

/// Tells whether it was kept, the counts, and which rows had problems.
struct Short;

impl Render<Report> for Short {
    type Told = String;

    fn tell(&self, report: Report) -> String {
        let rows: Vec<u64> = report.problems.iter().map(|problem| problem.row).collect();
        let kept = if report.applied { "kept" } else { "not kept" };
        format!(
            "{kept}: {} of {}, {} wrong: {rows:?}",
            report.created, report.row_count, report.problem_count
        )
    }

    fn bytes(&self, told: &String) -> Vec<u8> {
        told.clone().into()
    }
}

fn told(text: &str) -> Answer<String> {
    Answer::Made(text.to_owned())
}

/// Imports users 1 and so on; those of `wrong` numbers are wrong in themselves.
async fn import(
    units: MockUnitOfWorkFactory,
    rows: u64,
    wrong: &[u64],
    settings: ImportSettings,
    intent: &Intent,
) -> Outcome {
    import_pausing(units, never_waits(), rows, wrong, settings, intent).await
}

async fn import_pausing(
    units: MockUnitOfWorkFactory,
    pause: MockPause,
    rows: u64,
    wrong: &[u64],
    settings: ImportSettings,
    intent: &Intent,
) -> Outcome {
    let clock = Arc::new(FixedClock(now()));
    let importer = Importer::new(Arc::new(units), clock, Arc::new(pause), Retention::DEFAULT);
    let mut import = importer.begin::<UserRow>(settings).await?;
    let rows: Vec<UserRow> = (1..=rows).map(row).collect();
    let read = |number, row: UserRow| {
        assert_eq!(number, row.number);
        if wrong.contains(&number) {
            Err(Invalid::required().at("email").into())
        } else {
            Ok(row)
        }
    };
    import.put(rows, read).await?;
    import.finish(intent, &Short).await
}

trait Expects {
    /// An import is begun, and rows of these numbers are staged.
    fn stages(self, numbers: &'static [u64]) -> Self;
    /// A savepoint is set; the next one is set after it has ended.
    fn savepoints(self, inner: Vec<MockUnitOfWork>) -> Self;
    /// The rows are settled so, in the company of other imports.
    fn settles(self, on_conflict: OnConflict, settled: Settled) -> Self;
    /// The rows are settled so.
    fn settles_among(self, alone: bool, on_conflict: OnConflict, settled: Settled) -> Self;
    /// What was found is written, which ends so.
    fn applies(self, settled: Settled, answer: fn() -> Result<(), RepositoryError>) -> Self;
    /// The id of the request is claimed, which ends so.
    fn claims(self, answer: fn() -> Result<Option<RequestRecord>, RepositoryError>) -> Self;
    /// That answer is kept.
    fn answers(self, text: &'static str) -> Self;
    /// The commit ends so.
    fn ends(self, answer: fn() -> Result<(), RepositoryError>) -> Self;
}

impl Expects for MockUnitOfWork {
    fn stages(mut self, numbers: &'static [u64]) -> Self {
        let open = self.user_import.expect_open();
        open.once().returning(|| Ok(()));
        let stage = self.user_import.expect_stage();
        stage
            .withf(move |rows| rows.iter().map(|row| &row.number).eq(numbers))
            .times(usize::from(!numbers.is_empty()))
            .returning(|_| Ok(()));
        self
    }

    fn savepoints(mut self, inner: Vec<MockUnitOfWork>) -> Self {
        let expected = inner.len();
        let mut inner = inner.into_iter();
        let savepoint = self.ending.expect_savepoint();
        savepoint
            .times(expected)
            .returning_st(move || Ok(inner.next().expect("as many as are expected")));
        self
    }

    fn settles(self, on_conflict: OnConflict, settled: Settled) -> Self {
        self.settles_among(false, on_conflict, settled)
    }

    fn settles_among(mut self, alone: bool, on_conflict: OnConflict, settled: Settled) -> Self {
        let settle = self.user_import.expect_settle();
        settle
            .with(eq(on_conflict), eq(alone))
            .once()
            .return_once(move |_, _| Ok(settled));
        self
    }

    fn applies(mut self, settled: Settled, answer: fn() -> Result<(), RepositoryError>) -> Self {
        let apply = self.user_import.expect_apply();
        apply
            .with(eq(settled), eq(now()))
            .once()
            .returning(move |_, _| answer());
        self
    }

    fn claims(mut self, answer: fn() -> Result<Option<RequestRecord>, RepositoryError>) -> Self {
        let claim = self.requests.expect_claim();
        claim
            .with(eq(request()), eq(now()))
            .once()
            .returning(move |_, _| answer());
        self
    }

    fn answers(mut self, text: &'static str) -> Self {
        let answer = self.requests.expect_answer();
        answer
            .withf(move |id, response, at| {
                (*id, *at) == (request().id, now()) && response == text.as_bytes()
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

/// A savepoint in which two rows are made.
fn keeping() -> MockUnitOfWork {
    keeping_among(false)
}

fn keeping_among(alone: bool) -> MockUnitOfWork {
    MockUnitOfWork::committed()
        .settles_among(alone, OnConflict::Fail, made(2))
        .applies(made(2), || Ok(()))
}

#[tokio::test]
async fn what_has_no_problems_is_kept_whole() {
    let unit = MockUnitOfWork::committed()
        .stages(&[1, 2])
        .savepoints(vec![keeping()]);
    let settings = ImportSettings::default();
    let answer = import(begins([unit]), 2, &[], settings, &Intent::default()).await;
    assert_eq!(answer.expect("kept"), told("kept: 2 of 2, 0 wrong: []"));
}

#[tokio::test]
async fn an_import_without_rows_is_kept() {
    let inner = MockUnitOfWork::committed()
        .settles(OnConflict::Fail, made(0))
        .applies(made(0), || Ok(()));
    let unit = MockUnitOfWork::committed()
        .stages(&[])
        .savepoints(vec![inner]);
    let settings = ImportSettings::default();
    let answer = import(begins([unit]), 0, &[], settings, &Intent::default()).await;
    assert_eq!(answer.expect("kept"), told("kept: 0 of 0, 0 wrong: []"));
}

#[tokio::test]
async fn a_problem_of_one_row_keeps_all_from_being_kept() {
    // Settled, but not written, and not recorded either.
    let inner = MockUnitOfWork::committed()
        .claims(|| Ok(None))
        .settles(OnConflict::Fail, with_problem(1, 2));
    let unit = MockUnitOfWork::abandoned()
        .stages(&[1, 2])
        .savepoints(vec![inner]);
    let settings = ImportSettings::default();
    let answer = import(begins([unit]), 2, &[], settings, &identified()).await;
    assert_eq!(
        answer.expect("told"),
        told("not kept: 1 of 2, 1 wrong: [2]")
    );
}

#[tokio::test]
async fn a_row_that_is_wrong_in_itself_keeps_all_from_being_kept() {
    let inner = MockUnitOfWork::committed().settles(OnConflict::Fail, made(1));
    let unit = MockUnitOfWork::abandoned()
        .stages(&[2])
        .savepoints(vec![inner]);
    let settings = ImportSettings::default();
    let answer = import(begins([unit]), 2, &[1], settings, &Intent::default()).await;
    assert_eq!(
        answer.expect("told"),
        told("not kept: 1 of 2, 1 wrong: [1]")
    );
}

#[tokio::test]
async fn each_for_itself_is_kept_without_the_rows_that_have_problems() {
    let inner = MockUnitOfWork::committed()
        .settles(OnConflict::Skip, with_problem(1, 2))
        .applies(with_problem(1, 2), || Ok(()));
    let unit = MockUnitOfWork::committed()
        .stages(&[1, 2])
        .savepoints(vec![inner]);
    let answer = import(begins([unit]), 3, &[3], each(), &Intent::default()).await;
    assert_eq!(answer.expect("kept"), told("kept: 1 of 3, 2 wrong: [2, 3]"));
}

#[tokio::test]
async fn of_many_problems_the_first_hundred_are_told_whoever_found_them() {
    let wrong: Vec<u64> = (101..=220).filter(|row| *row != 150).collect();
    let kind = ProblemKind::Missing { field: "email" };
    let settled = Settled {
        problem_count: 2,
        problems: [7, 150].map(|row| Problem { row, kind }).into(),
        ..made(99)
    };
    let inner = MockUnitOfWork::committed().settles(OnConflict::Fail, settled);
    let mut unit = MockUnitOfWork::abandoned().savepoints(vec![inner]);
    unit.user_import.expect_open().returning(|| Ok(()));
    unit.user_import.expect_stage().returning(|_| Ok(()));
    let settings = ImportSettings::default();
    let answer = import(begins([unit]), 220, &wrong, settings, &Intent::default()).await;
    let first: Vec<u64> = std::iter::once(7).chain(101..=199).collect();
    let expected = format!("not kept: 99 of 220, 121 wrong: {first:?}");
    assert_eq!(answer.expect("told"), told(&expected));
}

#[tokio::test]
async fn what_is_only_tried_is_settled_and_not_written() {
    let inner = MockUnitOfWork::committed().settles(OnConflict::Fail, made(2));
    let unit = MockUnitOfWork::abandoned()
        .stages(&[1, 2])
        .savepoints(vec![inner]);
    let intent = Intent {
        validate_only: true,
        ..Intent::default()
    };
    let settings = ImportSettings::default();
    let answer = import(begins([unit]), 2, &[], settings, &intent).await;
    assert_eq!(
        answer.expect("tried"),
        told("not kept: 2 of 2, 0 wrong: []")
    );
}

#[tokio::test]
async fn what_is_in_the_trash_stays_there_for_the_retention() {
    let mut unit = MockUnitOfWork::default();
    unit.user_import.expect_open().returning(|| Ok(()));
    unit.user_import
        .expect_stage()
        .withf(|rows| {
            let end = Retention::DEFAULT.end(time(5));
            rows[0].times.purge_at() == Some(end)
        })
        .once()
        .returning(|_| Ok(()));
    let clock = Arc::new(FixedClock(now()));
    let units = Arc::new(begins([unit]));
    let importer = Importer::new(units, clock, Arc::new(never_waits()), Retention::DEFAULT);
    let begun = importer.begin::<UserRow>(ImportSettings::default()).await;
    let mut import = begun.expect("begun");
    let times = Times::new(Some(time(1)), None, Some(time(5)), None).expect("valid times");
    let read = |_, times| Ok(UserRow { times, ..row(1) });
    let done = import.put(vec![times], read).await;
    done.expect("staged");
}
