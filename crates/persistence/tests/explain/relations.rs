//! The posts of many users at once.

use super::*;

#[tokio::test]
async fn the_newest_posts_of_users_cost_what_they_answer() {
    let mut world = World::new().await;
    world.give_all_posts_to_16_authors().await;
    let authors: Vec<_> = (1..=50).map(user_id).collect();
    for trash in SIDES {
        // Of each of the 16 who have posts, a hundred are read.
        let found = world
            .costs_at_most(
                "the newest posts of users",
                1_600 + PLANNING,
                async |database| database.newest_of(&authors, trash, &Fields::all()).await,
            )
            .await
            .unwrap();
        let counts: Vec<_> = found.iter().map(Vec::len).collect();
        assert_eq!(
            (counts[15], counts[30], counts.iter().sum()),
            (100, 100, 1_600)
        );
    }
}

#[tokio::test]
async fn the_first_pages_of_authors_cost_what_they_answer() {
    let mut world = World::new().await;
    world.give_all_posts_to_16_authors().await;
    let authors: Vec<_> = (1..=50).map(user_id).collect();
    for trash in SIDES {
        let size = PageSize::from_request(7).unwrap();
        let found = world
            .costs_at_most("first pages", 16 * 8 + PLANNING, async |database| {
                let all = Fields::all();
                database
                    .first_pages_of(&authors, trash, size, &all, 0)
                    .await
            })
            .await
            .unwrap();
        let counts = found.iter().map(|page| page.as_ref().unwrap().items.len());
        assert_eq!(counts.sum::<usize>(), 16 * 7);
    }
}

#[tokio::test]
async fn the_posts_of_users_are_counted_at_the_cost_of_those_posts() {
    let mut world = World::new().await;
    let authors: Vec<_> = (7_000..7_050).map(user_id).collect();
    for trash in SIDES {
        let counts = world
            .costs_at_most("the number of posts of users", 50, async |database| {
                database.count_of(&authors, trash).await
            })
            .await;
        assert_eq!(counts.unwrap(), [1; 50]);
    }
}

#[tokio::test]
async fn a_search_of_posts_costs_its_matches() {
    let mut world = World::new().await;
    for (text, living, all) in [("10000", 1, 1), ("post 10001 or 00042", 1, 2)] {
        let query = SearchQuery::parse(text).unwrap();
        for (trash, expected) in [(Trash::Exclude, living), (Trash::Include, all)] {
            let filter = PostFilter::all(trash);
            let what = format!("a search for {text} {trash:?}");
            let found = world
                .costs_at_most(&what, 6, async |database| {
                    let page = page(None);
                    PostReader::search(database, &query, &filter, &page, &Fields::all(), 0).await
                })
                .await;
            assert_eq!(found.unwrap().items.len(), expected, "{what}");
        }
    }
}
