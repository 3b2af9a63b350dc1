//! Searching for users.

use byline_domain::page::{Page, PageRequest};
use byline_domain::search::SearchQuery;
use byline_domain::user::{User, UserFilter};

use super::Users;
use crate::Error;

/// The users to search for.
#[derive(Clone, Debug)]
pub struct SearchUsers {
    /// What their address or name holds.
    pub query: SearchQuery,
    /// Which users.
    pub filter: UserFilter,
    /// Which page.
    pub page: PageRequest,
}

impl Users {
    /// Searches for users, best match first.
    pub async fn search(&self, query: &SearchUsers) -> Result<Page<User>, Error> {
        Ok(self
            .reader
            .search(&query.query, &query.filter, &query.page)
            .await?)
    }
}
