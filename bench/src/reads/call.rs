//! The calls that are measured.

use std::time::Duration;

use byline_grpc::pb;
use byline_grpc::pb::post_service_client::PostServiceClient;
use byline_grpc::pb::user_service_client::UserServiceClient;
use tonic::transport::Channel;
use tonic::{Request, Status};

/// How long a call may take: the longest that a server allows unless told otherwise.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A call that is ready to be sent.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    GetUser(pb::GetUserRequest),
    BatchGetUsers(pb::BatchGetUsersRequest),
    ListUsers(pb::ListUsersRequest),
    SearchUsers(pb::SearchUsersRequest),
    CountUsers(pb::CountUsersRequest),
    GetPost(pb::GetPostRequest),
    BatchGetPosts(pb::BatchGetPostsRequest),
    ListPosts(pb::ListPostsRequest),
    SearchPosts(pb::SearchPostsRequest),
    CountPosts(pb::CountPostsRequest),
}

/// What of an answer is looked at.
pub(crate) struct Answer {
    /// How many resources it holds; of a count, how many there are.
    pub(crate) rows: u64,
    /// The token of the page after it; empty if there is none.
    pub(crate) next_page_token: String,
}

impl Answer {
    fn rows(rows: usize) -> Self {
        Self::page(rows, String::new())
    }

    fn page(rows: usize, next_page_token: String) -> Self {
        Self {
            rows: rows as u64,
            next_page_token,
        }
    }

    fn count(count: i64) -> Self {
        Self {
            rows: u64::try_from(count).unwrap_or_default(),
            next_page_token: String::new(),
        }
    }
}

/// One connection to a server.
#[derive(Clone)]
pub(crate) struct Clients {
    users: UserServiceClient<Channel>,
    posts: PostServiceClient<Channel>,
}

impl Clients {
    pub(crate) fn new(channel: Channel) -> Self {
        Self {
            users: UserServiceClient::new(channel.clone()),
            posts: PostServiceClient::new(channel),
        }
    }

    /// Makes the call.
    pub(crate) async fn send(&mut self, call: Call) -> Result<Answer, Status> {
        let Self { users, posts } = self;
        Ok(match call {
            Call::GetUser(request) => {
                let answer = users.get_user(timed(request)).await?.into_inner();
                Answer::rows(usize::from(answer.user.is_some()))
            }
            Call::BatchGetUsers(request) => {
                let answer = users.batch_get_users(timed(request)).await?.into_inner();
                Answer::rows(answer.users.len())
            }
            Call::ListUsers(request) => {
                let answer = users.list_users(timed(request)).await?.into_inner();
                Answer::page(answer.users.len(), answer.next_page_token)
            }
            Call::SearchUsers(request) => {
                let answer = users.search_users(timed(request)).await?.into_inner();
                Answer::page(answer.users.len(), answer.next_page_token)
            }
            Call::CountUsers(request) => {
                Answer::count(users.count_users(timed(request)).await?.into_inner().count)
            }
            Call::GetPost(request) => {
                let answer = posts.get_post(timed(request)).await?.into_inner();
                Answer::rows(usize::from(answer.post.is_some()))
            }
            Call::BatchGetPosts(request) => {
                let answer = posts.batch_get_posts(timed(request)).await?.into_inner();
                Answer::rows(answer.posts.len())
            }
            Call::ListPosts(request) => {
                let answer = posts.list_posts(timed(request)).await?.into_inner();
                Answer::page(answer.posts.len(), answer.next_page_token)
            }
            Call::SearchPosts(request) => {
                let answer = posts.search_posts(timed(request)).await?.into_inner();
                Answer::page(answer.results.len(), answer.next_page_token)
            }
            Call::CountPosts(request) => {
                Answer::count(posts.count_posts(timed(request)).await?.into_inner().count)
            }
        })
    }
}

fn timed<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}
