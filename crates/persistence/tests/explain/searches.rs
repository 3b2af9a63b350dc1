//! Searches.

use super::*;

async fn hold(text: &str, living: usize, all: usize) {
    let mut world = World::new().await;
    let query = SearchQuery::parse(text).unwrap();
    if query.matches_anywhere() {
        world.once = SAMPLE;
    }
    for (trash, expected) in [(Trash::Exclude, living), (Trash::Include, all)] {
        let filter = UserFilter::all(trash);
        // Both lists may look at the matches of the other. Those that hold all
        // parts of the text, and yet not the text, are few.
        let bound = i64::try_from(2 * all + 10).unwrap();
        let what = format!("a search for {text} {trash:?}");
        let found = world
            .costs_at_most(&what, bound, async |database| {
                UserReader::search(database, &query, &filter, &page(None), &Fields::all()).await
            })
            .await
            .unwrap();
        assert_eq!(found.items.len(), expected, "{what}");

        let first = found.items[0].clone().into_user().unwrap();
        let rank = query.rank([
            first.email.as_str(),
            first.name.as_ref().map_or("", |name| name.as_str()),
        ]);
        let after = Cursor {
            values: vec![SortValue::Rank(rank.unwrap())],
            id: first.id.as_uuid(),
        };
        let rest = world
            .costs_at_most(&what, bound, async |database| {
                let page = page(Some(after.clone()));
                UserReader::search(database, &query, &filter, &page, &Fields::all()).await
            })
            .await
            .unwrap();
        assert_eq!(rest.items.len(), expected - 1, "{what}");
    }
}

#[tokio::test]
async fn in_names_cost_their_matches() {
    hold("xyloph", 2, 3).await;
}

#[tokio::test]
async fn of_three_characters_cost_their_matches() {
    hold("YLO", 2, 3).await;
}

#[tokio::test]
async fn in_addresses_cost_their_matches() {
    hold("er-0999", 10, 10).await;
}

#[tokio::test]
async fn of_two_characters_cost_their_matches() {
    hold("qz", 2, 3).await;
}

#[tokio::test]
async fn of_one_character_cost_their_matches() {
    hold("X", 2, 3).await;
}

#[tokio::test]
async fn that_every_user_matches_do_not_look_at_every_user() {
    let mut world = World::new().await;
    let query = SearchQuery::parse("person").unwrap();
    let filter = UserFilter::all(Trash::Exclude);
    // Whether they are many; nobody who is called that; and the newest: each of the two
    // behind the quarter of all that is in the trash.
    let bound = i64::try_from(2 * (ROWS / 4) + 1_000).unwrap();
    let found = world
        .looks_at_most("a broad search", bound, async |database| {
            UserReader::search(database, &query, &filter, &page(None), &Fields::all()).await
        })
        .await
        .unwrap();
    assert_eq!(found.items.len(), usize::try_from(PAGE).unwrap());
}

/// Looks for a word in posts of both sides of the trash.
async fn posts(database: &Database, text: &str) -> usize {
    let query = SearchQuery::parse(text).unwrap();
    let filter = PostFilter::all(Trash::Include);
    let (page, all) = (page(None), Fields::all());
    let found = PostReader::search(database, &query, &filter, &page, &all, 0).await;
    found.unwrap().items.len()
}

#[tokio::test]
async fn in_posts_cost_their_matches() {
    let mut world = World::new().await;
    let found = world
        .costs_at_most("a rare word", 1, async |database| {
            posts(database, "12345").await
        })
        .await;
    assert_eq!(found, 1);
}

#[tokio::test]
async fn that_every_post_matches_do_not_look_at_every_post() {
    let mut world = World::new().await;
    // Whether they are many; and the newest, and the one behind them.
    let ranked = i64::try_from(SearchQuery::MAX_RANKED_POSTS).unwrap() + 1;
    let bound = ranked + i64::from(PAGE) + 1 + PLANNING;
    let found = world
        .looks_at_most("a broad search", bound, async |database| {
            posts(database, "content").await
        })
        .await;
    assert_eq!(found, usize::try_from(PAGE).unwrap());

    // PostgreSQL tells of the page too.
    world
        .change(
            "alter text search configuration byline alter mapping for asciiword with english_stem",
        )
        .await;
    let bound = bound + i64::from(PAGE);
    let found = world
        .looks_at_most("a broad search for forms", bound, async |database| {
            posts(database, "content").await
        })
        .await;
    assert_eq!(found, usize::try_from(PAGE).unwrap());
}
