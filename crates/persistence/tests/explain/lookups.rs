//! Lookups.

use super::*;

/// Living and deleted ones by turns.
fn numbers(many: u64) -> impl Iterator<Item = u64> {
    (0..many).map(move |n| n * (ROWS / many) + 1)
}

fn address(number: u64) -> Email {
    email(&format!("USER-{number:05}@example.com"))
}

#[tokio::test]
async fn by_id_cost_one_row() {
    let mut world = World::new().await;
    for trash in SIDES {
        let user = world
            .costs_at_most("find of a user", 1, async |database| {
                UserReader::find(database, user_id(10_000), trash, &Fields::all()).await
            })
            .await;
        assert!(user.unwrap().is_some());
        let post = world
            .costs_at_most("find of a post", 1, async |database| {
                PostReader::find(database, post_id(10_000), trash, &Fields::all()).await
            })
            .await;
        assert!(post.unwrap().is_some());
    }
}

#[tokio::test]
async fn by_many_ids_cost_as_many_rows() {
    let mut world = World::new().await;
    let users: Vec<_> = numbers(50).map(user_id).collect();
    let posts: Vec<_> = numbers(50).map(post_id).collect();
    for (trash, expected) in [(Trash::Exclude, 25), (Trash::Include, 50)] {
        let found = world
            .costs_at_most("find_many of users", 50, async |database| {
                UserReader::find_many(database, &users, trash, &Fields::all()).await
            })
            .await;
        assert_eq!(found.unwrap().len(), expected);
        let found = world
            .costs_at_most("find_many of posts", 50, async |database| {
                PostReader::find_many(database, &posts, trash, &Fields::all(), 0).await
            })
            .await;
        assert_eq!(found.unwrap().len(), expected);
    }
}

#[tokio::test]
async fn by_address_cost_one_row_and_twice_with_the_trash() {
    let mut world = World::new().await;
    for (trash, bound) in [(Trash::Exclude, 1), (Trash::Include, 2)] {
        let found = world
            .costs_at_most("find_by_email", bound, async |database| {
                database
                    .find_by_email(&address(10_000), trash, &Fields::all())
                    .await
            })
            .await;
        assert!(found.unwrap().is_some());
    }
    let deleted = world
        .costs_at_most("find_by_email in the trash", 2, async |database| {
            database
                .find_by_email(&address(1), Trash::Include, &Fields::all())
                .await
        })
        .await;
    assert!(deleted.unwrap().is_some());
}

#[tokio::test]
async fn by_many_addresses_cost_each_row_twice() {
    let mut world = World::new().await;
    let addresses: Vec<_> = numbers(50).map(address).collect();
    for (trash, expected) in [(Trash::Exclude, 25), (Trash::Include, 50)] {
        let found = world
            .costs_at_most("find_many_by_email", 100, async |database| {
                database
                    .find_many_by_email(&addresses, trash, &Fields::all())
                    .await
            })
            .await;
        assert_eq!(found.unwrap().len(), expected);
    }
}
