//! Listing users.

use byline_domain::page::{CountMode, Order, Page, PageRequest};
use byline_domain::user::{User, UserFilter, UserSortKey};

use super::Users;
use crate::Error;

/// The part of a list to get.
#[derive(Clone, Debug)]
pub struct ListUsers {
    /// Which users.
    pub filter: UserFilter,
    /// In which order.
    pub order: Order<UserSortKey>,
    /// Which page.
    pub page: PageRequest,
    /// Whether, and how exactly, to count the whole list.
    pub total: Option<CountMode>,
}

/// Part of a list.
#[derive(Clone, Debug)]
pub struct UserList {
    /// The page.
    pub page: Page<User>,
    /// How many users the whole list has, if that was asked.
    pub total: Option<u64>,
}

impl Users {
    /// Lists users, and counts them only when asked to.
    pub async fn list(&self, query: &ListUsers) -> Result<UserList, Error> {
        let page = self
            .reader
            .list(&query.filter, query.order, &query.page)
            .await?;
        let total = match query.total {
            Some(mode) => Some(self.reader.count(&query.filter, mode).await?),
            None => None,
        };
        Ok(UserList { page, total })
    }
}
