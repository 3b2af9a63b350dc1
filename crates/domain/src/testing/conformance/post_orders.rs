//! Lists of posts by any field, and by several.

use super::Ports;
use super::orders::{by_each, by_pairs, sorted};
use super::support::{BOTH_SIDES, assert_internal, content, life, numbers, size, title};
use super::walks::{BOTH_WAYS, SIZES, after};
use crate::lifecycle::{Retention, Version};
use crate::order::Direction::{Ascending, Descending};
use crate::order::Order;
use crate::page::{Cursor, PageRequest, PageSize, SortValue};
use crate::post::{Post, PostField, PostFilter};
use crate::selection::Fields;
use crate::testing::fixtures::{post, post_id, time, user, user_id};
use crate::trash::Trash;

const ALL: PostFilter = PostFilter::all(Trash::Include);
const LIVING: PostFilter = PostFilter::all(Trash::Exclude);

/// When a post was published, made, changed and deleted, in seconds.
type Times = (Option<i64>, i64, Option<i64>, Option<i64>);

fn article(number: u64, author: u64, named: &str, text: Option<&str>, times: Times) -> Post {
    let (published_at, created_at, updated_at, deleted_at) = times;
    Post {
        title: title(named),
        content: text.map(content),
        published_at: published_at.map(time),
        lifecycle: life((created_at, updated_at, deleted_at)),
        ..post(number, user_id(author))
    }
}

/// Posts with ties in everything, across the trash too, with absent values, and with
/// values that the ids contradict.
fn population() -> [Post; 12] {
    [
        article(1, 2, "zebra", None, (Some(91), 90, None, None)),
        article(2, 1, "Zebra", Some("b"), (None, 80, Some(95), None)),
        article(3, 2, "apple", Some(""), (Some(81), 80, Some(95), None)),
        article(4, 1, "apple pie", Some("a"), (Some(91), 80, Some(85), None)),
        article(5, 3, "Äpfel", Some("é"), (None, 10, None, None)),
        article(6, 1, "apple", Some("B"), (Some(91), 10, Some(95), None)),
        article(7, 3, " apple", None, (Some(95), 20, None, None)),
        article(8, 1, "apple", Some("b"), (Some(91), 80, Some(95), Some(95))),
        article(9, 2, "zebra", Some(""), (None, 90, Some(97), Some(97))),
        article(10, 3, "apple", Some("\n"), (None, 10, Some(95), Some(95))),
        article(
            11,
            1,
            "\u{fffd}",
            Some("😀"),
            (Some(81), 20, Some(97), None),
        ),
        article(12, 2, "😀", Some("\u{fffd}"), (None, 20, None, None)),
    ]
}

async fn insert(ports: &Ports, posts: &[Post]) {
    ports.insert_users(&[&user(1), &user(2), &user(3)]).await;
    ports.insert_posts(&posts.iter().collect::<Vec<_>>()).await;
}

/// Walks the posts in that order and asserts that it meets all in their places, and
/// without the trash the living.
async fn assert_in_order(ports: &Ports, posts: &[Post], order: &Order<PostField>, sizes: &[i32]) {
    for trash in BOTH_SIDES {
        let filter = PostFilter::all(trash);
        let mut meant = posts.to_vec();
        meant.retain(|post| trash.sees(post.lifecycle.is_deleted()));
        let expected = numbers(&sorted(&meant, order, Post::sort_value));
        for rows in sizes {
            let met = ports.walk_posts(&filter, order, size(*rows)).await;
            assert_eq!(numbers(&met), expected, "{order:?} {trash:?} {rows}");
        }
        let exported = ports.exported_posts(&filter, Some(order)).await;
        assert_eq!(numbers(&exported), expected, "{order:?} {trash:?}");
    }
}

pub async fn by_every_field_both_ways(ports: Ports) {
    insert(&ports, &population()).await;
    for order in by_each() {
        assert_in_order(&ports, &population(), &order, &SIZES).await;
    }
}

pub async fn by_every_two_fields_in_all_directions(ports: Ports) {
    insert(&ports, &population()).await;
    let fields = [
        PostField::Title,
        PostField::Content,
        PostField::Published,
        PostField::PublishedAt,
        PostField::AuthorId,
    ];
    for order in by_pairs(&fields) {
        assert_in_order(&ports, &population(), &order, &[3]).await;
    }
}

async fn assert_walks(ports: &Ports, order: &Order<PostField>, expected: [u64; 12]) {
    for rows in SIZES {
        let met = ports.walk_posts(&ALL, order, size(rows)).await;
        assert_eq!(numbers(&met), expected, "{order:?} {rows}");
    }
}

pub async fn by_two_fields_in_mixed_directions(ports: Ports) {
    insert(&ports, &population()).await;
    let order = Order::by(PostField::AuthorId, Descending).then(PostField::Title, Ascending);
    let expected = [7, 10, 5, 3, 1, 9, 12, 2, 6, 8, 4, 11];
    assert_walks(&ports, &order, expected).await;
}

pub async fn by_three_fields_in_mixed_directions(ports: Ports) {
    insert(&ports, &population()).await;
    let order = Order::by(PostField::Published, Ascending)
        .then(PostField::UpdatedAt, Descending)
        .then(PostField::AuthorId, Ascending);
    let expected = [9, 2, 10, 12, 5, 11, 6, 8, 3, 4, 1, 7];
    assert_walks(&ports, &order, expected).await;
}

pub async fn an_empty_content_is_ordered_as_an_absent_one(ports: Ports) {
    insert(&ports, &population()).await;
    let order = Order::by(PostField::Content, Ascending);
    let expected = [1, 3, 7, 9, 10, 6, 4, 2, 8, 5, 12, 11];
    assert_walks(&ports, &order, expected).await;
}

pub async fn a_content_is_ordered_by_its_first_characters(ports: Ports) {
    // Two bytes each: it is characters that are counted.
    let same = "é".repeat(Post::SORTED_CHARS - 1);
    let text = |number, end: &str| Post {
        content: Some(content(format!("{same}{end}"))),
        ..post(number, user(1).id)
    };
    let posts = [
        text(1, "b"),
        text(2, "az"),
        text(3, "ab"),
        text(4, "a"),
        text(5, ""),
    ];
    insert(&ports, &posts).await;
    for (direction, expected) in BOTH_WAYS
        .into_iter()
        .zip([[5, 2, 3, 4, 1], [1, 4, 3, 2, 5]])
    {
        let order = Order::by(PostField::Content, direction);
        for rows in SIZES {
            let met = ports.walk_posts(&LIVING, &order, size(rows)).await;
            assert_eq!(numbers(&met), expected, "{order:?} {rows}");
        }
    }
}

pub async fn the_cursor_holds_a_value_for_each_field(ports: Ports) {
    insert(&ports, &population()).await;
    let orders = [
        Order::by(PostField::Content, Descending).then(PostField::Title, Ascending),
        Order::by(PostField::Published, Descending)
            .then(PostField::AuthorId, Ascending)
            .then(PostField::PublishedAt, Descending),
    ];
    for order in orders.into_iter().chain(by_each()) {
        for rows in 1..12 {
            let first = PageRequest::first(size(rows));
            let page = ports.post_page(&ALL, &order, &first).await;
            let place = page.items.last().map(|post| Cursor {
                values: order.keys().map(|key| post.sort_value(key.field)).collect(),
                id: post.id.as_uuid(),
            });
            assert_eq!(page.next, place, "{order:?} {rows}");
        }
    }
}

pub async fn a_cursor_of_more_or_fewer_fields_is_refused(ports: Ports) {
    insert(&ports, &population()).await;
    let order = Order::by(PostField::PublishedAt, Ascending).then(PostField::AuthorId, Ascending);
    let at = SortValue::Time(time(91));
    let author = SortValue::Id(user_id(1).as_uuid());
    for (values, fits) in [
        (vec![at.clone(), author.clone()], true),
        (vec![SortValue::Absent, author.clone()], true),
        (vec![at.clone(), SortValue::Absent], false),
        (vec![author.clone(), at.clone()], false),
        (vec![at.clone()], false),
        (vec![], false),
        (vec![at.clone(), author, at], false),
    ] {
        let id = post_id(1).as_uuid();
        let request = after(PageSize::DEFAULT, Some(Cursor { values, id }));
        let page = ports
            .posts
            .list(&LIVING, &order, &request, &Fields::all(), 0)
            .await;
        if fits {
            page.expect("a page is read");
        } else {
            assert_internal(&page);
        }
    }
}

/// Post `number` of what a walk by publication and title minds.
fn walker(number: u64, is_published: bool, named: &str) -> Post {
    let published_at = is_published.then_some(5);
    article(number, 1, named, None, (published_at, 5, None, None))
}

pub async fn what_comes_and_goes_between_pages_moves_no_other(ports: Ports) {
    let stored = [
        walker(10, true, "a"),
        walker(20, true, "b"),
        walker(30, true, "b"),
        walker(40, false, "a"),
        walker(50, false, "b"),
    ];
    insert(&ports, &stored).await;
    let order = Order::by(PostField::Published, Descending).then(PostField::Title, Ascending);
    let first = PageRequest::first(size(2));
    let page = ports.post_page(&LIVING, &order, &first).await;
    assert_eq!(numbers(&page.items), [10, 20]);

    let come = [
        walker(15, true, "b"),
        walker(25, true, "b"),
        walker(26, true, "aa"),
        walker(27, false, "A"),
    ];
    ports.insert_posts(&come.each_ref()).await;
    ports.purge_posts(&[post_id(20)]).await;
    let mut deleted = stored[3].clone();
    deleted.lifecycle.delete(time(50), Retention::DEFAULT);
    ports.update_post(&deleted, Version::FIRST).await;
    let changed = walker(10, false, "a");
    ports.update_post(&changed, Version::FIRST).await;

    let rest = ports.rest_of_posts(&order, size(3), page.next).await;
    assert_eq!(numbers(&rest), [25, 30, 27, 10, 50]);
}
