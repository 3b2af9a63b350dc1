//! Calls over TLS, and who is let in.

use std::time::{Duration, Instant};

use byline_grpc::pb;
use byline_grpc::pb::user_service_client::UserServiceClient;
use byline_persistence::testing::TestDatabase;
use rcgen::SanType;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::certificates::{Ca, Client, Folder};
use super::{SOON, Watching, check_health, closing, is_served};
use crate::support::{PROGRAM, Server, eventually, reason};

async fn serve(database: &TestDatabase, folder: &Folder, more: &[&str]) -> Server {
    let options = folder.options();
    let mut options: Vec<_> = options.iter().map(String::as_str).collect();
    options.extend(more);
    Server::serve(&database.service_url(), &options).await
}

#[tokio::test]
async fn whoever_knows_the_ca_calls_over_tls() {
    let (database, ca) = (TestDatabase::new().await, Ca::new());
    let folder = Folder::new(&ca.server());
    let server = serve(&database, &folder, &[]).await;
    let client = Client::of(&ca);
    for version in [&TLS12, &TLS13] {
        let client = client.clone().by(version);
        assert!(client.is_served(server.address).await, "{version:?}");
    }
    assert!(!Client::of(&Ca::new()).is_served(server.address).await);
    let mut of_the_web = client;
    of_the_web.protocols = vec![b"http/1.1".to_vec()];
    assert!(of_the_web.stream(server.address).await.is_err());
}

#[tokio::test]
async fn a_handshake_ends_in_time_and_holds_up_nobody() {
    let (database, ca) = (TestDatabase::new().await, Ca::new());
    let folder = Folder::new(&ca.server());
    let bounds = ["--handshake-timeout", "3s", "--preface-timeout", "4s"];
    let server = serve(&database, &folder, &bounds).await;
    let connect = || async { TcpStream::connect(server.address).await.unwrap() };
    let watching = Watching::secured(&server, Client::of(&ca));

    let began = Instant::now();
    let mut silent = Vec::new();
    for number in 0..50 {
        let mut stream = connect().await;
        if number % 2 == 0 {
            // The record of a ClientHello, and the first bytes of it.
            stream
                .write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
                .await
                .unwrap();
        }
        silent.push(stream);
    }
    // Its handshake is done, and then it says nothing.
    let mut secured = Client::of(&ca).stream(server.address).await.unwrap();
    assert!(Client::of(&ca).is_served(server.address).await);
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "nobody has waited"
    );
    for stream in &mut silent {
        closing(stream).await;
    }
    assert!(began.elapsed() >= Duration::from_secs(3));
    closing(&mut secured).await;
    assert!(began.elapsed() >= Duration::from_secs(4));

    let mut in_the_clear = connect().await;
    in_the_clear
        .write_all(super::frames::PREFACE)
        .await
        .unwrap();
    let took = closing(&mut in_the_clear).await;
    assert!(took < Duration::from_millis(900), "{took:?}");
    assert!(Client::of(&ca).is_served(server.address).await);
    watching.end().await;
}

#[tokio::test]
async fn clients_show_a_certificate_of_the_client_ca() {
    let (database, ca) = (TestDatabase::new().await, Ca::new());
    let folder = Folder::new(&ca.server());
    let (clients, others) = (Ca::new(), Ca::new());
    folder.replace("ca.pem", &clients.pem());
    let options = [
        "--auth",
        "mtls",
        "--log",
        "info,byline_grpc::transport=debug",
    ];
    let server = serve(&database, &folder, &options).await;

    let workload = || SanType::URI("spiffe://example.org/web".try_into().unwrap());
    let host = SanType::DnsName("Web.Example.org".try_into().unwrap());
    let client = Client::of(&ca);
    for (identity, name) in [
        (clients.client(workload()), "spiffe://example.org/web"),
        (clients.client(host), "web.example.org"),
    ] {
        for version in [&TLS12, &TLS13] {
            let client = client.clone().showing(&identity).by(version);
            let channel = client.channel(server.address).await.unwrap();
            check_health(channel).await.unwrap();
        }
        let named = format!("\"certificate\":\"{name}\"");
        assert_eq!(server.log().matches(&named).count(), 2, "{}", server.log());
    }
    let of_another_ca = client.clone().showing(&others.client(workload()));
    let of_a_server = client.clone().showing(&clients.server());
    let of_yesterday = client.clone().showing(&clients.client_of_yesterday());
    for stranger in [of_another_ca, of_a_server, of_yesterday] {
        for version in [&TLS12, &TLS13] {
            let stranger = stranger.clone().by(version);
            assert!(!stranger.is_served(server.address).await, "{version:?}");
        }
    }
    eventually("it is told why", async || {
        server.log().contains("certificate expired")
    })
    .await;
}

/// The hello of a client that speaks TLS 1.1 at most (RFC 4346, section 7.4.1.2).
fn hello_of_old() -> Vec<u8> {
    let mut hello = vec![3, 2];
    hello.extend([7; 32]);
    // No session; suites of 1.2 as well as of 1.1; no compression.
    hello.extend([0, 0, 6, 0xc0, 0x2b, 0xc0, 0x09, 0, 0x2f, 1, 0]);
    // A curve, and a signature, so that nothing but the version is wrong.
    let extensions = [0, 10, 0, 4, 0, 2, 0, 23, 0, 13, 0, 4, 0, 2, 4, 3];
    hello.extend([0, extensions.len().try_into().unwrap()]);
    hello.extend(extensions);
    let length: u8 = hello.len().try_into().unwrap();
    let mut record = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.extend(hello);
    record
}

#[tokio::test]
async fn what_speaks_tls_of_old_alone_is_told_so_and_closed() {
    let (database, ca) = (TestDatabase::new().await, Ca::new());
    let folder = Folder::new(&ca.server());
    let server = serve(&database, &folder, &[]).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&hello_of_old()).await.unwrap();
    let mut said = Vec::new();
    let read = tokio::time::timeout(SOON, stream.read_to_end(&mut said));
    read.await.expect("it is closed").unwrap();
    // One record of an alert: fatal, protocol_version.
    assert_eq!(said[0], 21, "{said:?}");
    assert_eq!(said[5..], [2, 70], "{said:?}");
    assert!(Client::of(&ca).is_served(server.address).await);
}

#[tokio::test]
async fn whoever_shows_no_certificate_is_told_how_the_server_is_and_nothing_else() {
    let (database, ca) = (TestDatabase::new().await, Ca::new());
    let folder = Folder::new(&ca.server());
    folder.replace("ca.pem", &ca.pem());
    let server = serve(&database, &folder, &["--auth", "mtls"]).await;
    let client = Client::of(&ca);
    assert!(client.is_served(server.address).await);
    let channel = client.channel(server.address).await.unwrap();
    let list = pb::ListUsersRequest::default();
    let refused = UserServiceClient::new(channel).list_users(list).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert_eq!(reason(&refused), "CREDENTIALS_MISSING");
}

#[tokio::test]
async fn handshakes_that_fail_are_logged_with_their_reason_so_often_and_no_more() {
    let (database, ca) = (TestDatabase::new().await, Ca::new());
    let folder = Folder::new(&ca.server());
    folder.replace("ca.pem", &ca.pem());
    let server = serve(&database, &folder, &["--auth", "mtls"]).await;
    let logged = |what: &str| {
        let log = server.log();
        let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
        lines
            .filter(|line: &serde_json::Value| line["message"] == what)
            .collect::<Vec<_>>()
    };
    let failed = || logged("a handshake has failed");
    // A probe that only looks whether the port is open.
    drop(TcpStream::connect(server.address).await.unwrap());
    let name = || SanType::DnsName("web.example.org".try_into().unwrap());
    let stranger = Client::of(&ca).showing(&Ca::new().client(name()));
    // As far as it can tell, the handshake is done.
    let mut stream = stranger.stream(server.address).await.unwrap();
    closing(&mut stream).await;
    eventually("it is logged", async || failed().len() == 1).await;
    let line = &failed()[0];
    assert_eq!(line["level"], "WARN");
    assert!(
        line["peer"].as_str().unwrap().starts_with("127.0.0.1:"),
        "{line}"
    );
    let error = line["error"].as_str().unwrap();
    assert!(error.contains("invalid peer certificate"), "{line}");

    for _ in 0..40 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        closing(&mut stream).await;
    }
    eventually("the others are counted", async || {
        let told = logged("not all failed handshakes are logged");
        let told = told.iter().map(|line| line["left_out"].as_u64().unwrap());
        told.sum::<u64>() + u64::try_from(failed().len()).unwrap() == 41
    })
    .await;
    assert!(failed().len() < 20, "{:?}", failed());
}

#[tokio::test]
async fn what_others_can_reach_is_served_in_the_clear_on_demand_only() {
    let database = TestDatabase::new().await;
    let refused = Command::new(PROGRAM)
        .args(["serve", "--listen", "0.0.0.0:0", "--auth", "keys"])
        .args(["--database-url", &database.service_url()])
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success());
    for flag in ["--tls-cert", "--tls-key", "--insecure-plaintext"] {
        assert!(said.contains(flag), "{said}");
    }
    let dev = ["dev", "--listen", "0.0.0.0:0"];
    let refused = Command::new(PROGRAM).args(dev).output().await.unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("loopback"),
        "{said}"
    );

    let options = ["--auth", "keys", "--insecure-plaintext"];
    let server = Server::serve_at("0.0.0.0:0", &database.service_url(), &options).await;
    assert!(is_served(&server).await);
    assert!(server.log().contains("--insecure-plaintext"));

    let ca = Ca::new();
    let folder = Folder::new(&ca.server());
    let options = folder.options();
    let options = options.iter().map(String::as_str);
    let options: Vec<_> = ["--auth", "keys"].into_iter().chain(options).collect();
    let server = Server::serve_at("0.0.0.0:0", &database.service_url(), &options).await;
    assert!(Client::of(&ca).is_served(server.address).await);
}

#[tokio::test]
async fn a_wrong_file_is_told_at_the_start() {
    let database = TestDatabase::new().await;
    let folder = Folder::new(&Ca::new().server());
    folder.replace("key.pem", &Ca::new().server().key.serialize_pem());
    let refused = Command::new(PROGRAM)
        .args(["serve", "--listen", "127.0.0.1:0", "--auth", "none"])
        .args(["--database-url", &database.service_url()])
        .args(folder.options())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success());
    let expected = format!(
        "--tls-key {}: it is the key",
        folder.path("key.pem").display()
    );
    assert!(said.contains(&expected), "{said}");
}

#[tokio::test]
async fn a_client_shows_its_certificate_again_and_again() {
    let (database, ca) = (TestDatabase::new().await, Ca::new());
    let folder = Folder::new(&ca.server());
    folder.replace("ca.pem", &ca.pem());
    let debug = ["--log", "info,byline_grpc::transport=debug"];
    let options = [&debug[..], &["--max-connection-age", "300ms"]].concat();
    let server = serve(&database, &folder, &options).await;
    let name = SanType::DnsName("web.example.org".try_into().unwrap());
    let client = Client::of(&ca).showing(&ca.client(name));
    let channel = client.channel(server.address).await.unwrap();
    // A call that is under way goes on.
    let mut watch = HealthClient::new(client.channel(server.address).await.unwrap())
        .watch(HealthCheckRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert!(watch.message().await.unwrap().is_some());
    eventually("it has connected for the fourth time", async || {
        if let Err(status) = check_health(channel.clone()).await {
            // It was not sent, since the connection was closed just then: tonic leaves it to its
            // user to send it again.
            assert_eq!(status.code(), Code::Cancelled, "no call fails: {status}");
        }
        server.log().matches("a connection has begun").count() >= 5
    })
    .await;
    assert!(
        tokio::time::timeout(Duration::from_millis(50), watch.message())
            .await
            .is_err()
    );
}
