//! UserService: each method converts, calls its use case, and converts back.

use std::sync::Arc;

use byline_app::user::{CreateUser, UpdateUser, Users};
use byline_app::{GroupCommit, Writer};
use byline_domain::ids::IdGenerator;
use tonic::{Request, Response, Status};

use super::change::{change, change_many, change_together};
use super::read::read;
use crate::bootstrap::App;
use crate::convert::{Lists, user as convert};
use crate::pb;
use crate::pb::user_service_server::UserService;
use crate::status::from_app;

/// The methods of UserService.
pub(crate) struct UserRpc {
    users: Arc<Users>,
    writer: Arc<Writer>,
    creates: GroupCommit<CreateUser>,
    updates: GroupCommit<UpdateUser>,
    ids: Arc<dyn IdGenerator>,
    lists: Lists,
}

impl UserRpc {
    /// The methods over these use cases.
    pub(crate) fn new(app: &App) -> Self {
        Self {
            users: app.users.clone(),
            writer: app.writer.clone(),
            creates: app.groups.of(),
            updates: app.groups.of(),
            ids: app.ids.clone(),
            lists: app.lists.clone(),
        }
    }
}

#[tonic::async_trait]
impl UserService for UserRpc {
    async fn create_user(
        &self,
        request: Request<pb::CreateUserRequest>,
    ) -> Result<Response<pb::CreateUserResponse>, Status> {
        change_together(
            &self.creates,
            request,
            |request| convert::create(request, self.ids.as_ref()),
            |user| pb::CreateUserResponse {
                user: Some(user.into()),
            },
        )
        .await
    }

    async fn get_user(
        &self,
        request: Request<pb::GetUserRequest>,
    ) -> Result<Response<pb::GetUserResponse>, Status> {
        let command = read(&request, |request, _| convert::get(request))?;
        let user = self.users.get(&command).await.map_err(from_app)?;
        Ok(Response::new(pb::GetUserResponse {
            user: Some(user.into()),
        }))
    }

    async fn batch_get_users(
        &self,
        request: Request<pb::BatchGetUsersRequest>,
    ) -> Result<Response<pb::BatchGetUsersResponse>, Status> {
        let query = read(&request, |request, _| convert::batch_get(request))?;
        let batch = self.users.batch_get(&query).await.map_err(from_app)?;
        Ok(Response::new(batch.into()))
    }

    async fn list_users(
        &self,
        request: Request<pb::ListUsersRequest>,
    ) -> Result<Response<pb::ListUsersResponse>, Status> {
        let (query, walk) = read(&request, |request, caller| {
            convert::list(request, &self.lists.of(caller))
        })?;
        let list = self.users.list(&query).await.map_err(from_app)?;
        Ok(Response::new(convert::listed(&walk, list)))
    }

    async fn search_users(
        &self,
        request: Request<pb::SearchUsersRequest>,
    ) -> Result<Response<pb::SearchUsersResponse>, Status> {
        let (query, walk) = read(&request, |request, caller| {
            convert::search(request, &self.lists.of(caller))
        })?;
        let page = self.users.search(&query).await.map_err(from_app)?;
        Ok(Response::new(convert::found(&walk, page)))
    }

    async fn count_users(
        &self,
        request: Request<pb::CountUsersRequest>,
    ) -> Result<Response<pb::CountUsersResponse>, Status> {
        let query = read(&request, |request, caller| {
            convert::count(request, &self.lists.of(caller))
        })?;
        let counts = self.users.count(&query).await.map_err(from_app)?;
        Ok(Response::new(convert::counted(counts)))
    }

    async fn update_user(
        &self,
        request: Request<pb::UpdateUserRequest>,
    ) -> Result<Response<pb::UpdateUserResponse>, Status> {
        change_together(&self.updates, request, convert::update, |user| {
            pb::UpdateUserResponse {
                user: Some(user.into()),
            }
        })
        .await
    }

    async fn delete_user(
        &self,
        request: Request<pb::DeleteUserRequest>,
    ) -> Result<Response<pb::DeleteUserResponse>, Status> {
        change(&self.writer, request, convert::delete, |user| {
            pb::DeleteUserResponse {
                user: Some(user.into()),
            }
        })
        .await
    }

    async fn undelete_user(
        &self,
        request: Request<pb::UndeleteUserRequest>,
    ) -> Result<Response<pb::UndeleteUserResponse>, Status> {
        change(&self.writer, request, convert::undelete, |user| {
            pb::UndeleteUserResponse {
                user: Some(user.into()),
            }
        })
        .await
    }

    async fn purge_user(
        &self,
        request: Request<pb::PurgeUserRequest>,
    ) -> Result<Response<pb::PurgeUserResponse>, Status> {
        change(&self.writer, request, convert::purge, |()| {
            pb::PurgeUserResponse {}
        })
        .await
    }

    async fn batch_create_users(
        &self,
        request: Request<pb::BatchCreateUsersRequest>,
    ) -> Result<Response<pb::BatchCreateUsersResponse>, Status> {
        change_many(
            &self.writer,
            request,
            |request| convert::create(request, self.ids.as_ref()),
            |results| pb::BatchCreateUsersResponse { results },
        )
        .await
    }

    async fn batch_update_users(
        &self,
        request: Request<pb::BatchUpdateUsersRequest>,
    ) -> Result<Response<pb::BatchUpdateUsersResponse>, Status> {
        change_many(&self.writer, request, convert::update, |results| {
            pb::BatchUpdateUsersResponse { results }
        })
        .await
    }

    async fn batch_delete_users(
        &self,
        request: Request<pb::BatchDeleteUsersRequest>,
    ) -> Result<Response<pb::BatchDeleteUsersResponse>, Status> {
        change_many(&self.writer, request, convert::delete, |results| {
            pb::BatchDeleteUsersResponse { results }
        })
        .await
    }
}
