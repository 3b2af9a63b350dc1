//! What is measured rather than proved, by a machine that does nothing else:
//! `cargo test --release -p byline --test e2e measured -- --ignored --nocapture --test-threads 1`

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use byline_grpc::pb::credential_service_client::CredentialServiceClient;
use byline_grpc::pb::user_service_client::UserServiceClient;
use byline_persistence::testing::{count, execute};
use tokio::task::JoinSet;

use super::{PASSWORD, verify};
use crate::support::{World, get_by_id, reason};

const PLENTY: &str = "1000000";

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() * 99 / 100]
}

#[tokio::test]
#[ignore = "takes a minute of a machine that does nothing else"]
async fn measured_medians_of_whoever_cannot_be_verified_are_within_5_percent() {
    let world = World::with(&["--failures-per-minute", PLENTY]).await;
    let cases = world.who_cannot_be_verified().await;
    let mut connection = world.database.connection().await;
    let mut times = vec![Vec::new(); cases.len()];
    for round in 0..200 {
        // After six failures all cases would be those of an account that waits. That of the one
        // that is about waiting waits for an hour.
        execute(
            &mut connection,
            "delete from throttles where waits_until < now() + interval '30 minutes'",
        )
        .await;
        // By turns, so that what the machine does beside is in the way of all, and each is as often
        // the first after what is removed.
        let mut turns: Vec<_> = times.iter_mut().zip(&cases).collect();
        let first = round % turns.len();
        turns.rotate_left(first);
        for (times, (case, whose, password)) in turns {
            let began = Instant::now();
            let refused = verify(&world.credentials, whose, password).await;
            times.push(began.elapsed());
            let told = reason(&refused.unwrap_err());
            assert_eq!(told, "PASSWORD_NOT_VERIFIED", "{case}");
        }
        let waiting = "select count(*) from throttles
            where failures > 5 and waits_until > now()";
        assert_eq!(
            count(&mut connection, waiting).await,
            2,
            "the account that is to wait, and the caller, whose failures are counted for as long"
        );
    }
    let medians: Vec<_> = times.into_iter().map(median).collect();
    for ((case, ..), median) in cases.iter().zip(&medians) {
        eprintln!("{case}: {median:?}");
    }
    let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
    assert!(*most <= least.mul_f64(1.05), "{least:?} to {most:?}");
}

/// Over a connection of its own: a client lets no more calls be under way at once over one than
/// the server says, and has the rest wait.
async fn reads(world: &World, id: &str, many: usize) -> Vec<Duration> {
    let mut users = UserServiceClient::new(world.server.channel().await);
    let mut times = Vec::new();
    for _ in 0..many {
        let began = Instant::now();
        users.get_user(get_by_id(id)).await.unwrap();
        times.push(began.elapsed());
    }
    times
}

/// How many answers had which reason.
type Told = Arc<Mutex<BTreeMap<String, usize>>>;

/// 200 at once until they are dropped, over four connections: the server allows 100 calls at once
/// on one, and a client has the others wait.
async fn verifications(world: &World, told: &Told) -> JoinSet<()> {
    let mut calls = JoinSet::new();
    for connection in 0..4 {
        let credentials = CredentialServiceClient::new(world.server.channel().await);
        for number in 0..50 {
            let (credentials, told) = (credentials.clone(), Arc::clone(told));
            let whose = format!("nobody-{connection}-{number}@example.com");
            calls.spawn(async move {
                loop {
                    let refused = verify(&credentials, &whose, PASSWORD).await;
                    let reason = reason(&refused.unwrap_err());
                    *told.lock().unwrap().entry(reason).or_default() += 1;
                }
            });
        }
    }
    calls
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes half a minute of a machine that does nothing else"]
async fn measured_get_user_takes_no_three_times_as_long_beside_200_verifications() {
    // All 200 are to wait for their turn, and so may those of the round before that are not given
    // up yet: beyond 64, as many as may by default, they would be refused unhashed.
    let options = ["--failures-per-minute", PLENTY, "--hash-queue", "400"];
    let world = World::with(&options).await;
    let ada = world.user("ada@example.com").await;
    reads(&world, &ada.id, 200).await;
    let (mut idle, mut busy) = (Vec::new(), Vec::new());
    let told = Told::default();
    // By turns, as above.
    for _ in 0..10 {
        idle.extend(reads(&world, &ada.id, 200).await);
        let mut calls = verifications(&world, &told).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        busy.extend(reads(&world, &ada.id, 200).await);
        let ended = calls.try_join_next();
        assert!(ended.is_none(), "all go on until here: {ended:?}");
        drop(calls);
        // What was begun is hashed to its end.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let (idle, busy) = (p99(idle), p99(busy));
    let told = told.lock().unwrap().clone();
    eprintln!(
        "p99 of GetUser: {idle:?} while nothing else is called, {busy:?} beside 200 verifications, \
         which were told {told:?}"
    );
    let hashed = told.get("PASSWORD_NOT_VERIFIED").copied();
    let all: usize = told.values().sum();
    assert!(hashed.is_some_and(|hashed| hashed * 2 > all), "{told:?}");
    assert!(busy <= idle * 3);
}
