//! What batches cost in round trips: as many for a thousand as for one.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

use std::pin::Pin;

use byline_domain::audit::{Action, Deed, Origin};
use byline_domain::ids::NewId;
use byline_domain::import::{OnConflict, Settled, Times, UserRow};
use byline_domain::lifecycle::Version;
use byline_domain::post::{Post, PostHead, PostRewrite};
use byline_domain::testing::fixtures::{post, time, user, user_id};
use byline_domain::unit_of_work::{UnitOfWork, UnitOfWorkFactory};
use byline_domain::user::{Role, User};
use byline_persistence::Database;
use byline_persistence::meter::Statements;
use byline_persistence::testing::TestDatabase;

const SIZES: [u64; 2] = [1, 1_000];

/// The statements that the call sends, in a unit of work that is rolled back, and of which
/// neither end counts.
async fn cost<T>(database: &Database, call: impl AsyncFnOnce(&mut dyn UnitOfWork) -> T) -> u32 {
    let mut unit = database.begin().await.unwrap();
    let statements = Statements::default();
    statements.count_in(call(&mut *unit)).await;
    unit.rollback().await.unwrap();
    statements.get()
}

fn users(many: u64) -> Vec<User> {
    (1..=many).map(user).collect()
}

fn posts(many: u64) -> Vec<Post> {
    (1..=many).map(|number| post(number, user_id(1))).collect()
}

async fn with_users(many: u64) -> (TestDatabase, Database) {
    let test = TestDatabase::of_any_time().await;
    let database = test.database();
    let mut unit = database.begin().await.unwrap();
    let outcomes = unit.users().insert_many(&users(many)).await.unwrap();
    assert!(outcomes.iter().all(Result::is_ok));
    unit.commit().await.unwrap();
    (test, database)
}

async fn with_posts(many: u64) -> (TestDatabase, Database) {
    let (test, database) = with_users(1).await;
    let mut unit = database.begin().await.unwrap();
    let outcomes = unit.posts().insert_many(&posts(many)).await.unwrap();
    assert!(outcomes.iter().all(Result::is_ok));
    unit.commit().await.unwrap();
    (test, database)
}

#[tokio::test]
async fn inserting_many_costs_one_and_another_one_if_some_are_refused() {
    for many in SIZES {
        let (_test, database) = with_users(1).await;
        // The first one is there.
        let (taken, free) = (users(many), &users(many + 1)[1..]);
        let insert = async |unit: &mut dyn UnitOfWork, users: &[User]| {
            unit.users().insert_many(users).await.unwrap()
        };
        let free = cost(&database, async |unit| insert(unit, free).await).await;
        assert_eq!(free, 1, "of {many}");
        let refused = cost(&database, async |unit| insert(unit, &taken).await).await;
        assert_eq!(refused, 2, "of {many}");

        let (_test, database) = with_posts(1).await;
        let (taken, free) = (posts(many), &posts(many + 1)[1..]);
        let insert = async |unit: &mut dyn UnitOfWork, posts: &[Post]| {
            unit.posts().insert_many(posts).await.unwrap()
        };
        let free = cost(&database, async |unit| insert(unit, free).await).await;
        assert_eq!(free, 1, "of {many}");
        let refused = cost(&database, async |unit| insert(unit, &taken).await).await;
        assert_eq!(refused, 2, "of {many}");
        let fresh = cost(&database, async |unit| {
            unit.posts()
                .insert_fresh(&posts(2 * many + 1)[1..])
                .await
                .unwrap();
        })
        .await;
        assert_eq!(fresh, 1, "of {many}");
    }
}

#[tokio::test]
async fn an_id_that_is_given_again_costs_a_statement_for_what_follows() {
    let (_test, database) = with_users(1).await;
    let twice = [user(2), user(3), user(2), user(4)];
    let spent = cost(&database, async |unit| {
        unit.users().insert_many(&twice).await.unwrap()
    })
    .await;
    // Each piece is written, and of the second one is refused.
    assert_eq!(spent, 3);
}

#[tokio::test]
async fn users_are_held_looked_for_and_updated_by_one_each() {
    for many in SIZES {
        let (_test, database) = with_users(many).await;
        let users = users(many);
        let ids: Vec<_> = users.iter().map(|user| user.id).collect();
        let emails: Vec<_> = users.iter().map(|user| user.email.clone()).collect();
        let held = cost(&database, async |unit| {
            let found = unit.users().find_many_for_update(&ids).await.unwrap();
            assert_eq!(found.len(), ids.len());
        })
        .await;
        let shared = cost(&database, async |unit| {
            let found = unit.users().find_many_for_share(&ids).await.unwrap();
            assert_eq!(found.len(), ids.len());
        })
        .await;
        let looked = cost(&database, async |unit| {
            let found = unit.users().find_addresses(&emails).await.unwrap();
            assert_eq!(found.len(), ids.len());
        })
        .await;
        let touched = users.iter().map(|user| {
            let mut user = user.clone();
            user.lifecycle.touch(time(5_000));
            (user, Version::FIRST)
        });
        let touched: Vec<_> = touched.collect();
        let updated = cost(&database, async |unit| {
            unit.users().update_many(&touched).await.unwrap();
            // Now all are stale.
            unit.users().update_many(&touched).await.unwrap_err()
        })
        .await;
        assert_eq!((held, shared, looked, updated), (1, 1, 1, 2), "of {many}");
    }
}

#[tokio::test]
async fn posts_are_held_compared_and_updated_by_one_each() {
    for many in SIZES {
        let (_test, database) = with_posts(many).await;
        let posts = posts(many);
        let ids: Vec<_> = posts.iter().map(|post| post.id).collect();
        let held = cost(&database, async |unit| {
            let found = unit.posts().find_heads_for_update(&ids).await.unwrap();
            assert_eq!(found.len(), ids.len());
        })
        .await;
        let says = posts.iter().map(|post| (post.id, post.content.clone()));
        let says: Vec<_> = says.collect();
        let compared = cost(&database, async |unit| {
            let found = unit.posts().already_say(&says).await.unwrap();
            assert_eq!(found.len(), ids.len());
        })
        .await;
        // Every other one says nothing any more.
        let rewrites = (0..).zip(&posts).map(|(place, post)| {
            let mut after = PostHead::from(post);
            after.lifecycle.touch(time(5_000));
            PostRewrite::of(
                &PostHead::from(post),
                after,
                (place % 2 == 0).then_some(None),
            )
        });
        let rewrites: Vec<_> = rewrites.collect();
        let updated = cost(&database, async |unit| {
            unit.posts().update_many(&rewrites).await.unwrap();
            // Now all are stale.
            unit.posts().update_many(&rewrites).await.unwrap_err()
        })
        .await;
        assert_eq!((held, compared, updated), (1, 1, 2), "of {many}");
    }
}

#[tokio::test]
async fn an_import_is_staged_settled_and_written_by_as_many_whatever_its_rows() {
    let row = |number: u64, of: &User| UserRow {
        number,
        id: NewId::Given(of.id),
        email: Some(of.email.clone()),
        name: None,
        role: Some(Role::parse("editor").unwrap()),
        is_active: None,
        times: Times::default(),
    };
    for many in SIZES {
        // Half of them are there.
        let (_test, database) = with_users(many).await;
        let rows: Vec<_> = (1..=2 * many).map(|id| row(id, &user(id))).collect();
        let mut unit = database.begin().await.unwrap();
        let mut costs = Vec::new();
        let mut counted = async |call: Pin<Box<dyn Future<Output = ()> + '_>>| {
            let statements = Statements::default();
            statements.count_in(call).await;
            costs.push(statements.get());
        };
        let import = unit.user_import();
        counted(Box::pin(async { import.open().await.unwrap() })).await;
        counted(Box::pin(async { import.stage(&rows).await.unwrap() })).await;
        counted(Box::pin(async { import.stage(&[]).await.unwrap() })).await;
        let mut settled = Settled::default();
        counted(Box::pin(async {
            settled = import.settle(OnConflict::Update, false).await.unwrap();
        }))
        .await;
        assert_eq!((settled.created, settled.updated), (many, many));
        counted(Box::pin(async {
            import.apply(&settled, time(5_000)).await.unwrap();
        }))
        .await;
        counted(Box::pin(async {
            let kept = unit.audit().keep(&Origin::sweep(), time(5_000)).await;
            kept.unwrap();
        }))
        .await;
        // Time-outs and tables; a COPY; a lock, and what becomes of the rows; an update, which row is
        // the last, and two inserts, each with how much may wait for its indexes; their events.
        assert_eq!(costs, [4, 1, 0, 6, 6, 1], "of {many}");
    }
}

#[tokio::test]
async fn what_was_done_is_kept_by_one_for_what_was_made_and_one_for_all_else() {
    let (_test, database) = with_users(1).await;
    for (made, changed, expected) in [
        (0, 0, 0),
        (1, 0, 1),
        (300, 0, 1),
        (0, 300, 1),
        (300, 300, 2),
    ] {
        let spent = cost(&database, async |unit| {
            for number in 1..=made {
                let deed = Deed::to_user(Action::UserCreated, user_id(number));
                unit.audit().note(deed);
            }
            for number in 1..=changed {
                let deed = Deed::to_user(Action::UserUpdated, user_id(number));
                unit.audit().note(deed);
            }
            let kept = unit.audit().keep(&Origin::sweep(), time(5_000)).await;
            kept.unwrap();
        })
        .await;
        assert_eq!(spent, expected, "{made} made, {changed} changed");
    }
}

#[tokio::test]
async fn nothing_costs_nothing() {
    let (_test, database) = with_users(1).await;
    let spent = cost(&database, async |unit| {
        let users = unit.users();
        users.insert_many(&[]).await.unwrap();
        users.find_many_for_update(&[]).await.unwrap();
        users.find_many_for_share(&[]).await.unwrap();
        users.find_addresses(&[]).await.unwrap();
        users.update_many(&[]).await.unwrap();
        let posts = unit.posts();
        posts.insert_many(&[]).await.unwrap();
        posts.insert_fresh(&[]).await.unwrap();
        posts.find_heads_for_update(&[]).await.unwrap();
        posts.already_say(&[]).await.unwrap();
        posts.authors_of_living(&[]).await.unwrap();
        posts.delete_along(&[], time(1), time(2)).await.unwrap();
        posts.update_many(&[]).await.unwrap();
    })
    .await;
    assert_eq!(spent, 0);
}
