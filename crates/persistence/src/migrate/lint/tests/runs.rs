//! What the runner, or PostgreSQL, would refuse.

use super::*;

/// These cannot run twice; a migration of each for itself has that one finding.
fn fails_again(rules_too: &[Rule], examples: &[&str]) {
    for sql in examples {
        let up = format!("-- no-transaction\n{sql}");
        let mut rules = rules(&found("contract_change", &up, "select 1;"));
        assert!(rules.contains(&Rule::NotRerunnable), "{sql}: {rules:?}");
        rules.retain(|rule| *rule != Rule::NotRerunnable && !rules_too.contains(rule));
        assert_eq!(rules, [], "{sql}");
        let down = found("change", "select 1;", &up);
        assert!(
            down.iter()
                .any(|found| found.rule == Rule::NotRerunnable
                    && found.file == "0002_change.down.sql"),
            "{down:#?}"
        );
    }
}

#[test]
fn a_statement_outside_of_a_transaction_can_run_twice() {
    fails_again(
        &[],
        &[
            "create index concurrently i on users (email)",
            "create index concurrently on users (email)",
            "drop index concurrently users_name_idx",
            "create table t (a integer)",
            "create function f() returns integer language sql as 'select 1'",
            "drop table posts",
            "alter table users add column a integer",
            "alter table users drop column name",
            "alter table users drop constraint users_email_check",
            "alter table users add constraint c check (visits > 0) not valid",
            "alter table users rename column name to called",
            "alter type mood add value 'glad'",
            "insert into posts (id) values ('1')",
            "insert into posts select * from posts",
            "with a as (insert into posts (id) values ('1') returning id) select * from a",
        ],
    );
    for sql in [
        "create index concurrently if not exists i on users (email)",
        "drop index concurrently if exists users_name_idx",
        "create table if not exists t (a integer)",
        "create or replace function f() returns integer language sql as 'select 1'",
        "drop table if exists posts",
        "alter table users add column if not exists a integer",
        "alter table users drop column if exists name",
        "alter table users drop constraint if exists c;
         alter table users add constraint c check (visits > 0) not valid",
        "drop trigger if exists t on users;
         create trigger t after insert on users for each row execute function f()",
        "alter table users alter column visits set default 1",
        "alter table users validate constraint users_email_check",
        "alter type mood add value if not exists 'glad'",
        "insert into posts (id) values ('1') on conflict do nothing",
        "insert into posts (id) select '1' where not exists (select from posts)",
        "do $$ begin insert into posts (id) values ('1'); end $$",
        "vacuum users; analyze users; set work_mem = '8MB'; select 1; call f()",
        "comment on table users is 'people'; grant select on users to public",
    ] {
        let up = format!("-- no-transaction\n{sql}");
        let found = found("contract_change", &up, "select 1;");
        assert!(found.is_empty(), "{sql}: {found:#?}");
    }
    good(&["create function f() returns integer language sql as 'select 1'"]);
}

#[test]
fn a_migration_leaves_its_transaction_alone() {
    bad(
        Rule::TransactionControl,
        &[
            "begin",
            "commit",
            "rollback",
            "-- no-transaction\nstart transaction",
        ],
    );
    good(&["savepoint a; rollback to savepoint a; release savepoint a"]);
    let down = found("change", "select 1;", "commit;");
    assert_eq!(rules(&down), [Rule::TransactionControl]);
}

#[test]
fn a_partition_that_is_detached_beside_traffic_is_not_told_to_be_so_inside_a_transaction() {
    let sql = "-- no-transaction\nalter table events detach partition events_1 concurrently";
    let found = found("contract_change", sql, "select 1;");
    assert_eq!(rules(&found), [Rule::NotRerunnable]);
    assert!(found[0].instead.contains("finalize"), "{found:#?}");
    assert!(!found[0].instead.contains("without the line"), "{found:#?}");
    good(&["-- no-transaction
        -- lint: allow(not-rerunnable, drop-in-use) the only one, of rows that nobody reads
        alter table events detach partition events_1 concurrently"]);
}

#[test]
fn what_nobody_can_run_is_told_in_both_directions() {
    for sql in [
        "copy users from stdin",
        "copy (select 1) to stdout",
        "discard all",
        "select pg_advisory_unlock(1)",
        "do $$ begin end $$; select pg_catalog.pg_advisory_unlock_all()",
        "set session_replication_role = replica",
        "set local session_replication_role to 'replica'",
        "select pg_catalog.set_config('session_replication_role', 'replica', true)",
    ] {
        bad(Rule::Unfit, &[sql, &format!("-- no-transaction\n{sql}")]);
        let down = found("change", "select 1;", sql);
        assert_eq!(rules(&down), [Rule::Unfit], "{sql}: {down:#?}");
    }
    bad(
        Rule::Unfit,
        &["-- no-transaction\ncreate index concurrently if not exists i on events (at)"],
    );
    good(&[
        "copy users from '/srv/users.csv'",
        "discard plans; select pg_advisory_xact_lock(1)",
        "set role app; set session authorization app",
        "set session_replication_role = origin; set local session_replication_role to default;
         reset session_replication_role; select set_config('session_replication_role', 'local', true)",
        "create function f() returns void begin atomic select pg_advisory_unlock_all(); end",
    ]);
}

#[test]
fn a_value_of_an_enum_is_used_after_the_migration_that_adds_it() {
    bad(
        Rule::EnumValueInUse,
        &[
            "alter type mood add value 'glad'; alter table users add column a mood default 'glad'",
            "alter type mood add value 'it''s'; select 'it''s'::mood",
            // PostgreSQL before 17.
            "create type new as enum ('a'); alter type new add value 'b'; select 'b'::new",
        ],
    );
    good(&[
        "alter type mood add value 'glad'; select 'sad'::mood",
        "create type new as enum ('a', 'b'); select 'b'::new",
        "-- no-transaction\nalter type mood add value if not exists 'glad'; select 'glad'::mood",
    ]);
}

#[test]
fn what_cannot_be_parsed_is_told_and_nothing_else_of_the_file() {
    let up = "truncate users;\n\nalter tabel users;\n";
    let found = found("change", up, "select 1;");
    assert_eq!(rules(&found), [Rule::ParseError]);
    assert_eq!(found[0].line, 3);
    good(&["alter table users add column a integer;"]);
}
