//! Calls, one after the other, of a program that knows nothing of what happens to its schema.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use byline_grpc::pb;
use byline_grpc::pb::post_service_client::PostServiceClient;
use byline_grpc::pb::user_service_client::UserServiceClient;
use tokio::task::JoinSet;
use tonic::Status;
use tonic::transport::Channel;

use crate::support::{World, get_by_id, mask};

/// Callers that go on until they are ended.
pub(super) struct Load {
    over: Arc<AtomicBool>,
    callers: JoinSet<Calls>,
}

/// What became of the calls.
#[derive(Default)]
pub(super) struct Calls {
    pub(super) made: usize,
    pub(super) failures: Vec<Status>,
}

impl Calls {
    fn note<T: Default>(&mut self, result: Result<tonic::Response<T>, Status>) -> T {
        self.made += 1;
        match result {
            Ok(response) => response.into_inner(),
            Err(status) => {
                self.failures.push(status);
                T::default()
            }
        }
    }
}

impl Load {
    /// Three callers, so that some are under way whatever happens.
    pub(super) async fn on(world: &World) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let mut callers = JoinSet::new();
        for n in 0..3 {
            let over = over.clone();
            let mut caller = Caller {
                users: UserServiceClient::new(world.server.channel().await),
                posts: PostServiceClient::new(world.server.channel().await),
                calls: Calls::default(),
            };
            callers.spawn(async move {
                let mut round = 0;
                while !over.load(Ordering::Relaxed) {
                    caller
                        .round(&format!("caller-{n}-{round}@example.com"))
                        .await;
                    round += 1;
                    // The rest of the machine has something to do as well.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                caller.calls
            });
        }
        Self { over, callers }
    }

    pub(super) async fn end(mut self) -> Calls {
        self.over.store(true, Ordering::Relaxed);
        let mut all = Calls::default();
        while let Some(calls) = self.callers.join_next().await {
            let calls = calls.unwrap();
            all.made += calls.made;
            all.failures.extend(calls.failures);
        }
        all
    }
}

struct Caller {
    users: UserServiceClient<Channel>,
    posts: PostServiceClient<Channel>,
    calls: Calls,
}

impl Caller {
    /// Makes a user and a post, reads and changes both, and deletes them.
    async fn round(&mut self, email: &str) {
        let request = pb::CreateUserRequest {
            user: Some(pb::User {
                email: email.to_owned(),
                name: Some("A caller".to_owned()),
                ..pb::User::default()
            }),
            ..pb::CreateUserRequest::default()
        };
        let made = self.calls.note(self.users.create_user(request).await);
        let user = made.user.unwrap_or_default();
        let request = pb::CreatePostRequest {
            post: Some(pb::Post {
                title: "While the schema changes".to_owned(),
                author_id: user.id.clone(),
                ..pb::Post::default()
            }),
            ..pb::CreatePostRequest::default()
        };
        let made = self.calls.note(self.posts.create_post(request).await);
        let post = made.post.unwrap_or_default();
        let request = pb::GetUserRequest {
            read_mask: mask(&["*", "post_count", "posts"]),
            ..get_by_id(&user.id)
        };
        self.calls.note(self.users.get_user(request).await);
        let request = pb::UpdateUserRequest {
            user: Some(pb::User {
                id: user.id.clone(),
                name: Some("A caller, again".to_owned()),
                ..pb::User::default()
            }),
            ..pb::UpdateUserRequest::default()
        };
        self.calls.note(self.users.update_user(request).await);
        let request = pb::ListUsersRequest {
            filter: "posts.title : \"schema\"".to_owned(),
            page_size: 10,
            ..pb::ListUsersRequest::default()
        };
        self.calls.note(self.users.list_users(request).await);
        let request = pb::SearchPostsRequest {
            query: "schema".to_owned(),
            page_size: 10,
            ..pb::SearchPostsRequest::default()
        };
        self.calls.note(self.posts.search_posts(request).await);
        let request = pb::DeletePostRequest {
            id: post.id,
            ..pb::DeletePostRequest::default()
        };
        self.calls.note(self.posts.delete_post(request).await);
        let request = pb::DeleteUserRequest {
            id: user.id,
            ..pb::DeleteUserRequest::default()
        };
        self.calls.note(self.users.delete_user(request).await);
    }
}
