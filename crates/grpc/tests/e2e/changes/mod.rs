//! Every method that changes something, asked and answered in the bytes of the wire.

mod every;

use std::sync::Arc;

use byline_grpc::pb;
use byline_persistence::testing::{TestDatabase, rows};
use prost::Message;
use sha2::{Digest, Sha256};
use tonic::transport::Channel;
use tonic::{Request, Status};
use uuid::Uuid;

use crate::access::with_token;
use crate::wire::call_as;

pub(crate) use every::{create_post, create_user, every};

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
    /// The token that is sent with it.
    token: Option<String>,
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
            token: None,
        }
    }

    /// The same, asked for with that token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// Asks for it under that id, or under none; the answer as it came over the wire.
    pub(crate) async fn send(
        &self,
        channel: &Channel,
        request_id: &str,
    ) -> Result<Vec<u8>, Status> {
        self.ask(channel, request_id, false).await
    }

    /// Only tries it.
    pub(crate) async fn try_out(
        &self,
        channel: &Channel,
        request_id: &str,
    ) -> Result<Vec<u8>, Status> {
        self.ask(channel, request_id, true).await
    }

    async fn ask(
        &self,
        channel: &Channel,
        request_id: &str,
        validate_only: bool,
    ) -> Result<Vec<u8>, Status> {
        let messages = vec![(self.encode)(request_id, validate_only)];
        let request = match &self.token {
            Some(token) => with_token(messages, token),
            None => Request::new(messages),
        };
        call_as(channel, self.path, request).await
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
         union all select 'credential ' || to_jsonb(row)::text from credentials row \
         union all select 'record ' || to_jsonb(row)::text from request_records row order by 1",
    )
    .await
}
