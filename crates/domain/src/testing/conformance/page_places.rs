//! Where a page starts: rows left out, and rows that come and go between pages.

use super::Ports;
use super::support::{deleted_user, size, title};
use super::walks::{BOTH_WAYS, after};
use crate::lifecycle::Retention;
use crate::order::{Direction, Order};
use crate::page::{Page, PageRequest};
use crate::post::{Post, PostField, PostFilter};
use crate::testing::fixtures::{post, post_id, time, user, user_id};
use crate::trash::Trash;
use crate::user::{User, UserField, UserFilter};

const LIVING: UserFilter = UserFilter::all(Trash::Exclude);
const LIVING_POSTS: PostFilter = PostFilter::all(Trash::Exclude);
const USERS: Order<UserField> = Order::by(UserField::CreatedAt, Direction::Ascending);
const POSTS: Order<PostField> = Order::by(PostField::Title, Direction::Ascending);

/// The users of those numbers.
fn users(numbers: impl IntoIterator<Item = u64>) -> Vec<User> {
    numbers.into_iter().map(user).collect()
}

async fn insert(ports: &Ports, numbers: impl IntoIterator<Item = u64> + Send) {
    let users = users(numbers);
    ports.insert_users(&users.iter().collect::<Vec<_>>()).await;
}

fn skipping(skip: u32, request: PageRequest) -> PageRequest {
    PageRequest { skip, ..request }
}

pub async fn skip_from_the_start(ports: Ports) {
    insert(&ports, 1..=9).await;
    for (skip, expected, announced) in [
        (0, 1..=3, true),
        (1, 2..=4, true),
        (5, 6..=8, true),
        (6, 7..=9, false),
        (8, 9..=9, false),
    ] {
        let request = skipping(skip, PageRequest::first(size(3)));
        let page = ports.user_page(&LIVING, &USERS, &request).await;
        assert_eq!(page.items, users(expected), "{skip}");
        assert_eq!(page.next.is_some(), announced, "{skip}");
    }
}

pub async fn skip_from_the_end_in_descending_order(ports: Ports) {
    insert(&ports, 1..=9).await;
    let order = Order::by(UserField::CreatedAt, Direction::Descending);
    let request = skipping(2, PageRequest::first(size(3)));
    let page = ports.user_page(&LIVING, &order, &request).await;
    assert_eq!(page.items, users([7, 6, 5]));
}

pub async fn skip_counts_from_the_cursor(ports: Ports) {
    insert(&ports, 1..=9).await;
    let first = PageRequest::first(size(2));
    let page = ports.user_page(&LIVING, &USERS, &first).await;
    let request = skipping(3, after(size(2), page.next));
    let page = ports.user_page(&LIVING, &USERS, &request).await;
    assert_eq!(page.items, users([6, 7]));
    let page = ports
        .user_page(&LIVING, &USERS, &after(size(9), page.next))
        .await;
    assert_eq!((page.items, page.next), (users([8, 9]), None));
}

pub async fn skip_past_the_end_is_an_empty_last_page(ports: Ports) {
    insert(&ports, 1..=9).await;
    let first = PageRequest::first(size(2));
    let cursor = ports.user_page(&LIVING, &USERS, &first).await.next;
    for trash in [Trash::Exclude, Trash::Include] {
        for direction in BOTH_WAYS {
            let order = Order::by(UserField::CreatedAt, direction);
            for skip in [9, 10, u32::MAX] {
                for request in [first.clone(), after(size(2), cursor.clone())] {
                    let request = skipping(skip, request);
                    let page = ports
                        .user_page(&UserFilter::all(trash), &order, &request)
                        .await;
                    assert_eq!((page.items, page.next), (vec![], None), "{request:?}");
                }
            }
        }
    }
}

pub async fn skip_counts_only_what_the_filter_means(ports: Ports) {
    let deleted = [deleted_user(2, 50), deleted_user(4, 50)];
    insert(&ports, [1, 3, 5, 6]).await;
    ports.insert_users(&deleted.each_ref()).await;
    let request = skipping(2, PageRequest::first(size(2)));
    let page = ports.user_page(&LIVING, &USERS, &request).await;
    assert_eq!(page.items, users([5, 6]));
    let page = ports
        .user_page(&UserFilter::all(Trash::Include), &USERS, &request)
        .await;
    assert_eq!(page.items, [user(3), deleted[1].clone()]);
}

pub async fn skip_of_posts(ports: Ports) {
    let author = user(1);
    let posts = [1, 2, 3, 4, 5].map(|number| post(number, author.id));
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&posts.each_ref()).await;
    let numbered = |from: usize, to: usize| -> Vec<Post> { posts[from - 1..to].to_vec() };
    let request = skipping(1, PageRequest::first(size(2)));
    let page = ports.post_page(&LIVING_POSTS, &POSTS, &request).await;
    assert_eq!(page.items, numbered(2, 3));
    let request = skipping(1, after(size(2), page.next));
    let page = ports.post_page(&LIVING_POSTS, &POSTS, &request).await;
    assert_eq!((page.items, page.next), (numbered(5, 5), None));
    let request = skipping(5, PageRequest::first(size(2)));
    let page = ports.post_page(&LIVING_POSTS, &POSTS, &request).await;
    assert_eq!((page.items, page.next), (vec![], None));
}

/// The first page of three of the users 10, 20 and so on up to 90.
async fn first_of_nine(ports: &Ports) -> Page<User> {
    insert(ports, (1..=9).map(|number| number * 10)).await;
    let first = PageRequest::first(size(3));
    let page = ports.user_page(&LIVING, &USERS, &first).await;
    assert_eq!(page.items, users([10, 20, 30]));
    page
}

/// All that follows a page.
async fn rest(ports: &Ports, page: Page<User>) -> Vec<User> {
    ports.rest_of_users(&USERS, size(3), page.next).await
}

pub async fn what_is_inserted_between_pages_moves_nothing(ports: Ports) {
    let page = first_of_nine(&ports).await;
    insert(&ports, [1, 15, 29, 31, 55, 99]).await;
    let expected = users([31, 40, 50, 55, 60, 70, 80, 90, 99]);
    assert_eq!(rest(&ports, page).await, expected);
}

pub async fn what_is_purged_between_pages_moves_nothing(ports: Ports) {
    let page = first_of_nine(&ports).await;
    // The row of the cursor among them.
    ports.purge_users(&[10, 30, 40, 60].map(user_id)).await;
    assert_eq!(rest(&ports, page).await, users([50, 70, 80, 90]));
}

pub async fn what_is_deleted_between_pages_moves_nothing(ports: Ports) {
    let page = first_of_nine(&ports).await;
    for number in [20, 30, 50, 90] {
        let mut deleted = user(number);
        let expected = deleted.lifecycle.version();
        deleted.lifecycle.delete(time(100), Retention::DEFAULT);
        ports.update_user(&deleted, expected).await;
    }
    assert_eq!(rest(&ports, page).await, users([40, 60, 70, 80]));
}

pub async fn a_list_that_ends_after_its_page_was_read(ports: Ports) {
    let page = first_of_nine(&ports).await;
    let others = [40, 50, 60, 70, 80, 90].map(user_id);
    ports.purge_users(&others).await;
    assert_eq!(rest(&ports, page).await, []);
}

pub async fn what_is_changed_between_pages_moves_no_other(ports: Ports) {
    let changed = |mut user: User, seconds: i64| {
        user.lifecycle.touch(time(seconds));
        user
    };
    let stored = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(|number| changed(user(number), 50));
    ports.insert_users(&stored.each_ref()).await;
    let [up, down] = BOTH_WAYS.map(|direction| Order::by(UserField::UpdatedAt, direction));
    let first = PageRequest::first(size(3));
    let from_least = ports.user_page(&LIVING, &up, &first).await;
    let from_greatest = ports.user_page(&LIVING, &down, &first).await;
    let stays = |number: usize| stored[number - 1].clone();
    let again = [(3, 60), (5, 61), (7, 62)].map(|(number, at)| changed(stays(number), at));
    for user in &again {
        ports.update_user(user, stored[0].lifecycle.version()).await;
    }

    let mut expected: Vec<User> = [4, 6, 8, 9].map(stays).into();
    expected.extend(again);
    assert_eq!(
        ports.rest_of_users(&up, size(3), from_least.next).await,
        expected
    );
    let expected = [6, 4, 2, 1].map(stays);
    assert_eq!(
        ports
            .rest_of_users(&down, size(3), from_greatest.next)
            .await,
        expected
    );
}

pub async fn what_comes_and_goes_among_equals_moves_nothing(ports: Ports) {
    let author = user(1);
    let equal = |number| Post {
        title: title("Equal"),
        ..post(number, author.id)
    };
    let stored = [10, 20, 30, 40, 50, 60, 70, 80, 90].map(equal);
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&stored.each_ref()).await;
    let [up, down] = BOTH_WAYS.map(|direction| Order::by(PostField::Title, direction));
    let first = PageRequest::first(size(3));
    let from_least = ports.post_page(&LIVING_POSTS, &up, &first).await;
    let from_greatest = ports.post_page(&LIVING_POSTS, &down, &first).await;
    ports
        .insert_posts(&[15, 35, 65, 85].map(equal).each_ref())
        .await;
    // The rows of both cursors among them.
    ports.purge_posts(&[30, 50, 70].map(post_id)).await;

    let expected = [35, 40, 60, 65, 80, 85, 90].map(equal);
    assert_eq!(
        ports.rest_of_posts(&up, size(3), from_least.next).await,
        expected
    );
    let expected = [65, 60, 40, 35, 20, 15, 10].map(equal);
    assert_eq!(
        ports
            .rest_of_posts(&down, size(3), from_greatest.next)
            .await,
        expected
    );
}
