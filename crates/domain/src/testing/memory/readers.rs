//! Reads of what is committed.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use async_trait::async_trait;

use super::MemoryStore;
use super::paging::{Placed, by_folded_key, by_key, by_rank, check_cursor, page_of};
use super::state::State;
use crate::error::RepositoryError;
use crate::ids::{PostId, UserId};
use crate::page::{CountMode, Cursor, MAX_BYTES, Order, Page, PageRequest, SortValue};
use crate::post::{Post, PostFilter, PostReader, PostSortKey};
use crate::search::SearchQuery;
use crate::trash::Trash;
use crate::user::{Email, User, UserFilter, UserName, UserReader, UserSortKey};

impl State {
    fn users_in(&self, trash: Trash) -> impl Iterator<Item = &User> {
        let users = self.users.values();
        users.filter(move |user| trash.sees(user.lifecycle.is_deleted()))
    }

    fn posts_in(&self, trash: Trash) -> impl Iterator<Item = &Post> {
        let posts = self.posts.values();
        posts.filter(move |post| trash.sees(post.lifecycle.is_deleted()))
    }

    fn user_by_email(&self, folded: &str, trash: Trash) -> Option<User> {
        self.users_in(trash)
            .filter(|user| user.email.folded() == folded)
            .max_by_key(|user| {
                let deleted_at = user.lifecycle.deleted_at();
                (Reverse(deleted_at.is_some()), deleted_at, user.id)
            })
            .cloned()
    }
}

#[async_trait]
impl UserReader for MemoryStore {
    async fn find(&self, id: UserId, trash: Trash) -> Result<Option<User>, RepositoryError> {
        let state = self.snapshot();
        let mut users = state.users_in(trash);
        Ok(users.find(|user| user.id == id).cloned())
    }

    async fn find_by_email(
        &self,
        email: &Email,
        trash: Trash,
    ) -> Result<Option<User>, RepositoryError> {
        Ok(self.snapshot().user_by_email(&email.folded(), trash))
    }

    async fn find_many(&self, ids: &[UserId], trash: Trash) -> Result<Vec<User>, RepositoryError> {
        let state = self.snapshot();
        let users = state.users_in(trash);
        Ok(users
            .filter(|user| ids.contains(&user.id))
            .cloned()
            .collect())
    }

    async fn find_many_by_email(
        &self,
        emails: &[Email],
        trash: Trash,
    ) -> Result<Vec<User>, RepositoryError> {
        let state = self.snapshot();
        let folded: BTreeSet<_> = emails.iter().map(Email::folded).collect();
        Ok(folded
            .iter()
            .filter_map(|email| state.user_by_email(email, trash))
            .collect())
    }

    async fn list(
        &self,
        filter: &UserFilter,
        order: Order<UserSortKey>,
        page: &PageRequest,
    ) -> Result<Page<User>, RepositoryError> {
        check_cursor(page, |value| order.key.fits(value))?;
        let state = self.snapshot();
        let rows = state
            .users_in(filter.trash)
            .map(|user| place_user(user, user.sort_value(order.key)))
            .collect();
        Ok(match order.key {
            UserSortKey::CreatedAt | UserSortKey::UpdatedAt => {
                page_of(rows, page, by_key(order.direction), |_| 0)
            }
            UserSortKey::Email => page_of(rows, page, by_folded_key(order.direction), |_| 0),
        })
    }

    async fn count(&self, filter: &UserFilter, _mode: CountMode) -> Result<u64, RepositoryError> {
        Ok(self.snapshot().users_in(filter.trash).count() as u64)
    }

    async fn search(
        &self,
        query: &SearchQuery,
        filter: &UserFilter,
        page: &PageRequest,
    ) -> Result<Page<User>, RepositoryError> {
        check_cursor(page, |value| matches!(value, SortValue::Rank(_)))?;
        let state = self.snapshot();
        let rows = state
            .users_in(filter.trash)
            .filter_map(|user| {
                let name = user.name.as_ref().map(UserName::as_str);
                let texts = [Some(user.email.as_str()), name];
                let rank = query.rank(texts.into_iter().flatten())?;
                Some(place_user(user, SortValue::Rank(rank)))
            })
            .collect();
        Ok(page_of(rows, page, by_rank, |_| 0))
    }
}

fn place_user(user: &User, value: SortValue) -> Placed<User> {
    let id = user.id.as_uuid();
    (Cursor { value, id }, user.clone())
}

#[async_trait]
impl PostReader for MemoryStore {
    async fn find(&self, id: PostId, trash: Trash) -> Result<Option<Post>, RepositoryError> {
        let state = self.snapshot();
        let mut posts = state.posts_in(trash);
        Ok(posts.find(|post| post.id == id).cloned())
    }

    async fn find_many(&self, ids: &[PostId], trash: Trash) -> Result<Vec<Post>, RepositoryError> {
        let state = self.snapshot();
        let found: Vec<&Post> = state
            .posts_in(trash)
            .filter(|post| ids.contains(&post.id))
            .collect();
        if found.iter().map(|post| post.weight()).sum::<u64>() > MAX_BYTES {
            return Err(RepositoryError::TooLarge);
        }
        Ok(found.into_iter().cloned().collect())
    }

    async fn list(
        &self,
        filter: &PostFilter,
        order: Order<PostSortKey>,
        page: &PageRequest,
    ) -> Result<Page<Post>, RepositoryError> {
        check_cursor(page, |value| order.key.fits(value))?;
        let state = self.snapshot();
        let rows = state
            .posts_in(filter.trash)
            .map(|post| {
                let value = post.sort_value(order.key);
                let id = post.id.as_uuid();
                (Cursor { value, id }, post.clone())
            })
            .collect();
        Ok(page_of(rows, page, by_key(order.direction), Post::weight))
    }

    async fn count(&self, filter: &PostFilter, _mode: CountMode) -> Result<u64, RepositoryError> {
        Ok(self.snapshot().posts_in(filter.trash).count() as u64)
    }
}
