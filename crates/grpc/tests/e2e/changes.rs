//! Every method that changes something, asked and answered in the bytes of the wire.

use std::sync::Arc;

use byline_grpc::pb;
use byline_persistence::testing::{TestDatabase, rows};
use prost::Message;
use sha2::{Digest, Sha256};
use tonic::Status;
use tonic::transport::Channel;
use uuid::Uuid;

use crate::support::World;
use crate::wire::call;

/// A request that changes something.
pub(crate) trait Changing: Message + Default + Clone + 'static {
    /// The method that takes it.
    const PATH: &'static str;

    /// The same, to be known again under that id, or only to be tried.
    fn wishing(self, request_id: &str, validate_only: bool) -> Self;
}

macro_rules! changing {
    ($($path:literal $request:ident,)*) => {
        $(
            impl Changing for pb::$request {
                const PATH: &'static str = $path;

                fn wishing(self, request_id: &str, validate_only: bool) -> Self {
                    Self { request_id: request_id.to_owned(), validate_only, ..self }
                }
            }
        )*

        /// A request without any field to every method that changes something.
        pub(crate) fn empty() -> Vec<Change> {
            vec![$(Change::of(pb::$request::default()),)*]
        }
    };
}

changing! {
    "/byline.v1.UserService/CreateUser" CreateUserRequest,
    "/byline.v1.UserService/UpdateUser" UpdateUserRequest,
    "/byline.v1.UserService/DeleteUser" DeleteUserRequest,
    "/byline.v1.UserService/UndeleteUser" UndeleteUserRequest,
    "/byline.v1.UserService/PurgeUser" PurgeUserRequest,
    "/byline.v1.PostService/CreatePost" CreatePostRequest,
    "/byline.v1.PostService/UpdatePost" UpdatePostRequest,
    "/byline.v1.PostService/PublishPost" PublishPostRequest,
    "/byline.v1.PostService/UnpublishPost" UnpublishPostRequest,
    "/byline.v1.PostService/DeletePost" DeletePostRequest,
    "/byline.v1.PostService/UndeletePost" UndeletePostRequest,
    "/byline.v1.PostService/PurgePost" PurgePostRequest,
    "/byline.v1.PostService/TransferPosts" TransferPostsRequest,
    "/byline.v1.UserService/BatchCreateUsers" BatchCreateUsersRequest,
    "/byline.v1.UserService/BatchUpdateUsers" BatchUpdateUsersRequest,
    "/byline.v1.UserService/BatchDeleteUsers" BatchDeleteUsersRequest,
    "/byline.v1.PostService/BatchCreatePosts" BatchCreatePostsRequest,
    "/byline.v1.PostService/BatchUpdatePosts" BatchUpdatePostsRequest,
    "/byline.v1.PostService/BatchDeletePosts" BatchDeletePostsRequest,
    "/byline.v1.TransactionService/ExecuteTransaction" ExecuteTransactionRequest,
    "/byline.v1.CredentialService/SetPassword" SetPasswordRequest,
    "/byline.v1.CredentialService/ImportPasswordHash" ImportPasswordHashRequest,
}

/// Makes the bytes of a request of that id, which is only to be tried or not.
type Encode = Arc<dyn Fn(&str, bool) -> Vec<u8> + Send + Sync>;

/// A change that can be asked for, under any id.
#[derive(Clone)]
pub(crate) struct Change {
    /// The method.
    pub(crate) path: &'static str,
    encode: Encode,
}

/// What a change was answered.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a test has few of them")]
pub(crate) enum Told {
    User(pb::User),
    Post(pb::Post),
    Nothing,
}

impl Change {
    /// The change that a request asks for.
    pub(crate) fn of<R: Changing>(request: R) -> Self {
        Self {
            path: R::PATH,
            encode: Arc::new(move |request_id, validate_only| {
                let request = request.clone().wishing(request_id, validate_only);
                request.encode_to_vec()
            }),
        }
    }

    /// Asks for it under that id, or under none; the answer as it came over the wire.
    pub(crate) async fn send(
        &self,
        channel: &Channel,
        request_id: &str,
    ) -> Result<Vec<u8>, Status> {
        call(channel, self.path, (self.encode)(request_id, false)).await
    }

    /// Only tries it.
    pub(crate) async fn try_out(
        &self,
        channel: &Channel,
        request_id: &str,
    ) -> Result<Vec<u8>, Status> {
        call(channel, self.path, (self.encode)(request_id, true)).await
    }

    /// Reads an answer: of those that tell of many, the first.
    pub(crate) fn told(&self, answer: &[u8]) -> Told {
        let (service, method) = self.path.rsplit_once('/').unwrap();
        if method == "TransferPosts" || service == "/byline.v1.CredentialService" {
            return Told::Nothing;
        }
        let is_batch = method.starts_with("Batch");
        // What the methods of a service answer has one shape, and so have batches.
        let told = match (service, is_batch) {
            ("/byline.v1.UserService", false) => {
                let answer = pb::UpdateUserResponse::decode(answer).unwrap();
                answer.user.map(Told::User)
            }
            ("/byline.v1.PostService", false) => {
                let answer = pb::UpdatePostResponse::decode(answer).unwrap();
                answer.post.map(Told::Post)
            }
            ("/byline.v1.UserService", true) => {
                let answer = pb::BatchUpdateUsersResponse::decode(answer).unwrap();
                match answer.results[0].result.clone() {
                    Some(pb::user_result::Result::User(user)) => Some(Told::User(user)),
                    other => panic!("{other:?}"),
                }
            }
            ("/byline.v1.PostService", true) => {
                let answer = pb::BatchUpdatePostsResponse::decode(answer).unwrap();
                match answer.results[0].result.clone() {
                    Some(pb::post_result::Result::Post(post)) => Some(Told::Post(post)),
                    other => panic!("{other:?}"),
                }
            }
            _ => {
                let answer = pb::ExecuteTransactionResponse::decode(answer).unwrap();
                match answer.results[0].result.clone() {
                    Some(pb::operation_result::Result::User(user)) => Some(Told::User(user)),
                    other => panic!("{other:?}"),
                }
            }
        };
        told.unwrap_or(Told::Nothing)
    }
}

/// What another program made of a password.
const HASH: &str = "$2b$04$abcdefghijklmnopqrstuuZqPR5xj9nUIHpEVjrq0r3xLJ5rFPmDq";

/// A change by every method, each of something of its own, which is made here. `name`
/// keeps these apart from those of another call. In the order of [`empty`].
pub(crate) async fn every(world: &World, name: &str) -> Vec<Change> {
    let user = async |part: &str| world.user(&format!("{name}-{part}@example.com")).await;
    let author = user("author").await;
    let post = async |part: &str| world.post(&author, &format!("{name} {part}")).await;
    let (updated, deleted) = (user("updated").await, user("deleted").await);
    let undeleted = world.delete_user(&user("undeleted").await.id).await;
    let purged = world.delete_user(&user("purged").await.id).await;

    let mut changes = vec![
        create_user(&format!("{name}-created@example.com")),
        Change::of(pb::UpdateUserRequest {
            user: Some(pb::User {
                id: updated.id,
                etag: updated.etag,
                name: Some(format!("{name} updated")),
                ..pb::User::default()
            }),
            ..pb::UpdateUserRequest::default()
        }),
        Change::of(pb::DeleteUserRequest {
            id: deleted.id,
            etag: deleted.etag,
            ..pb::DeleteUserRequest::default()
        }),
        Change::of(pb::UndeleteUserRequest {
            id: undeleted.id,
            etag: undeleted.etag,
            ..pb::UndeleteUserRequest::default()
        }),
        Change::of(pb::PurgeUserRequest {
            id: purged.id,
            etag: purged.etag,
            ..pb::PurgeUserRequest::default()
        }),
        create_post(&author.id, &format!("{name} created")),
    ];

    let updated = post("updated").await;
    let (published, unpublished) = (post("published").await, post("unpublished").await);
    publish(world, &unpublished.id).await;
    let (deleted, undeleted, purged) = (
        post("deleted").await,
        post("undeleted").await,
        post("purged").await,
    );
    world.delete_post(&undeleted.id).await;
    world.delete_post(&purged.id).await;
    changes.extend([
        Change::of(pb::UpdatePostRequest {
            post: Some(pb::Post {
                id: updated.id,
                etag: updated.etag,
                content: Some(format!("{name} updated")),
                ..pb::Post::default()
            }),
            ..pb::UpdatePostRequest::default()
        }),
        Change::of(pb::PublishPostRequest {
            id: published.id,
            etag: published.etag,
            ..pb::PublishPostRequest::default()
        }),
        Change::of(pb::UnpublishPostRequest {
            id: unpublished.id,
            ..pb::UnpublishPostRequest::default()
        }),
        Change::of(pb::DeletePostRequest {
            id: deleted.id,
            ..pb::DeletePostRequest::default()
        }),
        Change::of(pb::UndeletePostRequest {
            id: undeleted.id,
            ..pb::UndeletePostRequest::default()
        }),
        Change::of(pb::PurgePostRequest {
            id: purged.id,
            ..pb::PurgePostRequest::default()
        }),
    ]);
    changes.extend(many(world, name).await);
    changes.extend([
        Change::of(pb::SetPasswordRequest {
            user_id: user("set").await.id,
            new_password: format!("{name} correct horse battery"),
            ..pb::SetPasswordRequest::default()
        }),
        Change::of(pb::ImportPasswordHashRequest {
            user_id: user("imported").await.id,
            hash: HASH.to_owned(),
            ..pb::ImportPasswordHashRequest::default()
        }),
    ]);
    let paths = |changes: &[Change]| changes.iter().map(|one| one.path).collect::<Vec<_>>();
    assert_eq!(paths(&changes), paths(&empty()), "a method is missing here");
    changes
}

/// A change by every method that makes many.
async fn many(world: &World, name: &str) -> Vec<Change> {
    let user = async |part: &str| world.user(&format!("{name}-many-{part}@example.com")).await;
    let (updated, deleted, signed) = (
        user("updated").await,
        user("deleted").await,
        user("signed").await,
    );
    let (author, heir) = (user("author").await, user("heir").await);
    world.post(&author, &format!("{name} given")).await;
    let post = async |part: &str| world.post(&heir, &format!("{name} many {part}")).await;
    let rename = |id: &str| pb::UpdateUserRequest {
        user: Some(pb::User {
            id: id.to_owned(),
            name: Some(format!("{name} renamed")),
            ..pb::User::default()
        }),
        ..pb::UpdateUserRequest::default()
    };
    let new_user = pb::CreateUserRequest {
        user: Some(pb::User {
            email: format!("{name}-many-created@example.com"),
            ..pb::User::default()
        }),
        ..pb::CreateUserRequest::default()
    };
    let delete_user = pb::DeleteUserRequest {
        id: deleted.id,
        ..pb::DeleteUserRequest::default()
    };
    let new_post = pb::CreatePostRequest {
        post: Some(pb::Post {
            title: format!("{name} many created"),
            author_id: heir.id.clone(),
            ..pb::Post::default()
        }),
        ..pb::CreatePostRequest::default()
    };
    let publish = pb::UpdatePostRequest {
        post: Some(pb::Post {
            id: post("updated").await.id,
            published: Some(true),
            ..pb::Post::default()
        }),
        ..pb::UpdatePostRequest::default()
    };
    let delete_post = pb::DeletePostRequest {
        id: post("deleted").await.id,
        ..pb::DeletePostRequest::default()
    };
    let sign = pb::operation::Operation::UpdateUser(rename(&signed.id));
    vec![
        Change::of(pb::TransferPostsRequest {
            from_author_id: author.id,
            to_author_id: heir.id.clone(),
            ..pb::TransferPostsRequest::default()
        }),
        Change::of(pb::BatchCreateUsersRequest {
            requests: vec![new_user],
            ..pb::BatchCreateUsersRequest::default()
        }),
        Change::of(pb::BatchUpdateUsersRequest {
            requests: vec![rename(&updated.id)],
            ..pb::BatchUpdateUsersRequest::default()
        }),
        Change::of(pb::BatchDeleteUsersRequest {
            requests: vec![delete_user],
            ..pb::BatchDeleteUsersRequest::default()
        }),
        Change::of(pb::BatchCreatePostsRequest {
            requests: vec![new_post],
            ..pb::BatchCreatePostsRequest::default()
        }),
        Change::of(pb::BatchUpdatePostsRequest {
            requests: vec![publish],
            ..pb::BatchUpdatePostsRequest::default()
        }),
        Change::of(pb::BatchDeletePostsRequest {
            requests: vec![delete_post],
            ..pb::BatchDeletePostsRequest::default()
        }),
        Change::of(pb::ExecuteTransactionRequest {
            operations: vec![pb::Operation {
                operation: Some(sign),
            }],
            ..pb::ExecuteTransactionRequest::default()
        }),
    ]
}

/// Makes a user, whose id the server chooses.
pub(crate) fn create_user(email: &str) -> Change {
    Change::of(pb::CreateUserRequest {
        user: Some(pb::User {
            email: email.to_owned(),
            ..pb::User::default()
        }),
        ..pb::CreateUserRequest::default()
    })
}

/// Makes a post, whose id the server chooses.
pub(crate) fn create_post(author_id: &str, title: &str) -> Change {
    Change::of(pb::CreatePostRequest {
        post: Some(pb::Post {
            title: title.to_owned(),
            author_id: author_id.to_owned(),
            ..pb::Post::default()
        }),
        ..pb::CreatePostRequest::default()
    })
}

async fn publish(world: &World, id: &str) {
    let request = pb::PublishPostRequest {
        id: id.to_owned(),
        ..pb::PublishPostRequest::default()
    };
    world.posts.clone().publish_post(request).await.unwrap();
}

/// The id of that request.
pub(crate) fn request_id(number: usize) -> String {
    format!("0190a6c2-7e8f-4a30-9c4e-{number:012x}")
}

/// What the database knows the request of that id by, from a server that tells no callers apart;
/// `None` for a request without one.
pub(crate) fn kept_as(id: &str) -> Option<Uuid> {
    let said: Uuid = id.parse().ok()?;
    let hash = Sha256::new()
        .chain_update(said)
        .chain_update("anybody")
        .finalize();
    let mut bytes = said.into_bytes();
    bytes[8..].copy_from_slice(&hash[..8]);
    Some(Uuid::from_bytes(bytes))
}

/// All that the database holds, to be compared with what it holds later.
pub(crate) async fn contents(database: &TestDatabase) -> Vec<String> {
    let mut connection = database.connection().await;
    rows(
        &mut connection,
        "select 'user ' || to_jsonb(row)::text from users row \
         union all select 'post ' || to_jsonb(row)::text from posts row \
         union all select 'record ' || to_jsonb(row)::text from request_records row order by 1",
    )
    .await
}
