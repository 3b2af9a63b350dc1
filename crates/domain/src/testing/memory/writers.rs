//! The repositories over a state.

use async_trait::async_trait;

use super::state::State;
use crate::error::RepositoryError;
use crate::ids::{PostId, UserId};
use crate::lifecycle::Version;
use crate::post::{Post, PostRepository};
use crate::user::{User, UserRepository};

#[async_trait]
impl UserRepository for State {
    async fn insert(&mut self, user: &User) -> Result<(), RepositoryError> {
        self.insert_user(user)
    }

    async fn find_for_update(&mut self, id: UserId) -> Result<Option<User>, RepositoryError> {
        Ok(self.users.get(&id).cloned())
    }

    async fn find_for_share(&mut self, id: UserId) -> Result<Option<User>, RepositoryError> {
        Ok(self.users.get(&id).cloned())
    }

    async fn update(&mut self, user: &User, expected: Version) -> Result<(), RepositoryError> {
        self.update_user(user, expected)
    }

    async fn purge(&mut self, id: UserId) -> Result<bool, RepositoryError> {
        Ok(self.purge_user(id))
    }
}

#[async_trait]
impl PostRepository for State {
    async fn insert(&mut self, post: &Post) -> Result<(), RepositoryError> {
        self.insert_post(post)
    }

    async fn find_for_update(&mut self, id: PostId) -> Result<Option<Post>, RepositoryError> {
        Ok(self.posts.get(&id).cloned())
    }

    async fn has_living(&mut self, author: UserId) -> Result<bool, RepositoryError> {
        let mut posts = self.posts.values();
        Ok(posts.any(|post| post.author_id == author && !post.lifecycle.is_deleted()))
    }

    async fn update(&mut self, post: &Post, expected: Version) -> Result<(), RepositoryError> {
        self.update_post(post, expected)
    }

    async fn purge(&mut self, id: PostId) -> Result<bool, RepositoryError> {
        Ok(self.purge_post(id))
    }
}
