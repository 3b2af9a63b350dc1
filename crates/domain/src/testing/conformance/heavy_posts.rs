//! Posts that weigh more together than one answer may.

use super::Ports;
use super::support::{content, size, title};
use super::walks::{BOTH_WAYS, after};
use crate::error::RepositoryError;
use crate::ids::PostId;
use crate::lifecycle::Retention;
use crate::order::{Direction, Order};
use crate::page::{MAX_BYTES, PageRequest};
use crate::post::{Content, Post, PostField, PostFilter, PostView};
use crate::selection::Fields;
use crate::testing::fixtures::{post, time, user};
use crate::trash::Trash;

const LIVING: PostFilter = PostFilter::all(Trash::Exclude);
const ASCENDING: Order<PostField> = Order::by(PostField::CreatedAt, Direction::Ascending);

/// A post with a content of 1 MiB: three of them are too many for one answer.
pub(super) fn heavy(number: u64) -> Post {
    Post {
        // Two bytes each: it is bytes that weigh, not characters.
        content: Some(content("é".repeat(Content::MAX_BYTES / 2))),
        ..post(number, user(1).id)
    }
}

/// A post of which three weigh exactly as much as one answer may.
fn third(number: u64) -> Post {
    let named = Post {
        title: title("Third é"),
        content: Some(content("")),
        ..post(number, user(1).id)
    };
    let room = MAX_BYTES / 3 - weight(&named);
    let room = usize::try_from(room).expect("a small number");
    Post {
        content: Some(content("a".repeat(room))),
        ..named
    }
}

fn weight(post: &Post) -> u64 {
    PostView::from(post.clone()).weight()
}

async fn insert(ports: &Ports, posts: &[Post]) {
    ports.insert_users(&[&user(1)]).await;
    ports.insert_posts(&posts.iter().collect::<Vec<_>>()).await;
}

fn ids(posts: &[Post]) -> Vec<PostId> {
    posts.iter().map(|post| post.id).collect()
}

/// Posts are compared by id: a failure that prints mebibytes helps nobody.
#[track_caller]
fn assert_same(found: &[Post], expected: &[Post]) {
    assert_eq!(ids(found), ids(expected));
    assert!(found == expected, "the contents differ");
}

async fn assert_too_large(ports: &Ports, ids: &[PostId], trash: Trash) {
    let found = ports.posts.find_many(ids, trash, &Fields::all(), 0).await;
    assert!(matches!(found, Err(RepositoryError::TooLarge)));
}

pub async fn the_longest_content_is_kept(ports: Ports) {
    insert(&ports, &[heavy(1)]).await;
    let stored = ports.stored_post(&heavy(1)).await.expect("it is kept");
    assert_same(&[stored], &[heavy(1)]);
}

pub async fn a_page_ends_before_it_grows_too_heavy(ports: Ports) {
    let posts = [1, 2, 3, 4, 5].map(heavy);
    insert(&ports, &posts).await;
    for direction in BOTH_WAYS {
        let order = Order::by(PostField::CreatedAt, direction);
        let mut expected = posts.to_vec();
        if direction == Direction::Descending {
            expected.reverse();
        }
        let mut cursor = None;
        for (chunk, announced) in expected.chunks(2).zip([true, true, false]) {
            let request = after(size(4), cursor);
            let page = ports.post_page(&LIVING, &order, &request).await;
            assert_same(&page.items, chunk);
            assert_eq!(page.next.is_some(), announced);
            cursor = page.next;
        }
    }
}

pub async fn a_page_may_weigh_exactly_the_limit(ports: Ports) {
    let posts = [1, 2, 3, 4].map(third);
    assert_eq!(posts[..3].iter().map(weight).sum::<u64>(), MAX_BYTES);
    insert(&ports, &posts).await;
    let first = PageRequest::first(size(7));
    let page = ports.post_page(&LIVING, &ASCENDING, &first).await;
    assert_same(&page.items, &posts[..3]);
    let request = after(size(7), page.next);
    let page = ports.post_page(&LIVING, &ASCENDING, &request).await;
    assert_same(&page.items, &posts[3..]);
    assert_eq!(page.next, None);
}

pub async fn a_page_that_ended_early_leaves_out_no_lighter_post_that_follows(ports: Ports) {
    let light = post(4, user(1).id);
    let posts = [heavy(1), heavy(2), heavy(3), light];
    insert(&ports, &posts).await;
    let first = PageRequest::first(size(7));
    let page = ports.post_page(&LIVING, &ASCENDING, &first).await;
    assert_same(&page.items, &posts[..2]);
    let request = after(size(7), page.next);
    let page = ports.post_page(&LIVING, &ASCENDING, &request).await;
    assert_same(&page.items, &posts[2..]);
    assert_eq!(page.next, None);
}

/// The row behind the page, by which the adapter knows that another follows, is
/// no part of the page.
pub async fn the_row_behind_a_full_page_weighs_nothing(ports: Ports) {
    let posts = [1, 2, 3].map(heavy);
    insert(&ports, &posts).await;
    let first = PageRequest::first(size(2));
    let page = ports.post_page(&LIVING, &ASCENDING, &first).await;
    assert_same(&page.items, &posts[..2]);
    assert!(page.next.is_some());
}

pub async fn what_is_skipped_weighs_nothing(ports: Ports) {
    let posts = [1, 2, 3, 4, 5].map(heavy);
    insert(&ports, &posts).await;
    let request = PageRequest {
        skip: 3,
        ..PageRequest::first(size(7))
    };
    let page = ports.post_page(&LIVING, &ASCENDING, &request).await;
    assert_same(&page.items, &posts[3..]);
    assert_eq!(page.next, None);
}

pub async fn what_is_in_the_trash_weighs_only_where_it_is_meant(ports: Ports) {
    let mut posts = [1, 2, 3, 4].map(heavy);
    for deleted in &mut posts[..2] {
        deleted.lifecycle.delete(time(50), Retention::DEFAULT);
    }
    insert(&ports, &posts).await;
    let first = PageRequest::first(size(7));
    let page = ports.post_page(&LIVING, &ASCENDING, &first).await;
    assert_same(&page.items, &posts[2..]);
    assert_eq!(page.next, None);
    let page = ports
        .post_page(&PostFilter::all(Trash::Include), &ASCENDING, &first)
        .await;
    assert_same(&page.items, &posts[..2]);
    assert!(page.next.is_some());

    let found = ports.find_posts(&ids(&posts), Trash::Exclude).await;
    assert_same(&found, &posts[2..]);
    assert_too_large(&ports, &ids(&posts), Trash::Include).await;
}

pub async fn find_many_of_too_heavy_posts_is_refused(ports: Ports) {
    let posts = [1, 2, 3].map(heavy);
    insert(&ports, &posts).await;
    assert_too_large(&ports, &ids(&posts), Trash::Exclude).await;
    let found = ports.find_posts(&ids(&posts[1..]), Trash::Exclude).await;
    assert_same(&found, &posts[1..]);
}

pub async fn find_many_may_weigh_exactly_the_limit(ports: Ports) {
    let posts = [1, 2, 3, 4].map(third);
    insert(&ports, &posts).await;
    let found = ports.find_posts(&ids(&posts[..3]), Trash::Exclude).await;
    assert_same(&found, &posts[..3]);
    assert_too_large(&ports, &ids(&posts), Trash::Exclude).await;
}

pub async fn find_many_weighs_a_post_named_twice_once(ports: Ports) {
    let posts = [1, 2].map(heavy);
    insert(&ports, &posts).await;
    let ids = [posts[0].id, posts[1].id, posts[0].id, posts[1].id];
    let found = ports.find_posts(&ids, Trash::Exclude).await;
    assert_same(&found, &posts);
}
