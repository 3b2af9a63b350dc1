//! The list of rights and the schema, held against each other.

use std::collections::BTreeSet;

use byline_persistence::grants::{FUNCTIONS, Grant, TABLES};
use byline_persistence::testing::{TestDatabase, rows};

fn listed(grants: &[Grant]) -> BTreeSet<String> {
    grants.iter().map(|grant| grant.on.to_owned()).collect()
}

async fn found(sql: &'static str) -> BTreeSet<String> {
    let test = TestDatabase::new().await;
    rows(&mut test.connection().await, sql)
        .await
        .into_iter()
        .collect()
}

#[tokio::test]
async fn every_table_stands_in_the_list_and_nothing_else_does() {
    let all = "select relname::text from pg_class where relnamespace = 'public'::regnamespace
        and relkind in ('r', 'p', 'v', 'm', 'f', 'S')";
    assert_eq!(listed(TABLES), found(all).await);
}

#[tokio::test]
async fn every_function_that_is_no_triggers_stands_in_the_list() {
    let all = "select p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')'
        from pg_proc p where pronamespace = 'public'::regnamespace
        and prorettype <> 'trigger'::regtype and not exists (
            select from pg_depend
            where classid = 'pg_proc'::regclass and objid = p.oid and deptype = 'e'
        )";
    assert_eq!(listed(FUNCTIONS), found(all).await);
}

#[tokio::test]
async fn the_service_has_just_what_is_listed() {
    let has = "select relname || ' ' || privilege from pg_class,
        unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger'])
            privilege
        where relnamespace = 'public'::regnamespace and relkind = 'r'
        and (has_table_privilege('test_service', pg_class.oid, privilege)
            or case when privilege in ('select', 'insert', 'update', 'references')
                then has_any_column_privilege('test_service', pg_class.oid, privilege) end)";
    let wanted = TABLES.iter().flat_map(|grant| {
        let each = grant.privileges.iter();
        each.map(|privilege| format!("{} {privilege}", grant.on))
    });
    assert_eq!(found(has).await, wanted.collect());
}
