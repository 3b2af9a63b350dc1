//! Searches.

use super::*;

async fn hold(text: &str, living: usize, all: usize) {
    let mut world = World::new().await;
    let query = SearchQuery::parse(text).unwrap();
    for (trash, expected) in [(Trash::Exclude, living), (Trash::Include, all)] {
        let filter = UserFilter { trash };
        // Both lists may look at the matches of the other. Those that hold all
        // parts of the text, and yet not the text, are few.
        let bound = i64::try_from(2 * all + 10).unwrap();
        let what = format!("a search for {text} {trash:?}");
        let found = world
            .costs_at_most(&what, bound, async |database| {
                database.search(&query, &filter, &page(None)).await
            })
            .await
            .unwrap();
        assert_eq!(found.items.len(), expected, "{what}");

        let first = &found.items[0];
        let rank = query.rank([
            first.email.as_str(),
            first.name.as_ref().map_or("", |name| name.as_str()),
        ]);
        let after = Cursor {
            value: byline_domain::page::SortValue::Rank(rank.unwrap()),
            id: first.id.as_uuid(),
        };
        let rest = world
            .costs_at_most(&what, bound, async |database| {
                database
                    .search(&query, &filter, &page(Some(after.clone())))
                    .await
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
