//! Changes.

use super::*;

#[tokio::test]
async fn purging_a_user_looks_at_that_users_posts_only() {
    let mut world = World::new().await;
    // The user and the post, each found and then removed.
    let number = std::cell::Cell::new(10_000);
    world
        .costs_at_most("a purge", 4, async |database| {
            number.set(number.get() + 1);
            let mut unit = database.begin().await.unwrap();
            assert!(unit.users().purge(user_id(number.get())).await.unwrap());
            unit.commit().await.unwrap();
        })
        .await;
    let posts = count(&mut world.beside, "select count(*) from posts").await;
    assert_eq!(posts, 20_000 - ROUNDS);
}

#[tokio::test]
async fn asking_for_an_authors_living_posts_looks_at_that_authors_only() {
    let mut world = World::new().await;
    let living = world
        .costs_at_most("has_living", 1, async |database| {
            let mut unit = database.begin().await.unwrap();
            let living = unit.posts().has_living(user_id(10_000)).await.unwrap();
            unit.rollback().await.unwrap();
            living
        })
        .await;
    assert!(living);
}

#[tokio::test]
async fn changing_a_users_address_looks_for_its_holder_by_index() {
    let mut world = World::new().await;
    let number = std::cell::Cell::new(0);
    world
        .costs_at_most("an update", 4, async |database| {
            number.set(number.get() + 1);
            let mut unit = database.begin().await.unwrap();
            let users = unit.users();
            let mut user = users
                .find_for_update(user_id(10_000))
                .await
                .unwrap()
                .unwrap();
            let expected = user.lifecycle.version();
            user.email = email(&format!("moved-{}@example.com", number.get()));
            users.update(&user, expected).await.unwrap();
            unit.commit().await.unwrap();
        })
        .await;
}
