//! Listing users.

use byline_domain::count::CountMode;
use byline_domain::order::Order;
use byline_domain::page::{Page, PageRequest};
use byline_domain::user::{UserField, UserFilter, UserMask, UserView};

use super::Users;
use crate::Error;

/// The part of a list to get.
#[derive(Clone, Debug)]
pub struct ListUsers {
    /// Which users.
    pub filter: UserFilter,
    /// In which order.
    pub order: Order<UserField>,
    /// Which page.
    pub page: PageRequest,
    /// Whether, and how exactly, to count the whole list.
    pub total: Option<CountMode>,
    /// What to read.
    pub mask: UserMask,
}

/// Part of a list.
#[derive(Clone, Debug)]
pub struct UserList {
    /// The page.
    pub page: Page<UserView>,
    /// How many users the whole list has, if that was asked.
    pub total: Option<u64>,
}

impl Users {
    /// Lists users, and counts them only when asked to. The page ends before the user
    /// whose posts do not fit into the answer, if those are asked for.
    pub async fn list(&self, query: &ListUsers) -> Result<UserList, Error> {
        let mut page = self
            .reader
            .list(&query.filter, &query.order, &query.page, &query.mask.fields)
            .await?;
        let fit = self
            .relate(&mut page.items, &query.mask, query.filter.trash)
            .await?;
        page.cut(fit);
        let total = match query.total {
            Some(mode) => Some(self.reader.count(&query.filter, mode).await?),
            None => None,
        };
        Ok(UserList { page, total })
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::order::Direction;
    use byline_domain::page::{Cursor, PageSize, SortValue};
    use byline_domain::selection::Fields;
    use byline_domain::testing::fixtures::{user, user_id};
    use byline_domain::testing::mocks::{MockPostReader, MockUserReader};
    use byline_domain::trash::Trash;
    use mockall::predicate::eq;

    use super::*;
    use crate::testing::{unavailable, users_read, users_with_posts};

    const ORDER: Order<UserField> = Order::by(UserField::Email, Direction::Descending);

    fn filter() -> UserFilter {
        UserFilter::all(Trash::Include)
    }

    fn cursor(number: u64) -> Cursor {
        Cursor {
            values: vec![SortValue::Text(format!("user-{number}@example.com"))],
            id: user_id(number).as_uuid(),
        }
    }

    fn request() -> PageRequest {
        PageRequest {
            size: PageSize::from_request(2).expect("a valid size"),
            after: Some(cursor(3)),
            skip: 5,
        }
    }

    fn page() -> Page<UserView> {
        let users = [2, 1].map(|number| (cursor(number), user(number).into()));
        Page::new(users, false)
    }

    fn query(total: Option<CountMode>) -> ListUsers {
        ListUsers {
            filter: filter(),
            order: ORDER,
            page: request(),
            total,
            mask: UserMask::own(),
        }
    }

    fn lists() -> MockUserReader {
        let mut reader = MockUserReader::new();
        reader
            .expect_list()
            .with(eq(filter()), eq(ORDER), eq(request()), eq(Fields::all()))
            .once()
            .returning(|_, _, _, _| Ok(page()));
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

    #[tokio::test]
    async fn a_page_ends_before_the_user_whose_posts_do_not_fit() {
        let mut posts = MockPostReader::new();
        posts
            .expect_newest_of()
            .withf(|ids, trash, _| *ids == [2, 1].map(user_id) && *trash == Trash::Include)
            .once()
            .returning(|_, _, _| Ok(vec![vec![]]));
        let mut query = query(None);
        query.mask.posts = Some(Fields::all());
        let list = users_with_posts(lists(), posts).list(&query).await;
        let page = list.expect("listed").page;
        let expected = UserView {
            posts: Some(vec![]),
            ..user(2).into()
        };
        assert_eq!((page.items, page.next), (vec![expected], Some(cursor(2))));
    }
}
