//! Searching for users.

use byline_domain::page::{Page, PageRequest};
use byline_domain::search::SearchQuery;
use byline_domain::user::{UserFilter, UserMask, UserView};

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
    /// What to read.
    pub mask: UserMask,
}

impl Users {
    /// Searches for users, best match first. The page ends before the user whose posts do
    /// not fit into the answer, if those are asked for.
    pub async fn search(&self, query: &SearchUsers) -> Result<Page<UserView>, Error> {
        let mut page = self
            .reader
            .search(&query.query, &query.filter, &query.page, &query.mask.fields)
            .await?;
        let fit = self
            .relate(&mut page.items, &query.mask, query.filter.trash)
            .await?;
        page.cut(fit);
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::page::{Cursor, PageSize, SortValue};
    use byline_domain::selection::Fields;
    use byline_domain::testing::fixtures::{user, user_id};
    use byline_domain::testing::mocks::{MockPostReader, MockUserReader};
    use byline_domain::trash::Trash;
    use byline_domain::user::UserField;

    use super::*;
    use crate::testing::{unavailable, users_read, users_with_posts};

    fn fields() -> Fields<UserField> {
        Fields::none().with(UserField::Email)
    }

    fn query() -> SearchUsers {
        SearchUsers {
            query: SearchQuery::parse("ada").expect("a valid query"),
            filter: UserFilter::all(Trash::Include),
            page: PageRequest::first(PageSize::MAX),
            mask: UserMask {
                fields: fields(),
                post_count: false,
                posts: None,
            },
        }
    }

    fn cursor(number: u64) -> Cursor {
        Cursor {
            values: vec![SortValue::Rank(2)],
            id: user_id(number).as_uuid(),
        }
    }

    fn page() -> Page<UserView> {
        let users = [2, 3, 1].map(|number| (cursor(number), UserView::of(user(number), &fields())));
        Page::new(users, true)
    }

    fn searches() -> MockUserReader {
        let asked = query();
        let mut reader = MockUserReader::new();
        reader
            .expect_search()
            .withf(move |query, filter, page, read| {
                *query == asked.query
                    && *filter == asked.filter
                    && *page == asked.page
                    && *read == fields()
            })
            .once()
            .returning(|_, _, _, _| Ok(page()));
        reader
    }

    #[tokio::test]
    async fn a_search_keeps_the_order_of_the_reader() {
        let found = users_read(searches()).search(&query()).await;
        assert_eq!(found.expect("found"), page());
    }

    #[tokio::test]
    async fn a_search_that_fails_is_not_taken_for_an_empty_one() {
        let mut reader = MockUserReader::new();
        reader
            .expect_search()
            .once()
            .returning(|_, _, _, _| Err(unavailable()));
        let error = users_read(reader).search(&query()).await;
        assert!(matches!(error, Err(Error::Unavailable(_))));
    }

    #[tokio::test]
    async fn a_page_ends_before_the_user_whose_posts_do_not_fit() {
        let mut posts = MockPostReader::new();
        posts
            .expect_newest_of()
            .withf(|ids, trash, _| *ids == [2, 3, 1].map(user_id) && *trash == Trash::Include)
            .once()
            .returning(|_, _, _| Ok(vec![vec![], vec![]]));
        let mut query = query();
        query.mask.posts = Some(Fields::all());
        let found = users_with_posts(searches(), posts).search(&query).await;
        let page = found.expect("found");
        assert_eq!((page.items.len(), page.next), (2, Some(cursor(3))));
    }
}
