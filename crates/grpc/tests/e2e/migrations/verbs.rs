//! Each verb of `byline migrate`: what it prints, to people and to programs, and how it exits.

use byline_persistence::testing::{TestDatabase, count, execute};
use serde_json::json;

use super::{Site, code, document, migrate, stderr, stdout};

/// With two migrations that make a table each.
async fn two_tables() -> Site {
    let site = Site::new().await;
    site.pair(
        "0001_one",
        "create table one (n bigint);\n",
        "drop table one;\n",
    );
    site.pair(
        "0002_two",
        "create table two (n bigint);\n",
        "drop table two;\n",
    );
    site
}

#[tokio::test]
async fn the_programs_own_migrations_go_up_and_down_and_tell_where_they_are() {
    let database = TestDatabase::unmigrated().await;
    let url = database.url();
    let told = async |expected: i32, verb: &[&str]| {
        let output = migrate(&[verb, &["--database-url", &url]].concat()).await;
        assert_eq!(code(&output), expected, "{output:?}");
        stdout(&output).to_owned()
    };
    let all = [
        "0001 users",
        "0002 posts",
        "0003 reading",
        "0004 guesses",
        "0005 writing",
        "0006 callers",
        "0007 credentials",
        "0008 audit",
        "0009 searches",
        "0010 lists_of_searches",
        "0011 audit_batches",
    ];
    let would: String = all.map(|name| format!("would apply {name}\n")).concat();
    assert_eq!(told(0, &["up", "--dry-run"]).await, would);
    assert!(
        told(3, &["current"])
            .await
            .starts_with("no migration is applied\n  0001 users is missing")
    );
    let applied: String = all.map(|name| format!("applied {name}\n")).concat();
    assert_eq!(told(0, &["up"]).await, applied);
    assert_eq!(told(0, &["up"]).await, "nothing to apply\n");
    assert_eq!(
        told(0, &["current"]).await,
        "0011 audit_batches\n  which is the newest\n"
    );
    assert_eq!(
        told(0, &["down", "--dry-run"]).await,
        "would take back 0011 audit_batches\n"
    );
    assert_eq!(told(0, &["down"]).await, "took back 0011 audit_batches\n");
    assert_eq!(
        told(3, &["current"]).await,
        "0010 lists_of_searches\n  0011 audit_batches is missing: see `byline migrate up`\n"
    );
    assert_eq!(
        told(0, &["down", "--to", "0003"]).await,
        "took back 0010 lists_of_searches\ntook back 0009 searches\ntook back 0008 audit\ntook back 0007 credentials\ntook back 0006 callers\ntook back 0005 writing\n\
         took back 0004 guesses\n"
    );
    assert_eq!(
        told(0, &["down", "base"]).await,
        "took back 0003 reading\ntook back 0002 posts\ntook back 0001 users\n"
    );
    assert_eq!(told(0, &["down"]).await, "nothing to take back\n");
    assert_eq!(
        told(0, &["up", "--to", "2"]).await,
        "applied 0001 users\napplied 0002 posts\n"
    );
}

#[tokio::test]
async fn more_than_there_is_is_not_taken_back() {
    let site = two_tables().await;
    site.told(0, &["up"]).await;
    for arguments in [&["down", "3"][..], &["down", "3", "--dry-run"]] {
        let refused = site.migrate(arguments).await;
        assert_eq!(code(&refused), 1, "{refused:?}");
        assert_eq!(
            stderr(&refused),
            "byline: only 2 of 3 can be taken back, since no more are applied: \
             `byline migrate down base` takes back all\n"
        );
        assert_eq!(stdout(&refused), "");
    }
    assert_eq!(
        site.told(0, &["current"]).await,
        "0002 two\n  which is the newest\n"
    );
    assert_eq!(
        site.told(0, &["down", "2"]).await,
        "took back 0002 two\ntook back 0001 one\n"
    );
}

#[tokio::test]
async fn help_has_an_example() {
    for (arguments, example) in [
        (&[][..], "byline migrate current "),
        (&["revision"], "byline migrate revision --autogenerate "),
        (&["up"], "byline migrate up --to "),
        (&["down"], "byline migrate down 2 "),
        (&["check"], "byline migrate check --database-url "),
        (&["sql"], "byline migrate sql 5:head | psql "),
    ] {
        let output = migrate(&[arguments, &["--help"]].concat()).await;
        assert_eq!(code(&output), 0, "{output:?}");
        let (_, after) = stdout(&output).split_once("\nExample, ").unwrap();
        assert!(after.contains(&format!("\n  {example}")), "{after}");
    }
}

#[tokio::test]
async fn programs_get_one_document_a_verb() {
    let site = two_tables().await;
    let json = async |expected: i32, arguments: &[&str]| {
        let output = site.migrate(&[arguments, &["--json"]].concat()).await;
        assert_eq!(code(&output), expected, "{output:?}");
        document(&output)
    };
    let one = json!({ "version": 1, "name": "one" });
    let two = json!({ "version": 2, "name": "two" });
    assert_eq!(
        json(0, &["up", "--dry-run"]).await,
        json!({ "would_apply": [one, two] })
    );
    let up = json(0, &["up", "--to", "1"]).await;
    assert_eq!(up["applied"][0]["name"], "one");
    assert!(up["applied"][0]["ms"].is_u64());
    assert_eq!(
        json(3, &["current"]).await,
        json!({
            "version": 1, "head": 2, "is_head": false,
            "missing": [2], "changed": [], "half_way": [], "half_back": [], "unknown": [],
        })
    );
    let history = json(0, &["history"]).await;
    let newest = &history["migrations"][0];
    assert_eq!(
        (&newest["file"], &newest["standing"]),
        (&json!("0002_two.up.sql"), &json!("missing"))
    );
    assert!(history["migrations"][1]["applied_at"].is_string());
    assert_eq!(json(0, &["heads"]).await, json!({ "heads": [two] }));
    assert_eq!(
        json(0, &["stamp", "head"]).await,
        json!({ "version": 2, "added": [2], "removed": [], "dry_run": false })
    );
    assert_eq!(json(0, &["verify"]).await, json!({ "problems": [] }));
    assert_eq!(
        json(0, &["repair"]).await,
        json!({ "accepted": [], "dry_run": false })
    );
    assert_eq!(
        json(0, &["down", "--dry-run"]).await,
        json!({ "would_take_back": [two] })
    );
    let sql = json(0, &["sql", "1:2"]).await;
    assert!(sql["sql"].as_str().unwrap().contains("create table two"));
    let new = json(0, &["new", "three", "--dry-run"]).await;
    assert_eq!(new["files"].as_array().unwrap().len(), 2);

    // The table is not there: what failed has its document too, and those before it are in it.
    let failed = json(1, &["down"]).await;
    assert_eq!(failed["taken_back"], json!([]));
    assert!(
        failed["error"]
            .as_str()
            .unwrap()
            .starts_with("0002_two.down.sql:1: 42P01")
    );
    assert_eq!(
        json(2, &["up", "--to", "7"]).await["error"],
        "there is no migration 0007: see `byline migrate history`"
    );
}

#[tokio::test]
async fn history_needs_no_database_and_says_more_with_one() {
    let site = two_tables().await;
    let dir = site.dir().to_str().unwrap();
    let offline = migrate(&["history", "--dir", dir]).await;
    assert_eq!(stdout(&offline), "0002  two\n0001  one\n");
    let heads = migrate(&["heads", "--dir", dir]).await;
    assert_eq!(stdout(&heads), "0002 two\n");

    site.told(0, &["up", "--to", "1"]).await;
    assert_eq!(
        site.told(0, &["history"]).await,
        "0002  missing    two\n0001  applied    one\n"
    );
    let verbose = site.told(0, &["history", "--verbose"]).await;
    for expected in [
        "0002_two.up.sql, one transaction",
        "0001_one.down.sql",
        "sha384 ",
        "applied 20",
    ] {
        assert!(verbose.contains(expected), "{verbose}");
    }
}

#[tokio::test]
async fn a_new_migration_is_numbered_on_and_overwrites_nothing() {
    let site = two_tables().await;
    let told = site.told(0, &["new", "Add a nickname"]).await;
    assert_eq!(told.lines().count(), 2);
    assert!(site.path("0003_add_a_nickname.up.sql").exists());
    assert!(site.path("0003_add_a_nickname.down.sql").exists());
    assert!(
        site.told(0, &["history"])
            .await
            .starts_with("0003  missing    add_a_nickname\n")
    );

    let refused = site.migrate(&["new", "../../etc/passwd"]).await;
    assert_eq!(code(&refused), 2);
    assert!(
        stderr(&refused).contains("letters from a to z"),
        "{refused:?}"
    );
    let nowhere = migrate(&["new", "x", "--dir", "/nonexistent"]).await;
    assert_eq!(code(&nowhere), 1);
    assert!(stderr(&nowhere).contains("/nonexistent"), "{nowhere:?}");
}

#[tokio::test]
async fn what_was_changed_after_being_applied_is_told_and_can_be_accepted() {
    let site = two_tables().await;
    site.told(0, &["up"]).await;
    assert_eq!(
        site.told(0, &["verify"]).await,
        "all that is applied is as its files are\n"
    );
    site.write("0001_one.up.sql", "create table one (n bigint); -- One.\n");
    let told = site.told(3, &["verify"]).await;
    assert!(
        told.starts_with("0001_one.up.sql was changed after it was applied"),
        "{told}"
    );
    assert!(told.contains("byline migrate repair"), "{told}");
    assert!(
        site.told(3, &["current"])
            .await
            .contains("0001 one is changed after being applied")
    );
    let refused = site.migrate(&["up"]).await;
    assert_eq!(code(&refused), 3);
    assert!(
        stderr(&refused).contains("byline migrate verify"),
        "{refused:?}"
    );

    assert_eq!(
        site.told(0, &["repair", "--dry-run"]).await,
        "would accept 0001_one.up.sql as it is\n"
    );
    assert_eq!(
        site.told(0, &["repair"]).await,
        "accepted 0001_one.up.sql as it is\n"
    );
    site.told(0, &["verify"]).await;

    let mut connection = site.database.connection().await;
    execute(
        &mut connection,
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (9, 'of another branch', true, '', 0);
         delete from _sqlx_migrations where version = 1;
         update _sqlx_migrations set success = false where version = 2",
    )
    .await;
    let told = site.told(3, &["verify"]).await;
    let lines: Vec<_> = told.lines().collect();
    assert!(
        lines[0].contains("0001 one is not applied, though 0009 is"),
        "{told}"
    );
    assert!(
        lines[1].contains("0002 two is being applied, or was stopped half way"),
        "{told}"
    );
    assert!(
        lines[2].contains("0009 of_another_branch is applied, and not among"),
        "{told}"
    );
}

#[tokio::test]
async fn a_database_of_another_tool_is_stamped_and_goes_on_from_there() {
    let site = two_tables().await;
    let mut connection = site.database.connection().await;
    execute(&mut connection, "create table one (n bigint)").await;
    let failed = site.migrate(&["up"]).await;
    assert_eq!(code(&failed), 1);
    assert_eq!(
        stderr(&failed),
        "byline: 0001_one.up.sql:1: 42P07: relation \"one\" already exists; nothing of the migration is kept\n"
    );
    assert_eq!(
        site.told(0, &["stamp", "1", "--dry-run"]).await,
        "0001 would be said to be applied\n"
    );
    assert_eq!(
        site.told(0, &["stamp", "1"]).await,
        "0001 said to be applied\n"
    );
    assert_eq!(site.told(0, &["up"]).await, "applied 0002 two\n");
    assert_eq!(
        site.told(0, &["stamp", "base"]).await,
        "0001 no longer said to be applied\n0002 no longer said to be applied\n"
    );
    let tables = "select count(*) from pg_class where relname in ('one', 'two')";
    assert_eq!(count(&mut connection, tables).await, 2);
}

#[tokio::test]
async fn what_is_typed_wrong_is_told_and_is_exit_code_2() {
    let site = two_tables().await;
    for (arguments, expected) in [
        (&["up", "--to", "7"][..], "there is no migration 0007"),
        (
            &["up", "--to", "latest"],
            "expected a migration's number, base or head",
        ),
        (&["down", "two"], "expected how many migrations"),
        (&["down", "1", "--to", "1"], "cannot be used with"),
        (&["sql", "1"], "expected FROM:TO"),
        (&["sql", "1:9"], "there is no migration 0009"),
        (&["stamp"], "<V>"),
        (&["sideways"], "sideways"),
    ] {
        let refused = site.migrate(arguments).await;
        assert_eq!(code(&refused), 2, "{refused:?}");
        assert!(stderr(&refused).contains(expected), "{refused:?}");
    }
    let without = migrate(&["up"]).await;
    assert_eq!(code(&without), 2);
    assert!(stderr(&without).contains("--database-url"), "{without:?}");
    site.write("0002_again.up.sql", "select 1;");
    let twice = site.migrate(&["up"]).await;
    assert_eq!(code(&twice), 1);
    assert!(
        stderr(&twice).contains("0002_again.up.sql and 0002_two.up.sql have one number"),
        "{twice:?}"
    );
}

#[tokio::test]
async fn nobody_has_to_read_to_its_end_what_is_printed() {
    let site = two_tables().await;
    let mut child = site
        .command(&["up"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().await.unwrap().success());
    site.told(0, &["current"]).await;
}
