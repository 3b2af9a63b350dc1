//! Units of work within units of work.

use super::Ports;
use super::support::{assert_author_missing, assert_exists, assert_stale, user_at};
use crate::error::Resource;
use crate::lifecycle::Version;
use crate::testing::fixtures::{post, time, user, user_id};
use crate::unit_of_work::UnitOfWork;

async fn insert(unit: &mut dyn UnitOfWork, number: u64) {
    let done = unit.users().insert(&user(number)).await;
    done.expect("a user is inserted");
}

async fn inner(unit: &mut dyn UnitOfWork) -> Box<dyn UnitOfWork + '_> {
    unit.savepoint().await.expect("a savepoint is set")
}

/// Asserts that exactly the users of `kept` are stored, of those up to 9.
async fn assert_kept(ports: &Ports, kept: &[u64]) {
    for number in 1..=9 {
        let expected = kept.contains(&number).then(|| user(number));
        assert_eq!(ports.stored_user(&user(number)).await, expected);
    }
}

pub async fn commit_gives_the_changes_to_the_outer_unit(ports: Ports) {
    let mut unit = ports.begin().await;
    insert(&mut *unit, 1).await;
    let mut point = inner(&mut *unit).await;
    insert(&mut *point, 2).await;
    point.commit().await.expect("a savepoint is committed");
    let found = unit.users().find_for_update(user_id(2)).await;
    assert_eq!(found.expect("users are read"), Some(user(2)));
    assert_kept(&ports, &[]).await;
    insert(&mut *unit, 3).await;
    unit.commit().await.expect("a sound unit is committed");
    assert_kept(&ports, &[1, 2, 3]).await;
}

pub async fn the_inner_unit_sees_the_changes_of_the_outer(ports: Ports) {
    let mut unit = ports.begin().await;
    insert(&mut *unit, 1).await;
    let mut point = inner(&mut *unit).await;
    let found = point.users().find_for_update(user_id(1)).await;
    assert_eq!(found.expect("users are read"), Some(user(1)));
    let done = point.posts().insert(&post(1, user_id(1))).await;
    done.expect("a post is inserted");
    point.commit().await.expect("a savepoint is committed");
    unit.commit().await.expect("a sound unit is committed");
    let kept = post(1, user_id(1));
    assert_eq!(ports.stored_post(&kept).await, Some(kept));
}

pub async fn rollback_undoes_the_inner_changes_alone(ports: Ports) {
    let mut unit = ports.begin().await;
    insert(&mut *unit, 1).await;
    let mut point = inner(&mut *unit).await;
    insert(&mut *point, 2).await;
    point.rollback().await.expect("a savepoint is rolled back");
    let found = unit.users().find_for_update(user_id(2)).await;
    assert_eq!(found.expect("users are read"), None);
    insert(&mut *unit, 3).await;
    unit.commit().await.expect("a sound unit is committed");
    assert_kept(&ports, &[1, 3]).await;
}

pub async fn drop_undoes_the_inner_changes_alone(ports: Ports) {
    let mut unit = ports.begin().await;
    insert(&mut *unit, 1).await;
    let mut point = inner(&mut *unit).await;
    insert(&mut *point, 2).await;
    drop(point);
    let found = unit.users().find_for_update(user_id(2)).await;
    assert_eq!(found.expect("users are read"), None);
    insert(&mut *unit, 3).await;
    unit.commit().await.expect("a sound unit is committed");
    assert_kept(&ports, &[1, 3]).await;
}

pub async fn a_drop_right_before_the_outer_commit(ports: Ports) {
    let mut unit = ports.begin().await;
    insert(&mut *unit, 1).await;
    let mut point = inner(&mut *unit).await;
    insert(&mut *point, 2).await;
    drop(point);
    unit.commit().await.expect("a sound unit is committed");
    assert_kept(&ports, &[1]).await;
}

pub async fn a_drop_right_before_another_savepoint(ports: Ports) {
    let mut unit = ports.begin().await;
    let mut point = inner(&mut *unit).await;
    insert(&mut *point, 1).await;
    drop(point);
    let mut point = inner(&mut *unit).await;
    insert(&mut *point, 2).await;
    point.commit().await.expect("a savepoint is committed");
    unit.commit().await.expect("a sound unit is committed");
    assert_kept(&ports, &[2]).await;
}

pub async fn rollback_of_the_outer_unit_undoes_what_the_inner_committed(ports: Ports) {
    let mut unit = ports.begin().await;
    let mut point = inner(&mut *unit).await;
    insert(&mut *point, 1).await;
    point.commit().await.expect("a savepoint is committed");
    unit.rollback().await.expect("a unit is rolled back");
    assert_kept(&ports, &[]).await;
}

pub async fn drop_of_the_outer_unit_undoes_what_the_inner_committed(ports: Ports) {
    let mut unit = ports.begin().await;
    let mut point = inner(&mut *unit).await;
    insert(&mut *point, 1).await;
    point.commit().await.expect("a savepoint is committed");
    drop(unit);
    assert_kept(&ports, &[]).await;
}

pub async fn three_deep_and_all_committed(ports: Ports) {
    let mut unit = ports.begin().await;
    insert(&mut *unit, 1).await;
    let mut second = inner(&mut *unit).await;
    insert(&mut *second, 2).await;
    let mut third = inner(&mut *second).await;
    insert(&mut *third, 3).await;
    let mut fourth = inner(&mut *third).await;
    insert(&mut *fourth, 4).await;
    fourth.commit().await.expect("a savepoint is committed");
    third.commit().await.expect("a savepoint is committed");
    second.commit().await.expect("a savepoint is committed");
    unit.commit().await.expect("a sound unit is committed");
    assert_kept(&ports, &[1, 2, 3, 4]).await;
}

pub async fn three_deep_and_the_middle_rolled_back(ports: Ports) {
    let mut unit = ports.begin().await;
    insert(&mut *unit, 1).await;
    let mut second = inner(&mut *unit).await;
    insert(&mut *second, 2).await;
    let mut third = inner(&mut *second).await;
    insert(&mut *third, 3).await;
    let mut fourth = inner(&mut *third).await;
    insert(&mut *fourth, 4).await;
    fourth.commit().await.expect("a savepoint is committed");
    third.rollback().await.expect("a savepoint is rolled back");
    insert(&mut *second, 5).await;
    second.commit().await.expect("a savepoint is committed");
    insert(&mut *unit, 6).await;
    unit.commit().await.expect("a sound unit is committed");
    assert_kept(&ports, &[1, 2, 5, 6]).await;
}

pub async fn three_deep_and_all_dropped(ports: Ports) {
    let mut unit = ports.begin().await;
    insert(&mut *unit, 1).await;
    {
        let mut second = inner(&mut *unit).await;
        insert(&mut *second, 2).await;
        let mut third = inner(&mut *second).await;
        insert(&mut *third, 3).await;
        let mut fourth = inner(&mut *third).await;
        insert(&mut *fourth, 4).await;
    }
    insert(&mut *unit, 5).await;
    unit.commit().await.expect("a sound unit is committed");
    assert_kept(&ports, &[1, 5]).await;
}

pub async fn an_inner_error_leaves_both_units_usable(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    let mut unit = ports.begin().await;
    insert(&mut *unit, 2).await;
    let mut point = inner(&mut *unit).await;
    let done = point.users().insert(&user(1)).await;
    assert_exists(&done, Resource::User, "id");
    let done = point
        .users()
        .insert(&user_at(9, "USER-2@example.com"))
        .await;
    assert_exists(&done, Resource::User, "email");
    let done = point.posts().insert(&post(1, user_id(9))).await;
    assert_author_missing(&done);
    let done = point.users().update(&user(9), Version::FIRST).await;
    assert_stale(&done, Resource::User);
    insert(&mut *point, 3).await;
    point.commit().await.expect("a savepoint is committed");
    insert(&mut *unit, 4).await;
    unit.commit().await.expect("a sound unit is committed");
    assert_kept(&ports, &[1, 2, 3, 4]).await;
}

pub async fn an_inner_error_and_rollback_leave_the_outer_unit_usable(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    let mut unit = ports.begin().await;
    insert(&mut *unit, 2).await;
    for rolled_back in [true, false] {
        let mut point = inner(&mut *unit).await;
        insert(&mut *point, 3).await;
        let done = point.users().insert(&user(1)).await;
        assert_exists(&done, Resource::User, "id");
        if rolled_back {
            point.rollback().await.expect("a savepoint is rolled back");
        } else {
            drop(point);
        }
    }
    insert(&mut *unit, 4).await;
    unit.commit().await.expect("a sound unit is committed");
    assert_kept(&ports, &[1, 2, 4]).await;
}

pub async fn a_drop_after_an_error_right_before_the_outer_commit(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    let mut unit = ports.begin().await;
    insert(&mut *unit, 2).await;
    let mut point = inner(&mut *unit).await;
    insert(&mut *point, 3).await;
    let done = point.users().insert(&user(1)).await;
    assert_exists(&done, Resource::User, "id");
    drop(point);
    unit.commit().await.expect("a sound unit is committed");
    assert_kept(&ports, &[1, 2]).await;
}

pub async fn rollback_restores_what_was_updated_and_purged(ports: Ports) {
    ports.insert_users(&[&user(1), &user(2)]).await;
    ports.insert_posts(&[&post(1, user_id(2))]).await;
    let mut unit = ports.begin().await;
    let mut point = inner(&mut *unit).await;
    let mut changed = user(1);
    changed.name = None;
    changed.lifecycle.touch(time(50));
    let done = point.users().update(&changed, Version::FIRST).await;
    done.expect("a user is updated");
    let done = point.users().purge(user_id(2)).await;
    assert!(done.expect("a user is purged"));
    point.rollback().await.expect("a savepoint is rolled back");
    let found = unit.users().find_for_update(user_id(1)).await;
    assert_eq!(found.expect("users are read"), Some(user(1)));
    unit.commit().await.expect("a sound unit is committed");
    assert_kept(&ports, &[1, 2]).await;
    let kept = post(1, user_id(2));
    assert_eq!(ports.stored_post(&kept).await, Some(kept));
}
