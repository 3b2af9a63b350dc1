//! Lists of users: the order, the pages and the trash.

use super::Ports;
use super::support::{BOTH_SIDES, assert_internal, life, numbers, size, user_at};
use super::walks::{BOTH_WAYS, SIZES, after};
use crate::lifecycle::Lifecycle;
use crate::order::{Direction, Order};
use crate::page::{Cursor, PageRequest, PageSize, SortValue};
use crate::selection::Fields;
use crate::testing::fixtures::{time, user, user_id};
use crate::trash::Trash;
use crate::user::{User, UserField, UserFilter};

const KEYS: [UserField; 3] = [UserField::CreatedAt, UserField::UpdatedAt, UserField::Email];

/// User `number` with the times of birth, of the last change and of deletion.
fn with_times(number: u64, address: &str, times: (i64, Option<i64>, Option<i64>)) -> User {
    User {
        lifecycle: life(times),
        ..user_at(number, address)
    }
}

/// Users with ties in everything a list is ordered by, across the trash too, and
/// with values that the order of ids contradicts.
fn population() -> [User; 14] {
    [
        with_times(1, "m@b.c", (90, None, None)),
        with_times(2, "B@b.c", (80, Some(95), None)),
        with_times(3, "a@b.c", (80, Some(95), None)),
        with_times(4, "C@b.c", (80, Some(85), None)),
        with_times(5, "é@b.c", (10, None, None)),
        with_times(6, "Z@b.c", (10, Some(95), None)),
        with_times(7, "_@b.c", (20, None, None)),
        with_times(8, "A@b.c", (80, Some(95), Some(95))),
        with_times(9, "a@B.c", (90, Some(97), Some(97))),
        with_times(10, "b@b.c", (10, Some(95), Some(95))),
        with_times(11, "É@b.c", (10, Some(99), Some(99))),
        with_times(12, "я@b.c", (20, Some(30), None)),
        with_times(13, "Ä@b.c", (20, Some(30), None)),
        with_times(14, "😀@b.c", (5, Some(30), None)),
    ]
}

/// Walks the population by `key` at every size, both ways, and asserts that it
/// meets the users of `ascending`, the trash included; without it, the living.
async fn assert_walks(ports: &Ports, key: UserField, ascending: [u64; 14]) {
    let population = population();
    ports.insert_users(&population.each_ref()).await;
    let living = |number: &u64| {
        population
            .iter()
            .any(|user| user.id == user_id(*number) && !user.lifecycle.is_deleted())
    };
    for direction in BOTH_WAYS {
        for trash in BOTH_SIDES {
            let mut expected = ascending.to_vec();
            if trash == Trash::Exclude {
                expected.retain(living);
            }
            if direction == Direction::Descending {
                expected.reverse();
            }
            let order = Order::by(key, direction);
            for rows in SIZES {
                let met = ports
                    .walk_users(&UserFilter::all(trash), &order, size(rows))
                    .await;
                assert_eq!(numbers(&met), expected, "{order:?} {trash:?} {rows}");
            }
        }
    }
}

pub async fn by_time_of_birth(ports: Ports) {
    let ascending = [14, 5, 6, 10, 11, 7, 12, 13, 2, 3, 4, 8, 1, 9];
    assert_walks(&ports, UserField::CreatedAt, ascending).await;
}

pub async fn by_time_of_change_and_the_never_changed_first(ports: Ports) {
    let ascending = [1, 5, 7, 12, 13, 14, 4, 2, 3, 6, 8, 10, 9, 11];
    assert_walks(&ports, UserField::UpdatedAt, ascending).await;
}

pub async fn by_email_in_lower_case_by_code_point(ports: Ports) {
    let ascending = [7, 3, 8, 9, 2, 10, 4, 1, 6, 13, 5, 11, 12, 14];
    assert_walks(&ports, UserField::Email, ascending).await;
}

pub async fn by_time_to_the_microsecond(ports: Ports) {
    let born = |number, micros| User {
        lifecycle: Lifecycle::born(super::support::precise(5, micros)),
        ..user(number)
    };
    let users = [born(1, 3), born(2, 1), born(3, 2)];
    ports.insert_users(&users.each_ref()).await;
    let order = Order::by(UserField::CreatedAt, Direction::Ascending);
    let met = ports
        .walk_users(&UserFilter::all(Trash::Exclude), &order, size(1))
        .await;
    assert_eq!(numbers(&met), [2, 3, 1]);
}

pub async fn an_empty_list_is_one_empty_page(ports: Ports) {
    for key in KEYS {
        for direction in BOTH_WAYS {
            for trash in BOTH_SIDES {
                let order = Order::by(key, direction);
                let first = PageRequest::first(PageSize::DEFAULT);
                let page = ports
                    .user_page(&UserFilter::all(trash), &order, &first)
                    .await;
                assert_eq!((page.items, page.next), (vec![], None));
            }
        }
    }
}

pub async fn another_page_is_announced_exactly_when_there_is_one(ports: Ports) {
    let population = population();
    ports.insert_users(&population.each_ref()).await;
    let total = i32::try_from(population.len()).expect("a small number");
    for key in KEYS {
        for direction in BOTH_WAYS {
            let order = Order::by(key, direction);
            for (rows, announced) in [(total - 1, true), (total, false), (total + 1, false)] {
                let first = PageRequest::first(size(rows));
                let page = ports
                    .user_page(&UserFilter::all(Trash::Include), &order, &first)
                    .await;
                assert_eq!(page.items.len(), rows.min(total).unsigned_abs() as usize);
                assert_eq!(page.next.is_some(), announced, "{order:?} {rows}");
            }
        }
    }
}

pub async fn the_cursor_is_the_place_of_the_last_row(ports: Ports) {
    ports.insert_users(&population().each_ref()).await;
    for key in KEYS {
        for direction in BOTH_WAYS {
            let order = Order::by(key, direction);
            for rows in 1..14 {
                let first = PageRequest::first(size(rows));
                let page = ports
                    .user_page(&UserFilter::all(Trash::Include), &order, &first)
                    .await;
                let place = page.items.last().map(|user| Cursor {
                    values: vec![user.sort_value(key)],
                    id: user.id.as_uuid(),
                });
                assert_eq!(page.next, place, "{order:?} {rows}");
            }
        }
    }
}

pub async fn a_cursor_of_another_order_is_refused(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    let values = [
        SortValue::Absent,
        SortValue::Time(time(1)),
        SortValue::Text("a@b.c".to_owned()),
        SortValue::Rank(0),
    ];
    for key in KEYS {
        for value in &values {
            let cursor = Cursor {
                values: vec![value.clone()],
                id: user_id(1).as_uuid(),
            };
            let order = Order::by(key, Direction::Ascending);
            let request = after(PageSize::DEFAULT, Some(cursor.clone()));
            let filter = UserFilter::default();
            let page = ports
                .users
                .list(&filter, &order, &request, &Fields::all())
                .await;
            if order.fits(&cursor) {
                page.expect("a page is read");
            } else {
                assert_internal(&page);
            }
        }
    }
}
