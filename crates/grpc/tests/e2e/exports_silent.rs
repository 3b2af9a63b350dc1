//! Exports from a database that says nothing: its host has vanished, or it has much to do.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use byline_grpc::pb;
use byline_grpc::pb::transfer_service_client::TransferServiceClient;
use byline_persistence::testing::{SERVICE, TestDatabase, count, execute};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tonic::{Code, Status, Streaming};

use crate::support::{Server, eventually, reason};

const OPTIONS: [&str; 4] = ["--transfer-idle-timeout", "400ms", "--max-transfers", "1"];

/// 64 MiB: more than fits between the database and a client.
const INSERT: &str = "
    with author as (
        insert into users (id, email, role, is_active, created_at, version)
        values (gen_random_uuid(), 'ada@example.com', 'user', true, '2026-01-01', 1)
        returning id)
    insert into posts (id, title, content, author_id, created_at, version)
    select gen_random_uuid(), 'Post ' || n, repeat('x', 65536), author.id, '2026-01-01', 1
    from author, generate_series(1, 1024) n";

/// Has posts be found slowly while a test holds a lock; not for want of the lock, for which
/// nobody would wait that long.
const SLOW: &str = "
    create function take_time() returns boolean language plpgsql as $$
    begin
        while not pg_try_advisory_xact_lock_shared(1) loop
            perform pg_sleep(0.02);
        end loop;
        return true;
    end $$;
    alter table posts rename to found_posts;
    create view posts as select * from found_posts where take_time();
    grant select on posts to test_service";
const BUSY_FOR_LONG: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and wait_event = 'PgSleep'
    and clock_timestamp() - query_start > interval '1600 ms'";

/// A wire to PostgreSQL over which, once a test says so, nothing is heard any more, and
/// nothing of its end either: as when a host has lost its power.
struct Wire {
    address: SocketAddr,
    database: String,
    silent: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Wire {
    async fn before(database: &TestDatabase) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = database.connect_options();
        let folder = server.get_socket().unwrap();
        let socket = folder.join(format!(".s.PGSQL.{}", server.get_port()));
        let silent = watch::Sender::new(false);
        Self {
            address: listener.local_addr().unwrap(),
            database: server.get_database().unwrap().to_owned(),
            accepting: tokio::spawn(accept(listener, socket, silent.subscribe())),
            silent,
        }
    }

    fn url(&self) -> String {
        let (address, database) = (self.address, &self.database);
        format!("postgres://{SERVICE}@{address}/{database}?sslmode=disable")
    }

    /// From now on nothing gets through; or what connects from now on does again.
    fn silence(&self, silent: bool) {
        self.silent.send_replace(silent);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, socket: PathBuf, silent: watch::Receiver<bool>) {
    while let Ok((program, _)) = listener.accept().await {
        let (socket, silent) = (socket.clone(), silent.clone());
        tokio::spawn(async move {
            let postgres = UnixStream::connect(socket).await.unwrap();
            relay(program, postgres, silent).await;
        });
    }
}

async fn relay(
    mut program: TcpStream,
    mut postgres: UnixStream,
    mut silent: watch::Receiver<bool>,
) {
    tokio::select! {
        biased;
        _ = silent.wait_for(|silent| *silent) => {}
        _ = copy_bidirectional(&mut program, &mut postgres) => return,
    }
    std::future::pending::<()>().await;
}

/// A server over a wire to heavy posts.
struct Remote {
    server: Server,
    wire: Wire,
    database: TestDatabase,
}

impl Remote {
    async fn new() -> Self {
        let database = TestDatabase::new().await;
        execute(&mut database.connection().await, INSERT).await;
        let wire = Wire::before(&database).await;
        Self {
            server: Server::serve(&wire.url(), &OPTIONS).await,
            wire,
            database,
        }
    }

    async fn export(&self, filter: &str) -> Result<Streaming<pb::ExportPostsResponse>, Status> {
        let mut transfers = TransferServiceClient::new(self.server.channel().await);
        let request = pb::ExportPostsRequest {
            filter: filter.to_owned(),
            ..pb::ExportPostsRequest::default()
        };
        let stream = transfers.export_posts(request).await?;
        Ok(stream.into_inner())
    }
}

/// How many posts come until the stream ends.
async fn all_of(mut stream: Streaming<pb::ExportPostsResponse>) -> Result<usize, Status> {
    let mut posts = 0;
    while let Some(message) = stream.message().await? {
        posts += message.posts.len();
    }
    Ok(posts)
}

#[tokio::test]
async fn an_export_from_a_host_that_has_vanished_ends_in_time_and_frees_its_place() {
    let remote = Remote::new().await;
    for filter in ["", "title : Post"] {
        let mut export = remote.export(filter).await.unwrap();
        assert!(export.message().await.unwrap().is_some());
        remote.wire.silence(true);
        let rest = tokio::time::timeout(Duration::from_secs(5), all_of(export)).await;
        let status = rest.expect("it ends in time").unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert_eq!(reason(&status), "DATABASE_UNAVAILABLE");

        // The place is free: it is the database that is missing.
        let status = remote.export(filter).await.unwrap_err();
        assert_eq!(reason(&status), "DATABASE_UNAVAILABLE");
        remote.wire.silence(false);
        eventually("it serves again", async || {
            match remote.export(filter).await {
                Ok(export) => all_of(export).await.unwrap() == 1_024,
                Err(status) => {
                    assert_eq!(reason(&status), "DATABASE_UNAVAILABLE");
                    false
                }
            }
        })
        .await;
    }
}

#[tokio::test]
async fn an_export_from_a_database_that_has_much_to_do_goes_on() {
    let remote = Remote::new().await;
    let mut holder = remote.database.connection().await;
    execute(&mut holder, SLOW).await;
    execute(&mut holder, "select pg_advisory_lock(1)").await;
    let export = remote.export("").await.unwrap();
    let beside = Mutex::new(remote.database.connection().await);
    eventually("it has said nothing for four times the bound", async || {
        count(&mut *beside.lock().await, BUSY_FOR_LONG).await == 1
    })
    .await;
    execute(&mut holder, "select pg_advisory_unlock(1)").await;
    assert_eq!(all_of(export).await.unwrap(), 1_024);
}
