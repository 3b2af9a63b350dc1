//! PostService: each method converts, calls its use case, and converts back.

use std::sync::Arc;

use byline_app::post::Posts;
use tonic::{Request, Response, Status};

use crate::convert::{Lists, post as convert};
use crate::pb;
use crate::pb::post_service_server::PostService;
use crate::status::{from_app, invalid};

/// The methods of PostService.
pub(crate) struct PostRpc {
    posts: Arc<Posts>,
    lists: Lists,
}

impl PostRpc {
    /// The methods over these use cases.
    pub(crate) fn new(posts: Arc<Posts>, lists: Lists) -> Self {
        Self { posts, lists }
    }
}

#[tonic::async_trait]
impl PostService for PostRpc {
    async fn create_post(
        &self,
        request: Request<pb::CreatePostRequest>,
    ) -> Result<Response<pb::CreatePostResponse>, Status> {
        let command = convert::create(request.into_inner()).map_err(|error| invalid(&error))?;
        let post = self.posts.create(&command).await.map_err(from_app)?;
        Ok(Response::new(pb::CreatePostResponse {
            post: Some(post.into()),
        }))
    }

    async fn get_post(
        &self,
        request: Request<pb::GetPostRequest>,
    ) -> Result<Response<pb::GetPostResponse>, Status> {
        let command = convert::get(&request.into_inner()).map_err(|error| invalid(&error))?;
        let post = self.posts.get(&command).await.map_err(from_app)?;
        Ok(Response::new(pb::GetPostResponse {
            post: Some(post.into()),
        }))
    }

    async fn batch_get_posts(
        &self,
        request: Request<pb::BatchGetPostsRequest>,
    ) -> Result<Response<pb::BatchGetPostsResponse>, Status> {
        let query = convert::batch_get(request.get_ref()).map_err(|error| invalid(&error))?;
        let batch = self.posts.batch_get(&query).await.map_err(from_app)?;
        Ok(Response::new(batch.into()))
    }

    async fn list_posts(
        &self,
        request: Request<pb::ListPostsRequest>,
    ) -> Result<Response<pb::ListPostsResponse>, Status> {
        let (query, walk) =
            convert::list(request.get_ref(), &self.lists).map_err(|error| invalid(&error))?;
        let list = self.posts.list(&query).await.map_err(from_app)?;
        Ok(Response::new(convert::listed(&walk, list)))
    }

    async fn search_posts(
        &self,
        request: Request<pb::SearchPostsRequest>,
    ) -> Result<Response<pb::SearchPostsResponse>, Status> {
        let (query, walk) =
            convert::search(request.get_ref(), &self.lists).map_err(|error| invalid(&error))?;
        let page = self.posts.search(&query).await.map_err(from_app)?;
        Ok(Response::new(convert::found(&walk, page)))
    }

    async fn count_posts(
        &self,
        request: Request<pb::CountPostsRequest>,
    ) -> Result<Response<pb::CountPostsResponse>, Status> {
        let query =
            convert::count(request.get_ref(), &self.lists).map_err(|error| invalid(&error))?;
        let counts = self.posts.count(&query).await.map_err(from_app)?;
        Ok(Response::new(convert::counted(counts)))
    }

    async fn update_post(
        &self,
        request: Request<pb::UpdatePostRequest>,
    ) -> Result<Response<pb::UpdatePostResponse>, Status> {
        let command = convert::update(request.into_inner()).map_err(|error| invalid(&error))?;
        let post = self.posts.update(&command).await.map_err(from_app)?;
        Ok(Response::new(pb::UpdatePostResponse {
            post: Some(post.into()),
        }))
    }

    async fn publish_post(
        &self,
        request: Request<pb::PublishPostRequest>,
    ) -> Result<Response<pb::PublishPostResponse>, Status> {
        let command = convert::publish(request.into_inner()).map_err(|error| invalid(&error))?;
        let post = self.posts.set_published(command).await.map_err(from_app)?;
        Ok(Response::new(pb::PublishPostResponse {
            post: Some(post.into()),
        }))
    }

    async fn unpublish_post(
        &self,
        request: Request<pb::UnpublishPostRequest>,
    ) -> Result<Response<pb::UnpublishPostResponse>, Status> {
        let command = convert::unpublish(request.into_inner()).map_err(|error| invalid(&error))?;
        let post = self.posts.set_published(command).await.map_err(from_app)?;
        Ok(Response::new(pb::UnpublishPostResponse {
            post: Some(post.into()),
        }))
    }

    async fn delete_post(
        &self,
        request: Request<pb::DeletePostRequest>,
    ) -> Result<Response<pb::DeletePostResponse>, Status> {
        let command = convert::delete(request.into_inner()).map_err(|error| invalid(&error))?;
        let post = self.posts.delete(&command).await.map_err(from_app)?;
        Ok(Response::new(pb::DeletePostResponse {
            post: Some(post.into()),
        }))
    }

    async fn undelete_post(
        &self,
        request: Request<pb::UndeletePostRequest>,
    ) -> Result<Response<pb::UndeletePostResponse>, Status> {
        let command = convert::undelete(request.into_inner()).map_err(|error| invalid(&error))?;
        let post = self.posts.undelete(&command).await.map_err(from_app)?;
        Ok(Response::new(pb::UndeletePostResponse {
            post: Some(post.into()),
        }))
    }

    async fn purge_post(
        &self,
        request: Request<pb::PurgePostRequest>,
    ) -> Result<Response<pb::PurgePostResponse>, Status> {
        let command = convert::purge(request.into_inner()).map_err(|error| invalid(&error))?;
        self.posts.purge(&command).await.map_err(from_app)?;
        Ok(Response::new(pb::PurgePostResponse {}))
    }
}
