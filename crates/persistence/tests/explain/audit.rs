//! The audit log.

use byline_domain::audit::{AuditEvent, AuditReader};
use byline_domain::filter::parse_events;
use byline_domain::page::Page;
use byline_domain::sweep::{Expired, Sweeper};

use super::*;

/// Events of 2,000 resources by 100 callers, all of them long ago, and batches of 20 by 100 others.
const EVENTS: &str = "
    insert into audit_events
    select gen_random_uuid(), '2020-01-01'::timestamptz + n * interval '1 second',
        'key:caller-' || n % 100, '192.0.2.7', 'call-' || n, 'UserService/UpdateUser',
        'user.updated', 'user',
        ('019b0000-0000-7000-8000-' || lpad(to_hex(n % 2000), 12, '0'))::uuid, '{name}', null
    from generate_series(1, 20000) n;
    insert into audit_batches
    select ('019b0000-0000-7000-8000-' || lpad(to_hex(n), 8, '0') || '0000')::uuid,
        '2020-01-01'::timestamptz + n * interval '1 second',
        'key:maker-' || n % 100, '192.0.2.7', 'batch-' || n, 'UserService/BatchCreateUsers',
        'user.created', 'user', array(
            select ('019b0000-0000-7000-8001-' || lpad(to_hex(20 * n + place), 12, '0'))::uuid
            from generate_series(0, 19) place),
        '{}'
    from generate_series(1, 20000, 4) n";

/// A page of those that the filter means.
async fn list(database: &Database, filter: &str, page: &PageRequest) -> Page<AuditEvent> {
    let meets = parse_events(filter, time(0)).unwrap();
    let page = AuditReader::list(database, meets.as_ref(), page).await;
    page.unwrap()
}

/// The place of the event of that second.
fn after(second: i64) -> Cursor {
    let moment = "2020-01-01T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>();
    Cursor {
        values: vec![SortValue::Time(
            moment.unwrap() + chrono::TimeDelta::seconds(second),
        )],
        id: user_id(0).as_uuid(),
    }
}

/// The place of an event in the batch of that second.
fn after_in_batch(second: i64) -> Cursor {
    let mut cursor = after(second);
    cursor.values.push(SortValue::Bool(true));
    let id = format!("019b0000-0000-7000-8000-{second:08x}0007");
    Cursor {
        id: id.parse().unwrap(),
        ..cursor
    }
}

#[tokio::test]
async fn a_page_of_events_costs_the_same_at_any_depth() {
    let mut world = World::new().await;
    world.change(EVENTS).await;
    let places = [19_000, 10_000, 100].map(|second| Some(after(second)));
    let inside = [19_001, 10_001].map(|second| Some(after_in_batch(second)));
    for place in places.into_iter().chain(inside).chain([None]) {
        let page = page(place.clone());
        let found = world
            .costs_at_most(
                &format!("a list of events {place:?}"),
                page_rows(Trash::Exclude),
                async |database| list(database, "", &page).await,
            )
            .await;
        assert_eq!(found.items.len(), page.size.get());
    }
}

#[tokio::test]
async fn events_of_one_resource_caller_call_or_time_cost_as_many_as_there_are() {
    let mut world = World::new().await;
    world.change(EVENTS).await;
    let id = user_id(7);
    for (filter, count) in [
        (format!("resource_id = {id}"), 10),
        (
            "resource_id = 019b0000-0000-7000-8001-000000000019".to_owned(),
            1,
        ),
        (
            format!("resource_id = {id} OR resource_id = 019b0000-0000-7000-8001-000000000019"),
            11,
        ),
        (r#"caller = "key:caller-7""#.to_owned(), 20),
        ("request_id = call-7".to_owned(), 1),
        ("request_id = batch-9".to_owned(), 20),
        (format!("request_id = batch-9 OR resource_id = {id}"), 20),
        (format!("request_id = call-8 OR resource_id = {id}"), 11),
        (r#"caller = "key:maker-5""#.to_owned(), 20),
        ("occurred_at < 2020-01-01T00:00:10Z".to_owned(), 20),
    ] {
        for place in [None, Some(19_999)] {
            let page = page(place.map(after));
            let found = world
                .costs_at_most(
                    &format!("a list of events of {filter} {place:?}"),
                    page_rows(Trash::Exclude),
                    async |database| list(database, &filter, &page).await,
                )
                .await;
            assert_eq!(found.items.len(), count, "{filter}");
        }
    }
}

#[tokio::test]
async fn what_one_kind_of_rows_never_meets_is_not_looked_for_in_all_of_them() {
    let mut world = World::new().await;
    world.change(EVENTS).await;
    world.change("analyze audit_events, audit_batches").await;
    for filter in [
        "action = user.updated",
        "action = user.created",
        "method : UpdateUser AND occurred_at > 2020-01-01T00:00:00Z",
        "resource_kind = user OR caller = x",
        r#"action = user.created AND resource_kind = user AND method = "UserService/BatchCreateUsers""#,
        r#"caller = "key:caller-*""#,
        r#"caller = "key:maker-*" AND NOT peer = 192.0.2.8"#,
    ] {
        for place in [None, Some(after(10_000)), Some(after_in_batch(10_001))] {
            let page = page(place.clone());
            let found = world
                .costs_at_most(
                    &format!("a list of events of {filter} {place:?}"),
                    PLANNING + 8 * i64::from(PAGE),
                    async |database| list(database, filter, &page).await,
                )
                .await;
            assert_eq!(found.items.len(), 20, "{filter}");
        }
    }
}

#[tokio::test]
async fn removing_events_looks_at_those_that_go() {
    let mut world = World::new().await;
    world.change(EVENTS).await;
    let SortValue::Time(before) = after(10_000).values[0] else {
        panic!("a place is a time");
    };
    // Each is found, and then removed, be it an event or a batch.
    let swept = world
        .costs_at_most("a sweep of events", PLANNING + 4 * 20, async |database| {
            let swept = database.sweep(Expired::AuditEvents, before, 20).await;
            swept.unwrap().unwrap()
        })
        .await;
    assert_eq!(swept, 20 + 20 * 20);
}
