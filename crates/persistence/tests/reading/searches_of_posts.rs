//! Searches that more posts match than are ranked.

use byline_domain::filter::parse_posts;
use byline_domain::page::{PageRequest, PageSize};
use byline_domain::post::{FoundPost, PostField, PostFilter, PostReader};
use byline_domain::search::SearchQuery;
use byline_domain::selection::Fields;
use byline_domain::testing::fixtures::{post_id, time};
use byline_domain::trash::Trash;
use byline_persistence::Database;
use byline_persistence::testing::{TestDatabase, execute};

/// 10,500 posts that say `word`, each hundredth in its title, each tenth in the trash.
const FILL: &str = "
    insert into users (id, email, role, is_active, created_at, version)
    values ('019b0000-0000-7000-8000-000000000001', 'a@b.c', 'user', true, '2026-01-01', 1);
    insert into posts (id, title, content, author_id, created_at, deleted_at, version)
    select ('019b0000-0000-7001-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
        case when n % 100 = 0 then 'Word' else 'Title' end, 'A word, number' || n,
        '019b0000-0000-7000-8000-000000000001',
        '2026-01-01'::timestamptz + n * interval '1 second',
        case when n % 10 = 3 then '2026-02-01'::timestamptz end, 1
    from generate_series(1, 10500) n;
    analyze posts";

/// Posts of which PostgreSQL is to tell, since words have forms, and that are gone when it is
/// asked. The content of the second is read for no snippet.
const GONE_WHEN_TOLD: &str = "
    alter text search configuration byline alter mapping for asciiword with english_stem;
    insert into users (id, email, role, is_active, created_at, version)
    values ('019b0000-0000-7000-8000-000000000001', 'a@b.c', 'user', true, '2026-01-01', 1);
    insert into posts (id, title, content, author_id, created_at, version)
    select ('019b0000-0000-7001-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'A word',
        'Words of a word' || repeat(' more', (n - 1) * 2000),
        '019b0000-0000-7000-8000-000000000001', '2026-01-01', 1
    from generate_series(1, 2) n;
    alter table posts enable row level security;
    create policy gone on posts using (position('ts_headline' in current_query()) = 0)";

async fn walk(
    database: &Database,
    text: &str,
    filter: &PostFilter,
    size: i32,
) -> (Vec<FoundPost>, Vec<i64>) {
    let query = SearchQuery::parse(text).unwrap();
    let mut page = PageRequest::first(PageSize::from_request(size).unwrap());
    let fields = Fields::none().with(PostField::Title);
    let (mut met, mut ranks) = (Vec::new(), Vec::new());
    loop {
        let found = PostReader::search(database, &query, filter, &page, &fields, 0).await;
        let found = found.unwrap();
        met.extend(found.items);
        let Some(next) = found.next else {
            return (met, ranks);
        };
        ranks.push(next.rank().unwrap());
        page.after = Some(next);
    }
}

#[tokio::test]
async fn are_answered_by_age_and_to_the_last_post() {
    let test = TestDatabase::new().await;
    execute(&mut test.connection().await, FILL).await;
    let database = test.database();
    let all = PostFilter::all(Trash::Include);
    for text in ["word", "word or title -nothing", "-nothing"] {
        let (met, ranks) = walk(&database, text, &all, 1_000).await;
        let ids: Vec<_> = met.iter().map(|found| found.post.id).collect();
        let newest_first: Vec<_> = (1..=10_500).rev().map(post_id).collect();
        assert_eq!(ids, newest_first, "{text}");
        assert!(ranks.iter().all(|rank| *rank < 0), "{text} {ranks:?}");
    }

    // The living are few enough to be ranked.
    let living = PostFilter::all(Trash::Exclude);
    let (met, ranks) = walk(&database, "word", &living, 1_000).await;
    assert_eq!(met.len(), 9_450);
    assert!(met.is_sorted_by(|a, b| a.rank >= b.rank));
    assert!(ranks.iter().all(|rank| *rank >= 0), "{ranks:?}");
    let titles = met.iter().take(105).map(|found| found.post.title.as_ref());
    assert!(titles.flatten().all(|title| title.as_str() == "Word"));

    let few = PostFilter {
        trash: Trash::Include,
        meets: parse_posts("title = Word", time(0)).unwrap(),
    };
    let (met, _) = walk(&database, "word", &few, 50).await;
    assert_eq!(met.len(), 105);
}

#[tokio::test]
async fn are_ranked_up_to_10_000() {
    let test = TestDatabase::new().await;
    execute(&mut test.connection().await, FILL).await;
    let database = test.database();
    let query = SearchQuery::parse("word").unwrap();
    let fields = Fields::none();
    for (until, is_ranked) in [("02:46:40", true), ("02:46:41", false)] {
        let until = format!("created_at <= \"2026-01-01T{until}Z\"");
        let filter = PostFilter {
            trash: Trash::Include,
            meets: parse_posts(&until, time(0)).unwrap(),
        };
        let newest = 10_000 + u64::from(!is_ranked);
        for skip in [0, 1, 50] {
            let page = PageRequest {
                skip,
                ..PageRequest::first(PageSize::from_request(2).unwrap())
            };
            let found = PostReader::search(&database, &query, &filter, &page, &fields, 0).await;
            let found = found.unwrap();
            // Each hundredth says it in its title.
            let step = if is_ranked { 100 } else { 1 };
            let nth = |place: u64| newest - step * (u64::from(skip) + place);
            let ids: Vec<_> = found.items.iter().map(|found| found.post.id).collect();
            assert_eq!(ids, [post_id(nth(0)), post_id(nth(1))], "{until} {skip}");
            let rank = found.next.unwrap().rank().unwrap();
            assert_eq!(rank >= 0, is_ranked, "{until} {skip}");
        }
        let page = PageRequest {
            skip: 10_000,
            ..PageRequest::first(PageSize::MAX)
        };
        let found = PostReader::search(&database, &query, &filter, &page, &fields, 0).await;
        let ids: Vec<_> = found
            .unwrap()
            .items
            .iter()
            .map(|found| found.post.id)
            .collect();
        let left: &[_] = if is_ranked { &[] } else { &[post_id(1)] };
        assert_eq!(ids, left, "{until}");
    }
}

#[tokio::test]
async fn whose_posts_go_before_postgresql_tells_of_them_show_what_was_read() {
    let test = TestDatabase::new().await;
    let mut connection = test.connection().await;
    execute(&mut connection, GONE_WHEN_TOLD).await;
    let database = test.database();
    let snippets = async || {
        let query = SearchQuery::parse("words").unwrap();
        let filter = PostFilter::all(Trash::Exclude);
        let page = PageRequest::first(PageSize::MAX);
        let found = PostReader::search(&database, &query, &filter, &page, &Fields::none(), 0).await;
        let snippets = found.unwrap().items.into_iter();
        let mut snippets: Vec<_> = snippets
            .map(|found| (found.post.id, found.snippet.to_html()))
            .collect();
        snippets.sort();
        let ids: Vec<_> = snippets.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, [post_id(1), post_id(2)]);
        snippets.into_iter().map(|(_, html)| html)
    };
    // The form that all others are led back to, where it is said.
    let read: Vec<_> = snippets().await.collect();
    assert_eq!(
        read,
        ["Words of a <mark>word</mark>", "A <mark>word</mark>"]
    );

    let here = "drop policy gone on posts; create policy here on posts using (true)";
    execute(&mut connection, here).await;
    for html in snippets().await {
        let told = "<mark>Words</mark> of a <mark>word</mark>";
        assert!(html.starts_with(told), "{html}");
    }
}
