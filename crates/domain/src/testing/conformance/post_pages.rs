//! Lists of posts: the order, the pages and the trash.

use super::Ports;
use super::support::{BOTH_SIDES, assert_internal, life, numbers, size, title};
use super::walks::{BOTH_WAYS, SIZES, after};
use crate::order::{Direction, Order};
use crate::page::{Cursor, PageRequest, PageSize, SortValue};
use crate::post::{Post, PostField, PostFilter};
use crate::selection::Fields;
use crate::testing::fixtures::{post, post_id, time, user};
use crate::trash::Trash;

const KEYS: [PostField; 3] = [PostField::CreatedAt, PostField::UpdatedAt, PostField::Title];

/// Post `number` with the times of birth, of the last change and of deletion.
fn with_times(number: u64, text: &str, times: (i64, Option<i64>, Option<i64>)) -> Post {
    Post {
        title: title(text),
        lifecycle: life(times),
        ..post(number, user(1).id)
    }
}

/// Posts with ties in everything a list is ordered by, across the trash too, and
/// with values that the order of ids contradicts.
fn population() -> [Post; 13] {
    [
        with_times(1, "zebra", (90, None, None)),
        with_times(2, "Zebra", (80, Some(95), None)),
        with_times(3, "apple", (80, Some(95), None)),
        with_times(4, "apple pie", (80, Some(85), None)),
        with_times(5, "Äpfel", (10, None, None)),
        with_times(6, "apple", (10, Some(95), None)),
        with_times(7, " apple", (20, None, None)),
        with_times(8, "apple", (80, Some(95), Some(95))),
        with_times(9, "zebra", (90, Some(97), Some(97))),
        with_times(10, "-apple", (10, Some(95), Some(95))),
        with_times(11, "\u{fffd}", (20, Some(30), None)),
        with_times(12, "😀", (20, Some(30), None)),
        with_times(13, "10", (5, Some(30), None)),
    ]
}

async fn populate(ports: &Ports) {
    ports.insert_users(&[&user(1)]).await;
    ports.insert_posts(&population().each_ref()).await;
}

/// Walks the population by `key` at every size, both ways, and asserts that it
/// meets the posts of `ascending`, the trash included; without it, the living.
async fn assert_walks(ports: &Ports, key: PostField, ascending: [u64; 13]) {
    populate(ports).await;
    let living = |number: &u64| {
        population()
            .iter()
            .any(|post| post.id == post_id(*number) && !post.lifecycle.is_deleted())
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
                    .walk_posts(&PostFilter::all(trash), &order, size(rows))
                    .await;
                assert_eq!(numbers(&met), expected, "{order:?} {trash:?} {rows}");
            }
        }
    }
}

pub async fn by_time_of_birth(ports: Ports) {
    let ascending = [13, 5, 6, 10, 7, 11, 12, 2, 3, 4, 8, 1, 9];
    assert_walks(&ports, PostField::CreatedAt, ascending).await;
}

pub async fn by_time_of_change_and_the_never_changed_first(ports: Ports) {
    let ascending = [1, 5, 7, 11, 12, 13, 4, 2, 3, 6, 8, 10, 9];
    assert_walks(&ports, PostField::UpdatedAt, ascending).await;
}

pub async fn by_title_by_code_point(ports: Ports) {
    let ascending = [7, 10, 13, 2, 3, 6, 8, 4, 1, 9, 5, 11, 12];
    assert_walks(&ports, PostField::Title, ascending).await;
}

pub async fn an_empty_list_is_one_empty_page(ports: Ports) {
    for key in KEYS {
        for direction in BOTH_WAYS {
            for trash in BOTH_SIDES {
                let order = Order::by(key, direction);
                let first = PageRequest::first(PageSize::DEFAULT);
                let page = ports
                    .post_page(&PostFilter::all(trash), &order, &first)
                    .await;
                assert_eq!((page.items, page.next), (vec![], None));
            }
        }
    }
}

pub async fn another_page_is_announced_exactly_when_there_is_one(ports: Ports) {
    populate(&ports).await;
    for key in KEYS {
        for direction in BOTH_WAYS {
            let order = Order::by(key, direction);
            for (rows, count, announced) in [(12, 12, true), (13, 13, false), (14, 13, false)] {
                let first = PageRequest::first(size(rows));
                let page = ports
                    .post_page(&PostFilter::all(Trash::Include), &order, &first)
                    .await;
                assert_eq!(page.items.len(), count);
                assert_eq!(page.next.is_some(), announced, "{order:?} {rows}");
            }
        }
    }
}

pub async fn the_cursor_is_the_place_of_the_last_row(ports: Ports) {
    populate(&ports).await;
    for key in KEYS {
        for direction in BOTH_WAYS {
            let order = Order::by(key, direction);
            for rows in 1..13 {
                let first = PageRequest::first(size(rows));
                let page = ports
                    .post_page(&PostFilter::all(Trash::Include), &order, &first)
                    .await;
                let place = page.items.last().map(|post| Cursor {
                    values: vec![post.sort_value(key)],
                    id: post.id.as_uuid(),
                });
                assert_eq!(page.next, place, "{order:?} {rows}");
            }
        }
    }
}

pub async fn a_cursor_of_another_order_is_refused(ports: Ports) {
    populate(&ports).await;
    let values = [
        SortValue::Absent,
        SortValue::Time(time(1)),
        SortValue::Text("a".to_owned()),
        SortValue::Rank(0),
    ];
    for key in KEYS {
        for value in &values {
            let cursor = Cursor {
                values: vec![value.clone()],
                id: post_id(1).as_uuid(),
            };
            let order = Order::by(key, Direction::Ascending);
            let request = after(PageSize::DEFAULT, Some(cursor.clone()));
            let filter = PostFilter::default();
            let page = ports
                .posts
                .list(&filter, &order, &request, &Fields::all(), 0)
                .await;
            if order.fits(&cursor) {
                page.expect("a page is read");
            } else {
                assert_internal(&page);
            }
        }
    }
}
