//! Indexes and statistics.

use crate::support::{has, there_and_back, up};

const T: &str = "create table t (a text, b integer, c integer);";

#[tokio::test]
async fn an_index_on_a_table_in_use_is_built_beside_others() {
    let to = format!(
        "{T} create index t_a on t using btree (lower(a) collate \"C\" desc, b) where c is null;
        comment on index t_a is 'why'; alter index t_a alter column 1 set statistics 100;
        create unique index t_b on t (b) include (c) with (fillfactor = 70);"
    );
    let files = there_and_back(T, &to, &[], "insert into t values ('A', 1, 2)").await;
    assert_eq!(files.len(), 2);
    has(
        &files[0].text,
        &[
            "-- no-transaction\n",
            "create index concurrently if not exists t_a on t (lower(a) collate \"C\" desc, b) where c is null;\ncomment on index t_a is 'why';\nalter index t_a alter column 1 set statistics 100;",
        ],
    );
    has(
        &files[0].text,
        &["create unique index concurrently if not exists t_b on t (b) include (c)"],
    );
    has(
        &files[1].text,
        &[
            "-- no-transaction\n",
            "drop index concurrently if exists t_b;",
        ],
    );
}

#[tokio::test]
async fn an_index_of_a_new_table_is_built_with_it() {
    let to = format!("{T} create index on t (b);");
    let made = up("", &to).await;
    has(
        &made,
        &[
            "--- 0002_change.up.sql",
            "create index t_b_idx on t (b);",
            "--- 0002_change.down.sql\n-- Loses what is in it.\ndrop table t;\n",
        ],
    );
}

#[tokio::test]
async fn an_index_changes_and_goes_beside_others() {
    let from = format!("{T} create index i on t (a); create index j on t (b);");
    let to = format!("{T} create index i on t (b); comment on index i is 'x';");
    let made = up(&from, &to).await;
    has(
        &made,
        &[
            "create index concurrently if not exists i_new on t (b)",
            "drop index concurrently if exists i;",
            "alter index i_new rename to i;",
        ],
    );
    has(&made, &["drop index concurrently if exists j;"]);
}

#[tokio::test]
async fn a_unique_index_goes_when_the_one_in_its_place_is_there() {
    let from = format!("{T} create unique index i on t (a);");
    let to = format!("{T} create unique index i on t (a, b); comment on index i is 'x';");
    let files = there_and_back(&from, &to, &[], "insert into t values ('A', 1, 2)").await;
    has(
        &files[0].text,
        &["create unique index concurrently if not exists i_new on t (a, b);"],
    );
    has(
        &files[2].text,
        &["-- no-transaction", "drop index concurrently if exists i;"],
    );
    has(
        &files[4].text,
        &["alter index i_new rename to i;", "comment on index i"],
    );
}

#[tokio::test]
async fn what_an_index_is_used_for_is_kept_in_step() {
    let from = "create table t (a integer not null); create unique index i on t (a);
        alter table t cluster on i;";
    let to = "create table t (a integer not null); create unique index i on t (a);
        alter table t replica identity using index i;";
    has(
        &up(from, to).await,
        &["set without cluster", "replica identity using index i"],
    );
}

#[tokio::test]
async fn statistics_come_change_and_go() {
    let one = format!("{T} create statistics s (mcv) on a, b from t;");
    let other = format!(
        "{T} create statistics s on (lower(a)), b from t; alter statistics s set statistics 50; comment on statistics s is 'x';"
    );
    has(
        &up(T, &one).await,
        &["create statistics s (mcv) on a, b from t;"],
    );
    has(
        &up(&one, &other).await,
        &[
            "drop statistics s",
            "create statistics s on b, lower(a) from t",
            "comment on statistics s",
            "set statistics 50",
        ],
    );
    has(&up(&other, T).await, &["drop statistics s"]);
}
