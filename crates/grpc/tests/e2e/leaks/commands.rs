//! Through the commands of operators.

use std::process::Stdio;

use byline_domain::access::ApiKey;
use byline_persistence::testing::{OWNER, TestDatabase};
use tokio::process::Command;

use super::marks::{self, Bound, CONTENT, DATABASE, EMAIL, NAME, PEPPER, TOKEN, hex};
use crate::access::key;
use crate::support::{PROGRAM, Server};

/// Runs the program, and looks at all that it says; answers whether it did what it was told.
async fn run(arguments: &[&str], environment: &[(&str, &str)]) -> bool {
    let output = Command::new(PROGRAM)
        .args(arguments)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    for said in [&output.stdout, &output.stderr] {
        assert!(
            !String::from_utf8_lossy(said).contains("panicked"),
            "{arguments:?}"
        );
        if let Some((mark, line)) = marks::found(said, Bound::Asked) {
            panic!("{arguments:?} says {mark}: {line}");
        }
    }
    output.status.success()
}

/// The commands over a database.
const COMMANDS: [&[&str]; 12] = [
    &["doctor"],
    &["doctor", "--json"],
    &["keys", "list"],
    &["keys", "revoke", "0123456789abcdef"],
    &["purge", "--dry-run"],
    &["migrate", "current"],
    &["migrate", "up"],
    &["migrate", "verify"],
    &["migrate", "history"],
    &["database", "grant", "--service-role", "test_service"],
    &["search-language", "english"],
    &[
        "serve",
        "--auth",
        "none",
        "--listen",
        "127.0.0.1:0",
        "--page-token-key",
        "-",
    ],
];

#[tokio::test]
async fn no_command_says_what_is_secret_in_the_url_of_its_database() {
    let database = TestDatabase::new().await;
    let owner = database.url_as(OWNER);
    let good = format!("{owner}&password={DATABASE}&pasword={DATABASE}&{DATABASE}");
    let mut done = 0;
    for command in COMMANDS {
        let traced = [command, &["--log", "trace"]].concat();
        let by_environment = run(&traced, &[("BYLINE_DATABASE_URL", &good)]).await;
        done += usize::from(by_environment);
    }
    assert!(done >= 5, "{done} commands did something");
    for bad in [
        format!("postgres://{TOKEN}:{DATABASE}@127.0.0.1:1/byline"),
        format!("postgres://user:{DATABASE}@127.0.0.1:99999/byline"),
        format!("postgres://user:{DATABASE}@no-such-host.invalid/byline"),
        format!("postgres://user:{DATABASE}@[::1/byline"),
        format!("postgres://user:{DATABASE}%zz@127.0.0.1:1/byline?sslmode={DATABASE}"),
        format!("postgres://127.0.0.1:1/byline?port={DATABASE}"),
        format!(
            "postgres://127.0.0.1:1/byline?sslcert={TOKEN}&sslmode=require&password={DATABASE}"
        ),
        format!("postgres://127.0.0.1:1/byline?options=-c%20{DATABASE}"),
        format!("mysql://user:{DATABASE}@127.0.0.1/byline"),
        format!("user:{DATABASE}@127.0.0.1/byline"),
        owner.replace(OWNER, &format!("nobody&password={DATABASE}")),
    ] {
        for command in [
            COMMANDS[0],
            COMMANDS[2],
            COMMANDS[5],
            COMMANDS[6],
            COMMANDS[11],
        ] {
            let given = [command, &["--database-url", &bad]].concat();
            assert!(!run(&given, &[]).await, "{command:?}");
        }
        let check = ["migrate", "check", "--scratch-url", &bad, "--no-fetch"];
        assert!(!run(&check, &[]).await);
        // Whoever forgets the option.
        assert!(!run(&["doctor", &bad], &[]).await);
        assert!(!run(&["serve", "--auth", "none", "--", &bad], &[]).await);
    }
}

#[tokio::test]
async fn no_command_says_what_is_secret_in_its_options() {
    let key_of_marks = ApiKey::from_random(*b"00000009tkzkqv84mtxb5rghtkzkqv84mtxb5rgh").reveal();
    let cut_off = &key_of_marks[..90];
    let pepper = format!("1:{}", hex(PEPPER));
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{TOKEN}\n-----END PRIVATE KEY-----");
    let url = "postgres://127.0.0.1:1/byline";
    let serve = [
        "serve",
        "--auth",
        "none",
        "--listen",
        "127.0.0.1:0",
        "--database-url",
        url,
    ];
    let wrong_server = format!("ftp://user:{TOKEN}@127.0.0.1:1");
    let with_password = format!("https://user:{TOKEN}@127.0.0.1:1");
    let token_of_jwks = format!("https://127.0.0.1:1/jwks?key={TOKEN}");
    let password_of_jwks = format!("https://user:{TOKEN}@127.0.0.1:1/jwks");
    let odd_token = format!("{TOKEN}\n");
    for options in [
        &["keys", "revoke", cut_off, "--database-url", url][..],
        &["keys", "revoke", &key_of_marks, "--database-url", url],
        &[&serve[..], &["--page-token-key", TOKEN]].concat(),
        &[&serve[..], &["--page-token-key", &format!("-{TOKEN}")]].concat(),
        &[&serve[..], &["--password-pepper", TOKEN]].concat(),
        &[
            &serve[..],
            &["--password-pepper", &pepper, "--argon2-iterations", "99"],
        ]
        .concat(),
        &[&serve[..], &["--tls-key", &pem, "--tls-cert", "/dev/null"]].concat(),
        &[&serve[..], &["--jwks", &token_of_jwks]].concat(),
        &[
            "serve",
            "--auth",
            "jwt",
            "--database-url",
            url,
            "--jwks",
            &password_of_jwks,
            "--jwt-issuer",
            "i",
            "--jwt-audience",
            "a",
        ],
        &["import", "users", "/no/such.csv", "--token", &odd_token],
        &[
            "export",
            "users",
            "/tmp/x.csv",
            "--token",
            TOKEN,
            "--server",
            "http://192.0.2.1:1",
        ],
        &[
            "export",
            "users",
            "-",
            "--format",
            "csv",
            "--token",
            TOKEN,
            "--server",
            "http://127.0.0.1:1",
        ],
        &[
            "export",
            "users",
            "-",
            "--format",
            "csv",
            "--server",
            &wrong_server,
        ],
        &[
            "export",
            "users",
            "-",
            "--format",
            "csv",
            "--server",
            &with_password,
        ],
    ] {
        assert!(!run(options, &[]).await, "{options:?}");
    }
}

#[tokio::test]
async fn no_command_says_what_is_secret_in_its_environment() {
    let environment = [
        ("BYLINE_DATABASE_URL", TOKEN),
        ("BYLINE_PAGE_TOKEN_KEY", TOKEN),
        ("BYLINE_PASSWORD_PEPPER", TOKEN),
        ("BYLINE_JWKS", TOKEN),
        ("BYLINE_TOKEN", TOKEN),
        ("BYLINE_SERVER", TOKEN),
        ("BYLINE_SCRATCH_URL", TOKEN),
    ];
    for command in [
        "serve",
        "dev",
        "doctor",
        "import",
        "export",
        "keys create",
        "migrate check",
    ] {
        let words: Vec<_> = command.split(' ').chain(["--help"]).collect();
        assert!(run(&words, &environment).await, "{command}");
    }
    assert!(!run(&["serve", "--auth", "none"], &environment).await);
}

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
