//! Changing many users at once.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::Ports;
use super::support::{
    assert_exists, assert_stale, deleted_user, long_life, name, precise, role, user_at,
};
use crate::error::Resource::User as KIND;
use crate::error::{Corrupt, RepositoryError};
use crate::ids::UserId;
use crate::lifecycle::{Lifecycle, Version};
use crate::testing::fixtures::{email, time, user, user_id};
use crate::unit_of_work::UnitOfWork;
use crate::user::{Address, Email, User};

type Outcome = Result<(), RepositoryError>;

async fn insert_many(unit: &mut dyn UnitOfWork, users: &[User]) -> Vec<Outcome> {
    let outcomes = unit.users().insert_many(users).await;
    let outcomes = outcomes.expect("each user is answered for");
    assert_eq!(outcomes.len(), users.len());
    outcomes
}

/// Sorted by id.
async fn held(unit: &mut dyn UnitOfWork, ids: &[UserId]) -> Vec<User> {
    let found = unit.users().find_many_for_update(ids).await;
    sorted(found)
}

fn sorted(found: Result<Vec<Result<User, Corrupt>>, RepositoryError>) -> Vec<User> {
    let found = found.expect("users are held").into_iter();
    let mut found: Vec<User> = found.map(|user| user.expect("they are read")).collect();
    found.sort_by_key(|user| user.id);
    found
}

async fn addresses(unit: &mut dyn UnitOfWork, asked: &[&str]) -> Vec<Address> {
    let emails: Vec<Email> = asked.iter().map(|text| email(text)).collect();
    let found = unit.users().find_addresses(&emails).await;
    found.expect("addresses are looked for")
}

fn touched(mut user: User) -> (User, Version) {
    let expected = user.lifecycle.version();
    user.lifecycle.touch(time(60));
    (user, expected)
}

pub async fn insert_many_keeps_every_field(ports: Ports) {
    let users = [
        User {
            id: user_id(2),
            email: email("Zoë.Ünïcödé+tag@例え.jp"),
            name: Some(name("Zoë \"Ünïcödé\" O'Neil {,} NULL 👩‍🚀")),
            role: role("Chief Editor"),
            is_active: true,
            lifecycle: long_life(),
        },
        User {
            name: None,
            is_active: false,
            ..user(1)
        },
        user(3),
    ];
    let mut unit = ports.begin().await;
    let outcomes = insert_many(&mut *unit, &users).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    unit.commit().await.expect("a sound unit is committed");
    for user in users {
        assert_eq!(ports.stored_user(&user).await, Some(user));
    }
}

pub async fn insert_many_tells_of_each_what_is_taken_and_leaves_the_unit_usable(ports: Ports) {
    ports
        .insert_users(&[&user_at(1, "Ève@b.c"), &deleted_user(2, 50)])
        .await;
    let mut unit = ports.begin().await;
    let done = unit.users().insert(&user(3)).await;
    done.expect("a user is inserted");
    let users = [
        user(4),
        user_at(5, "ÈVE@B.C"),
        user_at(1, "ève@b.c"),
        user_at(2, "free@b.c"),
        user_at(6, "USER-3@example.com"),
        user_at(7, "user-2@example.com"),
    ];
    let outcomes = insert_many(&mut *unit, &users).await;
    outcomes[0].as_ref().expect("nothing of it is taken");
    assert_exists(&outcomes[1], KIND, "email");
    assert_exists(&outcomes[2], KIND, "id");
    assert_exists(&outcomes[3], KIND, "id");
    assert_exists(&outcomes[4], KIND, "email");
    outcomes[5].as_ref().expect("the trash frees an address");
    let done = unit.users().insert(&user(8)).await;
    done.expect("the unit is usable");
    unit.commit().await.expect("a sound unit is committed");
    for kept in [&users[0], &users[5], &user(8)] {
        assert_eq!(ports.stored_user(kept).await.as_ref(), Some(kept));
    }
    for refused in [&users[1], &users[4]] {
        assert_eq!(ports.stored_user(refused).await, None);
    }
}

pub async fn insert_many_gives_an_address_to_the_first_who_lives(ports: Ports) {
    let trashed = User {
        email: email("ÈVE@b.c"),
        ..deleted_user(9, 50)
    };
    // Neither the ids nor the addresses are in order.
    let users = [
        trashed,
        user_at(8, "ève@B.C"),
        user_at(3, "Ève@b.c"),
        user_at(7, "a@b.c"),
        user_at(1, "ÈVE@b.c"),
        user_at(2, "A@b.c"),
    ];
    let mut unit = ports.begin().await;
    let outcomes = insert_many(&mut *unit, &users).await;
    for place in [0, 1, 3] {
        outcomes[place].as_ref().expect("nobody came before");
    }
    for place in [2, 4, 5] {
        assert_exists(&outcomes[place], KIND, "email");
    }
    unit.commit().await.expect("a sound unit is committed");
    let kept = ports.stored_user(&users[1]).await;
    assert_eq!(kept.as_ref(), Some(&users[1]));
}

pub async fn insert_many_gives_an_id_to_the_first_who_can_be_inserted(ports: Ports) {
    ports.insert_users(&[&user_at(9, "taken@b.c")]).await;
    let users = [
        user_at(1, "TAKEN@b.c"),
        user_at(1, "first@b.c"),
        user_at(1, "second@b.c"),
        // An address that nobody got is free.
        user_at(2, "second@b.c"),
        user_at(2, "second@b.c"),
    ];
    let mut unit = ports.begin().await;
    let outcomes = insert_many(&mut *unit, &users).await;
    assert_exists(&outcomes[0], KIND, "email");
    outcomes[1].as_ref().expect("the id is free still");
    assert_exists(&outcomes[2], KIND, "id");
    outcomes[3].as_ref().expect("the address is free still");
    assert_exists(&outcomes[4], KIND, "id");
    unit.commit().await.expect("a sound unit is committed");
    for kept in [&users[1], &users[3]] {
        assert_eq!(ports.stored_user(kept).await.as_ref(), Some(kept));
    }
}

/// Some lists to insert; the same every time.
pub(super) fn draw<T>(strategy: impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    let draw = |_| strategy.new_tree(&mut runner).expect("a list").current();
    (0..60).map(draw).collect()
}

/// Of few ids and addresses, so that they meet.
fn users_that_meet() -> impl Strategy<Value = Vec<User>> {
    let addresses = select(&["a@b.c", "A@b.c", "é@b.c", "É@B.c", "b@b.c", "B@B.C"]);
    let user = (1..=5_u64, addresses, any::<bool>()).prop_map(|(number, address, lives)| User {
        email: email(address),
        ..if lives {
            user(number)
        } else {
            deleted_user(number, 50)
        }
    });
    vec(user, 0..=12)
}

pub async fn insert_many_means_what_inserting_one_by_one_means(ports: Ports) {
    ports
        .insert_users(&[&user_at(1, "é@b.c"), &deleted_user(2, 50)])
        .await;
    let ids: Vec<_> = (1..=5).map(user_id).collect();
    for users in draw(users_that_meet()) {
        let mut unit = ports.begin().await;
        let mut one_by_one = Vec::new();
        for user in &users {
            one_by_one.push(unit.users().insert(user).await);
        }
        let expected = held(&mut *unit, &ids).await;
        unit.rollback().await.expect("a unit is rolled back");

        let mut unit = ports.begin().await;
        let at_once = insert_many(&mut *unit, &users).await;
        assert_eq!(
            format!("{at_once:?}"),
            format!("{one_by_one:?}"),
            "{users:?}"
        );
        assert_eq!(held(&mut *unit, &ids).await, expected, "{users:?}");
        unit.rollback().await.expect("a unit is rolled back");
    }
}

pub async fn a_thousand_are_inserted_found_and_updated(ports: Ports) {
    let users: Vec<_> = (1..=1_000).map(user).collect();
    let ids: Vec<_> = users.iter().map(|user| user.id).collect();
    let mut unit = ports.begin().await;
    let outcomes = insert_many(&mut *unit, &users).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(held(&mut *unit, &ids).await, users);
    let emails: Vec<_> = users.iter().map(|user| user.email.as_str()).collect();
    let found = addresses(&mut *unit, &emails).await;
    assert!(found.iter().all(|address| address.holder.is_some()));
    let changed: Vec<_> = users.into_iter().rev().map(touched).collect();
    let done = unit.users().update_many(&changed).await;
    done.expect("users are updated");
    unit.commit().await.expect("a sound unit is committed");
    for (changed, _) in changed.iter().step_by(99) {
        assert_eq!(ports.stored_user(changed).await.as_ref(), Some(changed));
    }
}

pub async fn find_many_finds_each_once_and_sees_the_trash_and_the_changes_of_the_unit(
    ports: Ports,
) {
    let deleted = deleted_user(1, 50);
    ports.insert_users(&[&deleted, &user(4), &user(2)]).await;
    let mut unit = ports.begin().await;
    let done = unit.users().insert(&user(3)).await;
    done.expect("a user is inserted");
    let ids = [3, 9, 1, 3, 2, 1].map(user_id);
    let expected = [deleted, user(2), user(3)];
    let found = unit.users().find_many_for_share(&ids).await;
    assert_eq!(sorted(found), expected);
    assert_eq!(held(&mut *unit, &ids).await, expected);
}

pub async fn nothing_is_done_for_none(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    let mut unit = ports.begin().await;
    assert!(insert_many(&mut *unit, &[]).await.is_empty());
    assert_eq!(held(&mut *unit, &[]).await, []);
    let found = unit.users().find_many_for_share(&[]).await;
    assert_eq!(sorted(found), []);
    assert_eq!(addresses(&mut *unit, &[]).await, []);
    let done = unit.users().update_many(&[]).await;
    done.expect("nobody is updated");
    unit.commit().await.expect("a sound unit is committed");
}

pub async fn addresses_are_found_in_any_letter_case(ports: Ports) {
    let trashed = User {
        email: email("a@b.c"),
        ..deleted_user(2, 50)
    };
    ports
        .insert_users(&[&user_at(1, "Ève@b.c"), &trashed, &user(3)])
        .await;
    let mut unit = ports.begin().await;
    let done = unit.users().insert(&user_at(4, "New@b.c")).await;
    done.expect("a user is inserted");
    let asked = [
        "a@b.c",
        "new@B.C",
        "ÈVE@B.C",
        "nobody@b.c",
        "ève@b.c",
        "ÈVE@B.C",
    ];
    let found = addresses(&mut *unit, &asked).await;
    let holders: Vec<_> = found.iter().map(|address| address.holder).collect();
    let [new, eve] = [Some(user_id(4)), Some(user_id(1))];
    assert_eq!(holders, [None, new, eve, None, eve, eve]);
    for (asked, found) in asked.iter().zip(&found) {
        assert_eq!(found.folded, asked.to_lowercase());
    }
}

pub async fn update_many_replaces_every_field_but_the_time_of_birth(ports: Ports) {
    ports.insert_users(&[&user(1), &user(2), &user(3)]).await;
    let full = User {
        id: user_id(2),
        email: email("Zoë.Ünïcödé@例え.jp"),
        name: Some(name("Zoë {,} NULL \\ \" 👩‍🚀")),
        role: role("Chief Editor"),
        is_active: false,
        lifecycle: Lifecycle::from_stored(
            user(2).lifecycle.created_at(),
            Some(precise(20, 123_457)),
            Some(precise(30, 999_999)),
            Some(precise(40, 1)),
            Version::from_stored(i64::MAX).expect("a version"),
        ),
    };
    let mut bare = User {
        name: None,
        lifecycle: Lifecycle::born(time(40)),
        ..user(1)
    };
    bare.lifecycle.touch(time(50));
    let changes = [
        (full.clone(), Version::FIRST),
        (bare.clone(), Version::FIRST),
    ];
    let mut unit = ports.begin().await;
    let done = unit.users().update_many(&changes).await;
    done.expect("users are updated");
    unit.commit().await.expect("a sound unit is committed");
    assert_eq!(ports.stored_user(&full).await, Some(full));
    let stored = ports.stored_user(&bare).await.expect("it is kept");
    let born = user(1).lifecycle.created_at();
    assert_eq!(stored.lifecycle.created_at(), born);
    assert_eq!(stored.lifecycle.updated_at(), Some(time(50)));
    assert_eq!(stored.lifecycle.version(), bare.lifecycle.version());
    assert_eq!(stored.name, None);
    assert_eq!(ports.stored_user(&user(3)).await, Some(user(3)));
}

pub async fn update_many_of_one_stale_version_changes_none_and_leaves_the_unit_usable(
    ports: Ports,
) {
    let (changed, _) = touched(user(2));
    ports.insert_users(&[&user(1), &changed, &user(3)]).await;
    let mut unit = ports.begin().await;
    let (fine, stale, gone) = (touched(user(1)), touched(user(2)), touched(user(9)));
    for changes in [
        [fine.clone(), stale.clone()],
        [stale, fine.clone()],
        [fine.clone(), gone],
    ] {
        let done = unit.users().update_many(&changes).await;
        assert_stale(&done, KIND);
    }
    let ids = [1, 2, 3].map(user_id);
    let unchanged = [user(1), changed, user(3)];
    assert_eq!(held(&mut *unit, &ids).await, unchanged);
    let done = unit.users().update_many(std::slice::from_ref(&fine)).await;
    done.expect("the unit is usable");
    unit.commit().await.expect("a sound unit is committed");
    assert_eq!(ports.stored_user(&fine.0).await, Some(fine.0));
}

pub async fn update_many_to_a_taken_address_is_contention(ports: Ports) {
    ports.insert_users(&[&user(1), &user(2), &user(3)]).await;
    let mut unit = ports.begin().await;
    let changes = [touched(user(1)), touched(user_at(2, "USER-3@example.com"))];
    let done = unit.users().update_many(&changes).await;
    assert!(
        matches!(done, Err(RepositoryError::Contention(_))),
        "{done:?}"
    );
    assert!(unit.commit().await.is_err());
    for kept in [user(1), user(2)] {
        assert_eq!(ports.stored_user(&kept).await, Some(kept));
    }
}

pub async fn update_many_minds_no_address_in_the_trash_and_no_letter_case(ports: Ports) {
    ports
        .insert_users(&[&deleted_user(1, 50), &user_at(2, "ada@b.c"), &user(3)])
        .await;
    let changes = [
        touched(User {
            name: None,
            email: email("ada@b.c"),
            ..deleted_user(1, 50)
        }),
        touched(user_at(2, "Ada@B.C")),
        touched(user_at(3, "user-1@example.com")),
    ];
    let mut unit = ports.begin().await;
    let done = unit.users().update_many(&changes).await;
    done.expect("users are updated");
    unit.commit().await.expect("a sound unit is committed");
    for (changed, _) in changes {
        assert_eq!(ports.stored_user(&changed).await, Some(changed));
    }
}
