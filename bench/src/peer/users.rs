//! Reads of users.

use std::collections::HashMap;

use byline_grpc::pb;
use byline_grpc::pb::get_user_request::Key;
use prost_types::FieldMask;
use sqlx::{query_as, query_scalar};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::rows::{PostRow, UserRow, post_columns_without_content, user_columns};
use super::{Service, Window, failed, id};
use crate::services::user_service_server::UserService;

#[tonic::async_trait]
impl UserService for Service {
    async fn get_user(
        &self,
        request: Request<pb::GetUserRequest>,
    ) -> Result<Response<pb::GetUserResponse>, Status> {
        let request = request.into_inner();
        let row: UserRow = match request.key {
            Some(Key::Id(key)) => {
                query_as(concat!(
                    "select ",
                    user_columns!(),
                    " from users where id = $1 and deleted_at is null"
                ))
                .bind(id(&key)?)
                .fetch_one(&self.pool)
                .await
            }
            Some(Key::Email(email)) => {
                query_as(concat!(
                    "select ",
                    user_columns!(),
                    " from users \
                     where lower(email) collate \"C\" = lower($1) and deleted_at is null"
                ))
                .bind(email)
                .fetch_one(&self.pool)
                .await
            }
            None => return Err(Status::invalid_argument("id or email is required")),
        }
        .map_err(failed)?;
        let user_id = row.id;
        let mut user = pb::User::from(row);
        if names(request.read_mask.as_ref(), "posts") {
            user.posts = self.posts_of(user_id).await?;
        }
        Ok(Response::new(pb::GetUserResponse { user: Some(user) }))
    }

    async fn batch_get_users(
        &self,
        request: Request<pb::BatchGetUsersRequest>,
    ) -> Result<Response<pb::BatchGetUsersResponse>, Status> {
        let asked = request.into_inner().ids;
        let ids: Vec<Uuid> = asked.iter().map(|it| id(it)).collect::<Result<_, _>>()?;
        let rows: Vec<UserRow> = query_as(concat!(
            "select ",
            user_columns!(),
            " from users where id = any($1) and deleted_at is null"
        ))
        .bind(&ids)
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        let found = rows.into_iter().map(|row| (row.id, pb::User::from(row)));
        let found: HashMap<_, _> = found.collect();
        let mut answer = pb::BatchGetUsersResponse::default();
        for (id, text) in ids.iter().zip(asked) {
            match found.get(id) {
                Some(user) => answer.users.push(user.clone()),
                None => answer.missing_ids.push(text),
            }
        }
        Ok(Response::new(answer))
    }

    async fn list_users(
        &self,
        request: Request<pb::ListUsersRequest>,
    ) -> Result<Response<pb::ListUsersResponse>, Status> {
        let request = request.into_inner();
        if !(request.filter.is_empty() && request.order_by.is_empty()) {
            return Err(Status::invalid_argument("no filter and no order is known"));
        }
        let window = Window::of(request.page_size, &request.page_token)?;
        let rows: Vec<UserRow> = query_as(concat!(
            "select ",
            user_columns!(),
            " from users where deleted_at is null \
             order by created_at desc, id desc limit $1 offset $2"
        ))
        .bind(window.limit)
        .bind(window.offset)
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        let total_size = match request.total() {
            pb::TotalMode::Exact | pb::TotalMode::Estimate => Some(self.count_users().await?),
            pb::TotalMode::Unspecified => None,
        };
        Ok(Response::new(pb::ListUsersResponse {
            next_page_token: window.next(rows.len()),
            users: rows.into_iter().map(Into::into).collect(),
            total_size,
        }))
    }

    async fn search_users(
        &self,
        request: Request<pb::SearchUsersRequest>,
    ) -> Result<Response<pb::SearchUsersResponse>, Status> {
        let request = request.into_inner();
        let window = Window::of(request.page_size, &request.page_token)?;
        let rows: Vec<UserRow> = query_as(concat!(
            "select ",
            user_columns!(),
            " from users where deleted_at is null \
             and (lower(email) like lower($1) or lower(name) like lower($1)) \
             order by created_at desc, id desc limit $2 offset $3"
        ))
        .bind(pattern(&request.query))
        .bind(window.limit)
        .bind(window.offset)
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        Ok(Response::new(pb::SearchUsersResponse {
            next_page_token: window.next(rows.len()),
            users: rows.into_iter().map(Into::into).collect(),
        }))
    }
}

impl Service {
    /// The newest posts of a user.
    async fn posts_of(&self, author: Uuid) -> Result<Vec<pb::Post>, Status> {
        let rows: Vec<PostRow> = query_as(concat!(
            "select ",
            post_columns_without_content!(),
            " from posts where author_id = $1 and deleted_at is null \
             order by created_at desc, id desc limit 100"
        ))
        .bind(author)
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    async fn count_users(&self) -> Result<i64, Status> {
        query_scalar("select count(*) from users where deleted_at is null")
            .fetch_one(&self.pool)
            .await
            .map_err(failed)
    }
}

fn names(mask: Option<&FieldMask>, path: &str) -> bool {
    mask.is_some_and(|mask| mask.paths.iter().any(|it| it == path))
}

/// Matches whatever holds the text.
fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
