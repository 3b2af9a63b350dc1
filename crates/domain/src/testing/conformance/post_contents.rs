//! What posts say, as it is found inside a unit of work.

use super::Ports;
use super::support::content;
use crate::ids::PostId;
use crate::post::{Content, Post};
use crate::testing::fixtures::{post, post_id, user, user_id};

fn saying(number: u64, text: Option<&str>) -> Post {
    Post {
        content: text.map(content),
        ..post(number, user_id(1))
    }
}

async fn contents(ports: &Ports, posts: &[(PostId, bool)]) -> Vec<Option<Content>> {
    let mut unit = ports.begin().await;
    let found = unit.posts().find_contents_for_update(posts).await;
    unit.rollback().await.expect("it is usable");
    found.expect("posts are held")
}

pub async fn are_found_in_the_order_asked(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    let posts = [saying(1, Some("é")), saying(2, None), saying(3, Some("c"))];
    ports.insert_posts(&posts.each_ref()).await;
    let asked = [3, 4, 2, 1].map(|number| (post_id(number), true));
    let expected = [Some(content("c")), None, None, Some(content("é"))];
    assert_eq!(contents(&ports, &asked).await, expected);
    assert!(contents(&ports, &[]).await.is_empty());
}

pub async fn of_posts_that_are_only_held_none_is_read(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    let posts = [saying(1, Some("a")), saying(2, Some("b"))];
    ports.insert_posts(&posts.each_ref()).await;
    let asked = [(post_id(2), false), (post_id(1), true)];
    assert_eq!(contents(&ports, &asked).await, [None, Some(content("a"))]);
}

pub async fn as_many_are_read_as_an_answer_holds(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    let text = "x".repeat(Content::MAX_BYTES);
    let posts = [1, 2, 3, 4, 5].map(|number| saying(number, Some(&text)));
    ports.insert_posts(&posts.each_ref()).await;
    let asked = [
        (1, true),
        (5, false),
        (2, true),
        (3, true),
        (6, true),
        (4, true),
    ];
    let asked = asked.map(|(number, is_asked)| (post_id(number), is_asked));
    let found = contents(&ports, &asked).await;
    let is_full = [true, false, true, true, false];
    assert_eq!(found.len(), is_full.len());
    for (found, is_full) in found.iter().zip(is_full) {
        let expected = is_full.then_some(text.as_str());
        assert_eq!(found.as_ref().map(Content::as_str), expected);
    }
}
