//! Inserting, updating and purging users.

use super::Ports;
use super::support::{
    assert_exists, assert_stale, deleted_post, deleted_user, long_life, name, precise, user_at,
};
use crate::error::Resource::User as KIND;
use crate::lifecycle::{Lifecycle, Version};
use crate::testing::fixtures::{email, post, time, user, user_id};
use crate::user::{Role, User};

pub async fn insert_keeps_every_field(ports: Ports) {
    let bare = User {
        name: None,
        is_active: false,
        ..user(1)
    };
    let full = User {
        id: user_id(2),
        email: email("Zoë.Ünïcödé+tag@例え.jp"),
        name: Some(name("Zoë \"Ünïcödé\" O'Neil 👩‍🚀")),
        role: Role::parse("Chief Editor").expect("a valid role"),
        is_active: true,
        lifecycle: long_life(),
    };
    ports.insert_users(&[&bare, &full]).await;
    assert_eq!(ports.stored_user(&bare).await, Some(bare));
    assert_eq!(ports.stored_user(&full).await, Some(full));
}

pub async fn insert_of_a_taken_id_leaves_the_unit_usable(ports: Ports) {
    let (before, after) = (user(1), user(2));
    let mut unit = ports.begin().await;
    let done = unit.users().insert(&before).await;
    done.expect("a user is inserted");
    let taken = User {
        email: email("another@b.c"),
        ..user(1)
    };
    assert_exists(&unit.users().insert(&taken).await, KIND, "id");
    let done = unit.users().insert(&after).await;
    done.expect("the unit is usable");
    unit.commit().await.expect("a sound unit is committed");
    assert_eq!(ports.stored_user(&before).await, Some(before));
    assert_eq!(ports.stored_user(&after).await, Some(after));
}

pub async fn insert_of_a_taken_email_leaves_the_unit_usable(ports: Ports) {
    let (stored, before, after) = (user_at(1, "Ève@b.c"), user(2), user(3));
    ports.insert_users(&[&stored]).await;
    let mut unit = ports.begin().await;
    let done = unit.users().insert(&before).await;
    done.expect("a user is inserted");
    for address in ["Ève@b.c", "ève@B.C", "ÈVE@b.c"] {
        let taken = user_at(9, address);
        assert_exists(&unit.users().insert(&taken).await, KIND, "email");
    }
    let done = unit.users().insert(&after).await;
    done.expect("the unit is usable");
    unit.commit().await.expect("a sound unit is committed");
    assert_eq!(ports.stored_user(&before).await, Some(before));
    assert_eq!(ports.stored_user(&after).await, Some(after));
    assert_eq!(ports.stored_user(&user(9)).await, None);
}

pub async fn insert_of_an_email_taken_in_the_same_unit(ports: Ports) {
    let mut unit = ports.begin().await;
    let done = unit.users().insert(&user_at(1, "a@b.c")).await;
    done.expect("a user is inserted");
    let done = unit.users().insert(&user_at(2, "A@b.c")).await;
    assert_exists(&done, KIND, "email");
    unit.commit().await.expect("a sound unit is committed");
    assert_eq!(ports.stored_user(&user(2)).await, None);
}

pub async fn insert_of_an_email_in_the_trash(ports: Ports) {
    let deleted = deleted_user(1, 50);
    let living = User {
        email: deleted.email.clone(),
        ..user(2)
    };
    let also_deleted = User {
        email: deleted.email.clone(),
        ..deleted_user(3, 60)
    };
    ports
        .insert_users(&[&deleted, &living, &also_deleted])
        .await;
    assert_eq!(ports.stored_user(&living).await, Some(living));
    assert_eq!(ports.stored_user(&also_deleted).await, Some(also_deleted));
}

pub async fn insert_of_an_id_in_the_trash(ports: Ports) {
    let deleted = deleted_user(1, 50);
    ports.insert_users(&[&deleted]).await;
    let mut unit = ports.begin().await;
    let taken = user_at(1, "another@b.c");
    assert_exists(&unit.users().insert(&taken).await, KIND, "id");
    let done = unit.users().insert(&user(2)).await;
    done.expect("the unit is usable");
    unit.commit().await.expect("a sound unit is committed");
    assert_eq!(ports.stored_user(&deleted).await, Some(deleted));
}

pub async fn insert_of_a_purged_id_and_email(ports: Ports) {
    let purged = user(1);
    ports.insert_users(&[&purged]).await;
    let mut unit = ports.begin().await;
    let done = unit.users().purge(purged.id).await;
    assert!(done.expect("a user is purged"));
    let done = unit.users().insert(&purged).await;
    done.expect("what was purged is free");
    unit.commit().await.expect("a sound unit is committed");
    assert_eq!(ports.stored_user(&purged).await, Some(purged));
}

pub async fn update_replaces_every_field(ports: Ports) {
    let before = user(1);
    ports.insert_users(&[&before, &user(2)]).await;
    let after = User {
        id: before.id,
        email: email("Zoë.Ünïcödé@例え.jp"),
        name: Some(name("Zoë 👩‍🚀")),
        role: Role::parse("Chief Editor").expect("a valid role"),
        is_active: false,
        lifecycle: Lifecycle::from_stored(
            before.lifecycle.created_at(),
            Some(precise(20, 123_457)),
            Some(precise(30, 999_999)),
            Some(precise(40, 7)),
            Version::from_stored(i64::MAX).expect("a version"),
        ),
    };
    ports.update_user(&after, before.lifecycle.version()).await;
    assert_eq!(ports.stored_user(&after).await, Some(after.clone()));
    let emptied = User {
        name: None,
        lifecycle: before.lifecycle,
        ..after.clone()
    };
    ports.update_user(&emptied, after.lifecycle.version()).await;
    assert_eq!(ports.stored_user(&emptied).await, Some(emptied));
    assert_eq!(ports.stored_user(&user(2)).await, Some(user(2)));
}

pub async fn update_keeps_the_time_of_birth(ports: Ports) {
    let before = user(1);
    ports.insert_users(&[&before]).await;
    let mut after = before.clone();
    after.lifecycle = Lifecycle::born(time(40));
    after.lifecycle.touch(time(50));
    ports.update_user(&after, before.lifecycle.version()).await;
    let stored = ports.stored_user(&before).await.expect("the user is kept");
    let life = stored.lifecycle;
    assert_eq!(life.created_at(), before.lifecycle.created_at());
    assert_eq!(life.updated_at(), after.lifecycle.updated_at());
    assert_eq!(life.version(), after.lifecycle.version());
}

pub async fn update_of_a_stale_version_leaves_the_unit_usable(ports: Ports) {
    let mut stored = user(1);
    stored.lifecycle.touch(time(50));
    ports.insert_users(&[&stored]).await;
    let mut unit = ports.begin().await;
    let done = unit.users().insert(&user(2)).await;
    done.expect("a user is inserted");
    let mut stale = user(1);
    stale.name = None;
    stale.lifecycle.touch(time(60));
    let done = unit.users().update(&stale, Version::FIRST).await;
    assert_stale(&done, KIND);
    let done = unit.users().insert(&user(3)).await;
    done.expect("the unit is usable");
    unit.commit().await.expect("a sound unit is committed");
    assert_eq!(ports.stored_user(&stored).await, Some(stored));
    assert_eq!(ports.stored_user(&user(2)).await, Some(user(2)));
    assert_eq!(ports.stored_user(&user(3)).await, Some(user(3)));
}

pub async fn update_of_nobody_is_stale(ports: Ports) {
    let mut unit = ports.begin().await;
    let done = unit.users().update(&user(1), Version::FIRST).await;
    assert_stale(&done, KIND);
    let done = unit.users().insert(&user(1)).await;
    done.expect("the unit is usable");
    unit.commit().await.expect("a sound unit is committed");
    assert_eq!(ports.stored_user(&user(1)).await, Some(user(1)));
}

pub async fn update_to_a_taken_email_leaves_the_unit_usable(ports: Ports) {
    let (holder, other) = (user_at(1, "Ève@b.c"), user(2));
    ports.insert_users(&[&holder, &other]).await;
    let mut unit = ports.begin().await;
    let done = unit.users().insert(&user(3)).await;
    done.expect("a user is inserted");
    let mut taken = user_at(2, "ÈVE@b.c");
    taken.lifecycle.touch(time(60));
    let done = unit.users().update(&taken, Version::FIRST).await;
    assert_exists(&done, KIND, "email");
    let done = unit.users().insert(&user(4)).await;
    done.expect("the unit is usable");
    unit.commit().await.expect("a sound unit is committed");
    assert_eq!(ports.stored_user(&other).await, Some(other));
    assert_eq!(ports.stored_user(&user(3)).await, Some(user(3)));
    assert_eq!(ports.stored_user(&user(4)).await, Some(user(4)));
}

pub async fn update_of_the_letter_case_of_the_own_email(ports: Ports) {
    ports.insert_users(&[&user_at(1, "ada@b.c")]).await;
    let mut written = user_at(1, "Ada@B.C");
    written.lifecycle.touch(time(60));
    ports.update_user(&written, Version::FIRST).await;
    assert_eq!(ports.stored_user(&written).await, Some(written));
}

pub async fn update_to_an_email_in_the_trash(ports: Ports) {
    let deleted = deleted_user(1, 50);
    ports.insert_users(&[&deleted, &user(2)]).await;
    let mut changed = User {
        email: deleted.email.clone(),
        ..user(2)
    };
    changed.lifecycle.touch(time(60));
    ports.update_user(&changed, Version::FIRST).await;
    assert_eq!(ports.stored_user(&changed).await, Some(changed));
}

pub async fn undelete_with_a_taken_email_leaves_the_unit_usable(ports: Ports) {
    let deleted = deleted_user(1, 50);
    let holder = user_at(2, "USER-1@example.com");
    ports.insert_users(&[&deleted, &holder]).await;
    let mut unit = ports.begin().await;
    let mut back = deleted.clone();
    back.lifecycle.undelete(time(60));
    let expected = deleted.lifecycle.version();
    let done = unit.users().update(&back, expected).await;
    assert_exists(&done, KIND, "email");
    let mut freed = user_at(2, "free@b.c");
    freed.lifecycle.touch(time(60));
    let done = unit.users().update(&freed, Version::FIRST).await;
    done.expect("the unit is usable");
    let done = unit.users().update(&back, expected).await;
    done.expect("the address is free now");
    unit.commit().await.expect("a sound unit is committed");
    assert_eq!(ports.stored_user(&back).await, Some(back));
    assert_eq!(ports.stored_user(&freed).await, Some(freed));
}

pub async fn an_update_in_the_trash_minds_no_email(ports: Ports) {
    let deleted = deleted_user(1, 50);
    let holder = user_at(2, "user-1@example.com");
    ports.insert_users(&[&deleted, &holder]).await;
    let mut changed = deleted.clone();
    changed.name = None;
    changed.lifecycle.touch(time(60));
    ports
        .update_user(&changed, deleted.lifecycle.version())
        .await;
    assert_eq!(ports.stored_user(&changed).await, Some(changed));
}

pub async fn locked_reads_see_the_trash_and_the_changes_of_the_unit(ports: Ports) {
    let deleted = deleted_user(1, 50);
    ports.insert_users(&[&deleted]).await;
    let mut unit = ports.begin().await;
    let done = unit.users().insert(&user(2)).await;
    done.expect("a user is inserted");
    for expected in [Some(deleted), Some(user(2)), None] {
        let id = expected.as_ref().map_or(user_id(3), |user| user.id);
        let found = unit.users().find_for_share(id).await;
        assert_eq!(found.expect("users are read"), expected);
        let found = unit.users().find_for_update(id).await;
        assert_eq!(found.expect("users are read"), expected);
    }
}

pub async fn purge_removes_the_user_with_all_posts(ports: Ports) {
    let (purged, kept) = (user(1), user(2));
    let posts = [
        post(1, purged.id),
        deleted_post(2, &purged, 50),
        post(3, kept.id),
    ];
    ports.insert_users(&[&purged, &kept]).await;
    ports.insert_posts(&posts.each_ref()).await;
    let mut unit = ports.begin().await;
    let done = unit.users().purge(purged.id).await;
    assert!(done.expect("a user is purged"));
    let done = unit.users().purge(purged.id).await;
    assert!(!done.expect("nobody is purged"));
    unit.commit().await.expect("a sound unit is committed");
    assert_eq!(ports.stored_user(&purged).await, None);
    assert_eq!(ports.stored_post(&posts[0]).await, None);
    assert_eq!(ports.stored_post(&posts[1]).await, None);
    assert_eq!(ports.stored_user(&kept).await, Some(kept));
    assert_eq!(ports.stored_post(&posts[2]).await, Some(posts[2].clone()));
}

pub async fn purge_of_a_user_in_the_trash(ports: Ports) {
    let deleted = deleted_user(1, 50);
    ports.insert_users(&[&deleted]).await;
    let mut unit = ports.begin().await;
    let done = unit.users().purge(deleted.id).await;
    assert!(done.expect("a user is purged"));
    unit.commit().await.expect("a sound unit is committed");
    assert_eq!(ports.stored_user(&deleted).await, None);
}

pub async fn purge_of_nobody(ports: Ports) {
    let mut unit = ports.begin().await;
    let done = unit.users().purge(user_id(1)).await;
    assert!(!done.expect("nobody is purged"));
    unit.commit().await.expect("a sound unit is committed");
}
