//! A client that goes on using a connection that it was told to leave.

use std::time::{Duration, Instant};

use byline_persistence::testing::TestDatabase;
use rcgen::SanType;
use tokio::io::AsyncWriteExt;
use tonic_health::pb::HealthCheckRequest;

use super::Watching;
use super::certificates::{Ca, Client, Folder};
use super::frames::{GOAWAY, LARGEST_WINDOW, PING, Raw, call};
use crate::support::{Server, get_by_id};

const GET_USER: &str = "/byline.v1.UserService/GetUser";
const WATCH: &str = "/grpc.health.v1.Health/Watch";

/// How a call of that method has ended last, as the server logs it.
fn last_code(server: &Server, method: &str) -> Option<String> {
    let calls = server.calls();
    let last = calls.iter().rfind(|line| line["method"] == method)?;
    Some(last["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn no_call_begins_on_a_connection_that_has_outlived_its_time() {
    let (database, ca) = (TestDatabase::new().await, Ca::new());
    let folder = Folder::new(&ca.server());
    folder.replace("ca.pem", &ca.pem());
    let options = folder.options();
    let mut options: Vec<_> = options.iter().map(String::as_str).collect();
    options.extend(["--max-connection-age", "1s", "--auth", "mtls"]);
    options.extend(["--mtls-grant", "web.example.org=users.read"]);
    let server = Server::serve(&database.service_url(), &options).await;
    let name = SanType::DnsName("web.example.org".try_into().unwrap());
    // Whoever asks for health needs no certificate.
    let watching = Watching::secured(&server, Client::of(&ca));
    let client = Client::of(&ca).showing(&ca.client(name));
    let began = Instant::now();
    let stream = client.stream(server.address).await.unwrap();
    let mut raw = Raw::over(stream, LARGEST_WINDOW).await;
    // Its CA is one no more: nobody connects by it.
    folder.replace("ca.pem", &Ca::new().pem());

    let watch = call(1, WATCH, &HealthCheckRequest::default());
    raw.0.write_all(&watch).await.unwrap();
    let user = get_by_id("0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01");
    let mut answered = Duration::ZERO;
    for stream in (3..).step_by(2) {
        let took = began.elapsed();
        assert!(took < Duration::from_secs(20), "it is still answered");
        let get = call(stream, GET_USER, &user);
        raw.0.write_all(&get).await.unwrap();
        // Pings are heard and not answered.
        let (mut pings, mut goaways) = (0, 0);
        loop {
            let frame = raw.frame().await.expect("it is open");
            assert!(
                frame.stream != 1 || !frame.ends_stream(),
                "the watch goes on"
            );
            pings += u32::from(frame.kind == PING);
            goaways += u32::from(frame.kind == GOAWAY);
            if frame.stream == stream && frame.ends_stream() {
                break;
            }
        }
        assert!(pings < 2 && goaways < 2, "it was told to leave once");
        match last_code(&server, "byline.v1.UserService/GetUser").as_deref() {
            Some("Unavailable") => break,
            Some("NotFound") => answered = took,
            code => panic!("{code:?} after {took:?}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let expected = Duration::from_secs(5)..Duration::from_secs(18);
    assert!(expected.contains(&answered), "{answered:?}");
    watching.end().await;
}
