//! Listing posts.

use byline_domain::page::{CountMode, Order, Page, PageRequest};
use byline_domain::post::{Post, PostFilter, PostSortKey};

use super::Posts;
use crate::Error;

/// The part of a list to get.
#[derive(Clone, Debug)]
pub struct ListPosts {
    /// Which posts.
    pub filter: PostFilter,
    /// In which order.
    pub order: Order<PostSortKey>,
    /// Which page.
    pub page: PageRequest,
    /// Whether, and how exactly, to count the whole list.
    pub total: Option<CountMode>,
}

/// Part of a list.
#[derive(Clone, Debug)]
pub struct PostList {
    /// The page.
    pub page: Page<Post>,
    /// How many posts the whole list has, if that was asked.
    pub total: Option<u64>,
}

impl Posts {
    /// Lists posts, and counts them only when asked to.
    pub async fn list(&self, query: &ListPosts) -> Result<PostList, Error> {
        let page = self
            .reader
            .list(&query.filter, query.order, &query.page)
            .await?;
        let total = match query.total {
            Some(mode) => Some(self.reader.count(&query.filter, mode).await?),
            None => None,
        };
        Ok(PostList { page, total })
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::page::{Cursor, Direction, PageSize, SortValue};
    use byline_domain::testing::fixtures::{post_id, time};
    use byline_domain::testing::mocks::MockPostReader;
    use byline_domain::trash::Trash;
    use mockall::predicate::eq;

    use super::*;
    use crate::testing::{post, posts_read, unavailable};

    const ORDER: Order<PostSortKey> = Order {
        key: PostSortKey::CreatedAt,
        direction: Direction::Descending,
    };

    fn filter() -> PostFilter {
        PostFilter {
            trash: Trash::Include,
        }
    }

    fn cursor(number: u64, seconds: i64) -> Cursor {
        Cursor {
            value: SortValue::Time(time(seconds)),
            id: post_id(number).as_uuid(),
        }
    }

    fn request() -> PageRequest {
        PageRequest {
            size: PageSize::from_request(2).expect("a valid size"),
            after: Some(cursor(3, 3)),
            skip: 5,
        }
    }

    fn page() -> Page<Post> {
        Page {
            items: vec![post(2), post(1)],
            next: Some(cursor(1, 1)),
        }
    }

    fn query(total: Option<CountMode>) -> ListPosts {
        ListPosts {
            filter: filter(),
            order: ORDER,
            page: request(),
            total,
        }
    }

    fn lists() -> MockPostReader {
        let mut reader = MockPostReader::new();
        reader
            .expect_list()
            .with(eq(filter()), eq(ORDER), eq(request()))
            .once()
            .returning(|_, _, _| Ok(page()));
        reader
    }

    #[tokio::test]
    async fn the_total_is_counted_only_when_asked_for() {
        let list = posts_read(lists()).list(&query(None)).await;
        let list = list.expect("listed");
        assert_eq!((list.page, list.total), (page(), None));

        for mode in [CountMode::Exact, CountMode::Estimate] {
            let mut reader = lists();
            reader
                .expect_count()
                .with(eq(filter()), eq(mode))
                .once()
                .returning(|_, _| Ok(42));
            let list = posts_read(reader).list(&query(Some(mode))).await;
            let list = list.expect("listed");
            assert_eq!((list.page, list.total), (page(), Some(42)));
        }
    }

    #[tokio::test]
    async fn a_list_that_fails_is_not_counted() {
        let mut reader = MockPostReader::new();
        reader
            .expect_list()
            .once()
            .returning(|_, _, _| Err(unavailable()));
        let error = posts_read(reader)
            .list(&query(Some(CountMode::Exact)))
            .await;
        assert!(matches!(error, Err(Error::Unavailable(_))));
    }
}
