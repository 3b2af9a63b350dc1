//! The audit log is append only, whoever is at it.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

use std::collections::HashSet;

use byline_domain::audit::AuditReader;
use byline_domain::filter::parse_events;
use byline_domain::page::{PageRequest, PageSize};
use byline_domain::testing::fixtures::time;
use byline_persistence::testing::{Connection, SERVICE, TestDatabase, count, execute};
use sqlx::Connection as _;

/// An event of each of the last 60 days.
const EVENTS: &str = "
    insert into audit_events
        (id, occurred_at, caller, method, action, resource_kind, resource_id, fields)
    select gen_random_uuid(), now() - n * interval '1 day' - interval '1 hour', 'key:web',
        'UserService/CreateUser', 'user.created', 'user', gen_random_uuid(), '{}'
    from generate_series(0, 59) n";

const LEFT: &str = "select count(*) from audit_events";
const YOUNG: &str =
    "select count(*) from audit_events where occurred_at > now() - interval '30 days'";

/// The SQLSTATE with which a statement fails.
async fn refusal(connection: &mut Connection, sql: &'static str) -> String {
    let refused = sqlx::raw_sql(sql).execute(connection).await.unwrap_err();
    let refused = refused.into_database_error().unwrap();
    refused.code().unwrap().into_owned()
}

#[tokio::test]
async fn not_even_a_superuser_changes_an_event_or_removes_a_young_one() {
    let test = TestDatabase::new().await;
    let mut connection = test.connection().await;
    execute(&mut connection, EVENTS).await;
    for sql in [
        "update audit_events set caller = 'key:other'",
        "delete from audit_events",
        "delete from audit_events where occurred_at > now() - interval '29 days'",
        "truncate audit_events",
        "insert into audit_events select * from audit_events limit 1
         on conflict (occurred_at, id) do update set caller = 'key:other'",
    ] {
        let code = refusal(&mut connection, sql).await;
        assert_eq!(code, "42501", "{sql}");
    }
    assert_eq!(count(&mut connection, LEFT).await, 60);
}

#[tokio::test]
async fn whatever_is_asked_for_events_of_the_last_30_days_stay() {
    let test = TestDatabase::new().await;
    let mut connection = test.connection().await;
    execute(&mut connection, EVENTS).await;
    for none in [
        "select expire_audit_events(now(), null)",
        "select expire_audit_events(now(), -1)",
        "select expire_audit_events(null, 0)",
    ] {
        assert_eq!(count(&mut connection, none).await, 0, "{none}");
    }
    let some = "select expire_audit_events(now() - interval '50 days', 3)";
    assert_eq!(count(&mut connection, some).await, 3);
    assert_eq!(count(&mut connection, LEFT).await, 57);
    // The oldest went first.
    let oldest = "select count(*) from audit_events
        where occurred_at < now() - interval '57 days'";
    assert_eq!(count(&mut connection, oldest).await, 0);
    for all in [
        "select expire_audit_events(now() + interval '1 year', 1000)",
        "select expire_audit_events('infinity', 1000)",
    ] {
        count(&mut connection, all).await;
        assert_eq!(count(&mut connection, LEFT).await, 30, "{all}");
        assert_eq!(count(&mut connection, YOUNG).await, 30, "{all}");
    }
}

#[tokio::test]
async fn the_service_makes_events_go_by_the_function_alone_and_cannot_lead_that_astray() {
    let test = TestDatabase::new().await;
    execute(&mut test.connection().await, EVENTS).await;
    let service = test.url_as(SERVICE);
    let mut service = Connection::connect(service.as_str()).await.unwrap();
    // A table of that name in front of the other one is not what the function works on, and
    // runs nothing as its owner.
    execute(
        &mut service,
        "create temporary table audit_events (like public.audit_events);
         create temporary table audit_batches (like public.audit_batches);
         create function pg_temp.trap() returns trigger language plpgsql as
         $$ begin raise 'run as %', current_user; end $$;
         create trigger trap before delete on pg_temp.audit_events
            for each row execute function pg_temp.trap();
         insert into pg_temp.audit_events select * from public.audit_events;
         set search_path = pg_temp, public",
    )
    .await;
    let gone = "select public.expire_audit_events(now(), 1000)";
    assert_eq!(count(&mut service, gone).await, 30);
    let theirs = "select count(*) from pg_temp.audit_events";
    assert_eq!(count(&mut service, theirs).await, 60);
    let young = "select count(*) from public.audit_events";
    assert_eq!(count(&mut service, young).await, 30);
}

#[tokio::test]
async fn the_service_adds_no_event_that_hides_or_outlives_the_others() {
    let test = TestDatabase::new().await;
    let service = test.url_as(SERVICE);
    let mut service = Connection::connect(service.as_str()).await.unwrap();
    let add = "create temporary table parts as
        select now() as occurred_at, 'key:web' as caller, 'x' as request_id, '{}'::text[] as fields";
    execute(&mut service, add).await;
    let (forbidden, impossible) = ("42501", "23514");
    for (change, refused) in [
        (
            "update parts set occurred_at = now() + interval '2 hours'",
            forbidden,
        ),
        (
            "update parts set occurred_at = now() - interval '40 days'",
            forbidden,
        ),
        ("update parts set occurred_at = 'infinity'", impossible),
        ("update parts set occurred_at = '-infinity'", impossible),
        ("update parts set fields = '{null}'", impossible),
        ("update parts set caller = ''", impossible),
        ("update parts set caller = repeat('x', 3000)", impossible),
        (
            "update parts set request_id = repeat('x', 3000)",
            impossible,
        ),
    ] {
        execute(&mut service, "begin").await;
        execute(&mut service, change).await;
        assert_eq!(refusal(&mut service, ADD).await, refused, "{change}");
        execute(&mut service, "rollback").await;
    }
    let late = "update parts set occurred_at = now() + interval '50 minutes'";
    execute(&mut service, late).await;
    execute(&mut service, ADD).await;
}

const ADD: &str = "insert into audit_events
        (id, occurred_at, caller, request_id, method, action, resource_kind, resource_id, fields)
    select gen_random_uuid(), occurred_at, caller, request_id, '', '', '', gen_random_uuid(), fields
    from parts";

#[tokio::test]
async fn a_schema_of_somebody_elses_leads_no_trigger_astray() {
    let test = TestDatabase::new().await;
    let mut connection = test.connection().await;
    execute(&mut connection, EVENTS).await;
    execute(
        &mut connection,
        "create schema evil;
         create function evil.now() returns timestamptz language sql return 'infinity'::timestamptz;
         set search_path = evil, public, pg_catalog",
    )
    .await;
    let young = "delete from audit_events
        where occurred_at > pg_catalog.now() - interval '20 days'";
    assert_eq!(refusal(&mut connection, young).await, "42501");
}

/// Three batches, of which one is old.
const BATCHES: &str = "
    insert into audit_batches
        (id, occurred_at, caller, method, action, resource_kind, resource_ids, fields)
    select (left(gen_random_uuid()::text, 32) || '0000')::uuid, now() - n * interval '20 days',
        'key:web', 'UserService/BatchCreateUsers', 'user.created', 'user',
        array[gen_random_uuid(), gen_random_uuid(), gen_random_uuid()], '{}'
    from generate_series(0, 2) n";

#[tokio::test]
async fn batches_are_kept_as_events_are() {
    let test = TestDatabase::new().await;
    let mut connection = test.connection().await;
    execute(&mut connection, BATCHES).await;
    for sql in [
        "update audit_batches set resource_ids = resource_ids[1:1]",
        "delete from audit_batches",
        "truncate audit_batches",
        "insert into audit_batches select * from audit_batches limit 1
         on conflict (occurred_at, id) do update set caller = 'key:other'",
    ] {
        assert_eq!(refusal(&mut connection, sql).await, "42501", "{sql}");
    }
    execute(&mut connection, EVENTS).await;
    let none = "select expire_audit_events(now(), 0)";
    assert_eq!(count(&mut connection, none).await, 0);
    // One batch of three, and one of the events.
    let some = "select expire_audit_events(now() + interval '1 year', 1)";
    assert_eq!(count(&mut connection, some).await, 4);
    let left = "select count(*) from audit_batches
        where occurred_at > now() - interval '30 days'";
    assert_eq!(count(&mut connection, left).await, 2);
    let left = "select count(*) from audit_batches";
    assert_eq!(count(&mut connection, left).await, 2);
}

#[tokio::test]
async fn the_service_adds_no_batch_that_hides_or_cannot_be_read() {
    let test = TestDatabase::new().await;
    let service = test.url_as(SERVICE);
    let mut service = Connection::connect(service.as_str()).await.unwrap();
    let add = "create temporary table parts as
        select '01a21b6e-adc5-7001-a5b5-d107b8c10000'::uuid as id, now() as occurred_at,
            array[gen_random_uuid()] as resource_ids";
    execute(&mut service, add).await;
    let (forbidden, impossible) = ("42501", "23514");
    for (change, refused) in [
        ("occurred_at = now() + interval '2 hours'", forbidden),
        ("occurred_at = now() - interval '40 days'", forbidden),
        ("occurred_at = 'infinity'", impossible),
        ("id = '01a21b6e-adc5-7001-a5b5-d107b8c10001'", impossible),
        ("resource_ids = '{}'", impossible),
        ("resource_ids = resource_ids || null::uuid", impossible),
        ("resource_ids = array[resource_ids]", impossible),
        (
            "resource_ids = ('[0:0]={' || resource_ids[1] || '}')::uuid[]",
            impossible,
        ),
        (
            "resource_ids = array(select gen_random_uuid() from generate_series(1, 101))",
            impossible,
        ),
    ] {
        execute(&mut service, "begin").await;
        let change = format!("update parts set {change}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(change.clone()))
            .execute(&mut service)
            .await
            .unwrap();
        assert_eq!(refusal(&mut service, ADD_BATCH).await, refused, "{change}");
        execute(&mut service, "rollback").await;
    }
    execute(&mut service, ADD_BATCH).await;
}

#[tokio::test]
async fn an_event_with_the_id_of_one_of_a_batch_hides_none_of_it() {
    let test = TestDatabase::new().await;
    let mut connection = test.connection().await;
    execute(&mut connection, BATCHES).await;
    let add = "insert into audit_events
            (id, occurred_at, caller, method, action, resource_kind, resource_id, fields)
        select (left(id::text, 32) || lpad(to_hex(place), 4, '0'))::uuid, occurred_at, 'key:other',
            '', '', '', gen_random_uuid(), '{}'
        from audit_batches, generate_series(0, 4) place";
    execute(&mut connection, add).await;
    let any = parse_events("caller : key", time(0)).unwrap();
    for (size, meets) in [1, 2, 3, 7]
        .into_iter()
        .flat_map(|size| [(size, None), (size, any.as_ref())])
    {
        let mut page = PageRequest::first(PageSize::from_request(size).unwrap());
        let (mut honest, mut all) = (HashSet::new(), 0);
        loop {
            let found = AuditReader::list(&test.database(), meets, &page).await;
            let found = found.unwrap();
            all += found.items.len();
            let theirs = found.items.into_iter().filter(|it| it.caller == "key:web");
            honest.extend(theirs.map(|event| event.resource_id));
            page.after = found.next;
            if page.after.is_none() {
                break;
            }
        }
        assert_eq!((honest.len(), all), (9, 24), "{size} {meets:?}");
    }
}

#[tokio::test]
async fn fields_that_are_counted_from_another_number_are_read() {
    let test = TestDatabase::new().await;
    let mut connection = test.connection().await;
    for table in [
        "insert into audit_events
            (id, occurred_at, caller, method, action, resource_kind, resource_id, fields)
        values (gen_random_uuid(), now(), 'key:web', '', '', '', gen_random_uuid(), '[0:1]={a,b}')",
        "insert into audit_batches
            (id, occurred_at, caller, method, action, resource_kind, resource_ids, fields)
        values ('01a21b6e-adc5-7001-a5b5-d107b8c10000', now(), 'key:web', '', '', '',
            array[gen_random_uuid()], '[0:1]={a,b}')",
    ] {
        execute(&mut connection, table).await;
    }
    for filter in ["", "caller : key"] {
        let meets = parse_events(filter, time(0)).unwrap();
        let page = PageRequest::first(PageSize::MAX);
        let found = AuditReader::list(&test.database(), meets.as_ref(), &page).await;
        let fields: Vec<_> = found
            .unwrap()
            .items
            .into_iter()
            .map(|it| it.fields)
            .collect();
        assert_eq!(fields, [["a", "b"], ["a", "b"]], "{filter}");
    }
}

const ADD_BATCH: &str = "insert into audit_batches
        (id, occurred_at, caller, method, action, resource_kind, resource_ids, fields)
    select id, occurred_at, 'key:web', '', '', '', resource_ids, '{}' from parts";
