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

#[cfg(test)]
mod tests {
    use byline_domain::page::{Cursor, PageSize, SortValue};
    use byline_domain::testing::fixtures::{user, user_id};
    use byline_domain::testing::mocks::MockUserReader;
    use byline_domain::trash::Trash;

    use super::*;
    use crate::testing::{unavailable, users_read};

    fn query() -> SearchUsers {
        SearchUsers {
            query: SearchQuery::parse("ada").expect("a valid query"),
            filter: UserFilter {
                trash: Trash::Include,
            },
            page: PageRequest::first(PageSize::MAX),
        }
    }

    fn page() -> Page<User> {
        Page {
            items: vec![user(2), user(3), user(1)],
            next: Some(Cursor {
                value: SortValue::Rank(2),
                id: user_id(1).as_uuid(),
            }),
        }
    }

    #[tokio::test]
    async fn a_search_keeps_the_order_of_the_reader() {
        let SearchUsers {
            query: text,
            filter,
            page: request,
        } = query();
        let mut reader = MockUserReader::new();
        reader
            .expect_search()
            .withf(move |q, f, p| *q == text && *f == filter && *p == request)
            .once()
            .returning(|_, _, _| Ok(page()));
        let found = users_read(reader).search(&query()).await;
        assert_eq!(found.expect("found"), page());
    }

    #[tokio::test]
    async fn a_search_that_fails_is_not_taken_for_an_empty_one() {
        let mut reader = MockUserReader::new();
        reader
            .expect_search()
            .once()
            .returning(|_, _, _| Err(unavailable()));
        let error = users_read(reader).search(&query()).await;
        assert!(matches!(error, Err(Error::Unavailable(_))));
    }
}
