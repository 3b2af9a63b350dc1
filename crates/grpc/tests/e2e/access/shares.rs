//! How much of what is there for all one caller may have.

use byline_grpc::pb;
use byline_grpc::pb::verify_password_request::Key;
use byline_persistence::testing::execute;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tonic::Status;

use super::{guarded_by, with_token};
use crate::errors::shown;
use crate::imports::settings;
use crate::support::{World, eventually, reason};
use crate::wire::call_and_stall;

const GET: &str = "/byline.v1.UserService/GetUser";
const IMPORT: &str = "/byline.v1.TransferService/ImportUsers";
const SCOPES: &str = "users.read,users.write,transfer";

async fn list(world: &World, token: &str) -> Result<(), Status> {
    let request = with_token(pb::ListUsersRequest::default(), token);
    world.users.clone().list_users(request).await.map(drop)
}

async fn import(world: &World, token: &str) -> Result<(), Status> {
    let message = pb::ImportUsersRequest {
        settings: Some(settings()),
        users: Vec::new(),
    };
    let request = with_token(tokio_stream::iter([message]), token);
    world
        .transfers
        .clone()
        .import_users(request)
        .await
        .map(drop)
}

/// Calls under way, which fail as they do.
type UnderWay = FuturesUnordered<BoxFuture<'static, Status>>;

/// Calls of the method at that path that never say what they are for. They are under way for ten
/// seconds, but for those that are refused.
async fn stalled(world: &World, path: &'static str, token: &str, count: usize) -> UnderWay {
    let channel = world.server.channel().await;
    let stall = |_| {
        let (channel, request) = (channel.clone(), with_token((), token));
        async move { call_and_stall(&channel, path, request).await }.boxed()
    };
    (0..count).map(stall).collect()
}

/// A call that ends at once.
async fn call(world: &World, path: &str, token: &str) -> Result<(), Status> {
    if path == IMPORT {
        import(world, token).await
    } else {
        list(world, token).await
    }
}

#[tokio::test]
async fn no_caller_takes_more_than_half_of_the_places() {
    let options = ["--max-calls", "6", "--max-transfers", "2"];
    let (world, [greedy, other]) = guarded_by([SCOPES; 2], &options).await;
    for (path, name, half, full) in [
        (GET, "calls", 3, "TOO_MANY_CALLS"),
        (IMPORT, "transfers", 1, "TOO_MANY_TRANSFERS"),
    ] {
        let mut of_greedy = stalled(&world, path, &greedy, half + 1).await;
        let refused = of_greedy.next().await.unwrap();
        insta::assert_snapshot!(format!("share_of_{name}"), shown(&refused));
        let mut of_other = stalled(&world, path, &other, half + 1).await;
        let refused = of_other.next().await.unwrap();
        assert_eq!(reason(&refused), full);
        assert_eq!((of_greedy.len(), of_other.len()), (half, half));
        drop(of_other);
        eventually("the rest is for others", async || {
            call(&world, path, &other).await.is_ok()
        })
        .await;
        let ended = of_greedy.next().now_or_never();
        assert!(ended.is_none(), "its calls are under way: {ended:?}");
        drop(of_greedy);
        eventually("they are free again", async || {
            call(&world, path, &greedy).await.is_ok()
        })
        .await;
    }
}

/// Guesses of passwords under way.
type Guesses = FuturesUnordered<BoxFuture<'static, String>>;

/// Guesses at once; each ends with the reason why it failed.
fn guesses(world: &World, token: &str, count: usize) -> Guesses {
    let guess = |number| {
        let request = pb::VerifyPasswordRequest {
            key: Some(Key::Email(format!("nobody-{number}@example.com"))),
            password: "correct horse battery staple".to_owned(),
        };
        let (mut credentials, request) = (world.credentials.clone(), with_token(request, token));
        async move { reason(&credentials.verify_password(request).await.unwrap_err()) }.boxed()
    };
    (0..count).map(guess).collect()
}

#[tokio::test]
async fn no_caller_takes_more_than_half_of_the_places_for_passwords() {
    let options = ["--hash-threads", "1", "--hash-queue", "5"];
    let (world, [greedy, other]) = guarded_by(["credentials.verify"; 2], &options).await;
    // Whoever has a place keeps it while the account cannot be read.
    let mut behind = world.database.connection().await;
    let lock = "begin; lock table users, credentials, throttles in access exclusive mode";
    execute(&mut behind, lock).await;
    let mut of_greedy = guesses(&world, &greedy, 20);
    let refused: Vec<_> = of_greedy.by_ref().take(17).collect().await;
    assert_eq!(refused, ["CALLER_SHARE_EXCEEDED"; 17]);
    let mut of_other = guesses(&world, &other, 4);
    let refused = of_other.next().await;
    assert_eq!(refused.as_deref(), Some("TOO_MANY_VERIFICATIONS"));
    execute(&mut behind, "rollback").await;
    let hashed: Vec<_> = of_greedy.chain(of_other).collect().await;
    assert_eq!(hashed, ["PASSWORD_NOT_VERIFIED"; 6]);
}
