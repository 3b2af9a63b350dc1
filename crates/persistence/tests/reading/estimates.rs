//! Estimated counts under a filter.

use byline_domain::count::{CountMode, ESTIMATE_FROM};
use byline_domain::filter::parse_users;
use byline_domain::testing::fixtures::time;
use byline_domain::trash::Trash;
use byline_domain::user::{UserFilter, UserReader};
use byline_persistence::testing::{TestDatabase, execute};

const FILL: &str = "
    insert into users (id, email, role, is_active, created_at, version)
    select gen_random_uuid(), n || '@example.com', case when n % 4 = 0 then 'few' else 'many' end,
        n % 100 <> 0, '2026-01-01'::timestamptz + n * interval '1 second', 1
    from generate_series(1, 30000) n";

#[tokio::test]
async fn are_exact_when_small_and_near_when_large() {
    let test = TestDatabase::new().await;
    execute(&mut test.connection().await, FILL).await;
    execute(&mut test.connection().await, "analyze users").await;
    let database = test.database();
    for (text, truth) in [
        ("", 30_000),
        ("role = \"many\"", 22_500),
        ("is_active = true AND role != few", 22_500),
        ("is_active = true", 29_700),
        ("created_at >= 2026-01-01T02:46:40Z", 20_001),
        ("role = \"few\"", 7_500),
        ("role = few OR role = none", 7_500),
        ("posts : *", 0),
        ("created_at < 2026-01-01T02:46:40Z", 9_999),
    ] {
        let filter = UserFilter {
            trash: Trash::Exclude,
            meets: parse_users(text, time(0)).unwrap(),
        };
        let exact = UserReader::count(&database, &filter, CountMode::Exact).await;
        assert_eq!(exact.unwrap(), truth, "{text}");
        let estimate = UserReader::count(&database, &filter, CountMode::Estimate).await;
        let estimate = estimate.unwrap();
        if truth < ESTIMATE_FROM {
            assert_eq!(estimate, truth, "{text}");
        } else {
            assert!(estimate >= ESTIMATE_FROM, "{text}: {estimate}");
            let off = estimate.abs_diff(truth);
            assert!(off * 10 <= truth, "{text}: {estimate} for {truth}");
        }
    }
}
