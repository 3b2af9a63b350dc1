//! Imports of a few rows.

use byline_domain::ids::NewId;
use byline_domain::import::{OnConflict, PostRow, Publication, Settled, Times, UserRow};
use byline_domain::post::Title;
use byline_domain::user::UserName;

use super::*;

const MANY: u64 = 40;
const MANY_ROWS: i64 = 40;

const WAYS: [OnConflict; 3] = [OnConflict::Fail, OnConflict::Skip, OnConflict::Update];

/// Of a row: by turns one that is stored and lives, and one that is new.
fn number_of(row: u64) -> u64 {
    if row.is_multiple_of(2) {
        5_000 + row * 100
    } else {
        ROWS + row
    }
}

/// With an id, or with an address alone.
fn user_rows(is_given: bool) -> Vec<UserRow> {
    let row = |number| {
        let of = number_of(number);
        let id = user_id(if is_given { of } else { 2 * ROWS + number });
        UserRow {
            number,
            id: if is_given {
                NewId::Given(id)
            } else {
                NewId::Fresh(id)
            },
            email: Some(email(&format!("USER-{of:05}@example.com"))),
            name: Some(UserName::parse("Another").unwrap()),
            role: None,
            is_active: None,
            times: Times::default(),
        }
    };
    (1..=MANY).map(row).collect()
}

fn post_rows() -> Vec<PostRow> {
    let row = |number| {
        let of = number_of(number);
        PostRow {
            number,
            id: NewId::Given(post_id(of)),
            title: Some(Title::parse("Another").unwrap()),
            content: None,
            publication: Publication::Unsaid,
            // New ones are of as many authors.
            author_id: Some(user_id(if of > ROWS { 5_000 + number * 100 } else { of })),
            times: Times::default(),
        }
    };
    (1..=MANY).map(row).collect()
}

/// What became of the rows: half of them are made, and the others as conflicts are taken.
fn expect(settled: &Settled, on_conflict: OnConflict) {
    let half = MANY / 2;
    assert_eq!(settled.created, half);
    let conflicts = match on_conflict {
        OnConflict::Fail => settled.problem_count,
        OnConflict::Skip => settled.skipped,
        OnConflict::Update => settled.updated,
    };
    assert_eq!(conflicts, half, "{settled:?}");
}

#[tokio::test]
async fn a_few_users_look_at_what_they_meet() {
    let mut world = World::new().await;
    // Each row that meets a user finds it by its address and by its id, and where it is changed
    // to hold it and to write it.
    let bound = 2 * MANY_ROWS + PLANNING;
    for (is_given, on_conflict) in [true, false]
        .into_iter()
        .flat_map(|id| WAYS.map(|way| (id, way)))
    {
        let what = format!("an import of users, {is_given} {on_conflict:?}");
        let rows = user_rows(is_given);
        world
            .costs_at_most(&what, bound, async |database| {
                let mut unit = database.begin().await.unwrap();
                let import = unit.user_import();
                import.open().await.unwrap();
                import.stage(&rows).await.unwrap();
                let settled = import.settle(on_conflict, false).await.unwrap();
                import.apply(&settled, time(90_000)).await.unwrap();
                unit.rollback().await.unwrap();
                expect(&settled, on_conflict);
            })
            .await;
    }
}

#[tokio::test]
async fn a_few_posts_look_at_what_they_meet_and_at_their_authors() {
    let mut world = World::new().await;
    // Beside what rows meet, the authors: of all rows to see them, and of those that are made to
    // write with, to refer to, and to hold at the end.
    let bound = 4 * MANY_ROWS + PLANNING;
    for on_conflict in WAYS {
        let what = format!("an import of posts, {on_conflict:?}");
        let rows = post_rows();
        world
            .costs_at_most(&what, bound, async |database| {
                let mut unit = database.begin().await.unwrap();
                let import = unit.post_import();
                import.open().await.unwrap();
                import.stage(&rows).await.unwrap();
                let settled = import.settle(on_conflict, false).await.unwrap();
                import.apply(&settled, time(90_000)).await.unwrap();
                unit.rollback().await.unwrap();
                expect(&settled, on_conflict);
            })
            .await;
    }
}
