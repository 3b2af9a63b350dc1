//! Calls of the contract, ready to be sent, and what is looked at of their answers.

use std::time::Duration;

use byline_grpc::pb;
use byline_grpc::pb::post_service_client::PostServiceClient;
use byline_grpc::pb::user_service_client::UserServiceClient;
use prost::Message as _;
use tonic::transport::Channel;
use tonic::{Request, Status};

/// How long a call may take: the longest that a server allows unless told otherwise.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Makes a call, an answer and a way to get the one for the other of each method.
macro_rules! calls {
    ($($name:ident = $service:ident.$method:ident($request:ident) -> $response:ident,)*) => {
        /// A call that is ready to be sent.
        #[derive(Clone, Debug)]
        pub(crate) enum Call {
            $($name(pb::$request),)*
        }

        /// What a call was answered.
        #[derive(Debug)]
        pub(crate) enum Answer {
            $($name(pb::$response),)*
        }

        impl Call {
            /// Such as `GetUser`.
            pub(crate) const fn method(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                }
            }
        }

        impl Answer {
            /// The answer as it stands on the wire.
            pub(crate) fn encode(&self) -> Vec<u8> {
                match self {
                    $(Self::$name(answer) => answer.encode_to_vec(),)*
                }
            }
        }

        impl Clients {
            /// Makes the call.
            pub(crate) async fn send(&mut self, call: Call) -> Result<Answer, Status> {
                Ok(match call {
                    $(Call::$name(request) => {
                        let answer = self.$service.$method(timed(request, self.deadline)).await?;
                        Answer::$name(answer.into_inner())
                    })*
                })
            }
        }
    };
}

calls! {
    GetUser = users.get_user(GetUserRequest) -> GetUserResponse,
    BatchGetUsers = users.batch_get_users(BatchGetUsersRequest) -> BatchGetUsersResponse,
    ListUsers = users.list_users(ListUsersRequest) -> ListUsersResponse,
    SearchUsers = users.search_users(SearchUsersRequest) -> SearchUsersResponse,
    CountUsers = users.count_users(CountUsersRequest) -> CountUsersResponse,
    GetPost = posts.get_post(GetPostRequest) -> GetPostResponse,
    BatchGetPosts = posts.batch_get_posts(BatchGetPostsRequest) -> BatchGetPostsResponse,
    ListPosts = posts.list_posts(ListPostsRequest) -> ListPostsResponse,
    SearchPosts = posts.search_posts(SearchPostsRequest) -> SearchPostsResponse,
    CountPosts = posts.count_posts(CountPostsRequest) -> CountPostsResponse,
    CreatePost = posts.create_post(CreatePostRequest) -> CreatePostResponse,
    UpdatePost = posts.update_post(UpdatePostRequest) -> UpdatePostResponse,
    BatchCreatePosts = posts.batch_create_posts(BatchCreatePostsRequest) -> BatchCreatePostsResponse,
}

impl Answer {
    /// How many resources it holds; of a count, how many there are.
    pub(crate) fn rows(&self) -> u64 {
        let rows = match self {
            Self::GetUser(it) => usize::from(it.user.is_some()),
            Self::BatchGetUsers(it) => it.users.len(),
            Self::ListUsers(it) => it.users.len(),
            Self::SearchUsers(it) => it.users.len(),
            Self::GetPost(it) => usize::from(it.post.is_some()),
            Self::BatchGetPosts(it) => it.posts.len(),
            Self::ListPosts(it) => it.posts.len(),
            Self::SearchPosts(it) => it.results.len(),
            Self::CreatePost(it) => usize::from(it.post.is_some()),
            Self::UpdatePost(it) => usize::from(it.post.is_some()),
            Self::BatchCreatePosts(it) => it.results.iter().filter_map(made).count(),
            Self::CountUsers(it) => return u64::try_from(it.count).unwrap_or_default(),
            Self::CountPosts(it) => return u64::try_from(it.count).unwrap_or_default(),
        };
        rows as u64
    }

    /// How many resources it holds, with those that come along with a user.
    pub(crate) fn resources(&self) -> u64 {
        let user = if let Self::GetUser(it) = self {
            it.user.as_ref()
        } else {
            None
        };
        self.rows() + user.map_or(0, |user| user.posts.len()) as u64
    }

    /// The token of the page after it; empty if there is none.
    pub(crate) fn next_page_token(self) -> String {
        match self {
            Self::ListUsers(it) => it.next_page_token,
            Self::SearchUsers(it) => it.next_page_token,
            Self::ListPosts(it) => it.next_page_token,
            Self::SearchPosts(it) => it.next_page_token,
            Self::GetUser(_)
            | Self::BatchGetUsers(_)
            | Self::CountUsers(_)
            | Self::GetPost(_)
            | Self::BatchGetPosts(_)
            | Self::CountPosts(_)
            | Self::CreatePost(_)
            | Self::UpdatePost(_)
            | Self::BatchCreatePosts(_) => String::new(),
        }
    }

    /// The ids of what it holds, in order.
    pub(crate) fn ids(&self) -> Vec<&str> {
        fn users(users: &[pb::User]) -> Vec<&str> {
            users.iter().flat_map(user_ids).collect()
        }

        fn posts<'a>(posts: impl IntoIterator<Item = &'a pb::Post>) -> Vec<&'a str> {
            posts.into_iter().map(|post| &*post.id).collect()
        }

        match self {
            Self::GetUser(it) => it.user.iter().flat_map(user_ids).collect(),
            Self::BatchGetUsers(it) => users(&it.users),
            Self::ListUsers(it) => users(&it.users),
            Self::SearchUsers(it) => users(&it.users),
            Self::GetPost(it) => posts(&it.post),
            Self::BatchGetPosts(it) => posts(&it.posts),
            Self::ListPosts(it) => posts(&it.posts),
            Self::SearchPosts(it) => posts(it.results.iter().filter_map(|it| it.post.as_ref())),
            Self::CreatePost(it) => posts(&it.post),
            Self::UpdatePost(it) => posts(&it.post),
            Self::BatchCreatePosts(it) => posts(it.results.iter().filter_map(made)),
            Self::CountUsers(_) | Self::CountPosts(_) => Vec::new(),
        }
    }
}

/// The id of a user, and those of the posts that came along.
fn user_ids(user: &pb::User) -> impl Iterator<Item = &str> {
    let posts = user.posts.iter().map(|post| &*post.id);
    std::iter::once(&*user.id).chain(posts)
}

fn made(result: &pb::PostResult) -> Option<&pb::Post> {
    match &result.result {
        Some(pb::post_result::Result::Post(post)) => Some(post),
        Some(pb::post_result::Result::Status(_)) | None => None,
    }
}

/// One connection to a server.
#[derive(Clone)]
pub(crate) struct Clients {
    users: UserServiceClient<Channel>,
    posts: PostServiceClient<Channel>,
    deadline: Duration,
}

impl Clients {
    pub(crate) fn new(channel: Channel) -> Self {
        Self::patient(channel, DEADLINE)
    }

    /// For calls that may take so long.
    pub(crate) fn patient(channel: Channel, deadline: Duration) -> Self {
        Self {
            deadline,
            users: UserServiceClient::new(channel.clone()),
            posts: PostServiceClient::new(channel),
        }
    }
}

fn timed<T>(message: T, deadline: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(deadline);
    request
}
