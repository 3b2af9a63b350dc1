//! What is kept and what is undone, over mocks.

use byline_domain::error::{RepositoryError, Resource};
use byline_domain::ids::NewId;
use byline_domain::lifecycle::Retention;
use byline_domain::testing::fixtures::{email, post_id, user, user_id};
use byline_domain::testing::mocks::{MockUnitOfWork, begins};
use byline_domain::user::Role;

use super::*;
use crate::testing::{Expects, contention, run};

fn create(number: u64) -> Operation {
    Operation::CreateUser(CreateUser {
        id: user_id(number),
        email: email(&format!("user-{number}@example.com")),
        name: None,
        role: Role::default(),
        is_active: true,
    })
}

fn delete(number: u64) -> Operation {
    Operation::DeleteUser(DeleteUser {
        id: user_id(number),
        etag: None,
        force: false,
    })
}

/// Adds a post to that user.
fn create_post(author: u64) -> Operation {
    let post = crate::testing::post(1);
    Operation::CreatePost(CreatePost {
        id: NewId::Given(post.id),
        title: post.title,
        content: post.content,
        published: false,
        author_id: user_id(author),
    })
}

/// Makes them in that unit of work, without a second try.
async fn once(mut unit: MockUnitOfWork, operations: Vec<Operation>) -> Result<Vec<Done>, Error> {
    let terms = Terms {
        now: crate::testing::now(),
        retention: Retention::DEFAULT,
    };
    transaction(operations).make(&mut unit, &terms).await
}

fn transaction(operations: Vec<Operation>) -> Transaction {
    Transaction { operations }
}

/// Adds one user, whoever it is, which ends so.
fn inserts(
    mut unit: MockUnitOfWork,
    answer: fn() -> Result<(), RepositoryError>,
) -> MockUnitOfWork {
    let insert = unit.users.expect_insert();
    insert.once().returning(move |_| answer());
    unit
}

fn taken() -> Result<(), RepositoryError> {
    Err(RepositoryError::AlreadyExists {
        resource: Resource::User,
        field: "email",
    })
}

/// Has a savepoint that is this unit of work.
fn nests(mut unit: MockUnitOfWork, inner: MockUnitOfWork) -> MockUnitOfWork {
    let savepoint = unit.ending.expect_savepoint();
    savepoint.once().return_once(move || Ok(inner));
    unit
}

/// A savepoint that must be rolled back by hand: to drop it would leave that to chance.
fn undone() -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.ending.expect_rollback().once().returning(|| Ok(()));
    unit
}

fn ids(done: &[Done]) -> Vec<String> {
    let told = done.iter().map(|done| match done {
        Done::User(user) => format!("user {}", user.email.as_str()),
        Done::Post(head) => format!("post {}", head.id),
        Done::Transferred(count) => format!("{count} given"),
        Done::Nested(inner) => format!("({})", ids(inner).join(", ")),
        Done::Undone(error) => format!("undone: {error}"),
    });
    told.collect()
}

/// Takes hold of these users for a change, which finds nobody.
fn holds(unit: &mut MockUnitOfWork, numbers: &[u64]) {
    let ids: Vec<_> = numbers.iter().copied().map(user_id).collect();
    let hold = unit.users.expect_find_many_for_update();
    hold.withf(move |held| held == ids)
        .once()
        .returning(|_| Ok(Vec::new()));
}

#[tokio::test]
async fn what_operations_name_is_held_in_one_order_before_the_first_is_made() {
    let mut unit = MockUnitOfWork::abandoned();
    // The author of the post too as strongly as one who is changed.
    holds(&mut unit, &[2, 3, 7]);
    let posts = unit.posts.expect_find_heads_for_update();
    posts
        .withf(|ids| ids == [post_id(1), post_id(4)])
        .once()
        .returning(|_| Err(contention()));
    let publish = |number| {
        Operation::PublishPost(SetPublished {
            id: post_id(number),
            etag: None,
            published: true,
        })
    };
    let group = Operation::Nested(vec![publish(4), delete(3), publish(1)]);
    let operations = vec![delete(7), create_post(2), group];
    let error = once(unit, operations).await;
    assert!(matches!(error, Err(Error::Contention(_))), "{error:?}");
}

#[tokio::test]
async fn authors_alone_are_shared() {
    let mut unit = MockUnitOfWork::abandoned();
    let share = unit.users.expect_find_many_for_share();
    share
        .withf(|ids| ids == [user_id(2), user_id(5)])
        .once()
        .returning(|_| Err(contention()));
    let error = once(unit, vec![create_post(5), create_post(2)]).await;
    assert!(matches!(error, Err(Error::Contention(_))), "{error:?}");
}

#[tokio::test]
async fn changes_are_made_in_order_and_committed_once() {
    let mut unit = MockUnitOfWork::committed();
    let mut order = mockall::Sequence::new();
    for number in 1..=2 {
        let insert = unit.users.expect_insert();
        insert
            .withf(move |user| user.id == user_id(number))
            .once()
            .in_sequence(&mut order)
            .returning(|_| Ok(()));
    }
    let done = run(begins([unit]), transaction(vec![create(1), create(2)])).await;
    assert_eq!(
        ids(&done.expect("made")),
        ["user user-1@example.com", "user user-2@example.com"]
    );
}

#[tokio::test]
async fn a_change_that_fails_undoes_all_and_is_named() {
    let mut unit = inserts(MockUnitOfWork::abandoned(), || Ok(())).misses_user(user_id(9));
    holds(&mut unit, &[9]);
    let failed = run(
        begins([unit]),
        transaction(vec![create(1), delete(9), create(2)]),
    )
    .await;
    match failed {
        Err(Error::Item { item, source }) => {
            assert_eq!(item, "operations[1].delete_user");
            assert!(matches!(*source, Error::NotFound { .. }), "{source:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_group_that_fails_is_undone_alone() {
    let unit = inserts(MockUnitOfWork::committed(), || Ok(()));
    let unit = nests(unit, inserts(undone(), taken));
    let group = Operation::Nested(vec![create(2), create(3)]);
    let done = run(begins([unit]), transaction(vec![create(1), group])).await;
    assert_eq!(
        ids(&done.expect("made")),
        [
            "user user-1@example.com",
            "undone: operations[0].create_user: a user with this email already exists",
        ]
    );
}

#[tokio::test]
async fn a_group_in_a_group_is_named_by_its_whole_path() {
    let inner = inserts(undone(), taken);
    let outer = nests(MockUnitOfWork::committed(), inner);
    let unit = nests(MockUnitOfWork::committed(), outer);
    let group = Operation::Nested(vec![Operation::Nested(vec![create(1)])]);
    let done = run(begins([unit]), transaction(vec![group])).await;
    assert_eq!(
        ids(&done.expect("made")),
        ["(undone: operations[0].create_user: a user with this email already exists)"]
    );
}

#[tokio::test]
async fn what_is_in_the_way_of_a_group_is_in_the_way_of_all() {
    let contended = inserts(MockUnitOfWork::default(), || Err(contention()));
    let first = nests(inserts(MockUnitOfWork::abandoned(), || Ok(())), contended);
    let second = inserts(MockUnitOfWork::committed(), || Ok(()));
    let second = nests(second, inserts(MockUnitOfWork::committed(), || Ok(())));
    let group = Operation::Nested(vec![create(2)]);
    let done = run(begins([first, second]), transaction(vec![create(1), group])).await;
    assert_eq!(
        ids(&done.expect("made at the second try")),
        ["user user-1@example.com", "(user user-2@example.com)"]
    );
}

#[tokio::test]
async fn a_post_is_answered_without_what_it_says() {
    let mut unit = MockUnitOfWork::committed().shares_author(&user(1));
    unit.posts.expect_insert().once().returning(|_| Ok(()));
    let done = run(begins([unit]), transaction(vec![create_post(1)])).await;
    assert_eq!(ids(&done.expect("made")), [format!("post {}", post_id(1))]);
}
