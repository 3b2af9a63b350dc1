//! Removing what has had its time.

use super::Ports;
use super::support::{deleted_post, precise};
use crate::lifecycle::{Lifecycle, Version};
use crate::post::Post;
use crate::sweep::Expired;
use crate::testing::fixtures::{post, time, user};
use crate::user::User;

/// When the tests sweep.
const NOW: i64 = 100;

/// In the trash, until that second if there is one.
fn deleted(purge_at: Option<i64>) -> Lifecycle {
    Lifecycle::from_stored(
        time(10),
        Some(time(20)),
        Some(time(20)),
        purge_at.map(time),
        Version::FIRST,
    )
}

fn deleted_user(number: u64, purge_at: Option<i64>) -> User {
    User {
        lifecycle: deleted(purge_at),
        ..user(number)
    }
}

fn deleted_post_of(number: u64, author: &User, purge_at: Option<i64>) -> Post {
    Post {
        lifecycle: deleted(purge_at),
        ..post(number, author.id)
    }
}

async fn sweep(ports: &Ports, what: Expired, limit: u32) -> u64 {
    let swept = ports.sweeper.sweep(what, time(NOW), limit).await;
    swept.expect("a sweep").expect("nobody else sweeps")
}

async fn count(ports: &Ports, what: Expired) -> u64 {
    let due = ports.sweeper.count_due(what, time(NOW)).await;
    due.expect("a count")
}

async fn assert_posts(ports: &Ports, posts: &[Post], kept: &[u64]) {
    for (post, number) in posts.iter().zip(1..) {
        let expected = kept.contains(&number).then(|| post.clone());
        assert_eq!(ports.stored_post(post).await, expected, "post {number}");
    }
}

async fn assert_users(ports: &Ports, users: &[User], kept: &[u64]) {
    for (user, number) in users.iter().zip(1..) {
        let expected = kept.contains(&number).then(|| user.clone());
        assert_eq!(ports.stored_user(user).await, expected, "user {number}");
    }
}

pub async fn an_empty_store_has_nothing_to_sweep(ports: Ports) {
    for what in Expired::ALL {
        assert_eq!(count(&ports, what).await, 0);
        assert_eq!(sweep(&ports, what, 10).await, 0);
    }
}

pub async fn posts_go_when_their_time_has_come_and_not_before(ports: Ports) {
    let author = user(1);
    let mut posts = [
        deleted_post_of(1, &author, Some(NOW)),
        deleted_post_of(2, &author, Some(NOW)),
        deleted_post_of(3, &author, None),
        post(4, author.id),
        deleted_post(5, &author, 50),
    ];
    let life = posts[1].lifecycle;
    posts[1].lifecycle = Lifecycle::from_stored(
        life.created_at(),
        life.updated_at(),
        life.deleted_at(),
        Some(precise(NOW, 1)),
        life.version(),
    );
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&posts.each_ref()).await;
    assert_eq!(count(&ports, Expired::Posts).await, 1);
    assert_eq!(sweep(&ports, Expired::Users, 10).await, 0);
    assert_eq!(sweep(&ports, Expired::Posts, 10).await, 1);
    assert_posts(&ports, &posts, &[2, 3, 4, 5]).await;
    assert_users(&ports, &[author], &[1]).await;
    assert_eq!(sweep(&ports, Expired::Posts, 10).await, 0);
}

pub async fn users_go_when_their_time_has_come_and_not_before(ports: Ports) {
    let users = [
        deleted_user(1, Some(NOW)),
        deleted_user(2, Some(NOW + 1)),
        deleted_user(3, None),
        user(4),
    ];
    ports.insert_users(&users.each_ref()).await;
    assert_eq!(count(&ports, Expired::Users).await, 1);
    assert_eq!(sweep(&ports, Expired::Posts, 10).await, 0);
    assert_eq!(sweep(&ports, Expired::Users, 10).await, 1);
    assert_users(&ports, &users, &[2, 3, 4]).await;
    assert_eq!(sweep(&ports, Expired::Users, 10).await, 0);
}

pub async fn what_has_been_due_for_longest_goes_first(ports: Ports) {
    let author = user(9);
    let times = [80, 60, 90, 60, 70].map(Some);
    let users: [User; 5] = std::array::from_fn(|at| deleted_user(at as u64 + 1, times[at]));
    let posts: [Post; 5] =
        std::array::from_fn(|at| deleted_post_of(at as u64 + 1, &author, times[at]));
    ports.insert_users(&[&author]).await;
    ports.insert_users(&users.each_ref()).await;
    ports.insert_posts(&posts.each_ref()).await;
    for kept in [&[1, 3, 4, 5][..], &[1, 3, 5], &[1, 3], &[3], &[]] {
        assert_eq!(sweep(&ports, Expired::Posts, 1).await, 1);
        assert_posts(&ports, &posts, kept).await;
        assert_eq!(sweep(&ports, Expired::Users, 1).await, 1);
        assert_users(&ports, &users, kept).await;
    }
}

pub async fn no_more_go_at_once_than_the_limit(ports: Ports) {
    // Of the posts two are due by themselves, and three with their author.
    let author = deleted_user(1, Some(90));
    let due = [Some(80), Some(70), None, None, Some(NOW + 1)];
    let posts: [Post; 5] =
        std::array::from_fn(|at| deleted_post_of(at as u64 + 1, &author, due[at]));
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&posts.each_ref()).await;
    assert_eq!(sweep(&ports, Expired::Posts, 0).await, 0);
    assert_eq!(sweep(&ports, Expired::Posts, 1).await, 1);
    assert_posts(&ports, &posts, &[1, 3, 4, 5]).await;
    assert_eq!(sweep(&ports, Expired::Posts, 3).await, 3);
    assert_eq!(sweep(&ports, Expired::Posts, 3).await, 1);
    assert_posts(&ports, &posts, &[]).await;
}

pub async fn posts_go_with_an_author_who_is_due_whatever_their_own_time(ports: Ports) {
    let users = [deleted_user(1, Some(NOW)), deleted_user(2, Some(NOW + 1))];
    let posts = [
        deleted_post_of(1, &users[0], None),
        deleted_post_of(2, &users[0], Some(NOW + 50)),
        deleted_post_of(3, &users[0], Some(NOW)),
        deleted_post_of(4, &users[1], None),
    ];
    ports.insert_users(&users.each_ref()).await;
    ports.insert_posts(&posts.each_ref()).await;
    assert_eq!(count(&ports, Expired::Posts).await, 3);
    assert_eq!(sweep(&ports, Expired::Posts, 10).await, 3);
    assert_posts(&ports, &posts, &[4]).await;
    assert_eq!(count(&ports, Expired::Posts).await, 0);
}

pub async fn a_user_stays_until_the_last_post_is_gone(ports: Ports) {
    let users = [deleted_user(1, Some(90)), deleted_user(2, Some(95))];
    let posts = [
        deleted_post_of(1, &users[0], Some(80)),
        deleted_post_of(2, &users[0], None),
    ];
    ports.insert_users(&users.each_ref()).await;
    ports.insert_posts(&posts.each_ref()).await;
    assert_eq!(count(&ports, Expired::Users).await, 2);
    assert_eq!(sweep(&ports, Expired::Posts, 1).await, 1);
    // Whoever has to wait is in nobody's way.
    assert_eq!(sweep(&ports, Expired::Users, 1).await, 1);
    assert_users(&ports, &users, &[1]).await;
    assert_posts(&ports, &posts, &[2]).await;
    assert_eq!(sweep(&ports, Expired::Posts, 10).await, 1);
    assert_eq!(sweep(&ports, Expired::Users, 10).await, 1);
    assert_users(&ports, &users, &[]).await;
}

pub async fn what_came_back_is_not_swept(ports: Ports) {
    let author = user(1);
    let mut posts = [deleted_post_of(1, &author, Some(90))];
    let mut users = [author, deleted_user(2, Some(90))];
    ports.insert_users(&users.each_ref()).await;
    ports.insert_posts(&posts.each_ref()).await;
    posts[0].lifecycle.undelete(time(95));
    users[1].lifecycle.undelete(time(95));
    ports.update_post(&posts[0], Version::FIRST).await;
    ports.update_user(&users[1], Version::FIRST).await;
    for what in [Expired::Posts, Expired::Users] {
        assert_eq!(count(&ports, what).await, 0);
        assert_eq!(sweep(&ports, what, 10).await, 0);
    }
    assert_posts(&ports, &posts, &[1]).await;
    assert_users(&ports, &users, &[1, 2]).await;
}
