//! Searches and posts that are made to cost time or memory.

use std::time::{Duration, Instant};

use byline_domain::page::{PageRequest, PageSize};
use byline_domain::post::{Content, Post, PostFilter, PostReader};
use byline_domain::search::SearchQuery;
use byline_domain::selection::Fields;
use byline_domain::testing::fixtures::{post, user};
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWorkFactory;
use byline_persistence::Database;
use byline_persistence::testing::TestDatabase;

/// Far more than any of them takes, and far less than what they took before.
const BOUND: Duration = Duration::from_secs(5);

async fn write(database: &Database, contents: Vec<String>) {
    let mut unit = database.begin().await.unwrap();
    unit.users().insert(&user(1)).await.unwrap();
    for (number, content) in (1..).zip(contents) {
        let post = Post {
            content: Some(Content::parse(content).unwrap()),
            ..post(number, user(1).id)
        };
        let began = Instant::now();
        unit.posts().insert(&post).await.unwrap();
        let took = began.elapsed();
        assert!(took < BOUND, "post {number} took {took:?}");
    }
    unit.commit().await.unwrap();
}

async fn finds(database: &Database, text: &str) -> usize {
    let query = SearchQuery::parse(text).unwrap();
    let page = PageRequest::first(PageSize::DEFAULT);
    let filter = PostFilter::all(Trash::Exclude);
    let began = Instant::now();
    let found = PostReader::search(database, &query, &filter, &page, &Fields::none(), 0).await;
    let took = began.elapsed();
    assert!(took < BOUND, "{text} took {took:?}");
    found.unwrap().items.len()
}

#[tokio::test]
async fn of_long_phrases_over_repeated_words_end_soon() {
    let test = TestDatabase::new().await;
    let database = test.database();
    let laughter = format!("lol {}", "ha ".repeat(16_000));
    let letters = "a b c ".repeat(8_000);
    write(&database, vec![laughter, letters]).await;
    let phrase = "ha ".repeat(20);
    assert_eq!(finds(&database, &format!("lol or \"{phrase}zz\"")).await, 1);
    assert_eq!(finds(&database, &format!("\"{phrase}\"")).await, 1);
    assert_eq!(finds(&database, &"a c ".repeat(64)).await, 1);
    assert_eq!(finds(&database, &"a-c ".repeat(64)).await, 0);
}

#[tokio::test]
async fn of_posts_that_are_hard_to_take_apart_end_soon() {
    let test = TestDatabase::new().await;
    let database = test.database();
    let chains = [
        "a_", "1_", "a-", "1-", "1.", "a.", "a/", "/a", "a@b.", "<a ", "&a", "&#1", "a:",
        "http://", "1e", "1e-", "+1", "~/", "a1", "1a", "_-", "a'", "%a", "=a=", "?a=",
    ];
    let contents = chains.map(|chain| chain.repeat(100_000)).to_vec();
    write(&database, contents).await;
    assert!(finds(&database, "a or 1 or http or b").await >= 15);
}
