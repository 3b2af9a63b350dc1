//! Changes of many at once.

use byline_domain::post::{PostHead, PostRewrite};

use super::*;

const MANY: u64 = 50;
const MANY_ROWS: i64 = 50;

/// Living and deleted ones by turns.
fn numbers() -> impl Iterator<Item = u64> {
    (0..MANY).map(move |n| n * (ROWS / MANY) + 1)
}

#[tokio::test]
async fn holding_many_costs_as_many_rows() {
    let mut world = World::new().await;
    let users: Vec<_> = numbers().map(user_id).collect();
    let posts: Vec<_> = numbers().map(post_id).collect();
    // Each is read, and read again where it is locked.
    let bound = 2 * MANY_ROWS;
    world
        .costs_at_most("find_many_for_update", bound, async |database| {
            let mut unit = database.begin().await.unwrap();
            let found = unit.users().find_many_for_update(&users).await;
            assert_eq!(found.unwrap().len(), users.len());
            unit.rollback().await.unwrap();
        })
        .await;
    world
        .costs_at_most("find_many_for_share", bound, async |database| {
            let mut unit = database.begin().await.unwrap();
            let found = unit.users().find_many_for_share(&users).await;
            assert_eq!(found.unwrap().len(), users.len());
            unit.rollback().await.unwrap();
        })
        .await;
    world
        .costs_at_most("find_heads_for_update", bound, async |database| {
            let mut unit = database.begin().await.unwrap();
            let found = unit.posts().find_heads_for_update(&posts).await;
            assert_eq!(found.unwrap().len(), posts.len());
            unit.rollback().await.unwrap();
        })
        .await;
}

#[tokio::test]
async fn looking_for_the_holders_of_many_addresses_costs_as_many_rows() {
    let mut world = World::new().await;
    let asked = numbers().map(|number| email(&format!("USER-{number:05}@example.com")));
    let asked: Vec<_> = asked.collect();
    world
        .costs_at_most("find_addresses", MANY_ROWS, async |database| {
            let mut unit = database.begin().await.unwrap();
            let found = unit.users().find_addresses(&asked).await.unwrap();
            let held = found.iter().filter(|address| address.holder.is_some());
            assert_eq!(held.count(), asked.len() / 2);
            unit.rollback().await.unwrap();
        })
        .await;
}

#[tokio::test]
async fn inserting_many_finds_what_is_taken_by_index() {
    let mut world = World::new().await;
    let mut users = Vec::new();
    let mut posts = Vec::new();
    for number in numbers() {
        let user = world.user(user_id(number)).await;
        users.push(User {
            id: user_id(ROWS + number),
            ..user
        });
        posts.push(world.post(post_id(number)).await);
    }
    // Half of the addresses are taken, and all ids of posts; for each of these the author
    // is looked for first.
    world
        .costs_at_most("insert_many of users", 2 * MANY_ROWS, async |database| {
            let mut unit = database.begin().await.unwrap();
            let outcomes = unit.users().insert_many(&users).await.unwrap();
            let refused = outcomes.iter().filter(|one| one.is_err()).count();
            assert_eq!(refused, users.len() / 2);
            unit.rollback().await.unwrap();
        })
        .await;
    world
        .costs_at_most("insert_many of posts", 3 * MANY_ROWS, async |database| {
            let mut unit = database.begin().await.unwrap();
            let outcomes = unit.posts().insert_many(&posts).await.unwrap();
            assert!(outcomes.iter().all(Result::is_err));
            unit.rollback().await.unwrap();
        })
        .await;
}

#[tokio::test]
async fn updating_many_costs_each_row_held_and_written() {
    let mut world = World::new().await;
    let mut users = Vec::new();
    let mut posts = Vec::new();
    let mut says = Vec::new();
    for number in numbers() {
        let mut user = world.user(user_id(number)).await;
        let expected = user.lifecycle.version();
        user.lifecycle.touch(time(90_000));
        users.push((user, expected));
        let post = world.post(post_id(number)).await;
        let mut after = PostHead::from(&post);
        after.lifecycle.touch(time(90_000));
        let content = number.is_multiple_of(2).then_some(None);
        posts.push(PostRewrite::of(&PostHead::from(&post), after, content));
        says.push((post.id, post.content));
    }
    let bound = 4 * MANY_ROWS;
    world
        .costs_at_most("update_many", bound, async |database| {
            let mut unit = database.begin().await.unwrap();
            unit.users().update_many(&users).await.unwrap();
            unit.rollback().await.unwrap();
        })
        .await;
    world
        .costs_at_most("already_say", MANY_ROWS, async |database| {
            let mut unit = database.begin().await.unwrap();
            let said = unit.posts().already_say(&says).await;
            assert!(said.unwrap().into_iter().all(|same| same));
            unit.rollback().await.unwrap();
        })
        .await;
    world
        .costs_at_most("update_heads", bound + MANY_ROWS, async |database| {
            let mut unit = database.begin().await.unwrap();
            unit.posts().update_many(&posts).await.unwrap();
            unit.rollback().await.unwrap();
        })
        .await;
}
