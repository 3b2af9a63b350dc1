//! Lists.

use super::*;

async fn hold_users(key: UserField) {
    let mut world = World::new().await;
    for (direction, trash) in ways() {
        let order = Order::by(key, direction);
        let filter = UserFilter::all(trash);
        for after in places() {
            let cursor = match after {
                None => None,
                Some(number) => {
                    let user = world.user(user_id(number)).await;
                    Some(Cursor {
                        values: vec![user.sort_value(key)],
                        id: user.id.as_uuid(),
                    })
                }
            };
            let page = page(cursor);
            let what = format!("a list of users by {key:?} {direction:?} {trash:?} {after:?}");
            let found = world
                .costs_at_most(&what, page_rows(trash), async |database| {
                    UserReader::list(database, &filter, &order, &page, &Fields::all()).await
                })
                .await
                .unwrap();
            assert_eq!(found.items.len(), page.size.get(), "{what}");
        }
    }
}

async fn hold_posts(key: PostField) {
    let mut world = World::new().await;
    for (direction, trash) in ways() {
        let order = Order::by(key, direction);
        let filter = PostFilter::all(trash);
        for after in places() {
            let cursor = match after {
                None => None,
                Some(number) => {
                    let post = world.post(post_id(number)).await;
                    Some(Cursor {
                        values: vec![post.sort_value(key)],
                        id: post.id.as_uuid(),
                    })
                }
            };
            let page = page(cursor);
            let what = format!("a list of posts by {key:?} {direction:?} {trash:?} {after:?}");
            let found = world
                .costs_at_most(&what, page_rows(trash), async |database| {
                    PostReader::list(database, &filter, &order, &page, &Fields::all(), 0).await
                })
                .await
                .unwrap();
            assert_eq!(found.items.len(), page.size.get(), "{what}");
        }
    }
}

fn ways() -> impl Iterator<Item = (Direction, Trash)> {
    DIRECTIONS
        .into_iter()
        .flat_map(|direction| SIDES.map(|trash| (direction, trash)))
}

/// The first page, and those after rows of which every second was changed.
fn places() -> [Option<u64>; 5] {
    [
        None,
        Some(ROWS / 4 + 100),
        Some(ROWS / 2),
        Some(ROWS / 2 + 1),
        Some(ROWS / 4 * 3 - 101),
    ]
}

#[tokio::test]
async fn of_users_by_time_of_creation_cost_their_page() {
    hold_users(UserField::CreatedAt).await;
}

#[tokio::test]
async fn of_users_by_time_of_change_cost_their_page() {
    hold_users(UserField::UpdatedAt).await;
}

#[tokio::test]
async fn of_users_by_address_cost_their_page() {
    hold_users(UserField::Email).await;
}

#[tokio::test]
async fn of_posts_by_time_of_creation_cost_their_page() {
    hold_posts(PostField::CreatedAt).await;
}

#[tokio::test]
async fn of_posts_by_time_of_change_cost_their_page() {
    hold_posts(PostField::UpdatedAt).await;
}

#[tokio::test]
async fn of_posts_by_time_of_publication_cost_their_page() {
    hold_posts(PostField::PublishedAt).await;
}

#[tokio::test]
async fn of_posts_by_title_cost_their_page() {
    hold_posts(PostField::Title).await;
}

#[tokio::test]
async fn of_two_fields_start_where_the_first_does() {
    let mut world = World::new().await;
    for (direction, then) in DIRECTIONS
        .into_iter()
        .flat_map(|a| DIRECTIONS.map(|b| (a, b)))
    {
        let order = Order::by(UserField::CreatedAt, direction).then(UserField::Email, then);
        let filter = UserFilter::all(Trash::Exclude);
        for number in [ROWS / 4 + 100, ROWS / 2] {
            let user = world.user(user_id(number)).await;
            let cursor = Cursor {
                values: order.keys().map(|key| user.sort_value(key.field)).collect(),
                id: user.id.as_uuid(),
            };
            let page = page(Some(cursor));
            let what = format!("a list by two fields {direction:?} {then:?} after {number}");
            // Rows are sorted by the second field in small batches.
            let bound = 4 * page_rows(Trash::Exclude);
            let found = world
                .costs_at_most(&what, bound, async |database| {
                    UserReader::list(database, &filter, &order, &page, &Fields::all()).await
                })
                .await
                .unwrap();
            assert_eq!(found.items.len(), page.size.get(), "{what}");
        }
    }
}

#[tokio::test]
async fn that_skip_cost_what_they_skip_and_their_page() {
    let mut world = World::new().await;
    for (direction, trash) in ways() {
        let order = Order::by(UserField::CreatedAt, direction);
        let filter = UserFilter::all(trash);
        let page = PageRequest {
            skip: 100,
            ..page(None)
        };
        let what = format!("a list that skips {direction:?} {trash:?}");
        let bound = page_rows(trash) + 2 * 100;
        let found = world
            .costs_at_most(&what, bound, async |database| {
                UserReader::list(database, &filter, &order, &page, &Fields::all()).await
            })
            .await
            .unwrap();
        assert_eq!(found.items.len(), page.size.get());
    }
}

#[tokio::test]
async fn of_few_users_of_a_role_cost_their_page() {
    let mut world = World::new().await;
    world
        .change("update users set role = 'admin' where email like '%007@example.com'")
        .await;
    let filter = UserFilter {
        trash: Trash::Exclude,
        meets: parse_users(r#"role = "admin""#, time(0)).unwrap(),
    };
    let order = Order::by(UserField::CreatedAt, Direction::Descending);
    let found = world
        .costs_at_most(
            "a list of few users",
            page_rows(Trash::Exclude),
            async |database| {
                UserReader::list(database, &filter, &order, &page(None), &Fields::all()).await
            },
        )
        .await
        .unwrap();
    assert!(!found.items.is_empty());
}

#[tokio::test]
async fn of_the_posts_of_an_author_cost_their_page() {
    let mut world = World::new().await;
    world.give_all_posts_to_16_authors().await;
    for (author, direction, trash) in [
        (17, Direction::Descending, Trash::Exclude),
        (18, Direction::Ascending, Trash::Exclude),
    ] {
        let filter = PostFilter {
            trash,
            meets: parse_posts(&format!("author_id = {}", user_id(author)), time(0)).unwrap(),
        };
        let order = Order::by(PostField::CreatedAt, direction);
        let what = format!("a list of the posts of an author {direction:?}");
        let found = world
            .costs_at_most(&what, page_rows(trash), async |database| {
                PostReader::list(database, &filter, &order, &page(None), &Fields::all(), 0).await
            })
            .await
            .unwrap();
        assert_eq!(found.items.len(), page(None).size.get());
    }
}
