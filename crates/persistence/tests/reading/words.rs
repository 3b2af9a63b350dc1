//! What is a word to a search, and what stands between two.

use byline_persistence::testing::TestDatabase;

/// Every character, each between two letters, and what is to come of them.
const ALL: &str = "
    select byline_words(it) = translate(it, '_-/.@<>&:#~+%=?;', repeat(' ', 16))
    from (select string_agg('a' || chr(n), '') as it
        from generate_series(1, 1114111) n where n not between 55296 and 57343) every";

#[tokio::test]
async fn are_parted_by_what_stands_in_paths_hosts_and_tags_and_by_nothing_else() {
    let test = TestDatabase::new().await;
    let mut connection = test.connection().await;
    let as_told: bool = sqlx::query_scalar(ALL)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(as_told);
}
