//! `bench wire`: what the wire allows. A server that knows its answers and reads nothing to give
//! them; what is left is what every server of these messages has to do.

use std::path::{Path, PathBuf};

use byline_grpc::pb;
use clap::Args;
use prost::Message;
use prost::bytes::Bytes;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use crate::call::{Answer, Call};
use crate::services::post_service_server::{PostService, PostServiceServer};
use crate::services::user_service_server::{UserService, UserServiceServer};
use crate::{Failure, serving};

#[derive(Args)]
pub(crate) struct WireCommand {
    /// What to answer
    #[arg(long, value_name = "FILE")]
    answers: PathBuf,
}

impl WireCommand {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let service = Service::of(&Answers::read(&self.answers)?)?;
        let incoming = serving::listen().await?;
        Server::builder()
            .add_service(UserServiceServer::new(service.clone()))
            .add_service(PostServiceServer::new(service))
            .serve_with_incoming(incoming)
            .await?;
        Ok(())
    }
}

/// An answer to each kind of call.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Answers {
    #[prost(message, repeated, tag = "1")]
    all: Vec<Recorded>,
}

#[derive(Clone, PartialEq, Message)]
struct Recorded {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(bytes = "bytes", tag = "2")]
    message: Bytes,
}

/// What stands for a user with the posts, which the same method answers.
const WITH_POSTS: &str = "GetUser with posts";

impl Answers {
    /// Adds what a call was answered, unless there is an answer of its kind.
    pub(crate) fn add(&mut self, call: &Call, answer: &Answer) {
        let kind = if let Call::GetUser(pb::GetUserRequest {
            read_mask: Some(_), ..
        }) = call
        {
            WITH_POSTS
        } else {
            call.method()
        };
        if self.all.iter().all(|it| it.kind != kind) {
            self.all.push(Recorded {
                kind: kind.to_owned(),
                message: answer.encode().into(),
            });
        }
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let written = std::fs::write(path, self.encode_to_vec());
        Ok(written.map_err(|error| format!("{}: {error}", path.display()))?)
    }

    fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self::decode(&*bytes)?)
    }

    fn get<M: Message + Default>(&self, kind: &str) -> Result<Option<M>, Failure> {
        let recorded = self.all.iter().find(|it| it.kind == kind);
        let decoded = recorded.map(|it| M::decode(it.message.clone()));
        Ok(decoded.transpose()?)
    }
}

/// Makes a server of one answer a method.
macro_rules! answering {
    ($($service:ident {
        $($method:ident: $kind:literal, $request:ident -> $response:ident;)*
        $({ $($more:tt)* })?
    })*) => {
        #[derive(Clone)]
        struct Service {
            user: Option<pb::GetUserResponse>,
            user_with_posts: Option<pb::GetUserResponse>,
            $($($method: Option<pb::$response>,)*)*
        }

        impl Service {
            fn of(answers: &Answers) -> Result<Self, Failure> {
                Ok(Self {
                    user: answers.get("GetUser")?,
                    user_with_posts: answers.get(WITH_POSTS)?,
                    $($($method: answers.get($kind)?,)*)*
                })
            }
        }

        $(
            #[tonic::async_trait]
            impl $service for Service {
                $(
                    async fn $method(
                        &self,
                        _request: Request<pb::$request>,
                    ) -> Result<Response<pb::$response>, Status> {
                        answer(self.$method.as_ref())
                    }
                )*
                $($($more)*)?
            }
        )*
    };
}

answering! {
    UserService {
        batch_get_users: "BatchGetUsers", BatchGetUsersRequest -> BatchGetUsersResponse;
        list_users: "ListUsers", ListUsersRequest -> ListUsersResponse;
        search_users: "SearchUsers", SearchUsersRequest -> SearchUsersResponse;
        {
            async fn get_user(
                &self,
                request: Request<pb::GetUserRequest>,
            ) -> Result<Response<pb::GetUserResponse>, Status> {
                answer(match request.get_ref().read_mask {
                    Some(_) => self.user_with_posts.as_ref(),
                    None => self.user.as_ref(),
                })
            }
        }
    }
    PostService {
        list_posts: "ListPosts", ListPostsRequest -> ListPostsResponse;
        search_posts: "SearchPosts", SearchPostsRequest -> SearchPostsResponse;
        create_post: "CreatePost", CreatePostRequest -> CreatePostResponse;
        update_post: "UpdatePost", UpdatePostRequest -> UpdatePostResponse;
        batch_create_posts: "BatchCreatePosts", BatchCreatePostsRequest -> BatchCreatePostsResponse;
    }
}

fn answer<T: Clone>(recorded: Option<&T>) -> Result<Response<T>, Status> {
    let answer = recorded.cloned().map(Response::new);
    answer.ok_or_else(|| Status::unimplemented("no answer was recorded"))
}
