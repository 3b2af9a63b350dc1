//! Through imports and exports.

use byline_persistence::testing::TestDatabase;

use super::commands::run;
use super::marks::{self, Bound, CONTENT, EMAIL, NAME, TOKEN};
use crate::access::key;
use crate::support::Server;

/// Files that cannot be imported, and of what.
fn files() -> [(&'static str, &'static str, String); 13] {
    let id = "00000000-0000-4000-8000-000000000001";
    [
        (
            "no_header.csv",
            "users",
            format!("{EMAIL}@example.com,{NAME}\n"),
        ),
        (
            "cells.csv",
            "users",
            format!("email,name\n{EMAIL}@example.com,{NAME},{NAME}\n"),
        ),
        (
            "quotes.csv",
            "users",
            format!("email,name\n{EMAIL}@example.com,{NAME}\"\n"),
        ),
        (
            "wrong.csv",
            "users",
            format!("email,name,role\n{EMAIL},{NAME}\u{7},{}\n", NAME.repeat(9)),
        ),
        (
            "twice.csv",
            "users",
            format!("email\n{EMAIL}@example.com\n{EMAIL}@EXAMPLE.com\n"),
        ),
        (
            "flag.csv",
            "users",
            format!("email,is_active\n{EMAIL}@example.com,{NAME}\n"),
        ),
        (
            "posts.csv",
            "posts",
            format!("title,content,author_id\n{NAME},{CONTENT},{id}\n"),
        ),
        ("text.jsonl", "users", format!("\"{EMAIL}@example.com\"\n")),
        (
            "name.jsonl",
            "users",
            format!("{{\"{EMAIL}@example.com\": 1}}\n"),
        ),
        (
            "type.jsonl",
            "users",
            format!("{{\"email\": [\"{EMAIL}@example.com\"]}}\n"),
        ),
        (
            "time.jsonl",
            "users",
            format!("{{\"email\": \"{EMAIL}@example.com\", \"createdAt\": \"{NAME}\"}}\n"),
        ),
        (
            "half.jsonl",
            "users",
            format!("{{\"email\": \"{EMAIL}@example.com\", \"name\": \"{NAME}"),
        ),
        (
            "author.jsonl",
            "posts",
            format!("{{\"title\": \"{NAME}\", \"authorId\": \"{CONTENT}\"}}\n"),
        ),
    ]
}

#[tokio::test]
async fn no_import_says_what_stands_in_its_file() {
    let database = TestDatabase::new().await;
    let random = *b"00000001tkzkqv84mtxb5rghtkzkqv84mtxb5rgh";
    let scopes = "transfer,users.write,posts.write,users.read";
    let token = key(&database, "importer", random, scopes).await;
    let server = Server::serve(
        &database.service_url(),
        &["--auth", "keys", "--log", "trace"],
    )
    .await;
    let address = format!("http://{}", server.address);
    let folder = tempfile::tempdir().unwrap();
    let environment = [("BYLINE_SERVER", &*address), ("BYLINE_TOKEN", &token)];
    let wrong = [("BYLINE_SERVER", &*address), ("BYLINE_TOKEN", TOKEN)];
    for (name, what, holds) in files() {
        let file = folder.path().join(name);
        std::fs::write(&file, holds).unwrap();
        let file = file.to_str().unwrap();
        for options in [&[][..], &["--json"], &["--each"]] {
            let import = [&["import", what, file, "--log", "trace"], options].concat();
            let is_done = run(&import, &environment).await;
            // Of two rows of one address one is kept.
            assert!(!is_done || options == ["--each"], "{import:?}");
        }
        assert!(!run(&["import", what, file], &wrong).await);
    }
    let out = folder.path().join("out.csv");
    let export = [
        "export",
        "users",
        out.to_str().unwrap(),
        "--filter",
        "name = (",
        "--force",
    ];
    run(&export, &environment).await;
    if let Some((mark, line)) = marks::found(server.log().as_bytes(), Bound::Asked) {
        panic!("{mark} was logged: {line}");
    }
}
