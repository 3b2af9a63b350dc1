//! What `byline export` asks for, and where it leaves what comes.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use byline_grpc::pb::User;
use tokio::io::{AsyncBufReadExt, BufReader};
use tonic::Status;

use super::fake::{Fake, Then};
use super::{Folder, code, command, interrupt, run, stderr, stdout};
use crate::support::{eventually, mask};

fn users() -> Vec<User> {
    let ada = User {
        id: "1".into(),
        email: "ada@b".into(),
        name: Some("Ada \"A\"".into()),
        is_active: Some(true),
        ..User::default()
    };
    let alan = User {
        id: "2".into(),
        email: "alan@b".into(),
        ..User::default()
    };
    vec![ada, alan]
}

const CSV: &str = "id,email,name\n1,ada@b,\"Ada \"\"A\"\"\"\n2,alan@b,\n";

#[tokio::test]
async fn a_file_has_what_was_asked_for() {
    let fake = Fake::exporting(users(), Then::End).await;
    let folder = Folder::new();
    let file = folder.place("users.csv");
    let output = run(
        &fake.url,
        &[
            "export",
            "users",
            &file,
            "--filter",
            "role = user",
            "--order-by",
            "email desc",
            "--show-deleted",
            "--fields",
            "email,name",
        ],
    )
    .await;
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stderr(&output).starts_with(&format!("{file}: 2 rows; ")),
        "{}",
        stderr(&output)
    );
    assert_eq!(stdout(&output), "");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), CSV);
    assert_eq!(folder.names(), ["users.csv"]);
    let asked = fake.exports().remove(0);
    assert_eq!(
        (asked.filter.as_str(), asked.order_by.as_str()),
        ("role = user", "email desc")
    );
    assert!(asked.show_deleted);
    assert_eq!(asked.read_mask, mask(&["email", "name"]));
}

#[tokio::test]
async fn standard_output_has_rows_and_nothing_else() {
    let fake = Fake::exporting(users(), Then::End).await;
    let output = run(
        &fake.url,
        &["export", "users", "-", "--format", "json-lines"],
    )
    .await;
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(
        stdout(&output),
        "{\"id\":\"1\",\"email\":\"ada@b\",\"name\":\"Ada \\\"A\\\"\",\"isActive\":true}\n\
         {\"id\":\"2\",\"email\":\"alan@b\"}\n"
    );
    assert_eq!(fake.exports().remove(0).read_mask, None);
}

#[tokio::test]
async fn an_export_of_nothing_is_a_whole_file() {
    let fake = Fake::exporting(Vec::new(), Then::End).await;
    let folder = Folder::new();
    let file = folder.place("users.csv");
    run(&fake.url, &["export", "users", &file, "--fields", "id"]).await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "id\n");
}

#[tokio::test]
async fn a_server_that_has_no_place_is_asked_again() {
    let busy = || Status::unavailable("all places are taken");
    let fake = Fake::exporting_after([busy(), busy()], users()).await;
    let folder = Folder::new();
    let file = folder.place("users.csv");
    let arguments = ["export", "users", &file, "--fields", "email,name"];
    let output = run(&fake.url, &arguments).await;
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let told = format!("byline: {file}: all places are taken; trying again in 500ms\n");
    assert!(stderr(&output).starts_with(&told), "{}", stderr(&output));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), CSV);
    let asked = fake.exports();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|it| it == &asked[0]));
}

#[tokio::test]
async fn a_server_that_refuses_is_asked_once() {
    let wrong = || Status::invalid_argument("filter has no end");
    let fake = Fake::exporting_after([wrong(), wrong()], users()).await;
    // Without a scheme too.
    let address = fake.url.trim_start_matches("http://");
    let arguments = ["export", "users", "-", "--format", "csv"];
    let output = run(address, &arguments).await;
    assert_eq!(code(&output), 1);
    let told = "byline: standard output: filter has no end; the export is not whole\n";
    assert_eq!(stderr(&output), told);
    assert_eq!(fake.exports().len(), 1);
}

#[tokio::test]
async fn a_stream_that_breaks_leaves_what_was_there_before() {
    let fake = Fake::exporting(users(), Then::Fail(Status::unavailable("it is away"))).await;
    let folder = Folder::new();
    let new = folder.place("new.csv");
    let old = folder.file("old.csv", "before");
    for file in [&new, &old] {
        let output = run(&fake.url, &["export", "users", file]).await;
        assert_eq!(code(&output), 1);
        let told = format!("byline: {file}: it is away; the export is not whole\n");
        assert_eq!(stderr(&output), told);
    }
    assert_eq!(folder.names(), ["old.csv"]);
    assert_eq!(std::fs::read_to_string(&old).unwrap(), "before");
    // There is no other way for what is passed on at once.
    let output = run(&fake.url, &["export", "users", "-", "--format", "csv"]).await;
    assert_eq!(code(&output), 1);
}

#[tokio::test]
async fn an_interruption_leaves_nothing_behind() {
    let fake = Fake::exporting(users(), Then::Silence).await;
    let folder = Folder::new();
    let child = command(&fake.url, &["export", "users", &folder.place("users.csv")])
        .spawn()
        .unwrap();
    eventually("it writes", async || {
        let names = folder.names();
        let size = |name: &String| std::fs::metadata(folder.path(name)).map_or(0, |it| it.len());
        names
            .iter()
            .any(|name| name.contains(".part") && size(name) > 0)
    })
    .await;
    interrupt(&child);
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("interrupted"),
        "{}",
        stderr(&output)
    );
    assert_eq!(folder.names(), Vec::<String>::new());
}

#[tokio::test]
async fn a_reader_that_has_enough_ends_it_quietly() {
    let fake = Fake::exporting(users(), Then::Repeat).await;
    let mut child = command(&fake.url, &["export", "users", "-", "--format", "csv"])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next_line().await.unwrap().unwrap();
    assert!(first.starts_with("id,email,"));
    drop(lines);
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(code(&output), 1);
    assert_eq!(stderr(&output), "");
}

#[tokio::test]
async fn a_reader_that_waits_holds_no_interruption_up() {
    let fake = Fake::exporting(users(), Then::Repeat).await;
    let mut child = command(&fake.url, &["export", "users", "-", "--format", "csv"])
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    let mut lines = BufReader::new(stdout).lines();
    lines.next_line().await.unwrap().unwrap();
    interrupt(&child);
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("interrupted"),
        "{}",
        stderr(&output)
    );
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_told() {
    let fake = Fake::exporting(users(), Then::End).await;
    let folder = Folder::new();
    for (options, told) in [
        (
            ["--fields", "shoe_size"],
            "there is no field \"shoe_size\": expected some of id, email",
        ),
        (
            ["--fields", "post_count"],
            "there is no field \"post_count\"",
        ),
        (["--fields", "email,email"], "email is there twice"),
    ] {
        let file = folder.place("users.csv");
        let output = run(
            &fake.url,
            &[&["export", "users", &file], &options[..]].concat(),
        )
        .await;
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(told), "{}", stderr(&output));
    }
    let output = run(&fake.url, &["export", "users", &folder.place("users.txt")]).await;
    assert_eq!(code(&output), 2);
    assert!(fake.exports().is_empty());
    let output = run(
        &fake.url,
        &["export", "users", &folder.place("no/users.csv")],
    )
    .await;
    assert_eq!(code(&output), 1);
}

#[tokio::test]
async fn a_file_is_its_owners_alone_or_as_it_was_and_a_link_stays_a_link() {
    let fake = Fake::exporting(users(), Then::End).await;
    let folder = Folder::new();
    let mode = |name: &str| std::fs::metadata(name).unwrap().permissions().mode() & 0o777;
    let new = folder.place("new.csv");
    let output = run(&fake.url, &["export", "users", &new]).await;
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(mode(&new), 0o600);
    let real = folder.file("real.csv", "before");
    let link = folder.place("link.csv");
    std::os::unix::fs::symlink(&real, &link).unwrap();
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    let output = run(
        &fake.url,
        &["export", "users", &link, "--fields", "email,name"],
    )
    .await;
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(std::fs::read_to_string(&real).unwrap(), CSV);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(mode(&real), 0o640);
    // What is no file is written to as it is.
    let output = run(
        &fake.url,
        &["export", "users", "/dev/null", "--format", "csv"],
    )
    .await;
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_ne!(std::fs::metadata("/dev/null").unwrap().rdev(), 0);
}
