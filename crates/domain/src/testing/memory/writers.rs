//! The repositories over a state.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::state::State;
use crate::error::{Corrupt, RepositoryError};
use crate::filter::{Filter, PostTest};
use crate::ids::{PostId, UserId};
use crate::lifecycle::Version;
use crate::page::MAX_BYTES;
use crate::post::{Content, Given, Post, PostAge, PostHead, PostRepository, PostRewrite};
use crate::user::{Address, Email, User, UserRepository};

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

    async fn insert_many(
        &mut self,
        users: &[User],
    ) -> Result<Vec<Result<(), RepositoryError>>, RepositoryError> {
        Ok(users.iter().map(|user| self.insert_user(user)).collect())
    }

    async fn find_many_for_update(
        &mut self,
        ids: &[UserId],
    ) -> Result<Vec<Result<User, Corrupt>>, RepositoryError> {
        Ok(self.users_of(ids).into_iter().map(Ok).collect())
    }

    async fn find_many_for_share(
        &mut self,
        ids: &[UserId],
    ) -> Result<Vec<Result<User, Corrupt>>, RepositoryError> {
        Ok(self.users_of(ids).into_iter().map(Ok).collect())
    }

    async fn find_addresses(&mut self, emails: &[Email]) -> Result<Vec<Address>, RepositoryError> {
        Ok(emails.iter().map(|email| self.address(email)).collect())
    }

    async fn update_many(&mut self, users: &[(User, Version)]) -> Result<(), RepositoryError> {
        self.update_users(users)
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

    async fn authors_of_living(
        &mut self,
        authors: &[UserId],
    ) -> Result<Vec<UserId>, RepositoryError> {
        Ok(self.authors_of_living_posts(authors))
    }

    async fn delete_along(
        &mut self,
        authors: &[UserId],
        now: DateTime<Utc>,
        purge_at: DateTime<Utc>,
    ) -> Result<Vec<(UserId, u64)>, RepositoryError> {
        Ok(self.delete_posts_along(authors, now, purge_at))
    }

    async fn undelete_along(
        &mut self,
        author: UserId,
        now: DateTime<Utc>,
    ) -> Result<u64, RepositoryError> {
        Ok(self.undelete_posts_along(author, now))
    }

    async fn transfer<'a>(
        &mut self,
        from: UserId,
        to: UserId,
        meets: Option<&'a Filter<PostTest>>,
        now: DateTime<Utc>,
        after: Option<PostAge>,
        limit: u32,
    ) -> Result<Given, RepositoryError> {
        Ok(self.transfer_posts(from, to, meets, now, after, limit))
    }

    async fn purge(&mut self, id: PostId) -> Result<bool, RepositoryError> {
        Ok(self.purge_post(id))
    }

    async fn insert_many(
        &mut self,
        posts: &[Post],
    ) -> Result<Vec<Result<(), RepositoryError>>, RepositoryError> {
        Ok(posts.iter().map(|post| self.insert_post(post)).collect())
    }

    async fn insert_fresh(&mut self, posts: &[Post]) -> Result<(), RepositoryError> {
        let added = posts.iter().try_for_each(|post| self.insert_post(post));
        added.map_err(|error| RepositoryError::Contention(error.into()))
    }

    async fn find_heads_for_update(
        &mut self,
        ids: &[PostId],
    ) -> Result<Vec<Result<PostHead, Corrupt>>, RepositoryError> {
        Ok(self.heads_of(ids).into_iter().map(Ok).collect())
    }

    async fn already_say(
        &mut self,
        contents: &[(PostId, Option<Content>)],
    ) -> Result<Vec<bool>, RepositoryError> {
        let says = |(id, content): &(PostId, Option<Content>)| {
            let post = self.posts.get(id);
            post.is_some_and(|post| post.content == *content)
        };
        Ok(contents.iter().map(says).collect())
    }

    async fn find_contents_for_update(
        &mut self,
        posts: &[(PostId, bool)],
    ) -> Result<Vec<Option<Content>>, RepositoryError> {
        let found = posts.iter().map(|(id, is_asked)| {
            let post = self.posts.get(id).filter(|_| *is_asked);
            post.and_then(|post| post.content.clone())
        });
        let mut weight = 0;
        let fits = |content: &Option<Content>| {
            weight += content.as_ref().map_or(0, |it| it.as_str().len() as u64);
            weight <= MAX_BYTES
        };
        Ok(found.take_while(fits).collect())
    }

    async fn update_many(&mut self, posts: &[PostRewrite]) -> Result<(), RepositoryError> {
        self.rewrite_posts(posts)
    }
}
