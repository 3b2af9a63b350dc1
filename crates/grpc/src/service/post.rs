//! PostService: each method converts, calls its use case, and converts back.

use std::sync::Arc;

use byline_app::post::{CreatePost, Posts, UpdatePost};
use byline_app::{GroupCommit, Writer};
use byline_domain::ids::IdGenerator;
use tonic::{Request, Response, Status};

use super::change::{change, change_many, change_together};
use super::read::read;
use crate::bootstrap::App;
use crate::convert::{Lists, post as convert};
use crate::pb;
use crate::pb::post_service_server::PostService;
use crate::status::from_app;

/// The methods of PostService.
pub(crate) struct PostRpc {
    posts: Arc<Posts>,
    writer: Arc<Writer>,
    creates: GroupCommit<CreatePost>,
    updates: GroupCommit<UpdatePost>,
    ids: Arc<dyn IdGenerator>,
    lists: Lists,
}

impl PostRpc {
    /// The methods over these use cases.
    pub(crate) fn new(app: &App) -> Self {
        Self {
            posts: app.posts.clone(),
            writer: app.writer.clone(),
            creates: app.groups.of(),
            updates: app.groups.of(),
            ids: app.ids.clone(),
            lists: app.lists.clone(),
        }
    }
}

#[tonic::async_trait]
impl PostService for PostRpc {
    async fn create_post(
        &self,
        request: Request<pb::CreatePostRequest>,
    ) -> Result<Response<pb::CreatePostResponse>, Status> {
        change_together(
            &self.creates,
            request,
            |request| convert::create(request, self.ids.as_ref()),
            |post| pb::CreatePostResponse {
                post: Some(post.into()),
            },
        )
        .await
    }

    async fn get_post(
        &self,
        request: Request<pb::GetPostRequest>,
    ) -> Result<Response<pb::GetPostResponse>, Status> {
        let command = read(&request, |request, _| convert::get(request))?;
        let post = self.posts.get(&command).await.map_err(from_app)?;
        Ok(Response::new(pb::GetPostResponse {
            post: Some(post.into()),
        }))
    }

    async fn batch_get_posts(
        &self,
        request: Request<pb::BatchGetPostsRequest>,
    ) -> Result<Response<pb::BatchGetPostsResponse>, Status> {
        let query = read(&request, |request, _| convert::batch_get(request))?;
        let batch = self.posts.batch_get(&query).await.map_err(from_app)?;
        Ok(Response::new(batch.into()))
    }

    async fn list_posts(
        &self,
        request: Request<pb::ListPostsRequest>,
    ) -> Result<Response<pb::ListPostsResponse>, Status> {
        let (query, walk) = read(&request, |request, caller| {
            convert::list(request, &self.lists.of(caller))
        })?;
        let list = self.posts.list(&query).await.map_err(from_app)?;
        Ok(Response::new(convert::listed(&walk, list)))
    }

    async fn search_posts(
        &self,
        request: Request<pb::SearchPostsRequest>,
    ) -> Result<Response<pb::SearchPostsResponse>, Status> {
        let (query, walk) = read(&request, |request, caller| {
            convert::search(request, &self.lists.of(caller))
        })?;
        let page = self.posts.search(&query).await.map_err(from_app)?;
        Ok(Response::new(convert::found(&walk, page)))
    }

    async fn count_posts(
        &self,
        request: Request<pb::CountPostsRequest>,
    ) -> Result<Response<pb::CountPostsResponse>, Status> {
        let query = read(&request, |request, caller| {
            convert::count(request, &self.lists.of(caller))
        })?;
        let counts = self.posts.count(&query).await.map_err(from_app)?;
        Ok(Response::new(convert::counted(counts)))
    }

    async fn update_post(
        &self,
        request: Request<pb::UpdatePostRequest>,
    ) -> Result<Response<pb::UpdatePostResponse>, Status> {
        change_together(&self.updates, request, convert::update, |post| {
            pb::UpdatePostResponse {
                post: Some(post.into()),
            }
        })
        .await
    }

    async fn publish_post(
        &self,
        request: Request<pb::PublishPostRequest>,
    ) -> Result<Response<pb::PublishPostResponse>, Status> {
        change(&self.writer, request, convert::publish, |post| {
            pb::PublishPostResponse {
                post: Some(post.into()),
            }
        })
        .await
    }

    async fn unpublish_post(
        &self,
        request: Request<pb::UnpublishPostRequest>,
    ) -> Result<Response<pb::UnpublishPostResponse>, Status> {
        change(&self.writer, request, convert::unpublish, |post| {
            pb::UnpublishPostResponse {
                post: Some(post.into()),
            }
        })
        .await
    }

    async fn delete_post(
        &self,
        request: Request<pb::DeletePostRequest>,
    ) -> Result<Response<pb::DeletePostResponse>, Status> {
        change(&self.writer, request, convert::delete, |post| {
            pb::DeletePostResponse {
                post: Some(post.into()),
            }
        })
        .await
    }

    async fn undelete_post(
        &self,
        request: Request<pb::UndeletePostRequest>,
    ) -> Result<Response<pb::UndeletePostResponse>, Status> {
        change(&self.writer, request, convert::undelete, |post| {
            pb::UndeletePostResponse {
                post: Some(post.into()),
            }
        })
        .await
    }

    async fn purge_post(
        &self,
        request: Request<pb::PurgePostRequest>,
    ) -> Result<Response<pb::PurgePostResponse>, Status> {
        change(&self.writer, request, convert::purge, |()| {
            pb::PurgePostResponse {}
        })
        .await
    }

    async fn transfer_posts(
        &self,
        request: Request<pb::TransferPostsRequest>,
    ) -> Result<Response<pb::TransferPostsResponse>, Status> {
        change(
            &self.writer,
            request,
            |request| convert::transfer(&request, &self.lists),
            convert::transferred,
        )
        .await
    }

    async fn batch_create_posts(
        &self,
        request: Request<pb::BatchCreatePostsRequest>,
    ) -> Result<Response<pb::BatchCreatePostsResponse>, Status> {
        change_many(
            &self.writer,
            request,
            |request| convert::create(request, self.ids.as_ref()),
            |results| pb::BatchCreatePostsResponse { results },
        )
        .await
    }

    async fn batch_update_posts(
        &self,
        request: Request<pb::BatchUpdatePostsRequest>,
    ) -> Result<Response<pb::BatchUpdatePostsResponse>, Status> {
        change_many(&self.writer, request, convert::update, |results| {
            pb::BatchUpdatePostsResponse { results }
        })
        .await
    }

    async fn batch_delete_posts(
        &self,
        request: Request<pb::BatchDeletePostsRequest>,
    ) -> Result<Response<pb::BatchDeletePostsResponse>, Status> {
        change_many(&self.writer, request, convert::delete, |results| {
            pb::BatchDeletePostsResponse { results }
        })
        .await
    }
}
