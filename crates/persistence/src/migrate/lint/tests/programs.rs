//! What breaks programs that run already, and what cannot be taken back.

use super::*;

#[test]
fn what_programs_use_is_taken_away_in_a_contract_migration() {
    let examples = [
        "alter table users drop column name",
        "drop table if exists posts",
        "drop view names",
        "drop materialized view sums",
        "drop function rolled(), fixed()",
        "drop type mood",
        "alter table users alter column visits drop default",
        "alter table posts drop constraint posts_author_id_fkey",
        "alter table users drop constraint unheard_of",
        "alter table users rename column name to called",
        "alter table users rename to people",
        "alter view names rename to called",
        "alter table users rename constraint users_pkey to pk",
        "alter table users set schema other",
        "alter type mood rename value 'sad' to 'blue'",
        "alter table events detach partition events_1",
    ];
    bad(Rule::DropInUse, &examples);
    for sql in examples {
        let found = found("contract_change", sql, "select 1;");
        assert!(found.is_empty(), "{sql}: {found:#?}");
    }
    good(&[
        "create table t (a integer default 1); alter table t drop column a; alter table t rename to u; drop table u",
        "create function f() returns int language sql as 'select 1'; drop function f()",
        // Without a check, programs write what they wrote.
        "alter table users drop constraint users_email_check",
        "alter table users alter column email drop not null",
        "alter index users_name_idx rename to users_named_idx",
        "drop statistics if exists unheard_of",
        // So that it can run twice.
        "-- no-transaction
         drop trigger if exists t on users;
         create trigger t after insert on users for each row execute function fixed()",
    ]);
}

#[test]
fn nothing_is_dropped_that_nobody_names() {
    let cascades = [
        "drop table posts cascade",
        "alter table users drop column name cascade",
        "alter table users drop constraint users_email_check cascade",
    ];
    for sql in cascades {
        let found = found("contract_change", sql, "select 1;");
        assert_eq!(rules(&found), [Rule::DropCascade], "{sql}: {found:#?}");
    }
    good(&[
        "create table t (a integer); drop table t cascade",
        "alter table posts add constraint f foreign key (author_id) references users (id) on delete cascade not valid",
    ]);
}

#[test]
fn no_table_in_use_is_emptied() {
    let found = found("contract_change", "truncate posts, users", "select 1;");
    assert_eq!(rules(&found), [Rule::Truncate]);
    bad(Rule::Truncate, &["truncate table only posts"]);
    good(&["create table t (a integer); truncate t"]);
}

#[test]
fn a_migration_can_be_taken_back() {
    let of = |up: &str, down: Option<&str>| {
        let mut files = vec![("0001_a.up.sql", up)];
        files.extend(down.map(|down| ("0001_a.down.sql", down)));
        rules(&lint_of(&files))
    };
    let up = "create table t (a integer);";
    assert_eq!(of(up, None), [Rule::MissingDown]);
    assert_eq!(of(up, Some("-- nothing\n;")), [Rule::MissingDown]);
    assert_eq!(of(up, Some("drop table t;")), []);
    assert_eq!(of("-- nothing", None), []);
    // What it cannot be is told once.
    assert_eq!(of(up, Some("drop t;")), [Rule::ParseError]);
}
