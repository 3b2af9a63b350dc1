//! Columns that nobody asked for are not read.

use byline_domain::order::{Direction, Order};
use byline_domain::page::{PageRequest, PageSize};
use byline_domain::post::{Content, Post, PostField, PostFilter, PostReader, PostRewrite};
use byline_domain::search::SearchQuery;
use byline_domain::selection::Fields;
use byline_domain::testing::fixtures::{post, time, user};
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::{UnitOfWork, UnitOfWorkFactory};
use byline_domain::user::{UserField, UserFilter, UserReader};
use byline_persistence::Database;
use byline_persistence::testing::{Connection, TestDatabase, count, execute, others_have_ended};

/// What was read of long texts, which PostgreSQL keeps beside their table.
const LONG_TEXTS: &str = "select coalesce(toast_blks_read + toast_blks_hit, 0)::bigint
    from pg_statio_user_tables where relname = 'posts'";

/// What the call reads of long texts.
async fn reads<T>(
    test: &TestDatabase,
    beside: &mut Connection,
    call: impl AsyncFn(&Database) -> T,
) -> i64 {
    let settle = async |beside: &mut Connection| {
        others_have_ended(beside).await;
        count(beside, LONG_TEXTS).await
    };
    let before = settle(beside).await;
    let database = test.database();
    call(&database).await;
    database.close().await;
    settle(beside).await - before
}

#[tokio::test]
async fn long_contents_are_not_read_unless_asked_for() {
    let test = TestDatabase::new().await;
    let mut beside = test.connection().await;
    execute(
        &mut beside,
        "alter table posts alter column content set storage external",
    )
    .await;
    let database = test.database();
    let mut unit = database.begin().await.unwrap();
    unit.users().insert(&user(1)).await.unwrap();
    for number in 1..=20 {
        let post = Post {
            content: Some(Content::parse("word ".repeat(10_000)).unwrap()),
            ..post(number, user(1).id)
        };
        unit.posts().insert(&post).await.unwrap();
    }
    unit.commit().await.unwrap();
    database.close().await;

    let filter = PostFilter::all(Trash::Exclude);
    let order = Order::by(PostField::CreatedAt, Direction::Descending);
    let page = PageRequest::first(PageSize::DEFAULT);
    let light = Fields::all().without(PostField::Content);
    let ids: Vec<_> = (1..=20).map(|number| post(number, user(1).id).id).collect();
    let authors = [user(1).id];
    let listed = reads(&test, &mut beside, async |database| {
        let list = PostReader::list(database, &filter, &order, &page, &light, 0).await;
        assert_eq!(list.unwrap().items.len(), 20);
        let many = PostReader::find_many(database, &ids, Trash::Exclude, &light, 0).await;
        assert_eq!(many.unwrap().len(), 20);
        let newest = database.newest_of(&authors, Trash::Exclude, &light).await;
        assert_eq!(newest.unwrap()[0].len(), 20);
    })
    .await;
    assert_eq!(listed, 0);

    let in_full = reads(&test, &mut beside, async |database| {
        let list = PostReader::list(database, &filter, &order, &page, &Fields::all(), 0).await;
        assert_eq!(list.unwrap().items.len(), 20);
    })
    .await;
    assert!(in_full > 20, "{in_full}: else the count itself is broken");

    // A search shows a part of each content on its page, and reads no other.
    let query = SearchQuery::parse("word").unwrap();
    let few = PageRequest::first(PageSize::from_request(1).unwrap());
    let one = reads(&test, &mut beside, async |database| {
        let found = PostReader::search(database, &query, &filter, &few, &light, 0).await;
        assert_eq!(found.unwrap().items.len(), 1);
    })
    .await;
    let all = reads(&test, &mut beside, async |database| {
        let found = PostReader::search(database, &query, &filter, &page, &light, 0).await;
        assert_eq!(found.unwrap().items.len(), 20);
    })
    .await;
    assert!(all > 5 * one, "{all} for all, {one} for one");
}

#[tokio::test]
async fn long_contents_are_neither_read_nor_written_for_what_changes_beside_them() {
    let test = TestDatabase::new().await;
    let mut beside = test.connection().await;
    execute(
        &mut beside,
        "alter table posts alter column content set storage external",
    )
    .await;
    let posts: Vec<_> = (1..=20)
        .map(|number| Post {
            content: Some(Content::parse("word ".repeat(10_000)).unwrap()),
            ..post(number, user(1).id)
        })
        .collect();
    let database = test.database();
    let mut unit = database.begin().await.unwrap();
    unit.users().insert(&user(1)).await.unwrap();
    unit.posts().insert_many(&posts).await.unwrap();
    unit.commit().await.unwrap();
    database.close().await;

    let ids: Vec<_> = posts.iter().map(|post| post.id).collect();
    let rewrites = async |unit: &mut dyn UnitOfWork, retitled: bool| {
        let heads = unit.posts().find_heads_for_update(&ids).await.unwrap();
        let rewrites = heads.into_iter().map(|before| {
            let before = before.unwrap();
            let mut after = before.clone();
            after.published_at = Some(time(60));
            after.lifecycle.touch(time(60));
            let rewrite = PostRewrite::of(&before, after, None);
            PostRewrite {
                retitled,
                ..rewrite
            }
        });
        rewrites.collect::<Vec<_>>()
    };
    let published = reads(&test, &mut beside, async |database| {
        let mut unit = database.begin().await.unwrap();
        let rewrites = rewrites(&mut *unit, false).await;
        unit.posts().update_many(&rewrites).await.unwrap();
        unit.commit().await.unwrap();
    })
    .await;
    assert_eq!(published, 0);

    // What is of another length is another text.
    let shorter = Some(Content::parse("word ".repeat(9_999)).unwrap());
    let shorter: Vec<_> = ids.iter().map(|id| (*id, shorter.clone())).collect();
    let compared = reads(&test, &mut beside, async |database| {
        let mut unit = database.begin().await.unwrap();
        let same = unit.posts().already_say(&shorter).await.unwrap();
        assert!(!same.contains(&true));
        unit.rollback().await.unwrap();
    })
    .await;
    assert_eq!(compared, 0);

    let retitled = reads(&test, &mut beside, async |database| {
        let mut unit = database.begin().await.unwrap();
        let rewrites = rewrites(&mut *unit, true).await;
        unit.posts().update_many(&rewrites).await.unwrap();
        unit.commit().await.unwrap();
    })
    .await;
    assert!(retitled > 20, "{retitled}: else the count itself is broken");
}

#[tokio::test]
async fn a_column_that_is_broken_harms_only_those_who_ask_for_it() {
    let test = TestDatabase::new().await;
    let database = test.database();
    let mut unit = database.begin().await.unwrap();
    unit.users().insert(&user(1)).await.unwrap();
    unit.commit().await.unwrap();
    let broken = "update users set email = 'no-at-sign'";
    execute(&mut test.connection().await, broken).await;

    let filter = UserFilter::all(Trash::Exclude);
    let order = Order::by(UserField::Email, Direction::Ascending);
    let page = PageRequest::first(PageSize::DEFAULT);
    let list = UserReader::list(&database, &filter, &order, &page, &Fields::all()).await;
    assert!(list.is_err());
    let fields = Fields::all().without(UserField::Email);
    let list = UserReader::list(&database, &filter, &order, &page, &fields).await;
    assert_eq!(list.unwrap().items.len(), 1);
}
