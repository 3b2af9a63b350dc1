//! Many posts of one author, changed at once.

use std::cell::Cell;

use super::*;

#[tokio::test]
async fn posts_that_go_along_cost_nothing_of_other_authors() {
    let mut world = World::new().await;
    let number = Cell::new(10_000);
    // The post goes, and comes back from where it is looked for among all of the author.
    let bound = 2 + 2;
    let moved = world
        .costs_at_most("going along", bound, async |database| {
            number.set(number.get() + 1);
            let author = user_id(number.get());
            let mut unit = database.begin().await.unwrap();
            let posts = unit.posts();
            let gone = posts
                .delete_along(&[author], time(0), time(0))
                .await
                .unwrap();
            let back = posts.undelete_along(author, time(0)).await.unwrap();
            unit.commit().await.unwrap();
            (gone, back, author)
        })
        .await;
    let (gone, back, author) = moved;
    assert_eq!((gone, back), (vec![(author, 1)], 1));
}

#[tokio::test]
async fn asking_for_the_authors_of_living_posts_costs_one_look_each() {
    let mut world = World::new().await;
    let authors: Vec<_> = (14_981..=15_020).map(user_id).collect();
    let found = world
        .costs_at_most("authors_of_living", 20, async |database| {
            let mut unit = database.begin().await.unwrap();
            let found = unit.posts().authors_of_living(&authors).await.unwrap();
            unit.rollback().await.unwrap();
            found
        })
        .await;
    assert_eq!(found.len(), 20);
}

#[tokio::test]
async fn a_transfer_looks_at_the_posts_that_it_gives() {
    let mut world = World::new().await;
    world.give_all_posts_to_16_authors().await;
    let filter = parse_posts("title : Post", time(0)).unwrap();
    // Each is found, and then changed, and its new author is looked for. Where a filter
    // seems to mean few, all posts of the author are looked at, but nobody else's.
    let living = 10_000 / 16;
    for (meets, found) in [(None, 20), (filter, living)] {
        let given = world
            .costs_at_most("a transfer", PLANNING + found + 2 * 20, async |database| {
                let mut unit = database.begin().await.unwrap();
                let given = unit
                    .posts()
                    .transfer(user_id(16), user_id(17), meets.as_ref(), time(0), None, 20)
                    .await
                    .unwrap();
                unit.commit().await.unwrap();
                given
            })
            .await;
        assert_eq!(given.count, 20);
    }
}
