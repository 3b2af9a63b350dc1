//! Imports of users.

use super::Ports;
use super::importing::{
    brought_in, fresh, import, now, only_problems, problem, repeated, stage, user_row,
};
use super::support::{deleted_user, long_life, name, role, user_at};
use crate::ids::NewId;
use crate::import::OnConflict::{Fail, Skip, Update};
use crate::import::{MAX_PROBLEMS, ProblemKind, Settled, Times, UserRow};
use crate::lifecycle::{Lifecycle, Version};
use crate::testing::fixtures::{email, time, user, user_id};
use crate::user::{Role, User};

const TAKEN_ID: ProblemKind = ProblemKind::Taken { field: "id" };
const TAKEN_EMAIL: ProblemKind = ProblemKind::Taken { field: "email" };

/// A row that says an id and nothing else.
fn bare(number: u64, id: u64) -> UserRow {
    UserRow {
        number,
        id: NewId::Given(user_id(id)),
        email: None,
        name: None,
        role: None,
        is_active: None,
        times: Times::default(),
    }
}

/// As it is when it was imported.
pub(super) fn as_new(user: &User) -> User {
    User {
        lifecycle: brought_in(&user.lifecycle),
        ..user.clone()
    }
}

pub async fn what_meets_nothing_is_made_as_it_was(ports: Ports) {
    let users = [
        User {
            email: email("Zoë.Ünïcödé+tag@例え.jp"),
            name: Some(name("Zoë \"the\" Ünï\\cödé, 'née' \u{1f600}")),
            role: role("a, \\N \"role\""),
            is_active: false,
            lifecycle: long_life(),
            ..user(1)
        },
        User {
            name: None,
            ..user(2)
        },
        deleted_user(3, 40),
    ];
    let rows: Vec<UserRow> = (1..)
        .zip(&users)
        .map(|(n, user)| user_row(n, user))
        .collect();
    let settled = import(&ports, Fail, &rows).await;
    assert_eq!(settled, only_problems(3, Vec::new()));
    for user in &users {
        assert_eq!(ports.stored_user(user).await, Some(as_new(user)));
    }
}

pub async fn what_is_missing_is_as_if_it_were_made_now(ports: Ports) {
    let row = UserRow {
        email: Some(email("a@b.c")),
        ..fresh(bare(1, 1))
    };
    import(&ports, Fail, &[row]).await;
    let expected = User {
        name: None,
        role: Role::default(),
        lifecycle: Lifecycle::born(now()),
        ..user_at(1, "a@b.c")
    };
    assert_eq!(ports.stored_user(&user(1)).await, Some(expected));
}

pub async fn a_user_who_is_met_is_a_problem_where_none_may_be(ports: Ports) {
    let (living, trash) = (user(1), deleted_user(2, 40));
    let holder = user_at(9, "a@b.c");
    ports.insert_users(&[&living, &trash, &holder]).await;
    let rows = [
        user_row(1, &user_at(1, "new@b.c")),
        user_row(2, &user_at(2, "other@b.c")),
        fresh(user_row(3, &user_at(3, "A@B.c"))),
        user_row(4, &user_at(4, "a@B.C")),
        // The address of one in the trash is free.
        user_row(5, &user_at(5, trash.email.as_str())),
    ];
    let expected = vec![
        problem(1, TAKEN_ID),
        problem(2, TAKEN_ID),
        problem(3, TAKEN_EMAIL),
        problem(4, repeated("email", 3)),
    ];
    let settled = import(&ports, Fail, &rows).await;
    assert_eq!(settled, only_problems(1, expected));
    assert_eq!(ports.stored_user(&living).await, Some(living));
    assert_eq!(ports.stored_user(&holder).await, Some(holder));
    assert_eq!(ports.stored_user(&trash).await, Some(trash));
    assert!(ports.stored_user(&user(5)).await.is_some());
}

pub async fn an_address_is_taken_from_a_new_id_but_not_into_the_trash(ports: Ports) {
    ports.insert_users(&[&user_at(1, "a@b.c")]).await;
    let mut trash = deleted_user(3, 40);
    trash.email = email("A@b.c");
    let rows = [user_row(1, &user_at(2, "A@B.C")), user_row(2, &trash)];
    for on_conflict in [Fail, Update] {
        let mut unit = ports.begin().await;
        stage(unit.as_mut(), &rows).await.expect("rows are staged");
        let settled = unit.user_import().settle(on_conflict, false).await;
        let expected = only_problems(1, vec![problem(1, TAKEN_EMAIL)]);
        assert_eq!(settled.expect("rows are settled"), expected);
    }
    let settled = import(&ports, Skip, &rows).await;
    let expected = Settled {
        skipped: 1,
        ..only_problems(1, Vec::new())
    };
    assert_eq!(settled, expected);
    assert_eq!(ports.stored_user(&user(2)).await, None);
    assert_eq!(ports.stored_user(&trash).await, Some(as_new(&trash)));
}

pub async fn whoever_is_met_stays_as_they_are_where_rows_are_passed_over(ports: Ports) {
    let (living, trash) = (user_at(1, "a@b.c"), deleted_user(2, 40));
    ports.insert_users(&[&living, &trash]).await;
    let rows = [
        user_row(1, &user_at(1, "new@b.c")),
        user_row(2, &user_at(2, "other@b.c")),
        fresh(user_row(3, &user_at(3, "A@B.c"))),
        user_row(4, &user(5)),
    ];
    let settled = import(&ports, Skip, &rows).await;
    let expected = Settled {
        skipped: 3,
        ..only_problems(1, Vec::new())
    };
    assert_eq!(settled, expected);
    assert_eq!(ports.stored_user(&living).await, Some(living));
    assert_eq!(ports.stored_user(&trash).await, Some(trash));
    assert_eq!(ports.stored_user(&user(5)).await, Some(as_new(&user(5))));
}

pub async fn what_the_row_has_is_changed_now_and_nothing_else(ports: Ports) {
    let before = User {
        lifecycle: Lifecycle::from_stored(
            time(1),
            Some(time(2)),
            None,
            None,
            Version::from_stored(4).expect("a version"),
        ),
        ..user_at(1, "a@b.c")
    };
    // Ahead of the clock that the import goes by.
    let mut ahead = user(2);
    ahead.lifecycle.touch(time(900));
    ports.insert_users(&[&before, &ahead, &user(3)]).await;
    let rows = [
        // By address in another case, which is kept.
        fresh(UserRow {
            email: Some(email("A@b.C")),
            ..bare(1, 77)
        }),
        UserRow {
            role: Some(role("editor")),
            is_active: Some(false),
            ..bare(2, 2)
        },
        UserRow {
            email: Some(email("new@b.c")),
            name: Some(name("New")),
            // Of what is changed, times are not taken.
            times: Times::new(Some(time(5)), Some(time(6)), None, None).expect("times in order"),
            ..bare(3, 3)
        },
    ];
    let settled = import(&ports, Update, &rows).await;
    let expected = Settled {
        updated: 3,
        ..Settled::default()
    };
    assert_eq!(settled, expected);

    let touched = |user: &User| {
        let mut user = user.clone();
        user.lifecycle.touch(now());
        user
    };
    let expected = User {
        email: email("A@b.C"),
        ..touched(&before)
    };
    assert_eq!(ports.stored_user(&before).await, Some(expected));
    let expected = User {
        role: role("editor"),
        is_active: false,
        ..touched(&ahead)
    };
    assert_eq!(ports.stored_user(&ahead).await, Some(expected));
    let expected = User {
        email: email("new@b.c"),
        name: Some(name("New")),
        ..touched(&user(3))
    };
    assert_eq!(ports.stored_user(&user(3)).await, Some(expected));
    assert_eq!(ports.stored_user(&user(77)).await, None);
}

pub async fn whoever_is_as_the_row_says_already_is_left_unchanged(ports: Ports) {
    let nameless = User {
        name: None,
        ..user(2)
    };
    ports.insert_users(&[&user(1), &nameless]).await;
    let rows = [user_row(1, &user(1)), user_row(2, &nameless)];
    let settled = import(&ports, Update, &rows).await;
    let expected = Settled {
        unchanged: 2,
        ..Settled::default()
    };
    assert_eq!(settled, expected);
    assert_eq!(ports.stored_user(&user(1)).await, Some(user(1)));
    assert_eq!(ports.stored_user(&nameless).await, Some(nameless));
}

pub async fn the_trash_is_neither_changed_nor_filled_by_a_change(ports: Ports) {
    let trash = deleted_user(1, 40);
    ports.insert_users(&[&trash, &user(2)]).await;
    let rows = [user_row(1, &trash), user_row(2, &deleted_user(2, 40))];
    let settled = import(&ports, Update, &rows).await;
    let expected = vec![
        problem(
            1,
            ProblemKind::InTrash {
                id: user_id(1).as_uuid(),
            },
        ),
        problem(
            2,
            ProblemKind::NotInTrash {
                id: user_id(2).as_uuid(),
            },
        ),
    ];
    assert_eq!(settled, only_problems(0, expected));
    assert_eq!(ports.stored_user(&trash).await, Some(trash));
    assert_eq!(ports.stored_user(&user(2)).await, Some(user(2)));
}

pub async fn an_address_is_taken_even_if_another_row_gives_it_up(ports: Ports) {
    ports
        .insert_users(&[&user_at(1, "a@b.c"), &user_at(2, "d@b.c")])
        .await;
    let moves = |number, id, to| UserRow {
        email: Some(email(to)),
        ..bare(number, id)
    };
    let rows = [
        moves(1, 1, "free@b.c"),
        moves(2, 2, "A@b.c"),
        user_row(3, &user_at(3, "D@b.c")),
    ];
    let settled = import(&ports, Update, &rows).await;
    let expected = vec![problem(2, TAKEN_EMAIL), problem(3, TAKEN_EMAIL)];
    let expected = Settled {
        updated: 1,
        ..only_problems(0, expected)
    };
    assert_eq!(settled, expected);
}

pub async fn a_row_that_repeats_an_earlier_one_is_passed_over_or_a_problem(ports: Ports) {
    ports.insert_users(&[&user_at(1, "a@b.c")]).await;
    let in_trash = |number, id| {
        let mut user = deleted_user(id, 40);
        user.email = email("x@b.c");
        user_row(number, &user)
    };
    let rows = [
        user_row(1, &user_at(2, "x@b.c")),
        user_row(2, &user_at(2, "y@b.c")),
        user_row(3, &user_at(3, "X@b.c")),
        // In the trash, two may have one address.
        in_trash(4, 4),
        in_trash(5, 5),
        bare(6, 1),
        // Means the same user by address.
        fresh(user_row(7, &user_at(6, "A@b.c"))),
    ];
    let settled = import(&ports, Skip, &rows).await;
    let expected = Settled {
        skipped: 4,
        ..only_problems(3, Vec::new())
    };
    assert_eq!(settled, expected);
    let settled = import(&ports, Update, &rows).await;
    let in_trash = |row, id| {
        problem(
            row,
            ProblemKind::InTrash {
                id: user_id(id).as_uuid(),
            },
        )
    };
    let expected = vec![
        problem(2, repeated("id", 1)),
        problem(3, repeated("email", 1)),
        in_trash(4, 4),
        in_trash(5, 5),
        problem(7, repeated("id", 6)),
    ];
    let expected = Settled {
        unchanged: 2,
        ..only_problems(0, expected)
    };
    assert_eq!(settled, expected);
}

pub async fn nobody_is_made_without_an_address(ports: Ports) {
    let settled = import(&ports, Update, &[bare(1, 1)]).await;
    let missing = ProblemKind::Missing { field: "email" };
    assert_eq!(settled, only_problems(0, vec![problem(1, missing)]));
    assert_eq!(ports.stored_user(&user(1)).await, None);
}

pub async fn of_many_problems_the_first_are_named_and_all_counted(ports: Ports) {
    let mut rows: Vec<UserRow> = (1..=251).map(|row| user_row(row, &user(row))).collect();
    rows.extend((252..=502).map(|row| user_row(row, &user(row - 251))));
    let settled = import(&ports, Fail, &rows).await;
    assert_eq!((settled.created, settled.problem_count), (251, 251));
    let expected: Vec<_> = (252..)
        .map(|row| problem(row, repeated("id", row - 251)))
        .take(MAX_PROBLEMS)
        .collect();
    assert_eq!(settled.problems, expected);
}
