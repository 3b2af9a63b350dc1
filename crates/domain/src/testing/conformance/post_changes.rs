//! Inserting, updating and purging posts.

use super::Ports;
use super::support::{
    assert_author_missing, assert_exists, assert_stale, content, deleted_post, deleted_user,
    long_life, precise, title,
};
use crate::error::Resource::Post as KIND;
use crate::lifecycle::{Lifecycle, Version};
use crate::post::Post;
use crate::testing::fixtures::{post, post_id, replacing, time, user, user_id};

pub async fn insert_keeps_every_field(ports: Ports) {
    let author = user(1);
    let bare = Post {
        content: None,
        ..post(1, author.id)
    };
    let empty = Post {
        content: Some(content("")),
        ..post(2, author.id)
    };
    let full = Post {
        id: post_id(3),
        title: title("L'été — \"¡Olé!\" 😀 100% \\o/"),
        content: Some(content("First\n\tsecond\r\n\n  fourth 👩‍🚀 ça\n")),
        published_at: Some(precise(15, 654_321)),
        author_id: author.id,
        lifecycle: long_life(),
    };
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&[&bare, &empty, &full]).await;
    assert_eq!(ports.stored_post(&bare).await, Some(bare));
    assert_eq!(ports.stored_post(&empty).await, Some(empty));
    assert_eq!(ports.stored_post(&full).await, Some(full));
}

pub async fn insert_of_a_taken_id_leaves_the_unit_usable(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author]).await;
    let mut unit = ports.begin().await;
    let done = unit.posts().insert(&post(1, author.id)).await;
    done.expect("a post is inserted");
    let taken = Post {
        title: title("Another"),
        ..post(1, author.id)
    };
    assert_exists(&unit.posts().insert(&taken).await, KIND, "id");
    let done = unit.posts().insert(&post(2, author.id)).await;
    done.expect("the unit is usable");
    unit.commit().await.expect("a sound unit is committed");
    for kept in [post(1, author.id), post(2, author.id)] {
        assert_eq!(ports.stored_post(&kept).await, Some(kept));
    }
}

pub async fn insert_of_an_id_in_the_trash(ports: Ports) {
    let author = user(1);
    let deleted = deleted_post(1, &author, 50);
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&[&deleted]).await;
    let mut unit = ports.begin().await;
    let done = unit.posts().insert(&post(1, author.id)).await;
    assert_exists(&done, KIND, "id");
    unit.commit().await.expect("a sound unit is committed");
    assert_eq!(ports.stored_post(&deleted).await, Some(deleted));
}

pub async fn insert_without_an_author_leaves_the_unit_usable(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author]).await;
    let mut unit = ports.begin().await;
    let done = unit.posts().insert(&post(1, author.id)).await;
    done.expect("a post is inserted");
    let done = unit.posts().insert(&post(2, user_id(9))).await;
    assert_author_missing(&done);
    let done = unit.posts().insert(&post(3, author.id)).await;
    done.expect("the unit is usable");
    unit.commit().await.expect("a sound unit is committed");
    for kept in [post(1, author.id), post(3, author.id)] {
        assert_eq!(ports.stored_post(&kept).await, Some(kept));
    }
    assert_eq!(ports.stored_post(&post(2, author.id)).await, None);
}

pub async fn insert_for_an_author_of_the_same_unit(ports: Ports) {
    let author = user(1);
    let mut unit = ports.begin().await;
    let done = unit.users().insert(&author).await;
    done.expect("a user is inserted");
    let done = unit.posts().insert(&post(1, author.id)).await;
    done.expect("a post is inserted");
    unit.commit().await.expect("a sound unit is committed");
    let kept = post(1, author.id);
    assert_eq!(ports.stored_post(&kept).await, Some(kept));
}

pub async fn insert_for_an_author_purged_in_the_same_unit(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author]).await;
    let mut unit = ports.begin().await;
    let done = unit.users().purge(author.id).await;
    assert!(done.expect("a user is purged"));
    let done = unit.posts().insert(&post(1, author.id)).await;
    assert_author_missing(&done);
    unit.commit().await.expect("a sound unit is committed");
    assert_eq!(ports.stored_user(&author).await, None);
}

pub async fn insert_for_an_author_in_the_trash(ports: Ports) {
    let author = deleted_user(1, 50);
    let kept = post(1, author.id);
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&[&kept]).await;
    assert_eq!(ports.stored_post(&kept).await, Some(kept));
}

pub async fn update_replaces_every_field_but_the_author(ports: Ports) {
    let (author, other) = (user(1), user(2));
    let before = post(1, author.id);
    let neighbour = post(2, author.id);
    ports.insert_users(&[&author, &other]).await;
    ports.insert_posts(&[&before, &neighbour]).await;
    let after = Post {
        id: before.id,
        title: title("L'été 😀"),
        content: Some(content("First\n\tsecond\r\n\n👩‍🚀\n")),
        published_at: Some(precise(15, 654_321)),
        author_id: author.id,
        lifecycle: Lifecycle::from_stored(
            before.lifecycle.created_at(),
            Some(precise(20, 123_457)),
            Some(precise(30, 999_999)),
            Some(precise(40, 7)),
            Version::from_stored(i64::MAX).expect("a version"),
        ),
    };
    let sent = Post {
        author_id: other.id,
        ..after.clone()
    };
    ports.update_post(&sent, before.lifecycle.version()).await;
    assert_eq!(ports.stored_post(&after).await, Some(after.clone()));
    let emptied = Post {
        content: None,
        published_at: None,
        lifecycle: before.lifecycle,
        ..after.clone()
    };
    ports.update_post(&emptied, after.lifecycle.version()).await;
    assert_eq!(ports.stored_post(&emptied).await, Some(emptied));
    assert_eq!(ports.stored_post(&neighbour).await, Some(neighbour));
}

pub async fn update_keeps_the_time_of_birth(ports: Ports) {
    let author = user(1);
    let before = post(1, author.id);
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&[&before]).await;
    let mut after = before.clone();
    after.lifecycle = Lifecycle::born(time(40));
    after.lifecycle.touch(time(50));
    ports.update_post(&after, before.lifecycle.version()).await;
    let stored = ports.stored_post(&before).await.expect("the post is kept");
    let life = stored.lifecycle;
    assert_eq!(life.created_at(), before.lifecycle.created_at());
    assert_eq!(life.updated_at(), after.lifecycle.updated_at());
    assert_eq!(life.version(), after.lifecycle.version());
}

pub async fn update_of_a_stale_version_leaves_the_unit_usable(ports: Ports) {
    let author = user(1);
    let mut stored = post(1, author.id);
    stored.lifecycle.touch(time(50));
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&[&stored]).await;
    let mut unit = ports.begin().await;
    let done = unit.posts().insert(&post(2, author.id)).await;
    done.expect("a post is inserted");
    let mut stale = post(1, author.id);
    stale.content = None;
    stale.lifecycle.touch(time(60));
    let stale = replacing(&stale, Version::FIRST);
    let done = unit.posts().update_many(&[stale]).await;
    assert_stale(&done, KIND);
    let done = unit.posts().insert(&post(3, author.id)).await;
    done.expect("the unit is usable");
    unit.commit().await.expect("a sound unit is committed");
    for kept in [stored, post(2, author.id), post(3, author.id)] {
        assert_eq!(ports.stored_post(&kept).await, Some(kept));
    }
}

pub async fn update_of_nothing_is_stale(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author]).await;
    let mut unit = ports.begin().await;
    let nothing = replacing(&post(1, author.id), Version::FIRST);
    let done = unit.posts().update_many(&[nothing]).await;
    assert_stale(&done, KIND);
    let done = unit.posts().insert(&post(1, author.id)).await;
    done.expect("the unit is usable");
    unit.commit().await.expect("a sound unit is committed");
    let kept = post(1, author.id);
    assert_eq!(ports.stored_post(&kept).await, Some(kept));
}

pub async fn locked_reads_see_the_trash_and_the_changes_of_the_unit(ports: Ports) {
    let author = user(1);
    let deleted = deleted_post(1, &author, 50);
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&[&deleted]).await;
    let mut unit = ports.begin().await;
    let inserted = post(2, author.id);
    let done = unit.posts().insert(&inserted).await;
    done.expect("a post is inserted");
    for expected in [Some(deleted), Some(inserted), None] {
        let id = expected.as_ref().map_or(post_id(3), |post| post.id);
        let found = unit.posts().find_for_update(id).await;
        assert_eq!(found.expect("posts are read"), expected);
    }
}

pub async fn has_living_minds_neither_the_trash_nor_others(ports: Ports) {
    let (author, other) = (user(1), user(2));
    ports.insert_users(&[&author, &other]).await;
    ports
        .insert_posts(&[&deleted_post(1, &author, 50), &post(2, other.id)])
        .await;
    let mut unit = ports.begin().await;
    let living = unit.posts().has_living(author.id).await;
    assert!(!living.expect("posts are read"));
    let living = unit.posts().has_living(other.id).await;
    assert!(living.expect("posts are read"));
    let living = unit.posts().has_living(user_id(9)).await;
    assert!(!living.expect("posts are read"));
    let done = unit.posts().insert(&post(3, author.id)).await;
    done.expect("a post is inserted");
    let living = unit.posts().has_living(author.id).await;
    assert!(living.expect("posts are read"));
}

pub async fn purge_removes_the_post_alone(ports: Ports) {
    let author = user(1);
    let posts = [
        post(1, author.id),
        deleted_post(2, &author, 50),
        post(3, author.id),
    ];
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&posts.each_ref()).await;
    let mut unit = ports.begin().await;
    for purged in &posts[..2] {
        let done = unit.posts().purge(purged.id).await;
        assert!(done.expect("a post is purged"));
        let done = unit.posts().purge(purged.id).await;
        assert!(!done.expect("nothing is purged"));
    }
    unit.commit().await.expect("a sound unit is committed");
    assert_eq!(ports.stored_post(&posts[0]).await, None);
    assert_eq!(ports.stored_post(&posts[1]).await, None);
    assert_eq!(ports.stored_post(&posts[2]).await, Some(posts[2].clone()));
    assert_eq!(ports.stored_user(&author).await, Some(author));
}

pub async fn purge_of_nothing(ports: Ports) {
    let mut unit = ports.begin().await;
    let done = unit.posts().purge(post_id(1)).await;
    assert!(!done.expect("nothing is purged"));
    unit.commit().await.expect("a sound unit is committed");
}
