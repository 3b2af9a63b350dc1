//! Lists of users by any field, and by several.

use super::Ports;
use super::orders::{by_each, by_pairs, sorted};
use super::support::{BOTH_SIDES, assert_internal, life, name, numbers, role, size, user_at};
use super::walks::{SIZES, after};
use crate::lifecycle::{Retention, Version};
use crate::order::Direction::{Ascending, Descending};
use crate::order::Order;
use crate::page::{Cursor, PageRequest, PageSize, SortValue};
use crate::selection::Fields;
use crate::testing::fixtures::{time, user, user_id};
use crate::trash::Trash;
use crate::user::{User, UserField, UserFilter};

const ALL: UserFilter = UserFilter::all(Trash::Include);
const LIVING: UserFilter = UserFilter::all(Trash::Exclude);

/// What a user is ordered by beside the address: role, activity and name, which is
/// absent where it is empty, and the seconds of birth, change and deletion.
type Traits<'a> = (&'a str, bool, &'a str, (i64, Option<i64>, Option<i64>));

fn person(number: u64, address: &str, (what, is_active, called, times): Traits<'_>) -> User {
    User {
        name: (!called.is_empty()).then(|| name(called)),
        role: role(what),
        is_active,
        lifecycle: life(times),
        ..user_at(number, address)
    }
}

/// Users with ties in everything, across the trash too, with absent values, with texts
/// that a locale would order otherwise, and with values that the ids contradict.
fn population() -> [User; 12] {
    [
        person(1, "m@b.c", ("user", true, "Zoë", (90, None, None))),
        person(2, "B@b.c", ("admin", true, "zoe", (80, Some(95), None))),
        person(3, "a@b.c", ("user", false, "", (80, Some(95), None))),
        person(4, "C@b.c", ("Admin", true, "Ada", (80, Some(85), None))),
        person(5, "é@b.c", ("user", true, "ada", (10, None, None))),
        person(6, "Z@b.c", ("user", false, "Ada", (10, Some(95), None))),
        person(7, "_@b.c", ("я", false, "", (20, None, None))),
        person(8, "A@b.c", ("user", true, "Ada", (80, Some(95), Some(95)))),
        person(9, "a@B.c", ("admin", false, "", (90, Some(97), Some(97)))),
        person(
            10,
            "b@b.c",
            ("user", false, " Ada", (10, Some(95), Some(95))),
        ),
        person(
            11,
            "x@b.c",
            ("admin", false, "Ada 😀", (10, Some(97), None)),
        ),
        person(
            12,
            "y@b.c",
            ("user", false, "Ada\u{fffd}", (10, None, None)),
        ),
    ]
}

async fn populate(ports: &Ports) {
    ports.insert_users(&population().each_ref()).await;
}

/// Walks the population in that order and asserts that it meets all in their places,
/// and without the trash the living.
async fn assert_in_order(ports: &Ports, order: &Order<UserField>, sizes: &[i32]) {
    for trash in BOTH_SIDES {
        let filter = UserFilter::all(trash);
        let mut meant = population().to_vec();
        meant.retain(|user| trash.sees(user.lifecycle.is_deleted()));
        let expected = numbers(&sorted(&meant, order, User::sort_value));
        for rows in sizes {
            let met = ports.walk_users(&filter, order, size(*rows)).await;
            assert_eq!(numbers(&met), expected, "{order:?} {trash:?} {rows}");
        }
        let exported = ports.exported_users(&filter, Some(order)).await;
        assert_eq!(numbers(&exported), expected, "{order:?} {trash:?}");
    }
}

pub async fn by_every_field_both_ways(ports: Ports) {
    populate(&ports).await;
    for order in by_each() {
        assert_in_order(&ports, &order, &SIZES).await;
    }
}

pub async fn by_every_two_fields_in_all_directions(ports: Ports) {
    populate(&ports).await;
    let fields = [
        UserField::Name,
        UserField::Role,
        UserField::IsActive,
        UserField::UpdatedAt,
        UserField::DeletedAt,
        UserField::PurgeAt,
    ];
    for order in by_pairs(&fields) {
        assert_in_order(&ports, &order, &[3]).await;
    }
}

async fn assert_walks(ports: &Ports, order: &Order<UserField>, expected: [u64; 12]) {
    for rows in SIZES {
        let met = ports.walk_users(&ALL, order, size(rows)).await;
        assert_eq!(numbers(&met), expected, "{order:?} {rows}");
    }
}

pub async fn by_id(ports: Ports) {
    populate(&ports).await;
    let order = Order::by(UserField::Id, Ascending);
    let expected = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    assert_walks(&ports, &order, expected).await;
    let order = Order::by(UserField::Id, Descending).then(UserField::Name, Ascending);
    let expected = [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1];
    assert_walks(&ports, &order, expected).await;
}

pub async fn an_absent_value_comes_first_and_last_where_the_order_descends(ports: Ports) {
    populate(&ports).await;
    let order = Order::by(UserField::Name, Ascending);
    let expected = [3, 7, 9, 10, 4, 6, 8, 11, 12, 1, 5, 2];
    assert_walks(&ports, &order, expected).await;
    let mut reversed = expected;
    reversed.reverse();
    assert_walks(&ports, &Order::by(UserField::Name, Descending), reversed).await;
}

pub async fn by_two_fields_in_mixed_directions(ports: Ports) {
    populate(&ports).await;
    let order = Order::by(UserField::Role, Descending).then(UserField::Name, Ascending);
    let expected = [7, 3, 10, 6, 8, 12, 1, 5, 9, 11, 2, 4];
    assert_walks(&ports, &order, expected).await;
}

pub async fn by_three_fields_in_mixed_directions(ports: Ports) {
    populate(&ports).await;
    let order = Order::by(UserField::IsActive, Ascending)
        .then(UserField::UpdatedAt, Descending)
        .then(UserField::Role, Ascending);
    let expected = [9, 11, 3, 6, 10, 12, 7, 2, 8, 4, 1, 5];
    assert_walks(&ports, &order, expected).await;
}

pub async fn equals_are_in_the_direction_of_the_last_field(ports: Ports) {
    let users = [1, 2, 3, 4, 5].map(|number| User {
        name: None,
        ..user(number)
    });
    ports.insert_users(&users.each_ref()).await;
    let up_down = Order::by(UserField::Role, Ascending).then(UserField::Name, Descending);
    let down_up = Order::by(UserField::Name, Descending).then(UserField::Role, Ascending);
    for (order, expected) in [(up_down, [5, 4, 3, 2, 1]), (down_up, [1, 2, 3, 4, 5])] {
        for rows in SIZES {
            let met = ports.walk_users(&LIVING, &order, size(rows)).await;
            assert_eq!(numbers(&met), expected, "{order:?} {rows}");
        }
    }
}

pub async fn the_cursor_holds_a_value_for_each_field(ports: Ports) {
    populate(&ports).await;
    let orders = [
        Order::by(UserField::Name, Ascending).then(UserField::Email, Descending),
        Order::by(UserField::IsActive, Descending)
            .then(UserField::Id, Ascending)
            .then(UserField::UpdatedAt, Descending),
    ];
    for order in orders.into_iter().chain(by_each()) {
        for rows in 1..12 {
            let first = PageRequest::first(size(rows));
            let page = ports.user_page(&ALL, &order, &first).await;
            let place = page.items.last().map(|user| Cursor {
                values: order.keys().map(|key| user.sort_value(key.field)).collect(),
                id: user.id.as_uuid(),
            });
            assert_eq!(page.next, place, "{order:?} {rows}");
        }
    }
}

pub async fn a_cursor_of_more_or_fewer_fields_is_refused(ports: Ports) {
    populate(&ports).await;
    let order = Order::by(UserField::Name, Ascending).then(UserField::IsActive, Ascending);
    let called = SortValue::Text("Ada".to_owned());
    for (values, fits) in [
        (vec![called.clone(), SortValue::Bool(true)], true),
        (vec![SortValue::Absent, SortValue::Bool(true)], true),
        (vec![called.clone(), SortValue::Absent], false),
        (vec![SortValue::Bool(true), called.clone()], false),
        (vec![called.clone()], false),
        (vec![], false),
        (vec![called.clone(), SortValue::Bool(true), called], false),
    ] {
        let id = user_id(1).as_uuid();
        let request = after(PageSize::DEFAULT, Some(Cursor { values, id }));
        let page = ports
            .users
            .list(&LIVING, &order, &request, &Fields::all())
            .await;
        if fits {
            page.expect("a page is read");
        } else {
            assert_internal(&page);
        }
    }
}

/// User `number` of what a walk by role, activity and name minds.
fn walker(number: u64, what: &str, is_active: bool, called: &str) -> User {
    let address = format!("{number}@b.c");
    person(number, &address, (what, is_active, called, (5, None, None)))
}

pub async fn what_comes_and_goes_between_pages_moves_no_other(ports: Ports) {
    let stored = [
        walker(10, "a", true, ""),
        walker(20, "a", true, "m"),
        walker(30, "a", true, "m"),
        walker(40, "a", false, ""),
        walker(50, "a", false, "z"),
        walker(60, "b", true, "a"),
        walker(70, "b", true, "b"),
        walker(80, "b", false, ""),
        walker(90, "c", true, "x"),
    ];
    ports.insert_users(&stored.each_ref()).await;
    let up = Order::by(UserField::Role, Ascending)
        .then(UserField::IsActive, Descending)
        .then(UserField::Name, Ascending);
    let down = Order::by(UserField::Role, Descending)
        .then(UserField::IsActive, Ascending)
        .then(UserField::Name, Descending);
    let first = PageRequest::first(size(3));
    let from_least = ports.user_page(&LIVING, &up, &first).await;
    assert_eq!(numbers(&from_least.items), [10, 20, 30]);
    let from_greatest = ports.user_page(&LIVING, &down, &first).await;
    assert_eq!(numbers(&from_greatest.items), [90, 80, 70]);

    let come = [
        walker(5, "a", true, "m"),
        walker(35, "a", true, "m"),
        walker(36, "a", true, "n"),
        walker(37, "a", true, "l"),
        walker(45, "a", false, ""),
        walker(1, "b", true, ""),
        walker(95, "d", true, "x"),
    ];
    ports.insert_users(&come.each_ref()).await;
    // The row of one cursor is purged, that of the other deleted.
    ports.purge_users(&[30, 50].map(user_id)).await;
    for deleted in [&stored[1], &stored[6]] {
        let mut deleted = deleted.clone();
        deleted.lifecycle.delete(time(50), Retention::DEFAULT);
        ports.update_user(&deleted, Version::FIRST).await;
    }
    for changed in [walker(10, "c", true, ""), walker(80, "a", true, "")] {
        ports.update_user(&changed, Version::FIRST).await;
    }

    let rest = ports.rest_of_users(&up, size(3), from_least.next).await;
    assert_eq!(numbers(&rest), [35, 36, 40, 45, 1, 60, 10, 90, 95]);
    let rest = ports
        .rest_of_users(&down, size(3), from_greatest.next)
        .await;
    assert_eq!(numbers(&rest), [60, 1, 45, 40, 36, 35, 5, 37, 80]);
}
