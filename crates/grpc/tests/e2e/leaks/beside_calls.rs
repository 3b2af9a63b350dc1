//! What is logged beside calls, of connections and of what has had its time, as text.

use byline_grpc::pb;
use byline_grpc::pb::user_service_client::UserServiceClient;
use byline_persistence::testing::{TestDatabase, run_on};
use rcgen::SanType;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::marks::{self, Bound, STORED, TOKEN};
use crate::support::{Server, eventually};
use crate::transport::certificates::{Ca, Client, Folder};

/// Users who have had their time, and whom a trigger keeps, with everything that it can say.
fn kept_from_going() -> String {
    format!(
        "insert into users (id, email, name, role, is_active, created_at, version, deleted_at, purge_at)
            values ('10000000-0000-4000-9000-000000000001', '{STORED}@example.com', '{STORED}',
                'editor', true, now() - interval '3 days', 1, now() - interval '2 days', now() - interval '1 day');
        create function keep() returns trigger language plpgsql as $$ begin
            raise warning 'of %', old;
            raise 'of %', old using errcode = '23514', constraint = 'of ' || old.email, detail = old::text;
        end $$;
        create trigger keep before delete on users for each row execute function keep()"
    )
}

#[tokio::test]
async fn nothing_is_logged_of_connections_and_of_what_has_had_its_time() {
    let (database, ca, other) = (TestDatabase::new().await, Ca::new(), Ca::new());
    run_on(&database.connect_options(), &kept_from_going()).await;
    let folder = Folder::new(&ca.server());
    folder.replace("ca.pem", &ca.pem());
    let options = folder.options();
    let options = options.iter().map(String::as_str);
    let more = ["--auth", "mtls", "--log", "trace", "--log-format", "text"];
    let sweep = ["--sweep-interval", "200ms"];
    let options: Vec<_> = options.chain(more).chain(sweep).collect();
    let server = Server::serve(&database.service_url(), &options).await;

    let text = |text: String| text.as_str().try_into().unwrap();
    for name in [
        SanType::DnsName(text(format!("*.{TOKEN}.example"))),
        SanType::Rfc822Name(text(format!("{TOKEN}@example.com"))),
        SanType::URI(text(format!("https://{TOKEN}/{TOKEN}"))),
        SanType::URI(text(format!("spiffe://{TOKEN}/../{TOKEN}"))),
    ] {
        for issuer in [&ca, &other] {
            let client = Client::of(&ca).showing(&issuer.client(name.clone()));
            if let Ok(channel) = client.channel(server.address).await {
                let mut users = UserServiceClient::new(channel);
                let listed = users.list_users(pb::ListUsersRequest::default()).await;
                assert!(listed.is_err(), "{name:?}");
            }
        }
    }
    let mut of_no_protocol = Client::of(&ca);
    of_no_protocol.protocols = vec![TOKEN.into()];
    assert!(of_no_protocol.stream(server.address).await.is_err());
    let plain = format!("GET /{TOKEN} HTTP/1.1\r\nauthorization: Bearer {TOKEN}\r\n\r\n");
    for bytes in [plain.as_bytes(), TOKEN.as_bytes()] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        // Closed in one way or another.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    for line in [
        "sweeping failed",
        "a handshake has failed",
        "credentials were refused",
    ] {
        eventually(line, || async { server.log().contains(line) }).await;
    }
    let log = server.log();
    assert!(!log.contains("panicked"), "{log}");
    if let Some((mark, line)) = marks::found(log.as_bytes(), Bound::Asked) {
        panic!("{mark} was logged: {line}");
    }
}
