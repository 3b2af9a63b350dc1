//! Posts, of which a group does not read what they say but for its answers.

use std::sync::atomic::Ordering;

use byline_app::post::UpdatePost;
use byline_app::{Answer, Error};
use byline_domain::error::Resource;
use byline_domain::post::{Content, PostChanges, PostReader, Title};
use byline_domain::selection::Fields;
use byline_domain::testing::fixtures::{post, post_id, user, user_id};
use byline_domain::trash::Trash;

use super::stage::{Stage, request};

/// What a post says after a change.
#[derive(Clone, Copy)]
enum Says {
    WhatItDid,
    Nothing,
    This(&'static str),
}

fn update(number: u64, title: &str, says: Says) -> UpdatePost {
    UpdatePost {
        id: post_id(number),
        etag: None,
        changes: PostChanges {
            title: Some(Title::parse(title).unwrap()),
            content: match says {
                Says::WhatItDid => None,
                Says::Nothing => Some(None),
                Says::This(text) => Some(Some(Content::parse(text).unwrap())),
            },
            ..PostChanges::default()
        },
    }
}

#[tokio::test]
async fn updates_of_posts_answer_what_they_say_and_of_one_post_come_one_after_the_other() {
    let stage = Stage::new();
    let mut unit = stage.store.begin_now().await;
    unit.users().insert(&user(1)).await.unwrap();
    for number in 1..=6 {
        let mut written = post(number, user_id(1));
        if number == 6 {
            written.content = Some(Content::parse("x".repeat(Content::MAX_BYTES)).unwrap());
        }
        unit.posts().insert(&written).await.unwrap();
    }
    unit.commit().await.unwrap();
    let held = stage.hold().await;
    let mut changes = Vec::new();
    for (number, title, says) in [
        (1, "One", Says::WhatItDid),
        (2, "Two", Says::WhatItDid),
        (3, "Three", Says::WhatItDid),
        (4, "Four", Says::This("new")),
        (5, "Five", Says::Nothing),
        (6, "Six", Says::WhatItDid),
        (3, "Three again", Says::WhatItDid),
        (7, "Of nothing", Says::WhatItDid),
        (1, "Post 1", Says::WhatItDid),
    ] {
        changes.push(stage.update(update(number, title, says), None).await);
    }
    drop(held);
    let mut told = Vec::new();
    for change in changes {
        told.push(change.await.unwrap());
    }
    let said = |at: usize| match &told[at] {
        Ok(Answer::Made(post)) => post.content.as_ref().map(|it| it.as_str().to_owned()),
        other => panic!("{other:?}"),
    };
    assert_eq!(said(2).as_deref(), Some("Content 3"));
    assert_eq!(said(3).as_deref(), Some("new"));
    assert_eq!(said(4), None);
    assert_eq!(said(5).map(|it| it.len()), Some(Content::MAX_BYTES));
    assert_eq!(said(6).as_deref(), Some("Content 3"));
    assert!(matches!(
        told[7],
        Err(Error::NotFound {
            resource: Resource::Post,
            ..
        })
    ));
    let stored = stage.store.memory.clone();
    let stored = PostReader::find(&stored, post_id(3), Trash::Exclude, &Fields::all()).await;
    let titles = ["Three", "Three again"];
    let title = stored.unwrap().unwrap().title.unwrap();
    assert!(titles.contains(&title.as_str()));
    // Each that made a difference left its event.
    let updates = stage.events().await.into_iter();
    assert_eq!(updates.filter(|it| it.action == "post.updated").count(), 8);
}

#[tokio::test]
async fn a_change_that_makes_no_difference_leaves_no_event_of_another() {
    let stage = Stage::new();
    let mut unit = stage.store.begin_now().await;
    unit.users().insert(&user(1)).await.unwrap();
    for number in 1..=4 {
        unit.posts()
            .insert(&post(number, user_id(1)))
            .await
            .unwrap();
    }
    unit.commit().await.unwrap();
    let held = stage.hold().await;
    let titles = ["One", "Two", "Post 3", "Four"];
    let mut changes = Vec::new();
    for (number, title) in (1..=4).zip(titles) {
        let change = update(number, title, Says::WhatItDid);
        changes.push(stage.update(change, None).await);
    }
    drop(held);
    for change in changes {
        change.await.unwrap().unwrap();
    }
    let noted: Vec<_> = stage
        .events()
        .await
        .iter()
        .map(|it| it.resource_id)
        .collect();
    assert_eq!(noted.len(), 3);
    assert!(!noted.contains(&post_id(3).as_uuid()));
}

#[tokio::test]
async fn a_group_takes_no_more_posts_than_an_answer_holds_and_the_others_are_the_next() {
    let stage = Stage::new();
    let text = "x".repeat(Content::MAX_BYTES);
    let mut unit = stage.store.begin_now().await;
    unit.users().insert(&user(1)).await.unwrap();
    for number in 1..=9 {
        let mut heavy = post(number, user_id(1));
        heavy.content = Some(Content::parse(text.clone()).unwrap());
        unit.posts().insert(&heavy).await.unwrap();
    }
    unit.commit().await.unwrap();
    let held = stage.hold().await;
    let mut changes = Vec::new();
    for number in 1..=9 {
        let change = update(number, "Another", Says::WhatItDid);
        changes.push(stage.update(change, Some(request(number))).await);
    }
    drop(held);
    for answer in stage.all(changes).await {
        let Ok(Answer::Made(post)) = answer else {
            panic!("{answer:?}");
        };
        assert_eq!(post.content.unwrap().as_str(), text);
    }
    // Seven wait, of which three fit at once.
    assert_eq!(stage.store.began(), (2, 3));
    assert_eq!(stage.store.commits.load(Ordering::Relaxed), 5);
    let events = stage.events().await;
    let updated = events.iter().filter(|it| it.action == "post.updated");
    assert_eq!(updated.count(), 9);
}
