//! Counting users and posts. Below the bound from which an estimate is allowed,
//! both ways to count are exact.

use super::Ports;
use super::support::{deleted_post, deleted_user};
use crate::count::CountMode;
use crate::post::PostFilter;
use crate::testing::fixtures::{post, user};
use crate::trash::Trash;
use crate::user::UserFilter;

const MODES: [CountMode; 2] = [CountMode::Exact, CountMode::Estimate];

async fn assert_users(ports: &Ports, living: u64, all: u64) {
    for mode in MODES {
        for (trash, expected) in [(Trash::Exclude, living), (Trash::Include, all)] {
            let count = ports.users.count(&UserFilter::all(trash), mode).await;
            let count = count.expect("users are counted");
            assert_eq!(count, expected, "{mode:?} {trash:?}");
        }
    }
}

async fn assert_posts(ports: &Ports, living: u64, all: u64) {
    for mode in MODES {
        for (trash, expected) in [(Trash::Exclude, living), (Trash::Include, all)] {
            let count = ports.posts.count(&PostFilter::all(trash), mode).await;
            let count = count.expect("posts are counted");
            assert_eq!(count, expected, "{mode:?} {trash:?}");
        }
    }
}

pub async fn an_empty_store_counts_none(ports: Ports) {
    assert_users(&ports, 0, 0).await;
    assert_posts(&ports, 0, 0).await;
}

pub async fn users_with_and_without_the_trash(ports: Ports) {
    ports
        .insert_users(&[&user(1), &deleted_user(2, 50), &user(3)])
        .await;
    assert_users(&ports, 2, 3).await;
}

pub async fn posts_with_and_without_the_trash(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author]).await;
    ports
        .insert_posts(&[
            &deleted_post(1, &author, 50),
            &post(2, author.id),
            &deleted_post(3, &author, 60),
        ])
        .await;
    assert_posts(&ports, 1, 3).await;
}

pub async fn counts_follow_what_is_purged(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author, &user(2)]).await;
    ports
        .insert_posts(&[&post(1, author.id), &post(2, user(2).id)])
        .await;
    ports.purge_users(&[author.id]).await;
    assert_users(&ports, 1, 1).await;
    assert_posts(&ports, 1, 1).await;
}
