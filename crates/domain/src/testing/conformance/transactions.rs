//! When changes take effect, and when not.

use super::Ports;
use crate::count::CountMode;
use crate::lifecycle::Version;
use crate::page::{PageRequest, PageSize};
use crate::testing::fixtures::{post, time, user};
use crate::trash::Trash;
use crate::unit_of_work::UnitOfWork;
use crate::user::UserFilter;

/// Inserts user 2 and a post of user 1, changes user 1 and purges user 3.
async fn change(unit: &mut dyn UnitOfWork) {
    let done = unit.users().insert(&user(2)).await;
    done.expect("a user is inserted");
    let done = unit.posts().insert(&post(1, user(1).id)).await;
    done.expect("a post is inserted");
    let mut changed = user(1);
    changed.name = None;
    changed.lifecycle.touch(time(50));
    let done = unit.users().update(&changed, Version::FIRST).await;
    done.expect("a user is updated");
    let done = unit.users().purge(user(3).id).await;
    assert!(done.expect("a user is purged"));
}

async fn assert_unchanged(ports: &Ports) {
    assert_eq!(ports.stored_user(&user(1)).await, Some(user(1)));
    assert_eq!(ports.stored_user(&user(2)).await, None);
    assert_eq!(ports.stored_user(&user(3)).await, Some(user(3)));
    assert_eq!(ports.stored_post(&post(1, user(1).id)).await, None);
}

pub async fn nothing_is_seen_before_commit_and_all_after(ports: Ports) {
    ports.insert_users(&[&user(1), &user(3)]).await;
    let mut unit = ports.begin().await;
    change(&mut *unit).await;

    assert_unchanged(&ports).await;
    let address = user(2).email;
    let found = ports
        .find_user_by_email(address.as_str(), Trash::Include)
        .await;
    assert_eq!(found, None);
    let filter = UserFilter::default();
    let count = ports.users.count(&filter, CountMode::Exact).await;
    assert_eq!(count.expect("users are counted"), 2);
    let first = PageRequest::first(PageSize::DEFAULT);
    let found = ports.search_page("user-2", &filter, &first).await;
    assert_eq!(found.items, []);

    unit.commit().await.expect("a sound unit is committed");
    let changed = ports.stored_user(&user(1)).await.expect("it is kept");
    assert_eq!(changed.name, None);
    assert_eq!(ports.stored_user(&user(2)).await, Some(user(2)));
    assert_eq!(ports.stored_user(&user(3)).await, None);
    let inserted = post(1, user(1).id);
    assert_eq!(ports.stored_post(&inserted).await, Some(inserted));
}

pub async fn rollback_undoes_all(ports: Ports) {
    ports.insert_users(&[&user(1), &user(3)]).await;
    let mut unit = ports.begin().await;
    change(&mut *unit).await;
    unit.rollback().await.expect("a unit is rolled back");
    assert_unchanged(&ports).await;
}

pub async fn drop_rolls_back(ports: Ports) {
    ports.insert_users(&[&user(1), &user(3)]).await;
    let mut unit = ports.begin().await;
    change(&mut *unit).await;
    drop(unit);
    assert_unchanged(&ports).await;
    // What the dropped unit kept from others is free again.
    let mut unit = ports.begin().await;
    change(&mut *unit).await;
    unit.commit().await.expect("a sound unit is committed");
    assert_eq!(ports.stored_user(&user(2)).await, Some(user(2)));
}

pub async fn a_unit_without_changes_commits(ports: Ports) {
    let unit = ports.begin().await;
    unit.commit().await.expect("a sound unit is committed");
    let unit = ports.begin().await;
    unit.rollback().await.expect("a unit is rolled back");
}

pub async fn units_follow_each_other(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    for seconds in 1..=20 {
        let mut unit = ports.begin().await;
        let found = unit.users().find_for_update(user(1).id).await;
        let mut found = found.expect("users are read").expect("it is kept");
        let expected = found.lifecycle.version();
        found.lifecycle.touch(time(seconds));
        let done = unit.users().update(&found, expected).await;
        done.expect("a user is updated");
        if seconds % 2 == 0 {
            unit.commit().await.expect("a sound unit is committed");
        }
    }
    let stored = ports.stored_user(&user(1)).await.expect("it is kept");
    assert_eq!(stored.lifecycle.version().get(), 11);
}
