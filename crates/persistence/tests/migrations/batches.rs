//! What becomes of the batches of the audit log on the way back to a schema without them.

use std::time::Duration;

use byline_domain::audit::{Action, AuditEvent, AuditReader, Deed, Origin};
use byline_domain::page::{PageRequest, PageSize};
use byline_domain::testing::fixtures::{time, user_id};
use byline_domain::unit_of_work::UnitOfWorkFactory;
use byline_persistence::migrate::up;
use byline_persistence::testing::{TestDatabase, count, execute};

use crate::support::{applied, down};

/// The version that brings them.
const BATCHES: usize = 11;

async fn listed(test: &TestDatabase) -> Vec<AuditEvent> {
    let page = PageRequest::first(PageSize::MAX);
    let page = AuditReader::list(&test.database(), None, &page).await;
    page.unwrap().items
}

#[tokio::test]
async fn each_event_of_a_batch_is_listed_after_the_way_back_as_before() {
    let test = TestDatabase::of_any_time().await;
    let database = test.database();
    let mut unit = database.begin().await.unwrap();
    for number in 1..=150 {
        let deed = Deed::to_user(Action::UserCreated, user_id(number));
        unit.audit().note(deed.changing(vec!["email"]));
    }
    let kept = unit.audit().keep(&Origin::sweep(), time(5)).await;
    kept.unwrap();
    unit.commit().await.unwrap();
    let before = listed(&test).await;
    assert_eq!(before.len(), 150);
    let mut connection = test.connection().await;
    let rows = "select count(*) from audit_batches";
    assert_eq!(count(&mut connection, rows).await, 2);

    let server = test.connect_options();
    // Whoever migrates adds events of another time.
    let of_now = "alter table audit_events enable trigger audit_events_are_of_now";
    execute(&mut connection, of_now).await;
    let after = applied(&server).await.len() + 1 - BATCHES;
    assert_eq!(down(&server, after).await.len(), after);
    let alone = "select count(*) from audit_events";
    assert_eq!(count(&mut connection, alone).await, 150);
    up(&server).await.unwrap();
    let grant = "grant select on audit_batches to test_service";
    execute(&mut connection, grant).await;
    assert_eq!(listed(&test).await, before);
    // Who may call a function that took another's place is as before.
    let may = "select count(*) from pg_proc
        where proname = 'expire_audit_events' and prosecdef
            and has_function_privilege('test_service', oid, 'execute')
            and not has_function_privilege('public', oid, 'execute')";
    assert_eq!(count(&mut connection, may).await, 1);
}

#[tokio::test]
async fn an_event_whose_id_somebody_else_has_taken_is_kept_on_the_way_back() {
    let test = TestDatabase::new().await;
    let mut connection = test.connection().await;
    execute(
        &mut connection,
        "insert into audit_batches
            (id, occurred_at, caller, method, action, resource_kind, resource_ids, fields)
        values ('01a21b6e-adc5-7001-a5b5-d107b8c10000', now(), 'key:web', '', 'user.created', 'user',
            array(select gen_random_uuid() from generate_series(1, 3)), '{}');
        insert into audit_events
            (id, occurred_at, caller, method, action, resource_kind, resource_id, fields)
        select '01a21b6e-adc5-7001-a5b5-d107b8c10002', occurred_at, 'key:other', '', '', '', id, '{}'
        from audit_batches",
    )
    .await;
    let server = test.connect_options();
    let after = applied(&server).await.len() + 1 - BATCHES;
    down(&server, after).await;
    let theirs = "select count(distinct resource_id) from audit_events where caller = 'key:web'";
    assert_eq!(count(&mut connection, theirs).await, 3);
}

#[tokio::test]
async fn what_is_kept_while_the_way_back_is_taken_waits_for_it() {
    let test = TestDatabase::new().await;
    let mut other = test.connection().await;
    execute(&mut other, "begin").await;
    execute(
        &mut other,
        "insert into audit_batches
            (id, occurred_at, caller, method, action, resource_kind, resource_ids, fields)
        values ('01a21b6e-adc5-7001-a5b5-d107b8c10000', now(), 'key:web', '', 'user.created', 'user',
            array[gen_random_uuid()], '{}')",
    )
    .await;
    let server = test.connect_options();
    let after = applied(&server).await.len() + 1 - BATCHES;
    let way_back = down(&server, after);
    let commit = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        execute(&mut other, "commit").await;
    };
    tokio::join!(way_back, commit);
    let kept = "select count(*) from audit_events";
    assert_eq!(count(&mut other, kept).await, 1);
}
