//! Callers that are known by the certificates of their connections.

use byline_domain::access::ApiKey;
use byline_grpc::pb;
use byline_grpc::pb::user_service_client::UserServiceClient;
use byline_persistence::testing::TestDatabase;
use rcgen::SanType;
use tonic::Status;

use super::tokens::Key;
use super::{key, with_token};
use crate::support::{PROGRAM, Server, eventually, reason};
use crate::transport::certificates::{Ca, Client, Folder};

async fn serve(database: &TestDatabase, folder: &Folder, more: &[&str]) -> Server {
    let options = folder.options();
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    Server::serve(&database.service_url(), &[&options[..], more].concat()).await
}

/// Lists users over a connection of that client.
async fn list(server: &Server, client: &Client, token: Option<&str>) -> Result<(), Status> {
    let mut users = UserServiceClient::new(client.channel(server.address).await.unwrap());
    let request = pb::ListUsersRequest::default();
    let request = match token {
        Some(token) => with_token(request, token),
        None => tonic::Request::new(request),
    };
    users.list_users(request).await.map(drop)
}

#[tokio::test]
async fn a_certificate_gives_what_was_granted_to_its_name() {
    let (database, ca) = (TestDatabase::new().await, Ca::new());
    let folder = Folder::new(&ca.server());
    folder.replace("ca.pem", &ca.pem());
    let grants = [
        "--mtls-grant",
        "spiffe://example.org/web=reader",
        "--mtls-grant",
        "Job.example.org=users.write",
    ];
    let server = serve(
        &database,
        &folder,
        &[&["--auth", "keys,mtls"], &grants[..]].concat(),
    )
    .await;

    let uri = |uri: &str| SanType::URI(uri.try_into().unwrap());
    let dns = |name: &str| SanType::DnsName(name.try_into().unwrap());
    let showing = |name| Client::of(&ca).showing(&ca.client(name));
    let web = showing(uri("spiffe://example.org/web"));
    list(&server, &web, None).await.unwrap();
    for (name, why) in [
        (dns("job.example.org"), "SCOPE_MISSING"),
        (dns("web"), "SCOPE_MISSING"),
        (uri("spiffe://example.org/Web"), "SCOPE_MISSING"),
        (uri("https://example.org/web"), "CREDENTIALS_INVALID"),
        (dns("*.example.org"), "CREDENTIALS_INVALID"),
    ] {
        let refused = list(&server, &showing(name.clone()), None)
            .await
            .unwrap_err();
        assert_eq!(reason(&refused), why, "{name:?}");
    }
    let nobody = list(&server, &Client::of(&ca), None).await.unwrap_err();
    assert_eq!(reason(&nobody), "CREDENTIALS_MISSING");
    // A token counts alone: a proxy's certificate gives nothing to who comes through it.
    let refused = list(&server, &web, Some("byl_made_up")).await.unwrap_err();
    assert_eq!(reason(&refused), "CREDENTIALS_INVALID");
}

#[tokio::test]
async fn of_all_ways_at_once_each_caller_is_known_by_its_own() {
    let (database, ca) = (TestDatabase::new().await, Ca::new());
    let folder = Folder::new(&ca.server());
    folder.replace("ca.pem", &ca.pem());
    let issuer = Key::new("first");
    folder.replace("jwks.json", &issuer.set());
    let jwks = folder.path("jwks.json");
    let key = key(&database, "web", [7; ApiKey::RANDOM_BYTES], "users.read").await;
    let options = [
        "--auth",
        "keys,jwt,mtls",
        "--mtls-grant",
        "web=users.read",
        "--jwt-issuer",
        "https://issuer.example",
        "--jwt-audience",
        "byline",
        "--jwks",
        jwks.to_str().unwrap(),
    ];
    let server = serve(&database, &folder, &options).await;
    let name = SanType::DnsName("web".try_into().unwrap());
    let of_nobody = Client::of(&ca);
    let web = Client::of(&ca).showing(&ca.client(name));
    let token = issuer.token("users.read", 60);
    for (client, shown, known_as) in [
        (&of_nobody, Some(key.as_str()), "key:web"),
        (&of_nobody, Some(token.as_str()), "jwt:web"),
        (&web, None, "mtls:web"),
        // A token counts alone.
        (&web, Some(key.as_str()), "key:web"),
        (&web, Some(token.as_str()), "jwt:web"),
    ] {
        let before = server.calls().len();
        list(&server, client, shown).await.unwrap();
        eventually("it is logged", async || server.calls().len() > before).await;
        assert_eq!(server.calls()[before]["caller"], known_as);
    }
    let nobody = list(&server, &of_nobody, None).await.unwrap_err();
    assert_eq!(reason(&nobody), "CREDENTIALS_MISSING");
}

#[tokio::test]
async fn certificates_that_are_not_asked_for_let_nobody_in() {
    let (database, ca) = (TestDatabase::new().await, Ca::new());
    let folder = Folder::new(&ca.server());
    folder.replace("ca.pem", &ca.pem());
    let grant = ["--mtls-grant", "web=admin"];
    let server = serve(
        &database,
        &folder,
        &[&["--auth", "keys"], &grant[..]].concat(),
    )
    .await;
    let name = SanType::DnsName("web".try_into().unwrap());
    let web = Client::of(&ca).showing(&ca.client(name));
    let refused = list(&server, &web, None).await.unwrap_err();
    assert_eq!(reason(&refused), "CREDENTIALS_MISSING");
}

#[tokio::test]
async fn ways_that_cannot_work_are_told_at_the_start() {
    let database = TestDatabase::new().await;
    for (options, says) in [
        (
            &["--auth", "mtls"][..],
            "--auth mtls needs --tls-cert, --tls-key and --client-ca",
        ),
        (&["--auth", "jwt"], "--auth jwt needs --jwks"),
        (
            &["--auth", "keys", "--mtls-grant", "web"],
            "expected NAME=SCOPES",
        ),
    ] {
        let refused = tokio::process::Command::new(PROGRAM)
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--database-url",
                &database.service_url(),
            ])
            .args(options)
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success());
        assert!(said.contains(says), "{options:?}: {said}");
    }
}
