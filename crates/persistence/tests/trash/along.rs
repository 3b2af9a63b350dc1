//! Many posts of one author, changed at once.

use std::time::Duration;

use byline_domain::lifecycle::Retention;
use byline_domain::post::{Content, PostRewrite};
use byline_domain::testing::fixtures::replacing;
use byline_persistence::testing::{TestDatabase, count, execute};

use super::*;

async fn four_posts(database: &Database) -> [Post; 4] {
    let posts = [1, 2, 3, 4].map(|number| post(number, user_id(1)));
    insert(database, &[user(1), user(2)], &posts).await;
    posts
}

#[tokio::test]
async fn what_is_taken_from_a_transfer_meanwhile_is_made_up_for() {
    let test = TestDatabase::of_any_time().await;
    let database = test.database();
    let [mut taken, ..] = four_posts(&database).await;

    let mut other = database.begin().await.unwrap();
    let expected = taken.lifecycle.version();
    taken.lifecycle.delete(time(50), Retention::DEFAULT);
    let taken = replacing(&taken, expected);
    other.posts().update_many(&[taken]).await.unwrap();

    let mut unit = database.begin().await.unwrap();
    let give = unit
        .posts()
        .transfer(user_id(1), user_id(2), None, time(60), None, 3);
    let take = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        other.commit().await.unwrap();
    };
    let (given, ()) = tokio::join!(give, take);
    assert_eq!(given.unwrap().count, 3);
    unit.commit().await.unwrap();
    let given = "select count(*) from posts where author_id::text like '%2'";
    assert_eq!(count(&mut test.connection().await, given).await, 3);
}

/// To make out the words of a post takes longer than all the rest.
#[tokio::test]
async fn the_words_of_a_post_are_not_made_out_anew_unless_it_says_something_new() {
    let test = TestDatabase::of_any_time().await;
    let database = test.database();
    let [saying, ..] = four_posts(&database).await;
    let mut beside = test.connection().await;
    // By other rules from now on, which show where they were applied.
    execute(
        &mut beside,
        "alter text search configuration byline drop mapping for asciiword",
    )
    .await;
    let old = "select count(*) from posts where search @@ 'content'::tsquery";
    let mut unit = database.begin().await.unwrap();
    let posts = unit.posts();
    let given = posts
        .transfer(user_id(1), user_id(2), None, time(60), None, 9)
        .await;
    assert_eq!(given.unwrap().count, 4);
    let gone = posts.delete_along(&[user_id(2)], time(70), time(80)).await;
    assert_eq!(gone.unwrap(), [(user_id(2), 4)]);
    let back = posts.undelete_along(user_id(2), time(90)).await;
    assert_eq!(back.unwrap(), 4);
    unit.commit().await.unwrap();
    assert_eq!(count(&mut beside, old).await, 4);

    let mut unit = database.begin().await.unwrap();
    let before = unit.posts().find_for_update(saying.id).await.unwrap();
    let before = before.unwrap();
    let after = Post {
        content: Some(Content::parse("Other content").unwrap()),
        ..before.clone()
    };
    let rewrite = PostRewrite::between(&before, &after);
    unit.posts().update_many(&[rewrite]).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(
        count(&mut beside, old).await,
        3,
        "else the rules are the old"
    );
}
