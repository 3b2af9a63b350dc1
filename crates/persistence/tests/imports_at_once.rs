//! Imports, while others change what they are about.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

use std::time::Duration;

use byline_domain::audit::Origin;
use byline_domain::error::RepositoryError;
use byline_domain::ids::NewId;
use byline_domain::import::{Import, OnConflict, PostRow, Publication, Settled, Times, UserRow};
use byline_domain::post::Title;
use byline_domain::testing::fixtures::{post, time, user, user_id};
use byline_domain::unit_of_work::{UnitOfWork, UnitOfWorkFactory};
use byline_domain::user::UserName;
use byline_persistence::Database;
use byline_persistence::testing::{Connection, TestDatabase, count, execute};

/// Changes all of either, as many calls do.
const CHANGE_USERS: &str = "update users set name = 'Grace', version = version + 1";
const CHANGE_POSTS: &str = "update posts set content = 'Other', version = version + 1";

/// Those that nobody holds.
const FREE_USERS: &str = "select count(*) from (
    select from users for no key update skip locked) as free";
const FREE_POSTS: &str = "select count(*) from (
    select from posts for no key update skip locked) as free";

/// Two users with a post each.
async fn two_of_each() -> (TestDatabase, Database, Connection) {
    let test = TestDatabase::of_any_time().await;
    let database = test.database();
    let mut unit = database.begin().await.unwrap();
    for number in [1, 2] {
        unit.users().insert(&user(number)).await.unwrap();
        let post = post(number, user_id(number));
        unit.posts().insert(&post).await.unwrap();
    }
    unit.commit().await.unwrap();
    let beside = test.connection().await;
    (test, database, beside)
}

/// The first is meant by its id, the second by its address.
fn user_rows() -> [UserRow; 2] {
    [1, 2].map(|number| UserRow {
        number,
        id: if number == 1 {
            NewId::Given(user_id(number))
        } else {
            NewId::Fresh(user_id(100 + number))
        },
        email: Some(user(number).email),
        name: Some(UserName::parse("Ada").unwrap()),
        role: None,
        is_active: None,
        times: Times::default(),
    })
}

fn post_row(number: u64, times: Times) -> PostRow {
    let post = post(number, user_id(1));
    PostRow {
        number,
        id: NewId::Given(post.id),
        title: Some(Title::parse("Another title").unwrap()),
        content: None,
        publication: Publication::new(None, None).unwrap(),
        author_id: Some(post.author_id),
        times,
    }
}

async fn stage<R: Send + Sync + 'static>(import: &mut dyn Import<R>, rows: &[R]) {
    import.open().await.unwrap();
    import.stage(rows).await.unwrap();
}

#[track_caller]
fn assert_contention(result: &Result<(), RepositoryError>) {
    let is_contention = matches!(result, Err(RepositoryError::Contention(_)));
    assert!(is_contention, "{result:?}");
}

/// What was settled a first time is changed before it is written; the second time it is not.
async fn changes_once<R: Send + Sync + 'static>(
    rows: &[R],
    port: fn(&mut dyn UnitOfWork) -> &mut dyn Import<R>,
    (change, free): (&'static str, &'static str),
) {
    let (_test, database, mut beside) = two_of_each().await;
    let mut unit = database.begin().await.unwrap();
    stage(port(unit.as_mut()), rows).await;

    let mut first = unit.savepoint().await.unwrap();
    let import = port(first.as_mut());
    let settled = import.settle(OnConflict::Update, false).await.unwrap();
    let of_all = Settled {
        updated: rows.len().try_into().unwrap(),
        ..Settled::default()
    };
    assert_eq!(settled, of_all);
    assert_eq!(count(&mut beside, free).await, 2);
    execute(&mut beside, change).await;
    assert_contention(&import.apply(&settled, time(500)).await);
    first.rollback().await.unwrap();

    let mut second = unit.savepoint().await.unwrap();
    let import = port(second.as_mut());
    let settled = import.settle(OnConflict::Update, true).await.unwrap();
    assert_eq!(settled, of_all);
    let held = i64::try_from(rows.len()).unwrap();
    assert_eq!(count(&mut beside, free).await, 2 - held);
    import.apply(&settled, time(500)).await.unwrap();
    second.commit().await.unwrap();
    let kept = unit.audit().keep(&Origin::sweep(), time(500)).await;
    kept.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(count(&mut beside, free).await, 2);
}

#[tokio::test]
async fn users_that_others_changed_meanwhile_are_held_the_second_time() {
    let of_users = (CHANGE_USERS, FREE_USERS);
    changes_once(&user_rows(), |unit| unit.user_import(), of_users).await;
}

#[tokio::test]
async fn posts_that_others_changed_meanwhile_are_held_the_second_time() {
    let rows = [post_row(1, Times::default())];
    let of_posts = (CHANGE_POSTS, FREE_POSTS);
    changes_once(&rows, |unit| unit.post_import(), of_posts).await;
}

/// The rows are read, and the post is about to be written, while its author comes back.
#[tokio::test]
async fn a_post_does_not_go_along_with_an_author_who_comes_back_meanwhile() {
    let (test, database, mut beside) = two_of_each().await;
    execute(
        &mut beside,
        "update users set deleted_at = '2026-01-02T00:00Z', purge_at = '2027-01-02T00:00Z'",
    )
    .await;
    let gone = |hour: u32| time(i64::from(hour) * 3_600);
    let times = Times::new(Some(time(5)), None, Some(gone(24)), Some(gone(9_000)));
    let mut unit = database.begin().await.unwrap();
    stage(unit.post_import(), &[post_row(7, times.unwrap())]).await;
    let settled = unit.post_import().settle(OnConflict::Fail, false).await;
    let settled = settled.unwrap();
    assert_eq!(settled.created, 1);

    let mut in_the_way = test.connection().await;
    execute(
        &mut in_the_way,
        "begin; insert into posts (id, title, author_id, created_at, version) \
         select overlay(id::text placing '7' from 36)::uuid, title, author_id, created_at, version \
         from posts where title = 'Post 1'",
    )
    .await;
    let come_back = async {
        let waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' \
             and datname = current_database()";
        while count(&mut beside, waiting).await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let back = "update users set deleted_at = null, purge_at = null, version = version + 1";
        execute(&mut beside, back).await;
        execute(&mut in_the_way, "rollback").await;
    };
    let (applied, ()) = tokio::join!(unit.post_import().apply(&settled, time(500)), come_back);
    assert_contention(&applied);
}
