//! Reads of the users that are committed.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use async_trait::async_trait;

use super::MemoryStore;
use super::counting::count_each;
use super::filter::meets_user;
use super::paging::{by_keys, by_rank, check_cursor, is_rank, page_of};
use super::state::State;
use crate::count::{CountMode, Counts};
use crate::error::RepositoryError;
use crate::filter::Value;
use crate::ids::UserId;
use crate::order::Order;
use crate::page::{Cursor, Page, PageRequest, SortValue};
use crate::search::SearchQuery;
use crate::selection::Fields;
use crate::trash::Trash;
use crate::user::{Email, User, UserField, UserFilter, UserGroup, UserName, UserReader, UserView};

impl State {
    /// The user of that id, on that side of the trash.
    pub(super) fn user(&self, id: UserId, trash: Trash) -> Option<&User> {
        let user = self.users.get(&id);
        user.filter(|user| trash.sees(user.lifecycle.is_deleted()))
    }

    fn users_in(&self, trash: Trash) -> impl Iterator<Item = &User> {
        let users = self.users.values();
        users.filter(move |user| trash.sees(user.lifecycle.is_deleted()))
    }

    pub(super) fn users_meant<'a>(
        &'a self,
        filter: &'a UserFilter,
    ) -> impl Iterator<Item = &'a User> {
        let meets = move |user: &&User| match &filter.meets {
            Some(tree) => meets_user(tree, user, self.posts_of(user.id, filter.trash)),
            None => true,
        };
        self.users_in(filter.trash).filter(meets)
    }

    pub(super) fn user_by_email(&self, folded: &str, trash: Trash) -> Option<&User> {
        self.users_in(trash)
            .filter(|user| user.email.folded() == folded)
            .max_by_key(|user| {
                let deleted_at = user.lifecycle.deleted_at();
                (Reverse(deleted_at.is_some()), deleted_at, user.id)
            })
    }
}

/// Those fields of each user.
fn views<'a>(fields: &Fields<UserField>) -> impl Fn(&'a User) -> UserView {
    move |user| UserView::of(user.clone(), fields)
}

fn place(user: &User, values: Vec<SortValue>) -> Cursor {
    let id = user.id.as_uuid();
    Cursor { values, id }
}

#[async_trait]
impl UserReader for MemoryStore {
    async fn find(
        &self,
        id: UserId,
        trash: Trash,
        fields: &Fields<UserField>,
    ) -> Result<Option<UserView>, RepositoryError> {
        let state = self.snapshot();
        Ok(state.user(id, trash).map(views(fields)))
    }

    async fn find_by_email(
        &self,
        email: &Email,
        trash: Trash,
        fields: &Fields<UserField>,
    ) -> Result<Option<UserView>, RepositoryError> {
        let state = self.snapshot();
        let user = state.user_by_email(&email.folded(), trash);
        Ok(user.map(views(fields)))
    }

    async fn find_many(
        &self,
        ids: &[UserId],
        trash: Trash,
        fields: &Fields<UserField>,
    ) -> Result<Vec<UserView>, RepositoryError> {
        let state = self.snapshot();
        let users = state.users_in(trash);
        Ok(users
            .filter(|user| ids.contains(&user.id))
            .map(views(fields))
            .collect())
    }

    async fn find_many_by_email(
        &self,
        emails: &[Email],
        trash: Trash,
        fields: &Fields<UserField>,
    ) -> Result<Vec<UserView>, RepositoryError> {
        let state = self.snapshot();
        let folded: BTreeSet<_> = emails.iter().map(Email::folded).collect();
        Ok(folded
            .iter()
            .filter_map(|email| state.user_by_email(email, trash))
            .map(views(fields))
            .collect())
    }

    async fn list(
        &self,
        filter: &UserFilter,
        order: &Order<UserField>,
        page: &PageRequest,
        fields: &Fields<UserField>,
    ) -> Result<Page<UserView>, RepositoryError> {
        check_cursor(page, |cursor| order.fits(cursor))?;
        let state = self.snapshot();
        let rows = state.users_meant(filter).map(|user| {
            let values = order.keys().map(|key| user.sort_value(key.field));
            (place(user, values.collect()), user)
        });
        Ok(page_of(rows.collect(), page, by_keys(order), |_| 0).map(views(fields)))
    }

    async fn count(&self, filter: &UserFilter, _mode: CountMode) -> Result<u64, RepositoryError> {
        Ok(self.snapshot().users_meant(filter).count() as u64)
    }

    async fn count_by(
        &self,
        filter: &UserFilter,
        group: UserGroup,
    ) -> Result<Counts, RepositoryError> {
        let state = self.snapshot();
        let users = state.users_meant(filter);
        Ok(match group {
            UserGroup::Role => {
                count_each(users.map(|user| user.role.as_str().to_owned()), Value::Text)
            }
            UserGroup::IsActive => count_each(users.map(|user| user.is_active), Value::Bool),
        })
    }

    async fn search(
        &self,
        query: &SearchQuery,
        filter: &UserFilter,
        page: &PageRequest,
        fields: &Fields<UserField>,
    ) -> Result<Page<UserView>, RepositoryError> {
        check_cursor(page, is_rank)?;
        let state = self.snapshot();
        let rows = state.users_meant(filter).filter_map(|user| {
            let name = user.name.as_ref().map(UserName::as_str);
            let texts = [Some(user.email.as_str()), name];
            let rank = query.rank(texts.into_iter().flatten())?;
            Some((place(user, vec![SortValue::Rank(rank)]), user))
        });
        Ok(page_of(rows.collect(), page, by_rank, |_| 0).map(views(fields)))
    }
}
