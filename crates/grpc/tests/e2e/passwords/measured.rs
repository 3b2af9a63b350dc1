//! What is measured rather than proved, by a machine that does nothing else:
//! `cargo test --release -p byline --test e2e measured -- --ignored --nocapture --test-threads 1`

use std::time::{Duration, Instant};

use byline_grpc::pb::user_service_client::UserServiceClient;
use tokio::task::JoinSet;

use super::{PASSWORD, verify};
use crate::support::{World, get_by_id};

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
    let mut times = vec![Vec::new(); cases.len()];
    for _ in 0..200 {
        // By turns, so that what the machine does beside is in the way of all.
        for (times, (_, whose, password)) in times.iter_mut().zip(&cases) {
            let began = Instant::now();
            let _ = verify(&world.credentials, whose, password).await;
            times.push(began.elapsed());
        }
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

/// Until they are dropped, by a client on threads of its own.
fn verifications(world: &World) -> JoinSet<()> {
    let mut calls = JoinSet::new();
    for number in 0..200 {
        let credentials = world.credentials.clone();
        let whose = format!("nobody-{number}@example.com");
        calls.spawn(async move {
            loop {
                let _ = verify(&credentials, &whose, PASSWORD).await;
            }
        });
    }
    calls
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes half a minute of a machine that does nothing else"]
async fn measured_get_user_takes_no_three_times_as_long_beside_200_verifications() {
    let options = ["--failures-per-minute", PLENTY, "--hash-queue", "400"];
    let world = World::with(&options).await;
    let ada = world.user("ada@example.com").await;
    reads(&world, &ada.id, 200).await;
    let (mut idle, mut busy) = (Vec::new(), Vec::new());
    // By turns, as above.
    for _ in 0..10 {
        idle.extend(reads(&world, &ada.id, 200).await);
        let calls = verifications(&world);
        tokio::time::sleep(Duration::from_millis(500)).await;
        busy.extend(reads(&world, &ada.id, 200).await);
        drop(calls);
        // What was begun is hashed to its end.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let (idle, busy) = (p99(idle), p99(busy));
    eprintln!(
        "p99 of GetUser: {idle:?} while nothing else is called, {busy:?} beside 200 verifications"
    );
    assert!(busy <= idle * 3);
}
