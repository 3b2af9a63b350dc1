//! `byline migrate revision`: what it writes, and when it does not.

use serde_json::json;

use super::{Site, T, code, document, one_table, stderr, stdout};

/// `byline migrate` with that verb, over scratch databases on the site's server.
async fn on_scratch(site: &Site, arguments: &[&str]) -> std::process::Output {
    let url = site.database.url();
    let arguments = [arguments, &["--scratch-url", &url]].concat();
    site.migrate(&arguments).await
}

fn files(site: &Site) -> Vec<String> {
    let all = std::fs::read_dir(site.dir()).unwrap();
    let mut names: Vec<_> = all
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn it_writes_what_leads_to_the_schema_and_then_nothing() {
    let site = one_table().await;
    site.write(
        "schema.sql",
        &format!("{T}alter table t add column n text; create index t_n on t (n);\n"),
    );
    let arguments = ["revision", "--autogenerate", "-m", "Add an n"];
    let output = on_scratch(&site, &arguments).await;
    assert_eq!(code(&output), 0, "{output:?}");
    let written: Vec<_> = stdout(&output).lines().map(str::to_owned).collect();
    let names = [
        "0002_add_an_n.up.sql",
        "0002_add_an_n.down.sql",
        "0003_add_an_n_indexes.up.sql",
        "0003_add_an_n_indexes.down.sql",
    ];
    assert_eq!(
        written,
        names.map(|name| format!("wrote {}", site.path(name).display()))
    );
    let read = |name: &str| std::fs::read_to_string(site.path(name)).unwrap();
    assert_eq!(read(names[0]), "alter table t add column n text;\n");
    assert_eq!(
        read(names[2]),
        "-- no-transaction\ncreate index concurrently if not exists t_n on t (n);\n"
    );
    assert_eq!(site.told(0, &["up"]).await.lines().count(), 3);

    let before = files(&site);
    let output = on_scratch(&site, &arguments).await;
    assert_eq!(code(&output), 0, "{output:?}");
    assert_eq!(
        stdout(&output),
        "nothing to do: the migrations make what schema.sql says\n"
    );
    assert_eq!(files(&site), before);
}

#[tokio::test]
async fn a_dry_run_prints_what_it_would_write() {
    let site = one_table().await;
    site.write("schema.sql", &T.replace("a text", "b text"));
    let arguments = [
        "revision",
        "--autogenerate",
        "-m",
        "b",
        "--rename",
        "t.a:b",
        "--dry-run",
    ];
    let output = on_scratch(&site, &arguments).await;
    assert_eq!(code(&output), 0, "{output:?}");
    assert!(
        stdout(&output).contains("    alter table t rename column a to b;\n"),
        "{output:?}"
    );
    assert_eq!(files(&site).len(), 3);

    let output = on_scratch(&site, &[&arguments[..], &["--json"]].concat()).await;
    let document = document(&output);
    assert_eq!(document["dry_run"], json!(true));
    assert_eq!(
        document["files"][0]["text"],
        "alter table t rename column a to b;\n"
    );
    assert_eq!(document["differences"][0]["object"], "column t.a");
}

#[tokio::test]
async fn what_is_lost_is_told_with_the_rename_that_would_keep_it() {
    let site = Site::new().await;
    let begin =
        "create table t (id bigint, a text, b text, c integer generated always as (1) stored);
        create table old (n bigint, m text); create table gone (n bigint);";
    site.pair("0001_begin", begin, "drop table t, old, gone;\n");
    site.write(
        "schema.sql",
        "create table t (id bigint, x text, y integer); create table new (n bigint, m text);
        create table other (n text);",
    );
    let arguments = ["revision", "--autogenerate", "-m", "x"];
    let told = |output: &std::process::Output| {
        let lines = stdout(output).lines();
        let lines = lines.skip_while(|line| !line.starts_with("loses: "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let output = on_scratch(&site, &[&arguments[..], &["--dry-run"]].concat()).await;
    assert_eq!(
        told(&output),
        [
            "loses: table gone, table old, column t.a, column t.b",
            "  if table old only gets another name, say --rename old:new",
            "  if column t.a only gets another name, say --rename t.a:x",
        ]
    );
    let arguments = [
        &arguments[..],
        &["--rename", "old:new", "--rename", "t.a:x"],
    ]
    .concat();
    let output = on_scratch(&site, &[&arguments[..], &["--dry-run", "--json"]].concat()).await;
    assert_eq!(
        document(&output)["loses"],
        json!([
            { "object": "table gone", "rename": null },
            { "object": "column t.b", "rename": null },
        ])
    );
    let output = on_scratch(&site, &arguments).await;
    assert_eq!(told(&output), ["loses: table gone, column t.b"]);
}

#[tokio::test]
async fn what_cannot_be_generated_is_named_and_nothing_is_written() {
    let site = one_table().await;
    site.write(
        "schema.sql",
        &format!("{T}create policy p on t; create table u (a t);\n"),
    );
    let output = on_scratch(&site, &["revision", "--autogenerate", "-m", "x"]).await;
    assert_eq!(code(&output), 1, "{output:?}");
    assert!(
        stderr(&output).contains("policy p on public.t"),
        "{output:?}"
    );
    assert_eq!(files(&site).len(), 3);
}

#[tokio::test]
async fn a_mistake_in_the_schema_is_told_with_its_line() {
    let site = one_table().await;
    site.write(
        "schema.sql",
        &format!("{T}\ncreate table u (\n    a nothing\n);\n"),
    );
    let output = on_scratch(&site, &["revision", "--autogenerate", "-m", "x"]).await;
    assert_eq!(code(&output), 1, "{output:?}");
    assert!(stderr(&output).contains("schema.sql:4: "), "{output:?}");
    assert!(
        stderr(&output).contains("type \"nothing\" does not exist"),
        "{output:?}"
    );
}

#[tokio::test]
async fn a_rename_of_nothing_is_told() {
    let site = one_table().await;
    let arguments = ["revision", "--autogenerate", "-m", "x", "--rename", "u:v"];
    let output = on_scratch(&site, &arguments).await;
    assert_eq!(code(&output), 1, "{output:?}");
    assert!(stderr(&output).contains("there is no u"), "{output:?}");
}

#[tokio::test]
async fn without_autogenerate_the_files_are_to_be_filled_in() {
    let site = one_table().await;
    let output = site.migrate(&["revision", "-m", "by hand"]).await;
    assert_eq!(code(&output), 0, "{output:?}");
    assert!(files(&site).contains(&"0002_by_hand.up.sql".to_owned()));
    let output = site
        .migrate(&["revision", "-m", "x", "--rename", "a:b"])
        .await;
    assert_eq!(code(&output), 2, "{output:?}");
}
