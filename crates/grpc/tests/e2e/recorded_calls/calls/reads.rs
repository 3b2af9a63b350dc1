//! Those that read.

use std::time::Duration;

use byline_grpc::pb;

use super::{Caller, note};
use crate::support::mask;

/// How often a search is made anew.
const TRIES: usize = 1_000;

impl Caller<'_> {
    pub(super) async fn read_users(&mut self, ada: &str, grace: &str) {
        use pb::get_user_request::Key;
        for key in [
            Key::Id(ada.to_owned()),
            Key::Email(format!("ada@{}", super::super::DOMAIN)),
        ] {
            let request = pb::GetUserRequest {
                key: Some(key),
                read_mask: mask(&["*", "post_count", "posts"]),
                ..pb::GetUserRequest::default()
            };
            note!(self, "GetUser", users.get_user(request));
        }
        let request = pb::BatchGetUsersRequest {
            ids: vec![ada.to_owned(), grace.to_owned()],
            ..pb::BatchGetUsersRequest::default()
        };
        note!(self, "BatchGetUsers", users.batch_get_users(request));
        for (order_by, filter, show_deleted) in [
            ("", "", false),
            (
                "name desc",
                "role = \"editor\" AND posts.title : \"gardens\"",
                false,
            ),
            ("email", "", true),
            ("updated_at desc", "is_active = true", false),
        ] {
            let request = pb::ListUsersRequest {
                order_by: order_by.to_owned(),
                filter: filter.to_owned(),
                show_deleted,
                page_size: 3,
                total: pb::TotalMode::Exact.into(),
                ..pb::ListUsersRequest::default()
            };
            let answer = note!(self, "ListUsers", users.list_users(request.clone()));
            if !answer.next_page_token.is_empty() {
                let request = pb::ListUsersRequest {
                    page_token: answer.next_page_token,
                    ..request
                };
                note!(self, "ListUsers", users.list_users(request));
            }
        }
        for query in ["gardens", "ad"] {
            let request = pb::SearchUsersRequest {
                query: query.to_owned(),
                page_size: 3,
                ..pb::SearchUsersRequest::default()
            };
            note!(self, "SearchUsers", users.search_users(request));
        }
        self.search_for_nobody().await;
        for group_by in ["", "role"] {
            let request = pb::CountUsersRequest {
                group_by: group_by.to_owned(),
                ..pb::CountUsersRequest::default()
            };
            note!(self, "CountUsers", users.count_users(request));
        }
    }

    /// Searches until the program has a sample of users, in which nobody has what is looked for.
    async fn search_for_nobody(&mut self) {
        let request = pb::SearchUsersRequest {
            query: "nobody".to_owned(),
            page_size: 3,
            ..pb::SearchUsersRequest::default()
        };
        let mut users = self.users.clone();
        for _ in 0..TRIES {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let answer = users.search_users(request.clone()).await;
            if self.log.is_to_have("now() is not null") {
                self.log.note("SearchUsers, few", answer);
                return;
            }
        }
        self.log.refuse("SearchUsers, few");
    }

    pub(super) async fn read_posts(&mut self, ada: &str, post: &str, other: &str) {
        let request = pb::GetPostRequest {
            id: post.to_owned(),
            read_mask: mask(&["*", "author"]),
            ..pb::GetPostRequest::default()
        };
        note!(self, "GetPost", posts.get_post(request));
        let request = pb::BatchGetPostsRequest {
            ids: vec![post.to_owned(), other.to_owned()],
            ..pb::BatchGetPostsRequest::default()
        };
        note!(self, "BatchGetPosts", posts.batch_get_posts(request));
        for (order_by, filter) in [
            ("", String::new()),
            ("title", format!("author_id = \"{ada}\"")),
            ("updated_at desc", "author.role = \"editor\"".to_owned()),
            ("published_at desc", "published = true".to_owned()),
        ] {
            let request = pb::ListPostsRequest {
                order_by: order_by.to_owned(),
                filter,
                page_size: 3,
                ..pb::ListPostsRequest::default()
            };
            note!(self, "ListPosts", posts.list_posts(request));
        }
        let request = pb::SearchPostsRequest {
            query: "\"long walk\" -roof".to_owned(),
            page_size: 3,
            read_mask: mask(&["title", "author.name"]),
            ..pb::SearchPostsRequest::default()
        };
        note!(self, "SearchPosts", posts.search_posts(request));
        for group_by in ["", "author_id"] {
            let request = pb::CountPostsRequest {
                group_by: group_by.to_owned(),
                filter: format!("author_id = \"{ada}\""),
                ..pb::CountPostsRequest::default()
            };
            note!(self, "CountPosts", posts.count_posts(request));
        }
    }
}
