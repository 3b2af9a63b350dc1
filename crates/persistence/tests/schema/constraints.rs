//! Constraints that come, change and go, on tables that are new and on those in use.

use crate::support::{has, there_and_back, up};

const TWO: &str = "create table u (id bigint primary key, c text);
    create table t (id bigint primary key, u_id bigint, n integer);";

#[tokio::test]
async fn a_check_and_a_foreign_key_are_validated_apart() {
    let to = format!(
        "{TWO} alter table t add constraint t_n check (n > 0), add constraint t_u foreign key (u_id)
         references u (id) on delete cascade deferrable; comment on constraint t_n on t is 'why';"
    );
    let rows = "insert into u values (1); insert into t values (1, 1, 1)";
    let files = there_and_back(TWO, &to, &[], rows).await;
    has(
        &files[0].text,
        &[
            "add constraint t_n check (n > 0) not valid",
            "comment on constraint t_n on t is 'why'",
            "on delete cascade deferrable not valid",
        ],
    );
    has(
        &files[2].text,
        &["validate constraint t_n", "validate constraint t_u"],
    );
    assert_eq!(files[2].name, "0003_change_validate.up.sql");
}

#[tokio::test]
async fn a_constraint_of_a_new_table_is_written_along_with_it() {
    let made = up("", TWO).await;
    has(
        &made,
        &[
            "create table t (\n    id bigint not null,\n    u_id bigint,\n    n integer,\n    constraint t_pkey primary key (id)\n);",
        ],
    );
}

#[tokio::test]
async fn tables_that_refer_to_each_other_are_made_and_dropped() {
    let to = "create table a (id bigint primary key, b_id bigint, me bigint references a (id));
        create table b (id bigint primary key, a_id bigint references a (id));
        alter table a add constraint a_b foreign key (b_id) references b (id);";
    let made = up("", to).await;
    has(
        &made,
        &[
            "create table b",
            "create table a",
            "alter table b add constraint",
        ],
    );
    has(&up(to, "").await, &["drop constraint", "drop table"]);
}

#[tokio::test]
async fn a_unique_constraint_gets_its_index_beside_others() {
    let to = format!(
        "{TWO} alter table t add constraint t_n_key unique (n) include (u_id) deferrable initially deferred;"
    );
    let files = there_and_back(TWO, &to, &[], "insert into t values (1, 1, 1)").await;
    assert_eq!(files[0].name, "0002_change_indexes.up.sql");
    has(
        &files[0].text,
        &[
            "-- no-transaction\n",
            "create unique index concurrently if not exists t_n_key on t (n) include (u_id);",
        ],
    );
    has(
        &files[2].text,
        &["add constraint t_n_key unique using index t_n_key deferrable initially deferred"],
    );
    has(
        &up(&to, TWO).await,
        &["alter table t drop constraint t_n_key"],
    );
}

#[tokio::test]
async fn a_primary_key_waits_for_not_null() {
    let from = "create table t (a bigint, b text);";
    let to =
        "create table t (a bigint, b text, primary key (a, b)); comment on index t_pkey is 'x';";
    let files = there_and_back(from, to, &[], "insert into t values (1, 'x')").await;
    let all: String = files
        .iter()
        .step_by(2)
        .map(|file| file.text.as_str())
        .collect();
    has(
        &all,
        &[
            "validate constraint t_a_not_null",
            "alter column a set not null",
            "add constraint t_pkey primary key using index t_pkey",
        ],
    );
    has(
        &up(to, from).await,
        &["drop constraint t_pkey", "alter column a drop not null"],
    );
}

#[tokio::test]
async fn a_changed_constraint_is_another_one() {
    let from = format!(
        "{TWO} alter table t add constraint t_n check (n > 0), add constraint t_k unique (n);"
    );
    let to = format!(
        "{TWO} alter table t add constraint t_n check (n > 1), add constraint t_k unique (n, u_id);"
    );
    let made = up(&from, &to).await;
    has(
        &made,
        &[
            "create unique index concurrently if not exists t_k_new",
            "drop constraint t_k;",
            "add constraint t_k unique using index t_k_new",
        ],
    );
    has(&made, &["add constraint t_n check (n > 1) not valid"]);
}

#[tokio::test]
async fn a_key_that_others_refer_to_changes_along_with_them() {
    let from = "create table u (a integer, b integer, constraint u_k unique (a));
        create table t (a integer, constraint t_u foreign key (a) references u (a));";
    let to = "create table u (a integer, b integer, constraint u_k unique (a) include (b));
        create table t (a integer, constraint t_u foreign key (a) references u (a));";
    has(
        &up(from, to).await,
        &[
            "drop constraint t_u",
            "drop constraint u_k",
            "unique using index u_k",
            "add constraint t_u foreign key",
        ],
    );
}

#[tokio::test]
async fn what_is_not_validated_is_validated_and_not_any_more() {
    let one = format!("{TWO} alter table t add constraint t_n check (n > 0) not valid;");
    let other = format!("{TWO} alter table t add constraint t_n check (n > 0);");
    has(&up(&one, &other).await, &["validate constraint t_n"]);
    has(&up(&other, &one).await, &["not valid"]);
    has(&up(TWO, &one).await, &["check (n > 0) not valid"]);
}

#[tokio::test]
async fn an_exclusion_says_that_it_holds_up_writes() {
    let to = "create table t (a int4range, constraint t_x exclude using gist (a with &&) where (a is not null));";
    let made = up("create table t (a int4range);", to).await;
    has(
        &made,
        &[
            "-- Holds up writes",
            "add constraint t_x exclude using gist (a with &&)",
        ],
    );
    has(&up("", to).await, &["constraint t_x exclude"]);
}
