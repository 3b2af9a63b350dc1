//! What goes into the trash along with its author, and comes back so.

use super::Ports;
use super::support::{deleted_post, precise};
use crate::ids::UserId;
use crate::lifecycle::{Lifecycle, Retention};
use crate::post::Post;
use crate::testing::fixtures::{post, time, user, user_id};

/// The second in which authors are deleted, and until when they stay in the trash.
const NOW: i64 = 50;
const UNTIL: i64 = 90;

/// Two authors: the first with posts 1 and 2 and with 3 in the trash, the other with 4.
async fn populate(ports: &Ports) -> [Post; 4] {
    let (author, other) = (user(1), user(2));
    let posts = [
        post(1, author.id),
        post(2, author.id),
        deleted_post(3, &author, 40),
        post(4, other.id),
    ];
    ports.insert_users(&[&author, &other]).await;
    ports.insert_posts(&posts.each_ref()).await;
    posts
}

async fn delete_along(ports: &Ports, author: UserId) -> u64 {
    let mut unit = ports.begin().await;
    let done = unit
        .posts()
        .delete_along(&[author], time(NOW), time(UNTIL))
        .await;
    unit.commit().await.expect("a deletion is committed");
    let counts = done.expect("posts are deleted");
    assert!(counts.iter().all(|(of, count)| *of == author && *count > 0));
    counts.into_iter().map(|(_, count)| count).sum()
}

async fn undelete_along(ports: &Ports, author: UserId) -> u64 {
    let mut unit = ports.begin().await;
    let done = unit.posts().undelete_along(author, time(NOW + 10)).await;
    unit.commit().await.expect("an undeletion is committed");
    done.expect("posts are undeleted")
}

/// Changes the stored post, whatever its state.
async fn change(ports: &Ports, post: &Post, change: impl FnOnce(&mut Lifecycle)) {
    let mut post = ports.stored_post(post).await.expect("it is kept");
    let expected = post.lifecycle.version();
    change(&mut post.lifecycle);
    ports.update_post(&post, expected).await;
}

async fn is_deleted(ports: &Ports, posts: &[Post]) -> Vec<bool> {
    let mut answer = Vec::new();
    for post in posts {
        let stored = ports.stored_post(post).await.expect("it is kept");
        answer.push(stored.lifecycle.is_deleted());
    }
    answer
}

pub async fn all_living_posts_of_the_author_go_along(ports: Ports) {
    let mut posts = populate(&ports).await;
    assert_eq!(delete_along(&ports, user_id(1)).await, 2);
    for gone in &mut posts[..2] {
        gone.lifecycle.delete_until(time(NOW), time(UNTIL));
    }
    for post in posts {
        assert_eq!(ports.stored_post(&post).await, Some(post));
    }
    assert_eq!(delete_along(&ports, user_id(1)).await, 0);
    assert_eq!(delete_along(&ports, user_id(9)).await, 0);
}

pub async fn a_post_that_is_ahead_of_the_clock_goes_at_its_own_time(ports: Ports) {
    let author = user(1);
    let (mut changed, mut late) = (post(1, author.id), post(2, author.id));
    changed.lifecycle.touch(precise(NOW + 1, 3));
    late.lifecycle = Lifecycle::born(time(UNTIL + 1));
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&[&changed, &late]).await;
    assert_eq!(delete_along(&ports, author.id).await, 2);
    for mut expected in [changed, late] {
        let last = expected.lifecycle.updated_at();
        let last = last.unwrap_or(expected.lifecycle.created_at());
        expected.lifecycle.delete_until(time(NOW), time(UNTIL));
        assert_eq!(expected.lifecycle.deleted_at(), Some(last));
        assert_eq!(
            expected.lifecycle.purge_at(),
            Some(last.max(time(UNTIL))),
            "not before it is deleted"
        );
        assert_eq!(ports.stored_post(&expected).await, Some(expected));
    }
}

pub async fn what_went_along_comes_back_and_nothing_else(ports: Ports) {
    let mut posts = populate(&ports).await;
    delete_along(&ports, user_id(1)).await;
    assert_eq!(undelete_along(&ports, user_id(2)).await, 0);
    assert_eq!(undelete_along(&ports, user_id(1)).await, 2);
    for back in &mut posts[..2] {
        back.lifecycle.delete_until(time(NOW), time(UNTIL));
        back.lifecycle.undelete(time(NOW + 10));
    }
    for post in posts {
        assert_eq!(ports.stored_post(&post).await, Some(post));
    }
    assert_eq!(undelete_along(&ports, user_id(1)).await, 0);
}

pub async fn what_was_purged_meanwhile_does_not_come_back(ports: Ports) {
    let posts = populate(&ports).await;
    delete_along(&ports, user_id(1)).await;
    ports.purge_posts(&[posts[0].id]).await;
    assert_eq!(undelete_along(&ports, user_id(1)).await, 1);
    assert_eq!(is_deleted(&ports, &posts[1..]).await, [false, true, false]);
}

pub async fn a_post_made_again_under_an_id_that_went_along_did_not(ports: Ports) {
    let posts = populate(&ports).await;
    delete_along(&ports, user_id(1)).await;
    ports.purge_posts(&[posts[0].id]).await;
    let again = deleted_post(1, &user(1), 60);
    ports.insert_posts(&[&again]).await;
    assert_eq!(undelete_along(&ports, user_id(1)).await, 1);
    assert_eq!(ports.stored_post(&again).await, Some(again));
}

pub async fn a_post_that_came_back_by_itself_goes_by_itself(ports: Ports) {
    let posts = populate(&ports).await;
    delete_along(&ports, user_id(1)).await;
    change(&ports, &posts[0], |life| life.undelete(time(60))).await;
    let retention = Retention::DEFAULT;
    change(&ports, &posts[0], |life| life.delete(time(61), retention)).await;
    assert_eq!(undelete_along(&ports, user_id(1)).await, 1);
    assert_eq!(is_deleted(&ports, &posts).await, [true, false, true, false]);
}

pub async fn a_post_that_is_changed_in_the_trash_still_comes_back(ports: Ports) {
    let posts = populate(&ports).await;
    delete_along(&ports, user_id(1)).await;
    change(&ports, &posts[0], |life| life.touch(time(60))).await;
    assert_eq!(undelete_along(&ports, user_id(1)).await, 2);
}

pub async fn a_post_that_came_back_goes_along_again(ports: Ports) {
    let posts = populate(&ports).await;
    for _ in 0..2 {
        assert_eq!(delete_along(&ports, user_id(1)).await, 2);
        assert_eq!(undelete_along(&ports, user_id(1)).await, 2);
    }
    assert_eq!(
        is_deleted(&ports, &posts).await,
        [false, false, true, false]
    );
}

pub async fn what_is_rolled_back_did_not_go_along(ports: Ports) {
    let posts = populate(&ports).await;
    let mut unit = ports.begin().await;
    let mut inner = unit.savepoint().await.expect("a savepoint is set");
    let gone = inner
        .posts()
        .delete_along(&[user_id(1)], time(NOW), time(UNTIL))
        .await;
    assert_eq!(gone.expect("posts are deleted"), [(user_id(1), 2)]);
    inner.rollback().await.expect("it is rolled back");
    let back = unit.posts().undelete_along(user_id(1), time(60)).await;
    assert_eq!(back.expect("posts are undeleted"), 0);
    unit.commit().await.expect("a sound unit is committed");
    for post in posts {
        assert_eq!(ports.stored_post(&post).await, Some(post));
    }
}

pub async fn authors_of_living_posts_are_told_once(ports: Ports) {
    populate(&ports).await;
    let none = user(3);
    ports.insert_users(&[&none]).await;
    let mut unit = ports.begin().await;
    let mut told = async |authors: &[u64]| {
        let authors: Vec<_> = authors.iter().copied().map(user_id).collect();
        let found = unit.posts().authors_of_living(&authors).await;
        let mut found = found.expect("posts are read");
        found.sort_unstable();
        found
    };
    assert_eq!(told(&[]).await, []);
    assert_eq!(told(&[3, 2, 1, 9, 1]).await, [user_id(1), user_id(2)]);
    drop(unit);
    delete_along(&ports, user_id(1)).await;
    let mut unit = ports.begin().await;
    let found = unit
        .posts()
        .authors_of_living(&[user_id(1), user_id(2)])
        .await;
    assert_eq!(found.expect("posts are read"), [user_id(2)]);
}
