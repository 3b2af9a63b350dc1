//! What posts say, as it is found inside a unit of work.

use super::Ports;
use super::support::content;
use crate::error::RepositoryError;
use crate::ids::PostId;
use crate::post::{Content, Post};
use crate::testing::fixtures::{post, post_id, user, user_id};

fn saying(number: u64, text: Option<&str>) -> Post {
    Post {
        content: text.map(content),
        ..post(number, user_id(1))
    }
}

async fn contents(ports: &Ports, ids: &[PostId]) -> Result<Vec<Option<Content>>, RepositoryError> {
    let mut unit = ports.begin().await;
    let found = unit.posts().find_contents(ids).await;
    unit.rollback().await.expect("it is usable");
    found
}

pub async fn are_found_in_the_order_asked(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    let posts = [saying(1, Some("é")), saying(2, None), saying(3, Some("c"))];
    ports.insert_posts(&posts.each_ref()).await;
    let ids = [3, 4, 2, 1].map(post_id);
    let found = contents(&ports, &ids).await.expect("they are light");
    let expected = [Some(content("c")), None, None, Some(content("é"))];
    assert_eq!(found, expected);
    let none = contents(&ports, &[]).await.expect("there is nothing");
    assert!(none.is_empty());
}

pub async fn of_more_than_an_answer_holds_none_is_read(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    let text = "x".repeat(Content::MAX_BYTES);
    let posts = [1, 2, 3, 4].map(|number| saying(number, Some(&text)));
    ports.insert_posts(&posts.each_ref()).await;
    let ids = [1, 2, 3, 4].map(post_id);
    let found = contents(&ports, &ids[..3]).await.expect("they just fit");
    assert!(found.iter().flatten().all(|it| it.as_str() == text));
    assert_eq!(found.iter().flatten().count(), 3);
    let refused = contents(&ports, &ids).await;
    assert!(matches!(refused, Err(RepositoryError::TooLarge)));
}
