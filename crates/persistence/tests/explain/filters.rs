//! Filters that an index answers.

use super::*;

/// Holds a list of the living users that meet `filter` to so many rows.
async fn hold_users(filter: &str, expected: usize, bound: i64) {
    hold_users_of(&mut World::new().await, filter, expected, bound).await;
}

async fn hold_users_of(world: &mut World, filter: &str, expected: usize, bound: i64) {
    let filter_of_users = UserFilter {
        trash: Trash::Exclude,
        meets: parse_users(filter, time(0)).unwrap(),
    };
    let order = Order::by(UserField::CreatedAt, Direction::Descending);
    let found = world
        .costs_at_most(filter, bound + PLANNING, async |database| {
            let page = page(None);
            UserReader::list(database, &filter_of_users, &order, &page, &Fields::all()).await
        })
        .await;
    assert_eq!(found.unwrap().items.len(), expected, "{filter}");
}

#[tokio::test]
async fn by_address_cost_one_user() {
    hold_users(r#"email = "USER-10000@example.com""#, 1, 1).await;
}

#[tokio::test]
async fn by_id_cost_one_user() {
    let filter = format!("id = {}", user_id(10_000));
    hold_users(&filter, 1, 1).await;
}

#[tokio::test]
async fn by_a_part_of_an_address_cost_their_matches() {
    hold_users(r#"email : "er-0999""#, 10, 12).await;
}

#[tokio::test]
async fn by_a_part_of_a_name_cost_their_matches() {
    hold_users(r#"name : "XYLOPH""#, 2, 4).await;
}

#[tokio::test]
async fn by_a_bare_word_cost_their_matches() {
    hold_users("xyloph", 2, 4).await;
}

#[tokio::test]
async fn by_a_name_cost_one_user() {
    hold_users(r#"name = "Xylophone Person 10000""#, 1, 1).await;
}

#[tokio::test]
async fn by_the_time_of_the_last_change_cost_their_matches() {
    let mut world = World::new().await;
    // The planner takes the trash for a sample of the living: it has to be one.
    world
        .change("update users set updated_at = created_at where deleted_at is not null")
        .await;
    // Of the living, every second was changed: user n in second 2n, up to 15,000.
    hold_users_of(&mut world, "updated_at > 2026-01-01T08:19:40Z", 5, 5).await;
}

#[tokio::test]
async fn of_the_trash_alone_cost_their_page() {
    let mut world = World::new().await;
    for text in [
        "deleted_at : *",
        "deleted_at > 2026-01-01T00:00:00Z AND role = user",
    ] {
        let filter = UserFilter {
            trash: Trash::Include,
            meets: parse_users(text, time(0)).unwrap(),
        };
        for direction in DIRECTIONS {
            let order = Order::by(UserField::CreatedAt, direction);
            let bound = page_rows(Trash::Exclude);
            let found = world
                .costs_at_most(text, bound, async |database| {
                    let page = page(None);
                    UserReader::list(database, &filter, &order, &page, &Fields::all()).await
                })
                .await;
            assert_eq!(found.unwrap().items.len(), 20, "{text}");
        }
    }
}

#[tokio::test]
async fn of_a_small_trash_are_counted_at_the_cost_of_the_trash() {
    let mut world = World::new().await;
    world
        .change("update users set deleted_at = null where email >= 'user-00100'")
        .await;
    let filter = UserFilter {
        trash: Trash::Include,
        meets: parse_users("deleted_at > 2026-01-01T00:00:00Z", time(0)).unwrap(),
    };
    for mode in [CountMode::Exact, CountMode::Estimate] {
        let count = world
            .costs_at_most("a count of the trash", 99 + PLANNING, async |database| {
                UserReader::count(database, &filter, mode).await
            })
            .await;
        assert_eq!(count.unwrap(), 99);
    }
}

#[tokio::test]
async fn of_users_by_their_posts_cost_what_they_answer() {
    // One of the posts, and the user who wrote it; the planner looks at both tables.
    hold_users(r#"posts.title = "Post 10001""#, 1, 3 + 2 * PLANNING).await;
}

#[tokio::test]
async fn of_posts_by_their_author_cost_what_they_answer() {
    let mut world = World::new().await;
    let filter = PostFilter {
        trash: Trash::Exclude,
        meets: parse_posts(r#"author.email = "user-10000@example.com""#, time(0)).unwrap(),
    };
    let order = Order::by(PostField::CreatedAt, Direction::Descending);
    let found = world
        .costs_at_most("posts by their author", 3 + PLANNING, async |database| {
            let page = page(None);
            PostReader::list(database, &filter, &order, &page, &Fields::all(), 0).await
        })
        .await;
    assert_eq!(found.unwrap().items.len(), 1);
}

#[tokio::test]
async fn that_leave_most_cost_little_more_than_their_page() {
    // Every second of the living was never changed.
    hold_users(
        "NOT updated_at : * AND is_active = true",
        20,
        2 * (20 + 1) + 2,
    )
    .await;
    hold_users("posts.published = true", 20, 4 * (20 + 1) + 8).await;
}
