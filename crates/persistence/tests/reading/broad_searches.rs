//! Searches that fit more users than can be told apart.

use byline_domain::page::{PageRequest, PageSize, SortValue};
use byline_domain::search::SearchQuery;
use byline_domain::selection::Fields;
use byline_domain::testing::fixtures::{time, user_id};
use byline_domain::trash::Trash;
use byline_domain::user::{UserFilter, UserReader};
use byline_domain::{filter::parse_users, user::UserField};
use byline_persistence::Database;
use byline_persistence::testing::{TestDatabase, execute};

/// 3,000 users whose address fits `person`; every thousandth is called just that, and
/// every tenth of the others is in the trash.
const FILL: &str = r"
    insert into users (id, email, name, role, is_active, created_at, deleted_at, version)
    select ('019b0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
        'person-' || lpad(n::text, 5, '0') || '@example.com',
        case when n % 1000 = 500 then 'PERSON' end, 'user', true,
        '2026-01-01'::timestamptz + n * interval '1 second',
        case when n % 10 = 3 then '2026-02-01'::timestamptz end, 1
    from generate_series(1, 3000) n";

/// The numbers of the users on each page, and the ranks after it.
async fn walk(
    database: &Database,
    text: &str,
    filter: &UserFilter,
    size: i32,
) -> (Vec<u64>, Vec<i64>) {
    let query = SearchQuery::parse(text).unwrap();
    let mut page = PageRequest::first(PageSize::from_request(size).unwrap());
    let fields = Fields::none().with(UserField::Email);
    let (mut met, mut ranks) = (Vec::new(), Vec::new());
    loop {
        let found = UserReader::search(database, &query, filter, &page, &fields).await;
        let found = found.unwrap();
        let number = |id: byline_domain::ids::UserId| id.as_uuid().as_u64_pair().1 & 0xffff;
        met.extend(found.items.iter().map(|user| number(user.id)));
        let Some(next) = found.next else {
            return (met, ranks);
        };
        let [SortValue::Rank(rank)] = next.values.as_slice() else {
            panic!("a rank: {next:?}");
        };
        ranks.push(*rank);
        page.after = Some(next);
    }
}

fn expected(means: impl Fn(u64) -> bool) -> Vec<u64> {
    let equal = [2_500, 1_500, 500].into_iter();
    let others = (1..=3_000).rev().filter(|n| n % 1_000 != 500);
    equal.chain(others).filter(|n| means(*n)).collect()
}

#[tokio::test]
async fn are_answered_by_equality_and_age_and_to_the_last_user() {
    let test = TestDatabase::new().await;
    execute(&mut test.connection().await, FILL).await;
    execute(&mut test.connection().await, "analyze users").await;
    let database = test.database();
    for (text, size) in [("Person", 1_000), ("person", 333), ("pe", 777)] {
        // Nobody is called `pe`: there, everybody is alike.
        let by_equality = |numbers: Vec<u64>| {
            let mut numbers = numbers;
            if text == "pe" {
                numbers.sort_unstable_by(|a, b| b.cmp(a));
            }
            numbers
        };
        let living = UserFilter::all(Trash::Exclude);
        let (met, ranks) = walk(&database, text, &living, size).await;
        assert_eq!(met, by_equality(expected(|n| n % 10 != 3)), "{text}");
        assert!(ranks.iter().all(|rank| *rank < 0), "{text} {ranks:?}");

        let all = UserFilter::all(Trash::Include);
        let (met, _) = walk(&database, text, &all, size).await;
        assert_eq!(met, by_equality(expected(|_| true)), "{text}");
    }
}

#[tokio::test]
async fn under_a_filter_that_leaves_few_are_ranked_by_similarity() {
    let test = TestDatabase::new().await;
    execute(&mut test.connection().await, FILL).await;
    let filter = UserFilter {
        trash: Trash::Exclude,
        meets: parse_users("email : \"-000\" OR name : *", time(0)).unwrap(),
    };
    let (met, ranks) = walk(&test.database(), "person", &filter, 10).await;
    assert_eq!(met[..3], [2_500, 1_500, 500]);
    let mut rest: Vec<u64> = (1..=99).filter(|n| n % 10 != 3).collect();
    let query = SearchQuery::parse("person").unwrap();
    let rank = |n: u64| query.rank([format!("person-{n:05}@example.com").as_str()]);
    rest.sort_by_key(|n| std::cmp::Reverse((rank(*n), *n)));
    assert_eq!(met[3..], rest);
    assert!(ranks.iter().all(|rank| *rank >= 0), "{ranks:?}");
}

#[tokio::test]
async fn go_on_as_they_began_while_users_come() {
    let test = TestDatabase::new().await;
    execute(&mut test.connection().await, FILL).await;
    execute(
        &mut test.connection().await,
        "delete from users where email > 'person-00200'",
    )
    .await;
    let database = test.database();
    let query = SearchQuery::parse("person").unwrap();
    let filter = UserFilter::all(Trash::Exclude);
    let mut page = PageRequest::first(PageSize::from_request(80).unwrap());
    let fields = Fields::none();
    let first = UserReader::search(&database, &query, &filter, &page, &fields).await;
    let first = first.unwrap();
    let mut met: Vec<_> = first.items.iter().map(|user| user.id).collect();
    page.after = first.next;
    // Now more fit than are ranked.
    execute(
        &mut test.connection().await,
        "insert into users (id, email, role, is_active, created_at, version)
         select gen_random_uuid(), 'person-9' || n || '@example.com', 'user', true, now(), 1
         from generate_series(1000, 2000) n",
    )
    .await;
    while page.after.is_some() {
        let found = UserReader::search(&database, &query, &filter, &page, &fields).await;
        let found = found.unwrap();
        met.extend(found.items.iter().map(|user| user.id));
        page.after = found.next;
    }
    for number in (1..200).filter(|n| n % 10 != 3) {
        let times = met.iter().filter(|id| **id == user_id(number)).count();
        assert_eq!(times, 1, "user {number}");
    }
}
