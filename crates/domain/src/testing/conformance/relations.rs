//! The posts of many authors: the newest, the first pages of them, and how many.

use super::Ports;
use super::heavy_posts::heavy;
use super::support::{content, deleted_post, numbers, size};
use crate::ids::UserId;
use crate::lifecycle::Lifecycle;
use crate::order::{Direction, Order};
use crate::page::{LIGHT_BYTES, MAX_BYTES, PageRequest};
use crate::post::{Content, Post, PostField, PostFilter};
use crate::selection::Fields;
use crate::testing::fixtures::{post, time, user, user_id};
use crate::trash::Trash;
use crate::user::{User, UserView};

/// What the content of a post of 1 MiB and the post weigh, if nothing else is read.
const HEAVY: u64 = Content::MAX_BYTES as u64 + Post::FIXED_BYTES;

/// The numbers of the newest posts of each author, by number.
async fn newest(ports: &Ports, authors: &[u64], trash: Trash) -> Vec<Vec<u64>> {
    newest_read(ports, authors, trash, &Fields::none()).await
}

async fn newest_read(
    ports: &Ports,
    authors: &[u64],
    trash: Trash,
    fields: &Fields<PostField>,
) -> Vec<Vec<u64>> {
    let authors = ids(authors);
    let found = ports.posts.newest_of(&authors, trash, fields).await;
    let found = found.expect("posts are read");
    found.iter().map(|posts| numbers(posts)).collect()
}

async fn counts(ports: &Ports, authors: &[u64], trash: Trash) -> Vec<u64> {
    let counts = ports.posts.count_of(&ids(authors), trash).await;
    counts.expect("posts are counted")
}

fn ids(authors: &[u64]) -> Vec<UserId> {
    authors.iter().copied().map(user_id).collect()
}

fn contents() -> Fields<PostField> {
    Fields::none().with(PostField::Content)
}

/// Post `number` of `author`, made in second `at`.
fn made(number: u64, author: u64, at: i64) -> Post {
    Post {
        lifecycle: Lifecycle::born(time(at)),
        ..post(number, user_id(author))
    }
}

/// Users 1 to 4; 1 has five posts, two in the trash; 2 has two; 3 has one in the trash.
async fn insert(ports: &Ports) {
    ports
        .insert_users(&[&user(1), &user(2), &user(3), &user(4)])
        .await;
    ports
        .insert_posts(&[
            &made(1, 1, 30),
            &deleted_post(2, &user(1), 50),
            &made(3, 2, 20),
            &made(4, 1, 20),
            &made(5, 1, 20),
            &deleted_post(6, &user(1), 50),
            &deleted_post(7, &user(3), 50),
            &made(8, 2, 10),
        ])
        .await;
}

pub async fn the_newest_come_first_and_the_greater_id_among_equals(ports: Ports) {
    insert(&ports).await;
    let met = newest(&ports, &[1], Trash::Exclude).await;
    assert_eq!(met, [[1, 5, 4]]);
}

pub async fn each_author_is_answered_in_the_order_asked_for(ports: Ports) {
    insert(&ports).await;
    let authors = [2, 4, 1, 9, 3, 2];
    let met = newest(&ports, &authors, Trash::Exclude).await;
    let expected = [
        vec![3, 8],
        vec![],
        vec![1, 5, 4],
        vec![],
        vec![],
        vec![3, 8],
    ];
    assert_eq!(met, expected);
    let met = counts(&ports, &authors, Trash::Exclude).await;
    assert_eq!(met, [2, 0, 3, 0, 0, 2]);
}

pub async fn the_trash_is_looked_at_where_it_is_meant(ports: Ports) {
    insert(&ports).await;
    let met = newest(&ports, &[3, 1], Trash::Include).await;
    assert_eq!(met, [vec![7], vec![1, 5, 4, 6, 2]]);
    assert_eq!(counts(&ports, &[3, 1], Trash::Include).await, [1, 5]);
}

pub async fn of_no_authors_there_is_nothing(ports: Ports) {
    insert(&ports).await;
    for trash in [Trash::Exclude, Trash::Include] {
        assert_eq!(newest(&ports, &[], trash).await, [[]; 0]);
        assert_eq!(counts(&ports, &[], trash).await, []);
    }
}

pub async fn of_the_posts_of_an_author_a_hundred_come_and_all_count(ports: Ports) {
    ports.insert_users(&[&user(1), &user(2)]).await;
    let posts: Vec<Post> = (1..=102).map(|number| post(number, user_id(1))).collect();
    let mut posts: Vec<&Post> = posts.iter().collect();
    let (deleted, other) = (deleted_post(200, &user(1), 300), post(201, user_id(2)));
    posts.extend([&deleted, &other]);
    ports.insert_posts(&posts).await;
    assert_eq!(UserView::MAX_POSTS, 100);
    let living: Vec<u64> = (3..=102).rev().collect();
    let met = newest(&ports, &[1, 2], Trash::Exclude).await;
    assert_eq!(met, [living.clone(), vec![201]]);
    assert_eq!(counts(&ports, &[1, 2], Trash::Exclude).await, [102, 1]);
    let met = newest(&ports, &[1], Trash::Include).await;
    assert_eq!(met[0][..2], [200, 102]);
    assert_eq!(met[0].len(), UserView::MAX_POSTS);
    assert_eq!(counts(&ports, &[1], Trash::Include).await, [103]);
}

/// Users 1 to 3. User 1 has two posts of 1 MiB, user 2 one post with which both
/// weigh as much as one answer may and `more`, if only contents are read.
async fn insert_heavy(ports: &Ports, more: u64) {
    ports.insert_users(&[&user(1), &user(2), &user(3)]).await;
    let room = MAX_BYTES - 2 * User::MAX_BYTES - 2 * HEAVY - Post::FIXED_BYTES + more;
    let room = usize::try_from(room).expect("a small number");
    let last = Post {
        content: Some(content("a".repeat(room))),
        ..post(3, user_id(2))
    };
    ports.insert_posts(&[&heavy(1), &heavy(2), &last]).await;
}

pub async fn the_answer_may_weigh_exactly_the_limit(ports: Ports) {
    insert_heavy(&ports, 0).await;
    let met = newest_read(&ports, &[1, 2], Trash::Exclude, &contents()).await;
    assert_eq!(met, [vec![2, 1], vec![3]]);
    let met = newest_read(&ports, &[2, 1], Trash::Exclude, &contents()).await;
    assert_eq!(met, [vec![3], vec![2, 1]]);
}

pub async fn the_answer_ends_before_the_author_with_whom_it_weighs_too_much(ports: Ports) {
    insert_heavy(&ports, 1).await;
    let met = newest_read(&ports, &[1, 2, 3], Trash::Exclude, &contents()).await;
    assert_eq!(met, [[2, 1]]);
    let met = newest_read(&ports, &[2, 1, 3], Trash::Exclude, &contents()).await;
    assert_eq!(met, [[3]]);
    let met = newest_read(&ports, &[3, 1, 3, 1], Trash::Exclude, &contents()).await;
    assert_eq!(met, [vec![], vec![2, 1], vec![]]);
}

pub async fn an_author_without_posts_weighs_too(ports: Ports) {
    insert_heavy(&ports, 0).await;
    let met = newest_read(&ports, &[1, 2, 3, 3], Trash::Exclude, &contents()).await;
    assert_eq!(met, [vec![2, 1], vec![3]]);
}

pub async fn what_is_not_read_weighs_nothing(ports: Ports) {
    insert_heavy(&ports, 1).await;
    let met = newest(&ports, &[1, 2, 1, 3], Trash::Exclude).await;
    assert_eq!(met, [vec![2, 1], vec![3], vec![2, 1], vec![]]);
}

pub async fn the_first_author_comes_with_as_many_posts_as_fit(ports: Ports) {
    ports.insert_users(&[&user(1), &user(2)]).await;
    let light = post(1, user_id(1));
    let posts = [heavy(2), heavy(3), heavy(4), light, post(5, user_id(2))];
    ports.insert_posts(&posts.each_ref()).await;
    // Neither a lighter post behind them comes, nor an author who would fit.
    let met = newest_read(&ports, &[1, 2], Trash::Exclude, &contents()).await;
    assert_eq!(met, [[4, 3]]);
    let met = newest_read(&ports, &[2, 1], Trash::Exclude, &contents()).await;
    assert_eq!(met, [[5]]);
}

/// The first pages of each author's posts; the same by a list of each.
async fn first_pages(ports: &Ports, authors: &[u64], trash: Trash, rows: i32) {
    let newest = Order::by(PostField::CreatedAt, Direction::Descending);
    let authors = ids(authors);
    for fields in [Fields::all(), Fields::none().with(PostField::Title)] {
        let size = size(rows);
        let pages = ports
            .posts
            .first_pages_of(&authors, trash, size, &fields, 7);
        let pages = pages.await.expect("posts are read");
        assert_eq!(pages.len(), authors.len());
        for (author, page) in authors.iter().zip(pages) {
            let filter = PostFilter::of_author(*author, trash);
            let first = PageRequest::first(size);
            let list = ports.posts.list(&filter, &newest, &first, &fields, 7);
            let list = list.await.expect("posts are read");
            assert_eq!(page, Some(list), "{author} {trash:?} {rows}");
        }
    }
}

pub async fn the_first_pages_of_authors_are_those_of_their_lists(ports: Ports) {
    insert(&ports).await;
    for trash in [Trash::Exclude, Trash::Include] {
        for rows in [1, 2, 3, 50] {
            first_pages(&ports, &[2, 4, 1, 9, 3, 2], trash, rows).await;
        }
        first_pages(&ports, &[], trash, 50).await;
    }
}

pub async fn a_first_page_that_is_heavy_is_left_out_alone(ports: Ports) {
    ports.insert_users(&[&user(1), &user(2), &user(3)]).await;
    let room = LIGHT_BYTES - 2 * (Post::FIXED_BYTES + 7);
    let halves = [room / 2, room / 2, room / 2 + 1];
    let [half, other, more] = halves.map(|bytes| {
        let bytes = usize::try_from(bytes).expect("a small number");
        Some(content("a".repeat(bytes)))
    });
    let said = |number, author, content| Post {
        content,
        ..post(number, user_id(author))
    };
    ports
        .insert_posts(&[
            &said(1, 1, half.clone()),
            &said(2, 1, other),
            &said(3, 2, half),
            &said(4, 2, more),
            &said(5, 3, Some(content("light".to_owned()))),
        ])
        .await;
    let authors = ids(&[2, 1, 3]);
    // The post behind the page weighs too.
    for rows in [1, 2] {
        let fields = contents();
        let pages = ports
            .posts
            .first_pages_of(&authors, Trash::Exclude, size(rows), &fields, 7);
        let pages = pages.await.expect("posts are read");
        let counts: Vec<_> = pages
            .iter()
            .map(|page| page.as_ref().map(|page| page.items.len()))
            .collect();
        let full = usize::try_from(rows).expect("a small number");
        assert_eq!(counts, [None, Some(full), Some(1)]);
    }
    let none = Fields::none();
    let pages = ports
        .posts
        .first_pages_of(&authors, Trash::Exclude, size(2), &none, 7);
    let pages = pages.await.expect("posts are read");
    assert!(pages.iter().all(Option::is_some), "no content is read");
}
