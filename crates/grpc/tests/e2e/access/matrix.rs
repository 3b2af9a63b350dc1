//! Every method of the contract, called with every scope.

use std::collections::BTreeSet;

use byline_domain::access::Scope;
use byline_grpc::pb;
use prost::Message;
use prost_types::FileDescriptorSet;
use tonic::{Code, Request};

use super::{guarded, scopes, with_token};
use crate::support::reason;
use crate::wire::call_any;

/// What each method needs, written down once more: a wrong option in the contract is found by
/// nothing else.
const NEEDS: &[(&str, &str)] = &[
    ("UserService/CreateUser", "users.write"),
    ("UserService/GetUser", "users.read"),
    ("UserService/BatchGetUsers", "users.read"),
    ("UserService/ListUsers", "users.read"),
    ("UserService/SearchUsers", "users.read"),
    ("UserService/CountUsers", "users.read"),
    ("UserService/UpdateUser", "users.write"),
    ("UserService/DeleteUser", "users.write"),
    ("UserService/UndeleteUser", "users.write"),
    ("UserService/PurgeUser", "trash.purge"),
    ("UserService/BatchCreateUsers", "users.write"),
    ("UserService/BatchUpdateUsers", "users.write"),
    ("UserService/BatchDeleteUsers", "users.write"),
    ("PostService/CreatePost", "posts.write"),
    ("PostService/GetPost", "posts.read"),
    ("PostService/BatchGetPosts", "posts.read"),
    ("PostService/ListPosts", "posts.read"),
    ("PostService/SearchPosts", "posts.read"),
    ("PostService/CountPosts", "posts.read"),
    ("PostService/UpdatePost", "posts.write"),
    ("PostService/PublishPost", "posts.write"),
    ("PostService/UnpublishPost", "posts.write"),
    ("PostService/DeletePost", "posts.write"),
    ("PostService/UndeletePost", "posts.write"),
    ("PostService/PurgePost", "trash.purge"),
    ("PostService/TransferPosts", "posts.write"),
    ("PostService/BatchCreatePosts", "posts.write"),
    ("PostService/BatchUpdatePosts", "posts.write"),
    ("PostService/BatchDeletePosts", "posts.write"),
    ("CredentialService/SetPassword", "credentials.write"),
    ("CredentialService/VerifyPassword", "credentials.verify"),
    ("CredentialService/ImportPasswordHash", "credentials.write"),
    ("TransferService/ImportUsers", "transfer, users.write"),
    ("TransferService/ImportPosts", "transfer, posts.write"),
    ("TransferService/ExportUsers", "transfer, users.read"),
    ("TransferService/ExportPosts", "transfer, posts.read"),
    ("AuditService/ListAuditEvents", "audit.read"),
];

/// The one method of which either scope is enough to be let in.
const TRANSACTION: &str = "TransactionService/ExecuteTransaction";

fn methods() -> BTreeSet<String> {
    let contract = FileDescriptorSet::decode(pb::FILE_DESCRIPTOR_SET).unwrap();
    let services = contract.file.iter().flat_map(|file| &file.service);
    let methods = services.flat_map(|service| {
        let path = |method: &prost_types::MethodDescriptorProto| {
            format!("{}/{}", service.name(), method.name())
        };
        service.method.iter().map(path).collect::<Vec<_>>()
    });
    methods.collect()
}

#[test]
fn no_method_is_left_out() {
    let known = NEEDS.iter().map(|(method, _)| (*method).to_owned());
    let known: BTreeSet<_> = known.chain([TRANSACTION.to_owned()]).collect();
    assert_eq!(methods(), known);
}

/// What is no message: who is not let in is told that, and not what is wrong with it.
const RUBBISH: &[u8] = &[0xff; 9];

#[tokio::test]
async fn each_method_lets_in_whoever_has_its_scopes_and_nobody_else() {
    let alone = Scope::ALL.map(Scope::name);
    let both = [
        "transfer, users.read",
        "transfer, users.write",
        "transfer, posts.read",
        "transfer, posts.write",
    ];
    let callers: [&str; 1 + Scope::ALL.len() + 4] =
        [&[""][..], &alone, &both].concat().try_into().unwrap();
    let (world, tokens) = guarded(callers).await;
    for (has, token) in callers.into_iter().zip(tokens) {
        // A connection on which a hundred calls were refused unread may be closed.
        let channel = world.server.channel().await;
        let has = scopes(has);
        for method in methods() {
            let path = format!("/byline.v1.{method}");
            let known = NEEDS.iter().find(|(known, _)| **known == *method);
            let is_enough = match known {
                Some((_, needs)) => scopes(needs).without(has).is_empty(),
                None => has.has(Scope::UsersWrite) || has.has(Scope::PostsWrite),
            };
            // Nothing comes of an empty message but an answer or a refusal of it.
            let message = if is_enough { &[][..] } else { RUBBISH };
            let answer = call_any(&channel, &path, with_token(message.to_vec(), &token)).await;
            if is_enough {
                if let Err(status) = answer {
                    assert_eq!(status.code(), Code::InvalidArgument, "{method}: {status}");
                }
            } else {
                let status = answer.unwrap_err();
                let told = (status.code(), reason(&status));
                let expected = (Code::PermissionDenied, "SCOPE_MISSING".to_owned());
                assert_eq!(told, expected, "{method} with {has}");
            }
        }
    }
}

#[tokio::test]
async fn no_method_lets_in_whoever_proves_nothing() {
    let (world, [known]) = guarded([""]).await;
    for method in methods() {
        let path = format!("/byline.v1.{method}");
        let channel = world.server.channel().await;
        for token in [None, Some("byl_0000000000000000_0"), Some("a.b.c")] {
            let request = match token {
                Some(token) => with_token(RUBBISH.to_vec(), token),
                None => Request::new(RUBBISH.to_vec()),
            };
            let status = call_any(&channel, &path, request).await.unwrap_err();
            let why = if token.is_some() {
                "CREDENTIALS_INVALID"
            } else {
                "CREDENTIALS_MISSING"
            };
            let told = (status.code(), reason(&status));
            assert_eq!(told, (Code::Unauthenticated, why.to_owned()), "{method}");
        }
    }
    // Nor is it told which methods there are.
    let channel = world.server.channel().await;
    let path = "/byline.v1.UserService/NoSuchMethod";
    let status = call_any(&channel, path, Request::new(Vec::new())).await;
    assert_eq!(status.unwrap_err().code(), Code::Unauthenticated);
    let status = call_any(&channel, path, with_token(Vec::new(), &known)).await;
    assert_eq!(status.unwrap_err().code(), Code::Unimplemented);
}
