//! The language of searches.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

use byline_domain::page::{PageRequest, PageSize};
use byline_domain::post::{Content, Post, PostFilter, PostReader};
use byline_domain::search::SearchQuery;
use byline_domain::selection::Fields;
use byline_domain::testing::fixtures::{post, user};
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWorkFactory;
use byline_persistence::Database;
use byline_persistence::search_language::{SearchLanguageError, set_search_language};
use byline_persistence::testing::{TestDatabase, count, execute};

/// By a connection that lets as many wait as PostgreSQL does by itself.
const MANY_POSTS: &str = "insert into posts (id, title, content, author_id, created_at, version)
    select gen_random_uuid(), 'Post ' || number, words, users.id, now(), 1
    from users, generate_series(1, 3000) number, lateral (
        select string_agg(md5((number * 100 + word)::text), ' ') as words
        from generate_series(1, 10) word) of_its_own";

/// The pages of what waits, which its owner has go in by this.
const WAITING_PAGES: &str = "select gin_clean_pending_list('posts_search_idx')";

async fn finds(database: &Database, text: &str) -> usize {
    let query = SearchQuery::parse(text).unwrap();
    let page = PageRequest::first(PageSize::DEFAULT);
    let filter = PostFilter::all(Trash::Exclude);
    let found = PostReader::search(database, &query, &filter, &page, &Fields::all(), 0).await;
    found.unwrap().items.len()
}

async fn write(database: &Database, number: u64, content: &str) -> Post {
    let post = Post {
        content: Some(Content::parse(content).unwrap()),
        ..post(number, user(1).id)
    };
    let mut unit = database.begin().await.unwrap();
    unit.posts().insert(&post).await.unwrap();
    unit.commit().await.unwrap();
    post
}

#[tokio::test]
async fn another_language_finds_its_forms_of_a_word_in_old_posts_and_new() {
    let test = TestDatabase::new().await;
    let database = test.database();
    let mut unit = database.begin().await.unwrap();
    unit.users().insert(&user(1)).await.unwrap();
    unit.commit().await.unwrap();
    let old = write(&database, 1, "The mice were running").await;
    assert_eq!(finds(&database, "runs").await, 0);
    assert_eq!(finds(&database, "the").await, 1);

    let server = test.connect_options();
    assert_eq!(
        set_search_language(&server, "english", |_| {})
            .await
            .unwrap(),
        1
    );
    write(&database, 2, "She runs the place").await;
    assert_eq!(finds(&database, "runs").await, 2);
    assert_eq!(finds(&database, "run mice").await, 1);
    assert_eq!(finds(&database, "the").await, 0);

    let stored = PostReader::find(&database, old.id, Trash::Exclude, &Fields::all()).await;
    assert_eq!(stored.unwrap().unwrap().into_post(), Some(old));

    assert_eq!(
        set_search_language(&server, "simple", |_| {})
            .await
            .unwrap(),
        2
    );
    assert_eq!(finds(&database, "run").await, 0);
    assert_eq!(finds(&database, "running the").await, 1);
}

#[tokio::test]
async fn a_language_that_there_is_not_is_refused_with_those_that_there_are() {
    let test = TestDatabase::new().await;
    for asked in ["klingon", "", "english; drop table posts"] {
        let refused = set_search_language(&test.connect_options(), asked, |_| {}).await;
        let error = refused.unwrap_err();
        assert!(
            matches!(&error, SearchLanguageError::Unknown { known, .. }
                if known.contains(&"english".to_owned())),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_content_of_nothing_but_different_words_is_kept_and_searched() {
    let test = TestDatabase::new().await;
    let database = test.database();
    let mut unit = database.begin().await.unwrap();
    unit.users().insert(&user(1)).await.unwrap();
    unit.commit().await.unwrap();
    // Letters of four bytes: the most that a vector of words has to hold.
    let letters: String = ('\u{20000}'..'\u{2a000}').flat_map(|c| [c, ' ']).collect();
    let words: Vec<String> = (0..150_000_u32).map(|n| format!("{n:x}")).collect();
    let words = words.join("-");
    for (number, content) in [(1, letters), (2, words)] {
        let mut content = content;
        content.truncate(content.floor_char_boundary(Content::MAX_BYTES));
        write(&database, number, &content).await;
    }
    assert_eq!(finds(&database, "\u{20001}").await, 1);
}

#[tokio::test]
async fn indexing_posts_anew_leaves_searches_a_short_list_to_read() {
    // In pages of 8 KiB: 128 KiB, and what a batch may add to it.
    const LITTLE: i64 = 40;
    let test = TestDatabase::new().await;
    let mut unit = test.database().begin().await.unwrap();
    unit.users().insert(&user(1)).await.unwrap();
    unit.commit().await.unwrap();
    let mut owner = test.connection().await;
    execute(&mut owner, MANY_POSTS).await;
    assert!(count(&mut owner, WAITING_PAGES).await > 2 * LITTLE);
    let done = set_search_language(&test.connect_options(), "english", |_| {}).await;
    assert_eq!(done.unwrap(), 3_000);
    assert!(count(&mut owner, WAITING_PAGES).await <= LITTLE);
}
