//! API keys from their making to their end.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::process::Output;
use std::time::{Duration, Instant};

use byline_grpc::pb;
use byline_persistence::testing::{OWNER, rows};
use sha2::{Digest, Sha256};
use tokio::process::Command;
use tonic::Code;

use super::{guarded, with_token};
use crate::errors::shown;
use crate::support::{PROGRAM, World, eventually, reason};

/// `byline keys` over the database of that world.
async fn keys(world: &World, arguments: &[&str]) -> Output {
    Command::new(PROGRAM)
        .arg("keys")
        .args(arguments)
        .args(["--database-url", &world.database.url_as(OWNER)])
        .output()
        .await
        .unwrap()
}

fn printed(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// In hex too.
fn sha256_of_hex(hex: &str) -> String {
    let digits = hex.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let hash = Sha256::digest(digits.map(byte).collect::<Vec<_>>());
    hash.iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

async fn list(world: &World, token: &str) -> Result<(), tonic::Status> {
    let request = with_token(pb::ListUsersRequest::default(), token);
    world.users.clone().list_users(request).await.map(drop)
}

#[tokio::test]
async fn a_key_is_good_from_when_it_is_made_until_it_is_revoked() {
    let (world, [other]) = guarded(["users.read"]).await;
    list(&world, &other).await.unwrap();

    let role = ["--name", "web", "--role", "reader", "--expires-in", "90d"];
    let made = keys(&world, &[&["create"][..], &role].concat()).await;
    let token = printed(&made);
    let token = token.strip_suffix('\n').unwrap();
    assert!(token.starts_with("byl_") && !token.contains(char::is_whitespace));
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    assert!(
        said.contains("of web, with users.read, posts.read"),
        "{said}"
    );
    eventually("the key is known", || async {
        list(&world, token).await.is_ok()
    })
    .await;

    // Whoever reads all that is kept of it cannot call with it.
    let secret = &token[21..85];
    let mut connection = world.database.connection().await;
    let kept = "select to_jsonb(api_keys)::text from api_keys where name = 'web'";
    let kept = rows(&mut connection, kept).await.concat();
    assert!(kept.contains(&sha256_of_hex(secret)), "{kept}");
    assert!(!kept.contains(&secret[..16]), "{kept}");
    let holds = "select (expires_at - created_at)::text from api_keys where name = 'web'";
    assert_eq!(rows(&mut connection, holds).await, ["90 days"]);

    let id = &token[4..20];
    let listed = printed(&keys(&world, &["list"]).await);
    let line = listed.lines().find(|line| line.contains(id)).unwrap();
    for part in ["web", "users.read, posts.read", "expires 20"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(!listed.contains(&token[21..40]), "{listed}");

    assert_eq!(
        printed(&keys(&world, &["revoke", id]).await),
        format!("revoked key {id} of web\n")
    );
    eventually("the key is refused", || async {
        matches!(list(&world, token).await, Err(status)
            if (status.code(), reason(&status).as_str())
                == (Code::Unauthenticated, "CREDENTIALS_INVALID"))
    })
    .await;
    let listed = printed(&keys(&world, &["list"]).await);
    assert!(listed.contains("revoked 20"), "{listed}");
    list(&world, &other)
        .await
        .expect("others are not concerned");
    // A secret is never told again, whatever is logged.
    assert!(!world.server.log().contains(&token[21..40]));
}

#[tokio::test]
async fn a_key_that_has_expired_is_told_apart() {
    let (world, []) = guarded([]).await;
    let name = ["create", "--name", "batch", "--scopes", "users.read"];
    let was_good = Cell::new(false);
    // A busy machine may take longer than a key is good before it calls with it.
    for seconds in [1, 3, 8] {
        let began = Instant::now();
        let lasting = format!("{seconds}s");
        let made = keys(&world, &[&name[..], &["--expires-in", &lasting]].concat()).await;
        let token = printed(&made).trim().to_owned();
        eventually("the key has expired", || async {
            match list(&world, &token).await {
                Ok(()) => was_good.set(true),
                Err(status) if reason(&status) == "CREDENTIALS_EXPIRED" => return true,
                Err(status) => assert_eq!(reason(&status), "CREDENTIALS_INVALID", "not known yet"),
            }
            false
        })
        .await;
        let ended = began.elapsed();
        assert!(ended >= Duration::from_secs(seconds), "{ended:?}");
        if was_good.get() {
            break;
        }
    }
    assert!(was_good.get(), "it is good before");
    let listed = printed(&keys(&world, &["list"]).await);
    assert!(listed.contains("expired 20"), "{listed}");
}

#[tokio::test]
async fn two_keys_of_one_name_have_nothing_in_common() {
    let (world, []) = guarded([]).await;
    let mut parts = BTreeSet::new();
    for _ in 0..2 {
        let name = ["create", "--name", "web", "--role", "reader"];
        let token = printed(&keys(&world, &name).await).trim().to_owned();
        let (id, secret) = (&token[4..20], &token[21..85]);
        // Neither has a part that stands in the other, or twice in itself.
        parts.insert(id.to_owned());
        for at in (0..64).step_by(16) {
            parts.insert(secret[at..at + 16].to_owned());
        }
    }
    assert_eq!(
        parts.len(),
        2 * 5,
        "of two ids and eight quarters of secrets"
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_key_to_be_made_is_told() {
    let (world, []) = guarded([]).await;
    for (arguments, says) in [
        (&["create", "--name", "web"][..], "--scopes"),
        (
            &["create", "--name", "web", "--scopes", "users"],
            "users.write",
        ),
        (
            &["create", "--name", "web", "--role", "root"],
            "reader, editor, admin",
        ),
        (
            &[
                "create", "--name", "web", "--role", "admin", "--scopes", "transfer",
            ],
            "cannot be used",
        ),
        (&["create", "--name", "", "--role", "admin"], "is required"),
        (
            &[
                "create",
                "--name",
                "web",
                "--role",
                "admin",
                "--expires-in",
                "0s",
            ],
            "more than 0s",
        ),
        (&["revoke", "web"], "16 hex digits"),
        (
            &["revoke", "0123456789abcdef"],
            "there is no key 0123456789abcdef",
        ),
    ] {
        let refused = keys(&world, arguments).await;
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success(), "{arguments:?}");
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn a_call_is_logged_with_its_caller_and_costs_no_statement_more() {
    let (world, [token]) = guarded(["users.read"]).await;
    list(&world, &token).await.unwrap();
    eventually("it is logged", || async {
        !world.server.calls().is_empty()
    })
    .await;
    let calls = world.server.calls();
    assert_eq!(calls[0]["caller"], "key:caller 0");
    assert_eq!(calls[0]["statements"], 1);
}

#[tokio::test]
async fn every_refusal_says_what_to_do() {
    let (world, [token]) = guarded([""]).await;
    let mut users = world.users.clone();
    let missing = users.list_users(pb::ListUsersRequest::default()).await;
    insta::assert_snapshot!("credentials_missing", shown(&missing.unwrap_err()));
    let invalid = list(&world, &token[..token.len() - 1]).await;
    insta::assert_snapshot!("credentials_invalid", shown(&invalid.unwrap_err()));
    let lacking = list(&world, &token).await;
    insta::assert_snapshot!("scope_missing", shown(&lacking.unwrap_err()));
}

#[tokio::test]
async fn exports_and_imports_are_made_with_a_key() {
    let (world, [reader, writer]) =
        guarded(["transfer, users.read", "transfer, users.write"]).await;
    let run = async |arguments: &[&str], token: &str| {
        Command::new(PROGRAM)
            .args(arguments)
            .args(["--server", &format!("http://{}", world.server.address)])
            .env("BYLINE_TOKEN", token)
            .output()
            .await
            .unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.csv");
    std::fs::write(&file, "email\nada@example.com\n").unwrap();
    let file = file.to_str().unwrap();
    let imported = run(&["import", "users", file], &writer).await;
    assert!(imported.status.success(), "{imported:?}");
    let export = [
        "export", "users", "-", "--format", "csv", "--fields", "email",
    ];
    let exported = printed(&run(&export, &reader).await);
    assert!(exported.ends_with(",ada@example.com\n"), "{exported}");
    let refused = run(&export, &writer).await;
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success());
    assert!(said.contains("it lacks users.read"), "{said}");
}
