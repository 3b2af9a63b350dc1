//! Listing posts.

use byline_domain::count::CountMode;
use byline_domain::order::Order;
use byline_domain::page::{Page, PageRequest};
use byline_domain::post::{PostField, PostFilter, PostMask, PostView};

use super::{Posts, relations};
use crate::Error;

/// The part of a list to get.
#[derive(Clone, Debug)]
pub struct ListPosts {
    /// Which posts.
    pub filter: PostFilter,
    /// In which order.
    pub order: Order<PostField>,
    /// Which page.
    pub page: PageRequest,
    /// Whether, and how exactly, to count the whole list.
    pub total: Option<CountMode>,
    /// What to read.
    pub mask: PostMask,
}

/// Part of a list.
#[derive(Clone, Debug)]
pub struct PostList {
    /// The page.
    pub page: Page<PostView>,
    /// How many posts the whole list has, if that was asked.
    pub total: Option<u64>,
}

impl Posts {
    /// Lists posts, and counts them only when asked to.
    pub async fn list(&self, query: &ListPosts) -> Result<PostList, Error> {
        let mut page = self
            .reader
            .list(
                &query.filter,
                &query.order,
                &query.page,
                &relations::fields(&query.mask),
                relations::each_weighs(&query.mask),
            )
            .await?;
        self.relate(&mut page.items, &query.mask).await?;
        let total = match query.total {
            Some(mode) => Some(self.reader.count(&query.filter, mode).await?),
            None => None,
        };
        Ok(PostList { page, total })
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::order::Direction;
    use byline_domain::page::{Cursor, PageSize, SortValue};
    use byline_domain::selection::Fields;
    use byline_domain::testing::fixtures::{post_id, time, user, user_id};
    use byline_domain::testing::mocks::{MockPostReader, MockUserReader};
    use byline_domain::trash::Trash;
    use byline_domain::user::User;
    use mockall::predicate::eq;

    use super::*;
    use crate::testing::{post, posts_read, posts_with_authors, unavailable};

    const ORDER: Order<PostField> = Order::by(PostField::CreatedAt, Direction::Descending);

    fn filter() -> PostFilter {
        PostFilter::all(Trash::Include)
    }

    fn cursor(number: u64, seconds: i64) -> Cursor {
        Cursor {
            values: vec![SortValue::Time(time(seconds))],
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

    fn page() -> Page<PostView> {
        let posts = [(2, 2), (1, 1)];
        let posts = posts.map(|(number, second)| (cursor(number, second), post(number).into()));
        Page::new(posts, true)
    }

    fn query(total: Option<CountMode>) -> ListPosts {
        ListPosts {
            filter: filter(),
            order: ORDER,
            page: request(),
            total,
            mask: PostMask::own(),
        }
    }

    fn lists(each_weighs: u64) -> MockPostReader {
        let mut reader = MockPostReader::new();
        reader
            .expect_list()
            .with(
                eq(filter()),
                eq(ORDER),
                eq(request()),
                eq(Fields::all()),
                eq(each_weighs),
            )
            .once()
            .returning(|_, _, _, _, _| Ok(page()));
        reader
    }

    #[tokio::test]
    async fn the_total_is_counted_only_when_asked_for() {
        let list = posts_read(lists(0)).list(&query(None)).await;
        let list = list.expect("listed");
        assert_eq!((list.page, list.total), (page(), None));

        for mode in [CountMode::Exact, CountMode::Estimate] {
            let mut reader = lists(0);
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
            .returning(|_, _, _, _, _| Err(unavailable()));
        let error = posts_read(reader)
            .list(&query(Some(CountMode::Exact)))
            .await;
        assert!(matches!(error, Err(Error::Unavailable(_))));
    }

    #[tokio::test]
    async fn authors_count_towards_the_size_of_a_page_and_are_read_at_once() {
        let mut authors = MockUserReader::new();
        authors
            .expect_find_many()
            .withf(|ids, trash, _| *ids == [user_id(1)] && *trash == Trash::Include)
            .once()
            .returning(|_, _, _| Ok(vec![user(1).into()]));
        let mut query = query(None);
        query.mask.author = Some(Fields::all());
        let list = posts_with_authors(lists(User::MAX_BYTES), authors)
            .list(&query)
            .await;
        let page = list.expect("listed").page;
        assert_eq!(page.next, Some(cursor(1, 1)));
        let author = Some(Box::new(user(1).into()));
        assert!(page.items.iter().all(|post| post.author == author));
    }
}
