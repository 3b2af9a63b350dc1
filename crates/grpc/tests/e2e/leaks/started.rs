//! Through what operators start and make.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use byline_grpc::pb;
use byline_grpc::pb::user_service_client::UserServiceClient;
use byline_persistence::testing::{OWNER, TestDatabase};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tonic::transport::Endpoint;

use super::BY_TOKENS;
use super::marks::{self, Bound, DATABASE, PAGE_KEY, PEPPER, TOKEN, hex};
use crate::support::{PROGRAM, Server, eventually};

#[tokio::test]
async fn a_key_that_is_made_is_printed_and_nowhere_else() {
    let database = TestDatabase::new().await;
    let made = Command::new(PROGRAM)
        .args([
            "keys", "create", "--name", "web", "--role", "reader", "--log", "trace",
        ])
        .args(["--database-url", &database.url_as(OWNER)])
        .output()
        .await
        .unwrap();
    let (key, said) = (made.stdout, String::from_utf8(made.stderr).unwrap());
    let key = String::from_utf8(key).unwrap();
    let (_, secret) = key.trim().rsplit_once('_').unwrap();
    assert_eq!(secret.len(), 72);
    let parts = secret.as_bytes().chunks_exact(8);
    for part in parts.map(|part| str::from_utf8(part).unwrap()) {
        assert!(!said.contains(part), "{said}");
    }
}

#[tokio::test]
async fn a_server_to_try_says_nothing_of_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let said = folder.path().join("said");
    let data = folder.path().join("data");
    let mut dev = Command::new(PROGRAM)
        .args([
            "dev",
            "--no-demo",
            "--listen",
            "127.0.0.1:0",
            "--log",
            "trace",
        ])
        .args(["--page-token-key", &hex(PAGE_KEY)])
        .args(["--password-pepper", &format!("1:{}", hex(PEPPER))])
        .arg("--data-dir")
        .arg(data)
        .env("PGPASSWORD", DATABASE)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&said).unwrap())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(dev.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap_or_default();
    assert!(line.starts_with("listening on "), "{line}");
    // Once a call is answered, it also heeds signals.
    let address = line.trim_start_matches("listening on ");
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let mut users = UserServiceClient::new(channel.connect().await.unwrap());
    let listed = users.list_users(pb::ListUsersRequest::default()).await;
    listed.unwrap();
    let id = dev.id().unwrap().to_string();
    let stopped = Command::new("kill").args(["-TERM", &id]).status().await;
    assert!(stopped.unwrap().success());
    assert!(dev.wait().await.unwrap().success());
    let said = std::fs::read(said).unwrap();
    let text = String::from_utf8_lossy(&said);
    assert!(!text.contains("panicked"));
    let warned = text.lines().any(|line| {
        line.contains("WARN")
            && line.contains("everybody who reaches this server may do everything")
    });
    assert!(warned, "whoever starts it is warned of whom it lets in");
    assert_eq!(marks::found(&said, Bound::Asked), None);
}

#[tokio::test]
async fn of_the_url_of_a_key_set_nothing_is_logged_that_may_be_secret() {
    let database = TestDatabase::new().await;
    let url = format!("https://127.0.0.1:1/jwks?key={TOKEN}");
    let options = [&BY_TOKENS[..], &["--jwks", &url, "--log", "trace"]].concat();
    let server = Server::serve(&database.service_url(), &options).await;
    eventually("it is told that there is none", || async {
        server.log().contains("https://127.0.0.1:1/jwks?…")
    })
    .await;
    assert_eq!(marks::found(server.log().as_bytes(), Bound::Asked), None);
}
