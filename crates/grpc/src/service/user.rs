//! UserService: each method converts, calls its use case, and converts back.

use std::sync::Arc;

use byline_app::user::Users;
use tonic::{Request, Response, Status};

use crate::convert::{Lists, user as convert};
use crate::pb;
use crate::pb::user_service_server::UserService;
use crate::status::{from_app, invalid};

/// The methods of UserService.
pub(crate) struct UserRpc {
    users: Arc<Users>,
    lists: Lists,
}

impl UserRpc {
    /// The methods over these use cases.
    pub(crate) fn new(users: Arc<Users>, lists: Lists) -> Self {
        Self { users, lists }
    }
}

#[tonic::async_trait]
impl UserService for UserRpc {
    async fn create_user(
        &self,
        request: Request<pb::CreateUserRequest>,
    ) -> Result<Response<pb::CreateUserResponse>, Status> {
        let command = convert::create(request.into_inner()).map_err(|error| invalid(&error))?;
        let user = self.users.create(&command).await.map_err(from_app)?;
        Ok(Response::new(pb::CreateUserResponse {
            user: Some(user.into()),
        }))
    }

    async fn get_user(
        &self,
        request: Request<pb::GetUserRequest>,
    ) -> Result<Response<pb::GetUserResponse>, Status> {
        let command = convert::get(request.into_inner()).map_err(|error| invalid(&error))?;
        let user = self.users.get(&command).await.map_err(from_app)?;
        Ok(Response::new(pb::GetUserResponse {
            user: Some(user.into()),
        }))
    }

    async fn batch_get_users(
        &self,
        request: Request<pb::BatchGetUsersRequest>,
    ) -> Result<Response<pb::BatchGetUsersResponse>, Status> {
        let query = convert::batch_get(request.get_ref()).map_err(|error| invalid(&error))?;
        let batch = self.users.batch_get(&query).await.map_err(from_app)?;
        Ok(Response::new(batch.into()))
    }

    async fn list_users(
        &self,
        request: Request<pb::ListUsersRequest>,
    ) -> Result<Response<pb::ListUsersResponse>, Status> {
        let (query, walk) =
            convert::list(request.get_ref(), &self.lists).map_err(|error| invalid(&error))?;
        let list = self.users.list(&query).await.map_err(from_app)?;
        Ok(Response::new(convert::listed(&walk, list)))
    }

    async fn search_users(
        &self,
        request: Request<pb::SearchUsersRequest>,
    ) -> Result<Response<pb::SearchUsersResponse>, Status> {
        let (query, walk) =
            convert::search(request.get_ref(), &self.lists).map_err(|error| invalid(&error))?;
        let page = self.users.search(&query).await.map_err(from_app)?;
        Ok(Response::new(convert::found(&walk, page)))
    }

    async fn count_users(
        &self,
        request: Request<pb::CountUsersRequest>,
    ) -> Result<Response<pb::CountUsersResponse>, Status> {
        let query =
            convert::count(request.get_ref(), &self.lists).map_err(|error| invalid(&error))?;
        let counts = self.users.count(&query).await.map_err(from_app)?;
        Ok(Response::new(convert::counted(counts)))
    }

    async fn update_user(
        &self,
        request: Request<pb::UpdateUserRequest>,
    ) -> Result<Response<pb::UpdateUserResponse>, Status> {
        let command = convert::update(request.into_inner()).map_err(|error| invalid(&error))?;
        let user = self.users.update(&command).await.map_err(from_app)?;
        Ok(Response::new(pb::UpdateUserResponse {
            user: Some(user.into()),
        }))
    }

    async fn delete_user(
        &self,
        request: Request<pb::DeleteUserRequest>,
    ) -> Result<Response<pb::DeleteUserResponse>, Status> {
        let command = convert::delete(request.into_inner()).map_err(|error| invalid(&error))?;
        let user = self.users.delete(&command).await.map_err(from_app)?;
        Ok(Response::new(pb::DeleteUserResponse {
            user: Some(user.into()),
        }))
    }

    async fn undelete_user(
        &self,
        request: Request<pb::UndeleteUserRequest>,
    ) -> Result<Response<pb::UndeleteUserResponse>, Status> {
        let command = convert::undelete(request.into_inner()).map_err(|error| invalid(&error))?;
        let user = self.users.undelete(&command).await.map_err(from_app)?;
        Ok(Response::new(pb::UndeleteUserResponse {
            user: Some(user.into()),
        }))
    }

    async fn purge_user(
        &self,
        request: Request<pb::PurgeUserRequest>,
    ) -> Result<Response<pb::PurgeUserResponse>, Status> {
        let command = convert::purge(request.into_inner()).map_err(|error| invalid(&error))?;
        self.users.purge(&command).await.map_err(from_app)?;
        Ok(Response::new(pb::PurgeUserResponse {}))
    }
}
