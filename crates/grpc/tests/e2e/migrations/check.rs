//! `byline migrate check`: whether schemas are the same, and what is left of looking.

use byline_persistence::testing::{TestDatabase, count, execute, rows};

use super::{Site, code, document, migrate, program, stderr, stdout};

const T: &str = "create table t (id bigint primary key, a text);\n";
const SCRATCH: &str = "select datname::text from pg_database where datname like 'byline_scratch_%'";

#[tokio::test]
async fn the_programs_own_migrations_make_its_schema_on_a_server_of_its_own() {
    let output = migrate(&["check"]).await;
    assert_eq!(code(&output), 0, "{output:?}");
    assert_eq!(
        stdout(&output),
        "the migrations make what schema.sql says\n"
    );
    assert_eq!(stderr(&output), "");
}

#[tokio::test]
async fn drift_of_a_database_is_told_and_nothing_changed() {
    let site = Site::new().await;
    site.pair("0001_t", T, "drop table t;\n");
    site.write("schema.sql", T);
    site.told(0, &["up"]).await;
    let url = site.database.url();
    let check = ["check", "--scratch-url", &url, "--database-url", &url];
    assert_eq!(
        site.told(0, &check).await,
        "the migrations make what schema.sql says\nthe database is what the migrations make\n"
    );

    let mut beside = site.database.connection().await;
    execute(
        &mut beside,
        "create index by_hand on t (a); alter table t alter a set not null",
    )
    .await;
    let told = site.told(3, &check).await;
    assert!(
        told.contains("index by_hand on t is not wanted\n"),
        "{told}"
    );
    assert!(
        told.contains("column t.a differs: not null is yes, wanted is none\n"),
        "{told}"
    );
    let indexes = "select count(*) from pg_class where relname = 'by_hand'";
    assert_eq!(count(&mut beside, indexes).await, 1);

    let output = site.migrate(&[&check[..], &["--json"]].concat()).await;
    let document = document(&output);
    assert_eq!(document["schema"].as_array().unwrap().len(), 0);
    assert_eq!(
        document["database"]["differences"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn a_schema_that_the_migrations_do_not_make_is_told() {
    let site = Site::new().await;
    site.pair("0001_t", T, "drop table t;\n");
    site.write(
        "schema.sql",
        &format!("{T}create view v as select a from t;\n"),
    );
    let told = site
        .told(3, &["check", "--scratch-url", &site.database.url()])
        .await;
    assert!(told.contains("  view v is missing\n"), "{told}");
}

#[tokio::test]
async fn a_dump_is_a_schema_but_for_commands_of_psql() {
    let site = Site::new().await;
    site.pair("0001_t", T, "drop table t;\n");
    site.told(0, &["up"]).await;
    let url = site.database.url();
    let check = ["check", "--scratch-url", &url];
    let dump = |command: &str| {
        format!("--\n-- A dump\n--\n\n\\restrict aB3x\n\n{command}\n{T}\n\\unrestrict aB3x\n\n")
    };
    site.write("schema.sql", &dump(""));
    assert_eq!(
        site.told(0, &check).await,
        "the migrations make what schema.sql says\nthe database is what the migrations make\n"
    );
    site.write("schema.sql", &dump("\\connect there"));
    let refused = site.migrate(&check).await;
    assert_eq!(code(&refused), 1, "{refused:?}");
    assert_eq!(
        stderr(&refused),
        "byline: schema.sql:7: `\\connect there` is a command of psql and no SQL: take the line out\n"
    );
}

#[tokio::test]
async fn no_scratch_database_is_left_even_if_it_fails_or_is_stopped() {
    let site = Site::new().await;
    site.pair("0001_t", "create table t (a nothing);\n", "drop table t;\n");
    site.write("schema.sql", T);
    let url = site.database.url();
    let output = site.migrate(&["check", "--scratch-url", &url]).await;
    assert_eq!(code(&output), 1, "{output:?}");

    site.pair(
        "0001_t",
        "create table t (a text); select pg_sleep(60);\n",
        "drop table t;\n",
    );
    let mut running = site
        .command(&["check", "--scratch-url", &url])
        .spawn()
        .unwrap();
    let database = TestDatabase::unmigrated().await;
    let mut beside = database.connection().await;
    let sleeping = "select pid::text || ' ' || datname from pg_stat_activity
        where query like '%pg_sleep(60)%' and datname like 'byline_scratch_%'";
    let began = std::time::Instant::now();
    let mine = loop {
        if let [line] = &rows(&mut beside, sleeping).await[..] {
            break line.split_once(' ').unwrap().1.to_owned();
        }
        assert!(began.elapsed().as_secs() < 20, "it does not get there");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    let pid = running.id().unwrap().to_string();
    std::process::Command::new("kill")
        .args(["-s", "INT", &pid])
        .status()
        .unwrap();
    assert_eq!(running.wait().await.unwrap().code(), Some(1));
    assert!(!rows(&mut beside, SCRATCH).await.contains(&mine));
}

#[tokio::test]
async fn the_language_of_searches_is_a_databases_own() {
    let database = TestDatabase::new().await;
    let url = database.url();
    let language = program(&["search-language", "english", "--database-url", &url]);
    assert!({ language }.output().await.unwrap().status.success());
    let output = migrate(&["check", "--database-url", &url, "--scratch-url", &url]).await;
    assert_eq!(code(&output), 0, "{output:?}");
    let told = stdout(&output);
    assert!(
        told.contains("text search configuration byline differs"),
        "{told}"
    );
    assert!(told.contains("schema.sql allows that"), "{told}");
}
