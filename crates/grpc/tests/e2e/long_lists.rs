//! Requests that take little on the wire and much in memory.

use prost::encoding::encode_varint;
use tonic::Code;

use crate::support::{World, reason, violations};
use crate::wire::call;

/// As many empty entries of the list of that number as fit into a message.
fn empty_entries(number: u8) -> Vec<u8> {
    [number << 3 | 2, 0].repeat(2 * 1024 * 1024 - 16)
}

/// A message that holds one of another, as its field of that number.
fn within(number: u8, message: Vec<u8>) -> Vec<u8> {
    let mut outer = vec![number << 3 | 2];
    encode_varint(message.len().try_into().unwrap(), &mut outer);
    outer.extend(message);
    outer
}

#[tokio::test]
async fn too_many_entries_are_refused_before_they_take_memory() {
    let world = World::new().await;
    let channel = world.server.channel().await;
    let before = world.server.peak_memory();
    for (path, body, list) in [
        (
            "/byline.v1.TransferService/ImportUsers",
            empty_entries(2),
            "users",
        ),
        (
            "/byline.v1.TransferService/ImportPosts",
            empty_entries(2),
            "posts",
        ),
        (
            "/byline.v1.UserService/BatchGetUsers",
            empty_entries(1),
            "ids",
        ),
        (
            "/byline.v1.PostService/BatchCreatePosts",
            empty_entries(1),
            "requests",
        ),
        (
            "/byline.v1.TransactionService/ExecuteTransaction",
            within(1, within(12, empty_entries(1))),
            "operations.nested.operations",
        ),
    ] {
        let refused = call(&channel, path, body).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
        assert_eq!(reason(&refused), "INVALID_FIELDS");
        assert_eq!(violations(&refused), [(list.into(), "OUT_OF_RANGE".into())]);
        let told = format!("{list} must have at most 10000 entries, with all other lists");
        assert_eq!(refused.message(), told);
    }
    // One of them alone would have taken hundreds of MiB.
    let after = world.server.peak_memory();
    assert!(after < before + 40 * 1024, "{before} KiB, then {after}");
}
