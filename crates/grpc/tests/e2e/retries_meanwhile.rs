//! A request that is sent again while the first try is under way, and slow.

use std::time::Duration;

use byline_grpc::pb;
use byline_persistence::testing::{Connection, count, execute};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tonic::Status;

use crate::changes::{Change, create_user, request_id};
use crate::imports::{counts, import_users, settings, user};
use crate::support::{Server, World, eventually, get_by_id};

/// Whoever writes a user of that address waits for the test. Not for a lock, for which
/// nobody would wait that long.
const SLOW: &str = "
    create function slow() returns trigger language plpgsql as $$
    begin
        while not pg_try_advisory_xact_lock_shared(1) loop
            perform pg_sleep(0.02);
        end loop;
        return new;
    end $$;
    create trigger slow before insert on users
    for each row when (new.email = 'slow@example.com') execute function slow();";
const UNDER_WAY: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and wait_event = 'PgSleep'";
/// Claims of a request id that wait for another.
const CLAIMS: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'
    and query like '%insert into request_records%'";
/// Those of them that have waited for longer than four tries of 1.5 s each.
const LONG_CLAIMS: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'
    and query like '%insert into request_records%'
    and clock_timestamp() - query_start > interval '6500 ms'";

/// Two servers over one database, in which a user is slow to be written.
struct Slow {
    world: World,
    other: Server,
    beside: Mutex<Connection>,
    holder: Connection,
}

impl Slow {
    async fn with(options: &[&str]) -> Self {
        let world = World::with(options).await;
        let other = Server::serve(&world.database.service_url(), options).await;
        let mut beside = world.database.connection().await;
        execute(&mut beside, SLOW).await;
        let mut holder = world.database.connection().await;
        execute(&mut holder, "select pg_advisory_lock(1)").await;
        Self {
            world,
            other,
            beside: Mutex::new(beside),
            holder,
        }
    }

    async fn until(&self, what: &str, sql: &'static str, expected: i64) {
        eventually(what, || async {
            count(&mut *self.beside.lock().await, sql).await == expected
        })
        .await;
    }

    /// Has what is slow go on.
    async fn release(&mut self) {
        execute(&mut self.holder, "select pg_advisory_unlock(1)").await;
    }

    async fn users(&self) -> i64 {
        count(
            &mut *self.beside.lock().await,
            "select count(*) from users where email = 'slow@example.com'",
        )
        .await
    }
}

fn send(
    change: &Change,
    channel: tonic::transport::Channel,
) -> JoinHandle<Result<Vec<u8>, Status>> {
    let change = change.clone();
    tokio::spawn(async move { change.send(&channel, &request_id(1)).await })
}

#[tokio::test]
async fn a_retry_through_another_server_waits_for_a_slow_first_try_and_is_answered_the_same() {
    let mut slow = Slow::with(&[]).await;
    let change = create_user("slow@example.com");
    let first = send(&change, slow.world.server.channel().await);
    slow.until("the first is under way", UNDER_WAY, 1).await;
    let retry = send(&change, slow.other.channel().await);
    slow.until("the retry has waited", LONG_CLAIMS, 1).await;
    slow.release().await;
    let first = first.await.unwrap().unwrap();
    assert_eq!(retry.await.unwrap().unwrap(), first);
    assert_eq!(slow.users().await, 1);
}

#[tokio::test]
async fn retries_that_wait_take_a_connection_of_each_server_and_no_more() {
    let mut slow = Slow::with(&["--pool-size", "2"]).await;
    let ada = slow.world.user("ada@example.com").await;
    let change = create_user("slow@example.com");
    let first = send(&change, slow.world.server.channel().await);
    slow.until("the first is under way", UNDER_WAY, 1).await;
    let channels = [
        slow.world.server.channel().await,
        slow.other.channel().await,
    ];
    let retries: Vec<_> = (0..16)
        .map(|number| send(&change, channels[number % 2].clone()))
        .collect();
    slow.until("a retry waits in the database", CLAIMS, 1).await;
    for channel in channels {
        let mut users = pb::user_service_client::UserServiceClient::new(channel);
        for _ in 0..5 {
            let mut request = tonic::Request::new(get_by_id(&ada.id));
            request.set_timeout(Duration::from_secs(5));
            users.get_user(request).await.unwrap();
        }
    }
    slow.until("no other does", CLAIMS, 1).await;
    slow.release().await;
    let first = first.await.unwrap().unwrap();
    for retry in retries {
        assert_eq!(retry.await.unwrap().unwrap(), first);
    }
    assert_eq!(slow.users().await, 1);
}

#[tokio::test]
async fn of_two_same_imports_at_once_one_is_made_and_the_other_is_answered_the_same() {
    let mut slow = Slow::with(&[]).await;
    let rows = [user("ada@example.com"), user("slow@example.com")];
    let settings = || pb::ImportSettings {
        request_id: request_id(1),
        ..settings()
    };
    let import = |channel| {
        let transfers = pb::transfer_service_client::TransferServiceClient::new(channel);
        let (settings, rows) = (settings(), rows.clone());
        tokio::spawn(async move { import_users(&transfers, settings, &[&rows]).await })
    };
    let first = import(slow.world.server.channel().await);
    slow.until("the first is under way", UNDER_WAY, 1).await;
    let second = import(slow.other.channel().await);
    slow.until("the second waits", CLAIMS, 1).await;
    slow.release().await;
    let first = first.await.unwrap().unwrap().into_inner();
    let second = second.await.unwrap().unwrap().into_inner();
    assert_eq!(first, second);
    let report = first.report.unwrap();
    assert!(report.applied);
    assert_eq!(counts(&report), [2, 0, 0, 0, 0]);
    assert_eq!(slow.users().await, 1);
}
