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

#[cfg(test)]
mod tests {
    use byline_domain::page::{Cursor, Direction, PageSize, SortValue};
    use byline_domain::testing::fixtures::{user, user_id};
    use byline_domain::testing::mocks::MockUserReader;
    use byline_domain::trash::Trash;
    use mockall::predicate::eq;

    use super::*;
    use crate::testing::{unavailable, users_read};

    const ORDER: Order<UserSortKey> = Order {
        key: UserSortKey::Email,
        direction: Direction::Descending,
    };

    fn filter() -> UserFilter {
        UserFilter {
            trash: Trash::Include,
        }
    }

    fn request() -> PageRequest {
        PageRequest {
            size: PageSize::from_request(2).expect("a valid size"),
            after: Some(Cursor {
                value: SortValue::Text("user-3@example.com".to_owned()),
                id: user_id(3).as_uuid(),
            }),
            skip: 5,
        }
    }

    fn page() -> Page<User> {
        Page {
            items: vec![user(2), user(1)],
            next: Some(Cursor {
                value: SortValue::Text("user-1@example.com".to_owned()),
                id: user_id(1).as_uuid(),
            }),
        }
    }

    fn query(total: Option<CountMode>) -> ListUsers {
        ListUsers {
            filter: filter(),
            order: ORDER,
            page: request(),
            total,
        }
    }

    fn lists() -> MockUserReader {
        let mut reader = MockUserReader::new();
        reader
            .expect_list()
            .with(eq(filter()), eq(ORDER), eq(request()))
            .once()
            .returning(|_, _, _| Ok(page()));
        reader
    }

    #[tokio::test]
    async fn the_total_is_counted_only_when_asked_for() {
        let list = users_read(lists()).list(&query(None)).await;
        let list = list.expect("listed");
        assert_eq!((list.page, list.total), (page(), None));

        for mode in [CountMode::Exact, CountMode::Estimate] {
            let mut reader = lists();
            reader
                .expect_count()
                .with(eq(filter()), eq(mode))
                .once()
                .returning(|_, _| Ok(42));
            let list = users_read(reader).list(&query(Some(mode))).await;
            let list = list.expect("listed");
            assert_eq!((list.page, list.total), (page(), Some(42)));
        }
    }

    #[tokio::test]
    async fn a_count_that_fails_fails_the_list() {
        let mut reader = lists();
        reader
            .expect_count()
            .once()
            .returning(|_, _| Err(unavailable()));
        let error = users_read(reader)
            .list(&query(Some(CountMode::Exact)))
            .await;
        assert!(matches!(error, Err(Error::Unavailable(_))));
    }
}
