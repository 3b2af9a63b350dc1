//! Calls of every method that reads or changes, one after the other.

mod reads;
mod together;

use byline_grpc::pb::credential_service_client::CredentialServiceClient;
use byline_grpc::pb::post_service_client::PostServiceClient;
use byline_grpc::pb::transaction_service_client::TransactionServiceClient;
use byline_grpc::pb::user_service_client::UserServiceClient;
use byline_grpc::pb::{self, operation::Operation as Kind};
use tonic::transport::Channel;

use super::log::Log;

struct Caller<'a> {
    users: UserServiceClient<Channel>,
    posts: PostServiceClient<Channel>,
    transactions: TransactionServiceClient<Channel>,
    credentials: CredentialServiceClient<Channel>,
    log: &'a mut Log,
    /// How many ids of requests were made.
    requests: u32,
    posts_made: u32,
}

/// Makes all of them, and has the log note each.
pub(super) async fn make(channel: Channel, log: &mut Log) {
    let mut caller = Caller {
        users: UserServiceClient::new(channel.clone()),
        posts: PostServiceClient::new(channel.clone()),
        transactions: TransactionServiceClient::new(channel.clone()),
        credentials: CredentialServiceClient::new(channel),
        log,
        requests: 0,
        posts_made: 0,
    };
    let ada = caller.create_user("ada").await;
    let grace = caller.create_user("grace").await;
    caller.passwords(&ada, &grace).await;
    caller.change_user(&ada).await;
    let post = caller.create_post(&ada, "Gardens by the sea").await;
    let other = caller.create_post(&ada, "Nine days of rain").await;
    caller.change_post(&post).await;
    caller.read_users(&ada, &grace).await;
    caller.read_posts(&ada, &post, &other).await;
    caller.move_to_and_from_the_trash(&ada, &grace, &post).await;
    caller.in_batches(&grace).await;
    caller.in_a_transaction().await;
    caller.together().await;
}

/// `note!(caller, users.get_user(request))`: makes the call and has it noted.
macro_rules! note {
    ($caller:ident, $name:literal, $service:ident.$method:ident($request:expr)) => {{
        let result = $caller.$service.$method($request).await;
        $caller.log.note($name, result)
    }};
}
use note;

impl Caller<'_> {
    fn request_id(&mut self) -> String {
        self.requests += 1;
        format!("00000000-0000-4000-8000-{:012}", self.requests)
    }

    fn new_user(&mut self, name: &str) -> pb::CreateUserRequest {
        pb::CreateUserRequest {
            user: Some(pb::User {
                email: format!("{name}@{}", super::DOMAIN),
                name: Some(name.to_owned()),
                role: "editor".to_owned(),
                ..pb::User::default()
            }),
            request_id: self.request_id(),
            ..pb::CreateUserRequest::default()
        }
    }

    /// One whose id is given: what such posts are made of is told as values of a statement, and
    /// so they are there for those calls too that come after it in a replay.
    fn new_post(&mut self, author: &str, title: &str) -> pb::CreatePostRequest {
        self.posts_made += 1;
        pb::CreatePostRequest {
            post: Some(pb::Post {
                id: format!("00000000-0000-4000-9000-{:012}", self.posts_made),
                title: title.to_owned(),
                content: Some("A long walk past the gardens.".to_owned()),
                author_id: author.to_owned(),
                ..pb::Post::default()
            }),
            request_id: self.request_id(),
            ..pb::CreatePostRequest::default()
        }
    }

    async fn create_user(&mut self, name: &str) -> String {
        let request = self.new_user(name);
        let answer = note!(self, "CreateUser", users.create_user(request));
        answer.user.unwrap_or_default().id
    }

    async fn create_post(&mut self, author: &str, title: &str) -> String {
        let request = self.new_post(author, title);
        let answer = note!(self, "CreatePost", posts.create_post(request));
        answer.post.unwrap_or_default().id
    }

    async fn passwords(&mut self, ada: &str, grace: &str) {
        use pb::verify_password_request::Key;
        for current in [None, Some("correct horse battery".to_owned())] {
            let request = pb::SetPasswordRequest {
                user_id: ada.to_owned(),
                new_password: "correct horse battery".to_owned(),
                current_password: current,
                request_id: self.request_id(),
                ..pb::SetPasswordRequest::default()
            };
            note!(self, "SetPassword", credentials.set_password(request));
        }
        let request = pb::ImportPasswordHashRequest {
            user_id: grace.to_owned(),
            hash: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW".to_owned(),
            ..pb::ImportPasswordHashRequest::default()
        };
        note!(
            self,
            "ImportPasswordHash",
            credentials.import_password_hash(request)
        );
        for (key, password) in [
            (Key::Id(ada.to_owned()), "correct horse battery"),
            // Hashed anew.
            (Key::Email(format!("grace@{}", super::DOMAIN)), "U*U"),
        ] {
            let request = pb::VerifyPasswordRequest {
                key: Some(key),
                password: password.to_owned(),
            };
            note!(self, "VerifyPassword", credentials.verify_password(request));
        }
    }

    async fn change_user(&mut self, id: &str) {
        let request = pb::UpdateUserRequest {
            user: Some(pb::User {
                id: id.to_owned(),
                name: Some("Ada of the gardens".to_owned()),
                is_active: Some(false),
                ..pb::User::default()
            }),
            ..pb::UpdateUserRequest::default()
        };
        note!(self, "UpdateUser", users.update_user(request));
    }

    async fn change_post(&mut self, id: &str) {
        let request = pb::UpdatePostRequest {
            post: Some(pb::Post {
                id: id.to_owned(),
                title: "Gardens by the lake".to_owned(),
                ..pb::Post::default()
            }),
            ..pb::UpdatePostRequest::default()
        };
        note!(self, "UpdatePost", posts.update_post(request));
        for _ in 0..2 {
            let request = pb::PublishPostRequest {
                id: id.to_owned(),
                ..pb::PublishPostRequest::default()
            };
            note!(self, "PublishPost", posts.publish_post(request));
        }
        let request = pb::UnpublishPostRequest {
            id: id.to_owned(),
            ..pb::UnpublishPostRequest::default()
        };
        note!(self, "UnpublishPost", posts.unpublish_post(request));
    }

    async fn move_to_and_from_the_trash(&mut self, ada: &str, grace: &str, post: &str) {
        for last in [false, true] {
            let request = pb::DeletePostRequest {
                id: post.to_owned(),
                ..pb::DeletePostRequest::default()
            };
            note!(self, "DeletePost", posts.delete_post(request));
            if last {
                let request = pb::PurgePostRequest {
                    id: post.to_owned(),
                    ..pb::PurgePostRequest::default()
                };
                note!(self, "PurgePost", posts.purge_post(request));
                continue;
            }
            let request = pb::UndeletePostRequest {
                id: post.to_owned(),
                ..pb::UndeletePostRequest::default()
            };
            note!(self, "UndeletePost", posts.undelete_post(request));
        }
        let request = pb::TransferPostsRequest {
            from_author_id: ada.to_owned(),
            to_author_id: grace.to_owned(),
            ..pb::TransferPostsRequest::default()
        };
        note!(self, "TransferPosts", posts.transfer_posts(request));
        for id in [ada, grace] {
            let request = pb::DeleteUserRequest {
                id: id.to_owned(),
                force: true,
                ..pb::DeleteUserRequest::default()
            };
            note!(self, "DeleteUser", users.delete_user(request));
        }
        let request = pb::UndeleteUserRequest {
            id: grace.to_owned(),
            ..pb::UndeleteUserRequest::default()
        };
        note!(self, "UndeleteUser", users.undelete_user(request));
        let request = pb::PurgeUserRequest {
            id: ada.to_owned(),
            ..pb::PurgeUserRequest::default()
        };
        note!(self, "PurgeUser", users.purge_user(request));
    }

    async fn in_batches(&mut self, grace: &str) {
        let requests = vec![self.new_user("barbara"), self.new_user("frances")];
        let requests = requests.into_iter().map(|one| pb::CreateUserRequest {
            request_id: String::new(),
            ..one
        });
        let request = pb::BatchCreateUsersRequest {
            requests: requests.collect(),
            request_id: self.request_id(),
            ..pb::BatchCreateUsersRequest::default()
        };
        note!(self, "BatchCreateUsers", users.batch_create_users(request));
        let mut requests = [(); 2].map(|()| pb::CreatePostRequest {
            request_id: String::new(),
            ..self.new_post(grace, "Two of them")
        });
        let request = pb::BatchCreatePostsRequest {
            requests: requests.to_vec(),
            ..pb::BatchCreatePostsRequest::default()
        };
        let made = note!(self, "BatchCreatePosts", posts.batch_create_posts(request));
        for post in requests.iter_mut().filter_map(|one| one.post.as_mut()) {
            post.id.clear();
        }
        let request = pb::BatchCreatePostsRequest {
            requests: requests.to_vec(),
            ..pb::BatchCreatePostsRequest::default()
        };
        note!(
            self,
            "BatchCreatePosts, fresh",
            posts.batch_create_posts(request)
        );
        let ids = made
            .results
            .into_iter()
            .filter_map(|result| match result.result {
                Some(pb::post_result::Result::Post(post)) => Some(post.id),
                _ => None,
            });
        let ids: Vec<_> = ids.collect();
        let changes = ids.iter().map(|id| pb::UpdatePostRequest {
            post: Some(pb::Post {
                id: id.clone(),
                title: "Two of them, again".to_owned(),
                ..pb::Post::default()
            }),
            ..pb::UpdatePostRequest::default()
        });
        let request = pb::BatchUpdatePostsRequest {
            requests: changes.collect(),
            ..pb::BatchUpdatePostsRequest::default()
        };
        note!(self, "BatchUpdatePosts", posts.batch_update_posts(request));
        let deletions = ids.into_iter().map(|id| pb::DeletePostRequest {
            id,
            ..pb::DeletePostRequest::default()
        });
        let request = pb::BatchDeletePostsRequest {
            requests: deletions.collect(),
            ..pb::BatchDeletePostsRequest::default()
        };
        note!(self, "BatchDeletePosts", posts.batch_delete_posts(request));
    }

    async fn in_a_transaction(&mut self) {
        let user = pb::CreateUserRequest {
            request_id: String::new(),
            ..self.new_user("hedy")
        };
        let nested = pb::NestedOperations {
            operations: vec![pb::Operation {
                operation: Some(Kind::CreateUser(pb::CreateUserRequest {
                    request_id: String::new(),
                    ..self.new_user("annie")
                })),
            }],
        };
        let request = pb::ExecuteTransactionRequest {
            operations: [Kind::CreateUser(user), Kind::Nested(nested)]
                .map(|operation| pb::Operation {
                    operation: Some(operation),
                })
                .into(),
            request_id: self.request_id(),
            ..pb::ExecuteTransactionRequest::default()
        };
        note!(
            self,
            "ExecuteTransaction",
            transactions.execute_transaction(request)
        );
    }
}
