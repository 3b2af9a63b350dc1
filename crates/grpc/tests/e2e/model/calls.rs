//! Every mutation as one type: what is sent, and what is answered.

use byline_grpc::pb;
use proptest::sample::Index;
use prost::Message;

use crate::model::imports::Import;
use crate::model::outcome::{Made, Told};
use crate::model::refusal::Violation;
use crate::model::state::Model;

/// A request that changes something, as the contract describes it.
pub(crate) trait Change {
    /// Puts in what only the model knows: ids that the service made, and etags.
    fn fill(&mut self, model: &Model);

    /// What is wrong with the request, whatever there is.
    fn violations(&self) -> Vec<Violation>;

    /// What is wrong with messages behind the first, if nothing is with that.
    fn later_violations(&self) -> Vec<Violation> {
        Vec::new()
    }

    /// Makes the change. After a refusal the model is not to be used any more.
    fn make(&self, model: &mut Model) -> Made;
}

/// What a request says of itself.
pub(crate) trait Wishes {
    fn request_id(&self) -> &str;
    fn validate_only(&self) -> bool;
}

macro_rules! calls {
    (
        $($service:ident $name:ident $request:ident $response:ident,)*
        ; $($import:ident $rows:ident of $row:ident: $part:ident $report:ident,)*
    ) => {
        /// A mutation that is asked for. Its `request_id` and `validate_only` are set when
        /// it is sent.
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) enum Call {
            $($name(pb::$request),)*
            $($import(Import<pb::$row>),)*
        }

        impl Call {
            pub(crate) const NAMES: &[&str] = &[
                $(stringify!($name),)*
                $(stringify!($import),)*
            ];

            pub(crate) fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                    $(Self::$import(_) => stringify!($import),)*
                }
            }

            pub(crate) fn path(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => concat!(
                        "/byline.v1.", stringify!($service), "/", stringify!($name)
                    ),)*
                    $(Self::$import(_) => concat!(
                        "/byline.v1.TransferService/", stringify!($import)
                    ),)*
                }
            }

            /// The messages that ask for it: one, but for an import.
            pub(crate) fn encode(&self, request_id: &str, validate_only: bool) -> Vec<Vec<u8>> {
                match self {
                    $(Self::$name(request) => {
                        let request = pb::$request {
                            request_id: request_id.to_owned(),
                            validate_only,
                            ..request.clone()
                        };
                        vec![request.encode_to_vec()]
                    })*
                    $(Self::$import(import) => {
                        let parts = import.parts(request_id, validate_only).into_iter();
                        let part = |(settings, rows): (_, &[_])| pb::$part {
                            settings,
                            $rows: rows.to_vec(),
                        };
                        parts.map(|given| part(given).encode_to_vec()).collect()
                    })*
                }
            }

            /// What makes two requests of a method the same.
            pub(crate) fn body(&self) -> Vec<Vec<u8>> {
                match self {
                    $(Self::$name(_) => self.encode("", false),)*
                    $(Self::$import(import) => {
                        Self::$import(import.plain()).encode("", false)
                    })*
                }
            }

            /// Divides an import into messages, each of which ends behind one of these rows.
            pub(crate) fn divide(&mut self, cuts: &[Index]) {
                match self {
                    $(Self::$name(_) => {})*
                    $(Self::$import(import) => import.divide(cuts),)*
                }
            }

            /// By which path an answer names the id of the request.
            pub(crate) const fn id_field(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => "request_id",)*
                    $(Self::$import(_) => "settings.request_id",)*
                }
            }

            pub(crate) fn told(&self, answer: &[u8]) -> Told {
                match self {
                    $(Self::$name(_) => pb::$response::decode(answer).unwrap().into(),)*
                    $(Self::$import(_) => pb::$report::decode(answer).unwrap().into(),)*
                }
            }

            pub(crate) fn change(&self) -> &dyn Change {
                match self {
                    $(Self::$name(request) => request,)*
                    $(Self::$import(import) => import,)*
                }
            }

            pub(crate) fn change_mut(&mut self) -> &mut dyn Change {
                match self {
                    $(Self::$name(request) => request,)*
                    $(Self::$import(import) => import,)*
                }
            }
        }

        $(
            impl Wishes for pb::$request {
                fn request_id(&self) -> &str {
                    &self.request_id
                }

                fn validate_only(&self) -> bool {
                    self.validate_only
                }
            }
        )*
    };
}

calls! {
    UserService CreateUser CreateUserRequest CreateUserResponse,
    UserService UpdateUser UpdateUserRequest UpdateUserResponse,
    UserService DeleteUser DeleteUserRequest DeleteUserResponse,
    UserService UndeleteUser UndeleteUserRequest UndeleteUserResponse,
    UserService PurgeUser PurgeUserRequest PurgeUserResponse,
    PostService CreatePost CreatePostRequest CreatePostResponse,
    PostService UpdatePost UpdatePostRequest UpdatePostResponse,
    PostService PublishPost PublishPostRequest PublishPostResponse,
    PostService UnpublishPost UnpublishPostRequest UnpublishPostResponse,
    PostService DeletePost DeletePostRequest DeletePostResponse,
    PostService UndeletePost UndeletePostRequest UndeletePostResponse,
    PostService PurgePost PurgePostRequest PurgePostResponse,
    PostService TransferPosts TransferPostsRequest TransferPostsResponse,
    UserService BatchCreateUsers BatchCreateUsersRequest BatchCreateUsersResponse,
    UserService BatchUpdateUsers BatchUpdateUsersRequest BatchUpdateUsersResponse,
    UserService BatchDeleteUsers BatchDeleteUsersRequest BatchDeleteUsersResponse,
    PostService BatchCreatePosts BatchCreatePostsRequest BatchCreatePostsResponse,
    PostService BatchUpdatePosts BatchUpdatePostsRequest BatchUpdatePostsResponse,
    PostService BatchDeletePosts BatchDeletePostsRequest BatchDeletePostsResponse,
    TransactionService ExecuteTransaction ExecuteTransactionRequest ExecuteTransactionResponse,
    ;
    ImportUsers users of User: ImportUsersRequest ImportUsersResponse,
    ImportPosts posts of Post: ImportPostsRequest ImportPostsResponse,
}
