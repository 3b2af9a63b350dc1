//! Lists.

use super::*;

async fn hold_users(key: UserSortKey) {
    let mut world = World::new().await;
    for (direction, trash) in ways() {
        let order = Order { key, direction };
        let filter = UserFilter { trash };
        for after in places() {
            let cursor = match after {
                None => None,
                Some(number) => {
                    let user = world.user(user_id(number)).await;
                    Some(Cursor {
                        value: user.sort_value(key),
                        id: user.id.as_uuid(),
                    })
                }
            };
            let page = page(cursor);
            let what = format!("a list of users by {key:?} {direction:?} {trash:?} {after:?}");
            let found = world
                .costs_at_most(&what, page_rows(trash), async |database| {
                    UserReader::list(database, &filter, order, &page).await
                })
                .await
                .unwrap();
            assert_eq!(found.items.len(), page.size.get(), "{what}");
        }
    }
}

async fn hold_posts(key: PostSortKey) {
    let mut world = World::new().await;
    for (direction, trash) in ways() {
        let order = Order { key, direction };
        let filter = PostFilter { trash };
        for after in places() {
            let cursor = match after {
                None => None,
                Some(number) => {
                    let post = world.post(post_id(number)).await;
                    Some(Cursor {
                        value: post.sort_value(key),
                        id: post.id.as_uuid(),
                    })
                }
            };
            let page = page(cursor);
            let what = format!("a list of posts by {key:?} {direction:?} {trash:?} {after:?}");
            let found = world
                .costs_at_most(&what, page_rows(trash), async |database| {
                    PostReader::list(database, &filter, order, &page).await
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
    hold_users(UserSortKey::CreatedAt).await;
}

#[tokio::test]
async fn of_users_by_time_of_change_cost_their_page() {
    hold_users(UserSortKey::UpdatedAt).await;
}

#[tokio::test]
async fn of_users_by_address_cost_their_page() {
    hold_users(UserSortKey::Email).await;
}

#[tokio::test]
async fn of_posts_by_time_of_creation_cost_their_page() {
    hold_posts(PostSortKey::CreatedAt).await;
}

#[tokio::test]
async fn of_posts_by_time_of_change_cost_their_page() {
    hold_posts(PostSortKey::UpdatedAt).await;
}

#[tokio::test]
async fn of_posts_by_title_cost_their_page() {
    hold_posts(PostSortKey::Title).await;
}

#[tokio::test]
async fn that_skip_cost_what_they_skip_and_their_page() {
    let mut world = World::new().await;
    for (direction, trash) in ways() {
        let order = Order {
            key: UserSortKey::CreatedAt,
            direction,
        };
        let page = PageRequest {
            skip: 100,
            ..page(None)
        };
        let what = format!("a list that skips {direction:?} {trash:?}");
        let bound = page_rows(trash) + 2 * 100;
        let found = world
            .costs_at_most(&what, bound, async |database| {
                UserReader::list(database, &UserFilter { trash }, order, &page).await
            })
            .await
            .unwrap();
        assert_eq!(found.items.len(), page.size.get());
    }
}
