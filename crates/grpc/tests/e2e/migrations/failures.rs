//! How the verbs about schemas fail: what they say, in words and as JSON, and the exit code.

use std::os::unix::fs::PermissionsExt as _;

use byline_persistence::testing::execute;

use super::{Site, T, code, document, one_table, stderr, stdout};

/// What a verb that ends with that exit code says about it, which its document holds too.
async fn failure(site: &Site, expected: i32, arguments: &[&str]) -> String {
    let output = site.migrate(arguments).await;
    assert_eq!(code(&output), expected, "{arguments:?}: {output:?}");
    let told = stderr(&output).trim_end().to_owned();
    let output = site.migrate(&[arguments, &["--json"]].concat()).await;
    assert_eq!(code(&output), expected, "{arguments:?}: {output:?}");
    let error = document(&output)["error"].as_str().unwrap().to_owned();
    assert_eq!(format!("byline: {error}"), told);
    error
}

#[tokio::test]
async fn what_was_typed_wrong_ends_with_2() {
    let site = one_table().await;
    let auto = ["revision", "--autogenerate", "-m"];
    for (arguments, expected) in [
        (vec!["new", "naïve"], "a migration's name has letters"),
        (
            vec!["revision", "-m", "naïve"],
            "a migration's name has letters",
        ),
        (
            [&auto[..], &["naïve"]].concat(),
            "a migration's name has letters",
        ),
        (
            [&auto[..], &["x", "--rename", "a"]].concat(),
            "`a` does not name what is renamed",
        ),
        (
            [&auto[..], &["x", "--scratch-url", "mysql://h/x"]].concat(),
            "--scratch-url is no URL",
        ),
        (
            vec!["check", "--database-url", "localhost"],
            "--database-url is no URL",
        ),
        (
            vec!["up", "--database-url", "localhost"],
            "--database-url is no URL",
        ),
    ] {
        let told = failure(&site, 2, &arguments).await;
        assert!(told.starts_with(expected), "{arguments:?}: {told}");
    }
}

#[tokio::test]
async fn nothing_to_compare_is_no_success() {
    let site = one_table().await;
    std::fs::remove_file(site.path("schema.sql")).unwrap();
    let nowhere = ["check", "--database-url", ""];
    let told = failure(&site, 1, &nowhere).await;
    assert!(told.starts_with("there is no schema.sql"), "{told}");

    let url = site.database.url();
    site.told(0, &["up"]).await;
    let told = site.told(0, &["check", "--scratch-url", &url]).await;
    assert_eq!(
        told,
        "there is no schema.sql to compare the migrations with\n\
         the database is what the migrations make\n"
    );
}

#[tokio::test]
async fn which_server_is_not_there_is_told() {
    let site = one_table().await;
    let nobody = format!("postgres:///x?host={}", site.dir().display());
    let check = ["check", "--database-url", "", "--scratch-url", &nobody];
    let output = site.migrate(&check).await;
    assert_eq!(code(&output), 1, "{output:?}");
    assert!(
        stderr(&output).starts_with("byline: the scratch server cannot be reached"),
        "{output:?}"
    );

    let url = site.database.url();
    let check = ["check", "--database-url", &nobody, "--scratch-url", &url];
    let told = failure(&site, 1, &check).await;
    assert!(
        told.starts_with("the database to compare with cannot be reached"),
        "{told}"
    );
}

#[tokio::test]
async fn a_mistake_in_the_schema_is_told_with_the_value() {
    let site = one_table().await;
    site.write("schema.sql", &format!("{T}select 'x'::integer;\n"));
    let url = site.database.url();
    let told = failure(&site, 1, &["check", "--scratch-url", &url]).await;
    assert!(
        told.starts_with("schema.sql:2: 22P02: invalid input syntax for type integer: \"x\""),
        "{told}"
    );
}

#[tokio::test]
async fn a_database_that_is_behind_is_told_so_first() {
    let site = one_table().await;
    site.pair(
        "0002_n",
        "alter table t add column n text;\n",
        "alter table t drop column n;\n",
    );
    site.pair(
        "0003_row",
        "insert into t values (1);\n",
        "delete from t;\n",
    );
    std::fs::remove_file(site.path("schema.sql")).unwrap();
    let url = site.database.url();
    let check = ["check", "--scratch-url", &url];
    site.told(0, &["up", "--to", "1"]).await;
    let told = site.told(3, &check).await;
    let lines: Vec<_> = told.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "the database lacks 0002 n, 0003 row: see `byline migrate up`",
            "the database is not what the migrations make:",
            "  column t.n is missing",
        ]
    );
    // Nothing in the schema tells of rows.
    site.told(0, &["up", "--to", "2"]).await;
    let output = site.migrate(&[&check[..], &["--json"]].concat()).await;
    assert_eq!(code(&output), 3, "{output:?}");
    let told = document(&output);
    assert_eq!(told["database"]["lacks"], serde_json::json!(["0003 row"]));
    assert_eq!(told["database"]["differences"], serde_json::json!([]));
}

const READER: &str = "do $$ begin
        execute format('create role %I login', 'reader_' || current_database());
        revoke usage on schema public from public;
    end $$";

const LET_IN: &str = "do $$ begin
        execute format('grant usage on schema public to %I', 'reader_' || current_database());
    end $$";

const GONE: &str = "do $$ begin
        execute format('drop owned by %I', 'reader_' || current_database());
        execute format('drop role %I', 'reader_' || current_database());
    end $$";

#[tokio::test]
async fn a_role_that_may_only_look_compares_and_one_that_may_not_is_told() {
    let site = one_table().await;
    site.told(0, &["up"]).await;
    let mut beside = site.database.connection().await;
    execute(&mut beside, READER).await;
    let scratch = site.database.url();
    let database = site.database.connect_options();
    let name = database.get_database().unwrap();
    // The last of two is taken.
    let url = format!("{scratch}&user=reader_{name}");
    let check = ["check", "--scratch-url", &scratch, "--database-url", &url];
    let told = failure(&site, 1, &check).await;
    assert_eq!(
        told,
        format!(
            "the role reader_{name} may not look into the schema public, so that nothing can be \
             compared: `grant usage on schema public` to it"
        )
    );

    execute(&mut beside, LET_IN).await;
    let told = site.told(0, &check).await;
    assert!(
        told.ends_with("the database is what the migrations make\n"),
        "{told}"
    );
    execute(&mut beside, "create view v as select 1 as a").await;
    let told = site.told(3, &check).await;
    assert!(
        told.contains("which migrations the database has is not known: ")
            && told.contains("permission denied for table _sqlx_migrations"),
        "{told}"
    );
    execute(&mut beside, GONE).await;
}

#[tokio::test]
async fn two_at_once_never_take_one_number() {
    let site = one_table().await;
    site.write(
        "schema.sql",
        &format!("{T}create view v as select a from t;\n"),
    );
    let url = site.database.url();
    let revise = |name| {
        [
            "revision",
            "--autogenerate",
            "-m",
            name,
            "--scratch-url",
            &url,
        ]
        .map(str::to_owned)
    };
    let (first, second) = (revise("one"), revise("two"));
    let first: Vec<&str> = first.iter().map(String::as_str).collect();
    let second: Vec<&str> = second.iter().map(String::as_str).collect();
    let (first, second) = tokio::join!(site.migrate(&first), site.migrate(&second));
    let wrote = |output: &std::process::Output| stdout(output).starts_with("wrote ");
    assert!(wrote(&first) != wrote(&second), "{first:?} {second:?}");
    let other = if wrote(&first) { &second } else { &first };
    assert!(
        stderr(other).contains("meanwhile") && code(other) == 1
            || stdout(other).starts_with("nothing to do"),
        "{other:?}"
    );
    assert_eq!(site.told(0, &["history"]).await.lines().count(), 2);
}

#[tokio::test]
async fn a_file_in_the_way_stays_and_nothing_is_written_beside_it() {
    let site = one_table().await;
    let in_the_way = site.path("0002_n.down.sql");
    std::fs::create_dir(&in_the_way).unwrap();
    let told = failure(&site, 1, &["new", "n"]).await;
    assert!(told.starts_with(&*in_the_way.to_string_lossy()), "{told}");
    assert!(in_the_way.is_dir());
    assert!(!site.path("0002_n.up.sql").exists());
}

#[tokio::test]
async fn what_a_killed_process_has_left_goes_and_what_is_in_use_stays() {
    let temporary = tempfile::tempdir().unwrap();
    // The server of root runs as somebody else.
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(temporary.path(), open).unwrap();
    let left = |name: &str| {
        let data = temporary.path().join(name).join("data");
        std::fs::create_dir_all(&data).unwrap();
        std::fs::File::create(data.join("lock")).unwrap()
    };
    drop(left("byline-scratch-left"));
    let in_use = left("byline-scratch-used");
    in_use.lock().unwrap();
    drop(left("something-else"));
    std::fs::create_dir_all(temporary.path().join("byline-scratch-new/data")).unwrap();

    let site = one_table().await;
    let mut check = site.command(&["check", "--database-url", ""]);
    let output = check
        .env("TMPDIR", temporary.path())
        .output()
        .await
        .unwrap();
    assert_eq!(code(&output), 0, "{output:?}");
    let entries = std::fs::read_dir(temporary.path()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "byline-scratch-new",
            "byline-scratch-used",
            "something-else"
        ]
    );
}
