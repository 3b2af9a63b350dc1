//! What the use cases of users decide, and whether they commit it. Mocks only.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

use std::sync::Arc;

use byline_app::user::{
    BatchGetUsers, CreateUser, DeleteUser, GetUser, ListUsers, PurgeUser, UndeleteUser, UpdateUser,
    UserKey, Users,
};
use byline_app::{Error, Precondition};
use byline_domain::error::{RepositoryError, Resource};
use byline_domain::lifecycle::{ExpectedEtag, Version};
use byline_domain::page::{CountMode, Direction, Order, Page, PageRequest, PageSize};
use byline_domain::testing::fixtures::{CountingIds, FixedClock, email, time, user, user_id};
use byline_domain::testing::mocks::{
    MockUnitOfWork, MockUnitOfWorkFactory, MockUserReader, begins, begins_none,
};
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWorkFactory;
use byline_domain::user::{Role, User, UserChanges, UserFilter, UserName, UserSortKey};
use mockall::predicate::eq;

const NOW: i64 = 1_000;

fn users(reader: MockUserReader, units: impl UnitOfWorkFactory + 'static) -> Users {
    Users::new(
        Arc::new(reader),
        Arc::new(units),
        Arc::new(FixedClock(time(NOW))),
        Arc::new(CountingIds::default()),
    )
}

fn writing(units: MockUnitOfWorkFactory) -> Users {
    users(MockUserReader::new(), units)
}

fn reading(reader: MockUserReader) -> Users {
    users(reader, begins_none())
}

fn deleted(mut user: User) -> User {
    user.lifecycle.delete(time(500));
    user
}

/// Expects that the user is looked for, for update, and found.
fn holds(unit: &mut MockUnitOfWork, user: &User) {
    let found = user.clone();
    unit.users
        .expect_find_for_update()
        .with(eq(user.id))
        .once()
        .return_once(move |_| Ok(Some(found)));
}

fn create(text: &str) -> CreateUser {
    CreateUser {
        id: None,
        email: email(text),
        name: None,
        role: Role::default(),
        is_active: true,
    }
}

#[tokio::test]
async fn a_user_is_made_now_under_a_new_id() {
    let mut unit = MockUnitOfWork::committed();
    unit.users.expect_insert().once().returning(|_| Ok(()));
    let made = writing(begins([unit]))
        .create(&create("a@b.c"))
        .await
        .unwrap();
    assert_eq!(made.id, user_id(1));
    assert_eq!(made.lifecycle.created_at(), time(NOW));
}

#[tokio::test]
async fn a_taken_address_is_told_and_nothing_committed() {
    let mut unit = MockUnitOfWork::abandoned();
    unit.users.expect_insert().once().returning(|_| {
        Err(RepositoryError::AlreadyExists {
            resource: Resource::User,
            field: "email",
        })
    });
    let refused = writing(begins([unit])).create(&create("a@b.c")).await;
    assert!(matches!(
        refused,
        Err(Error::AlreadyExists { field: "email", .. })
    ));
}

#[tokio::test]
async fn contention_is_met_with_a_new_unit_of_work_and_the_same_id() {
    let mut first = MockUnitOfWork::abandoned();
    first
        .users
        .expect_insert()
        .withf(|user| user.id == user_id(1))
        .once()
        .returning(|_| Err(RepositoryError::Contention("deadlock".into())));
    let mut second = MockUnitOfWork::committed();
    second
        .users
        .expect_insert()
        .withf(|user| user.id == user_id(1))
        .once()
        .returning(|_| Ok(()));
    assert!(
        writing(begins([first, second]))
            .create(&create("a@b.c"))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_defect_in_storage_is_internal() {
    let mut reader = MockUserReader::new();
    reader.expect_find().once().returning(|id, _| {
        Err(RepositoryError::Corrupt {
            table: "users",
            column: "email",
            id: id.as_uuid(),
        })
    });
    let query = GetUser {
        key: UserKey::Id(user_id(1)),
        trash: Trash::Exclude,
    };
    assert!(matches!(
        reading(reader).get(&query).await,
        Err(Error::Internal(_))
    ));
}

#[tokio::test]
async fn who_is_not_there_is_named_by_what_was_asked_for() {
    let mut reader = MockUserReader::new();
    reader
        .expect_find_by_email()
        .once()
        .returning(|_, _| Ok(None));
    let query = GetUser {
        key: UserKey::Email(email("Nobody@b.c")),
        trash: Trash::Exclude,
    };
    match reading(reader).get(&query).await {
        Err(Error::NotFound { resource, key }) => {
            assert_eq!((resource, key.as_str()), (Resource::User, "Nobody@b.c"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_batch_keeps_the_order_repeats_what_is_repeated_and_names_what_is_missing() {
    let mut reader = MockUserReader::new();
    reader
        .expect_find_many()
        .once()
        .returning(|_, _| Ok(vec![user(1), user(2)]));
    reader
        .expect_find_many_by_email()
        .once()
        .returning(|_, _| Ok(vec![user(3)]));
    let query = BatchGetUsers {
        ids: vec![user_id(2), user_id(9), user_id(1), user_id(2)],
        emails: vec![email("USER-3@example.com"), email("x@y.z")],
        trash: Trash::Exclude,
    };
    let batch = reading(reader).batch_get(&query).await.unwrap();
    assert_eq!(batch.users, [user(2), user(1), user(2), user(3)]);
    assert_eq!(batch.missing_ids, [user_id(9)]);
    assert_eq!(batch.missing_emails, [email("x@y.z")]);
}

#[tokio::test]
async fn keys_that_were_not_given_cost_no_read() {
    let mut reader = MockUserReader::new();
    reader.expect_find_many().never();
    reader
        .expect_find_many_by_email()
        .once()
        .returning(|_, _| Ok(vec![]));
    let query = BatchGetUsers {
        ids: vec![],
        emails: vec![email("x@y.z")],
        trash: Trash::Include,
    };
    assert!(
        reading(reader)
            .batch_get(&query)
            .await
            .unwrap()
            .users
            .is_empty()
    );
}

#[tokio::test]
async fn a_list_is_counted_only_when_that_is_asked_for() {
    for total in [None, Some(CountMode::Estimate)] {
        let mut reader = MockUserReader::new();
        reader.expect_list().once().returning(|_, _, _| {
            Ok(Page {
                items: vec![user(1)],
                next: None,
            })
        });
        reader
            .expect_count()
            .times(usize::from(total.is_some()))
            .returning(|_, _| Ok(7));
        let query = ListUsers {
            filter: UserFilter::default(),
            order: Order {
                key: UserSortKey::CreatedAt,
                direction: Direction::Descending,
            },
            page: PageRequest::first(PageSize::DEFAULT),
            total,
        };
        let list = reading(reader).list(&query).await.unwrap();
        assert_eq!(list.total, total.map(|_| 7));
    }
}

fn rename(etag: Option<&str>, name: &str) -> UpdateUser {
    UpdateUser {
        id: user_id(1),
        etag: etag.and_then(ExpectedEtag::from_request),
        changes: UserChanges {
            name: Some(Some(UserName::parse(name).unwrap())),
            ..UserChanges::default()
        },
    }
}

#[tokio::test]
async fn an_update_writes_the_change_over_the_version_that_it_read() {
    let before = user(1);
    let mut unit = MockUnitOfWork::committed();
    holds(&mut unit, &before);
    unit.users
        .expect_update()
        .withf(|user, version| {
            *version == Version::FIRST && user.lifecycle.updated_at() == Some(time(NOW))
        })
        .once()
        .returning(|_, _| Ok(()));
    let etag = before.lifecycle.etag().to_string();
    let changed = writing(begins([unit]))
        .update(&rename(Some(&etag), "Ada"))
        .await
        .unwrap();
    assert_eq!(changed.name.unwrap().as_str(), "Ada");
}

#[tokio::test]
async fn an_update_that_makes_no_difference_writes_nothing() {
    let mut unit = MockUnitOfWork::abandoned();
    holds(&mut unit, &user(1));
    unit.users.expect_update().never();
    let same = writing(begins([unit]))
        .update(&rename(None, "User 1"))
        .await
        .unwrap();
    assert_eq!(same, user(1));
}

#[tokio::test]
async fn a_stale_etag_changes_nothing() {
    let mut unit = MockUnitOfWork::abandoned();
    holds(&mut unit, &user(1));
    unit.users.expect_update().never();
    let refused = writing(begins([unit]))
        .update(&rename(Some("stale"), "Ada"))
        .await;
    assert!(matches!(refused, Err(Error::EtagMismatch { .. })));
}

#[tokio::test]
async fn who_is_in_the_trash_is_not_found_even_with_a_stale_etag() {
    let mut unit = MockUnitOfWork::abandoned();
    holds(&mut unit, &deleted(user(1)));
    let refused = writing(begins([unit]))
        .update(&rename(Some("stale"), "Ada"))
        .await;
    assert!(matches!(refused, Err(Error::NotFound { .. })));
}

fn delete() -> DeleteUser {
    DeleteUser {
        id: user_id(1),
        etag: None,
    }
}

#[tokio::test]
async fn a_user_without_posts_goes_into_the_trash() {
    let mut unit = MockUnitOfWork::committed();
    holds(&mut unit, &user(1));
    unit.posts
        .expect_has_living()
        .with(eq(user_id(1)))
        .once()
        .returning(|_| Ok(false));
    unit.users
        .expect_update()
        .withf(|user, _| user.lifecycle.deleted_at() == Some(time(NOW)))
        .once()
        .returning(|_, _| Ok(()));
    writing(begins([unit])).delete(&delete()).await.unwrap();
}

#[tokio::test]
async fn a_user_with_living_posts_stays() {
    let mut unit = MockUnitOfWork::abandoned();
    holds(&mut unit, &user(1));
    unit.posts
        .expect_has_living()
        .once()
        .returning(|_| Ok(true));
    unit.users.expect_update().never();
    let refused = writing(begins([unit])).delete(&delete()).await;
    assert!(matches!(
        refused,
        Err(Error::Precondition(Precondition::UserHasPosts { user })) if user == user_id(1)
    ));
}

#[tokio::test]
async fn deleting_twice_is_not_found() {
    let mut unit = MockUnitOfWork::abandoned();
    holds(&mut unit, &deleted(user(1)));
    let refused = writing(begins([unit])).delete(&delete()).await;
    assert!(matches!(refused, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn only_the_deleted_come_back() {
    let undelete = UndeleteUser {
        id: user_id(1),
        etag: None,
    };
    let mut unit = MockUnitOfWork::committed();
    holds(&mut unit, &deleted(user(1)));
    unit.users
        .expect_update()
        .withf(|user, _| !user.lifecycle.is_deleted())
        .once()
        .returning(|_, _| Ok(()));
    writing(begins([unit])).undelete(&undelete).await.unwrap();

    let mut unit = MockUnitOfWork::abandoned();
    holds(&mut unit, &user(1));
    let refused = writing(begins([unit])).undelete(&undelete).await;
    assert!(matches!(refused, Err(Error::NotDeleted { .. })));
}

#[tokio::test]
async fn only_the_deleted_are_purged() {
    let purge = PurgeUser {
        id: user_id(1),
        etag: None,
    };
    let mut unit = MockUnitOfWork::committed();
    holds(&mut unit, &deleted(user(1)));
    unit.users
        .expect_purge()
        .with(eq(user_id(1)))
        .once()
        .returning(|_| Ok(true));
    writing(begins([unit])).purge(&purge).await.unwrap();

    let mut unit = MockUnitOfWork::abandoned();
    holds(&mut unit, &user(1));
    unit.users.expect_purge().never();
    let refused = writing(begins([unit])).purge(&purge).await;
    assert!(matches!(
        refused,
        Err(Error::Precondition(Precondition::UserNotInTrash { .. }))
    ));
}
