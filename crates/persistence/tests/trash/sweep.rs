//! Sweeping beside others.

use byline_domain::lifecycle::{Lifecycle, Version};
use byline_domain::sweep::{Expired, Sweeper};
use byline_persistence::testing::{TestDatabase, count, execute};

use super::*;

/// The numbers of the posts that are kept.
const POSTS: &str =
    "select coalesce(string_agg(right(id::text, 1), '' order by id), '') from posts";
/// The numbers of the users who are kept.
const USERS: &str =
    "select coalesce(string_agg(right(id::text, 1), '' order by id), '') from users";

/// In the trash, until that second if there is one.
fn deleted(purge_at: Option<i64>) -> Lifecycle {
    Lifecycle::from_stored(
        time(10),
        Some(time(20)),
        Some(time(20)),
        purge_at.map(time),
        Version::FIRST,
    )
}

async fn text(test: &TestDatabase, sql: &'static str) -> String {
    sqlx::query_scalar(sql)
        .fetch_one(&mut test.connection().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn while_another_process_sweeps_none_does() {
    let test = TestDatabase::of_any_time().await;
    let database = test.database();
    let due = User {
        lifecycle: deleted(Some(30)),
        ..user(1)
    };
    insert(&database, &[due], &[]).await;
    let mut other = test.connection().await;
    execute(
        &mut other,
        "begin; select pg_advisory_xact_lock(x'62796c696e657377'::bigint)",
    )
    .await;
    for what in Expired::ALL {
        assert_eq!(database.sweep(what, time(90), 9).await.unwrap(), None);
    }
    assert_eq!(
        database.count_due(Expired::Users, time(90)).await.unwrap(),
        1
    );
    execute(&mut other, "rollback").await;
    for (what, swept) in Expired::ALL.into_iter().zip([0, 1, 0]) {
        let done = database.sweep(what, time(90), 9).await;
        assert_eq!(done.unwrap(), Some(swept), "{what:?}");
    }
}

#[tokio::test]
async fn of_many_sweeps_at_once_none_removes_what_another_does() {
    let test = TestDatabase::of_any_time().await;
    let database = test.database();
    let due: Vec<_> = (1..=9)
        .map(|number| User {
            lifecycle: deleted(Some(30)),
            ..user(number)
        })
        .collect();
    insert(&database, &due, &[]).await;
    let mut sweeps = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let database = database.clone();
        sweeps.spawn(async move { database.sweep(Expired::Users, time(90), 2).await.unwrap() });
    }
    let swept: u64 = sweeps.join_all().await.into_iter().flatten().sum();
    assert!(swept >= 2, "one of them sweeps");
    let left = count(&mut test.connection().await, "select count(*) from users").await;
    assert_eq!(left, 9_i64.saturating_sub_unsigned(swept).max(0));
}

#[tokio::test]
async fn what_somebody_holds_is_left_for_another_time() {
    let test = TestDatabase::of_any_time().await;
    let database = test.database();
    let users = [1, 2].map(|number| User {
        lifecycle: deleted(Some(30)),
        ..user(number)
    });
    let posts = [1, 2, 3].map(|number| Post {
        lifecycle: deleted(Some(40)),
        ..post(number, user_id(1))
    });
    insert(&database, &users, &posts).await;

    let mut unit = database.begin().await.unwrap();
    unit.posts().find_for_update(posts[1].id).await.unwrap();
    unit.users().find_for_share(users[1].id).await.unwrap();
    let swept = database.sweep(Expired::Posts, time(90), 9).await.unwrap();
    assert_eq!((swept, &*text(&test, POSTS).await), (Some(2), "2"));
    let swept = database.sweep(Expired::Users, time(90), 9).await.unwrap();
    assert_eq!((swept, &*text(&test, USERS).await), (Some(0), "12"));
    unit.rollback().await.unwrap();

    for what in [Expired::Posts, Expired::Users] {
        database.sweep(what, time(90), 9).await.unwrap();
    }
    assert_eq!(text(&test, USERS).await, "");
}

#[tokio::test]
async fn an_author_who_is_being_taken_out_of_the_trash_keeps_the_posts() {
    let test = TestDatabase::of_any_time().await;
    let database = test.database();
    let mut author = User {
        lifecycle: deleted(Some(30)),
        ..user(1)
    };
    let posts = [None, Some(95)];
    let posts: [Post; 2] = std::array::from_fn(|at| Post {
        lifecycle: deleted(posts[at]),
        ..post(at as u64 + 1, author.id)
    });
    insert(&database, &[author.clone()], &posts).await;

    let mut unit = database.begin().await.unwrap();
    unit.users().find_for_update(author.id).await.unwrap();
    let swept = database.sweep(Expired::Posts, time(90), 9).await.unwrap();
    assert_eq!((swept, &*text(&test, POSTS).await), (Some(0), "12"));
    let expected = author.lifecycle.version();
    author.lifecycle.undelete(time(80));
    unit.users().update(&author, expected).await.unwrap();
    unit.commit().await.unwrap();
    let swept = database.sweep(Expired::Posts, time(90), 9).await.unwrap();
    assert_eq!((swept, &*text(&test, POSTS).await), (Some(0), "12"));
}

#[tokio::test]
async fn records_of_requests_go_after_25_hours_the_oldest_first() {
    let test = TestDatabase::of_any_time().await;
    let database = test.database();
    // In the seconds -3 to 3 of the fixtures, 25 hours before.
    execute(
        &mut test.connection().await,
        "insert into request_records (id, method, digest, response, created_at)
         select gen_random_uuid(), 'CreateUser', sha256('x'), 'x',
            '2025-12-30T23:00:00Z'::timestamptz + n * interval '1 second'
         from generate_series(-3, 3) n",
    )
    .await;
    let due = database.count_due(Expired::Requests, time(0)).await;
    assert_eq!(due.unwrap(), 3);
    let seconds = "select string_agg(extract(epoch from
            created_at - '2025-12-30T23:00:00Z')::int::text, ' ' order by created_at)
        from request_records";
    for (limit, swept, left) in [(2, 2, "-1 0 1 2 3"), (2, 1, "0 1 2 3"), (2, 0, "0 1 2 3")] {
        let done = database.sweep(Expired::Requests, time(0), limit).await;
        assert_eq!(done.unwrap(), Some(swept));
        assert_eq!(text(&test, seconds).await, left);
    }
}
