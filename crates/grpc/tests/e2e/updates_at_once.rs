//! Many who change the same thing at the same time.

use std::time::Duration;

use byline_grpc::pb;
use byline_grpc::pb::user_service_client::UserServiceClient;
use tokio::task::JoinSet;
use tonic::Code;
use tonic::transport::Channel;

use crate::support::{Server, World, get_by_id, reason};

const WRITERS: u32 = 32;

/// Adds its number to what the user is called, over the state that it has read, as often
/// as that takes. Answers how often somebody else was faster.
async fn sign(mut users: UserServiceClient<Channel>, id: &str, writer: u32) -> u32 {
    for refusals in 0.. {
        let found = users.get_user(get_by_id(id)).await.unwrap();
        let user = found.into_inner().user.unwrap();
        let signed = pb::User {
            name: Some(format!("{} {writer}", user.name.unwrap_or_default())),
            ..user
        };
        let request = pb::UpdateUserRequest {
            user: Some(signed),
            ..pb::UpdateUserRequest::default()
        };
        let Err(status) = users.update_user(request).await else {
            return refusals;
        };
        assert_eq!(status.code(), Code::Aborted, "{status:?}");
        // On a machine that is busy with other things, one may wait too long for its turn.
        let reason = reason(&status);
        assert!(
            ["ETAG_MISMATCH", "CONTENTION"].contains(&reason.as_str()),
            "{reason}"
        );
        // Not all at the same pace, or they would meet again.
        let pause = u64::from(1 + (writer * 7 + refusals * 13) % 40);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    unreachable!("numbers do not end")
}

#[tokio::test]
async fn no_update_over_a_state_that_was_read_is_lost() {
    let world = World::new().await;
    let other = Server::serve(&world.database.service_url(), &[]).await;
    let second = UserServiceClient::new(other.channel().await);
    let ada = world.user("ada@example.com").await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let users = if writer % 2 == 0 {
            world.users.clone()
        } else {
            second.clone()
        };
        let id = ada.id.clone();
        writers.spawn(async move { sign(users, &id, writer).await });
    }
    let refusals: u32 = writers.join_all().await.into_iter().sum();
    assert!(refusals > 0, "they never met");

    let found = world.users.clone().get_user(get_by_id(&ada.id)).await;
    let signed = found.unwrap().into_inner().user.unwrap();
    let name = signed.name.unwrap();
    let mut numbers: Vec<u32> = name
        .split_whitespace()
        .map(|number| number.parse().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..WRITERS).collect::<Vec<_>>(), "{name}");
    // Each of them made one version, and nobody another.
    let version = format!("{:x}-", WRITERS + 1);
    assert!(signed.etag.starts_with(&version), "{}", signed.etag);
}
