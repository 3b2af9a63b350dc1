//! Searching for posts.

use byline_domain::page::{Page, PageRequest};
use byline_domain::post::{FoundPost, PostFilter, PostMask};
use byline_domain::search::SearchQuery;

use super::{Posts, relations};
use crate::Error;

/// The posts to search for.
#[derive(Clone, Debug)]
pub struct SearchPosts {
    /// What their title or content says.
    pub query: SearchQuery,
    /// Which posts.
    pub filter: PostFilter,
    /// Which page.
    pub page: PageRequest,
    /// What to read of the posts.
    pub mask: PostMask,
}

impl Posts {
    /// Searches for posts, best match first.
    pub async fn search(&self, query: &SearchPosts) -> Result<Page<FoundPost>, Error> {
        let mut page = self
            .reader
            .search(
                &query.query,
                &query.filter,
                &query.page,
                &relations::fields(&query.mask),
                relations::each_weighs(&query.mask),
            )
            .await?;
        let posts = page.items.iter_mut().map(|found| &mut found.post);
        self.relate(posts, &query.mask).await?;
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::page::{Cursor, PageSize, SortValue};
    use byline_domain::post::{PostField, PostView, Snippet};
    use byline_domain::selection::Fields;
    use byline_domain::testing::fixtures::{post_id, user, user_id};
    use byline_domain::testing::mocks::{MockPostReader, MockUserReader};
    use byline_domain::trash::Trash;
    use byline_domain::user::User;

    use super::*;
    use crate::testing::{post, posts_read, posts_with_authors, unavailable};

    fn query(mask: PostMask) -> SearchPosts {
        SearchPosts {
            query: SearchQuery::parse("ada -turing").expect("a valid query"),
            filter: PostFilter::all(Trash::Include),
            page: PageRequest::first(PageSize::MAX),
            mask,
        }
    }

    /// Posts of those fields, the best match first.
    fn page(fields: &Fields<PostField>) -> Page<FoundPost> {
        let found = [(2_u64, 0.5), (3, 0.25)].map(|(number, rank)| {
            let cursor = Cursor {
                values: vec![SortValue::Rank(2)],
                id: post_id(number).as_uuid(),
            };
            let found = FoundPost {
                post: PostView::of(post(number), fields),
                snippet: Snippet::from_marked("\u{2}Ada\u{3}"),
                rank,
            };
            (cursor, found)
        });
        Page::new(found, true)
    }

    /// Expects the query, with those fields, and that each result adds so much.
    fn searches(fields: &Fields<PostField>, each_weighs: u64) -> MockPostReader {
        let (asked, read, found) = (query(PostMask::own()), fields.clone(), page(fields));
        let mut reader = MockPostReader::new();
        reader
            .expect_search()
            .withf(move |query, filter, page, fields, weight| {
                *query == asked.query
                    && *filter == asked.filter
                    && *page == asked.page
                    && *fields == read
                    && *weight == each_weighs
            })
            .once()
            .return_once(move |_, _, _, _, _| Ok(found));
        reader
    }

    #[tokio::test]
    async fn a_search_keeps_the_order_of_the_reader() {
        let reader = searches(&Fields::all(), 0);
        let found = posts_read(reader).search(&query(PostMask::own())).await;
        assert_eq!(found.expect("found"), page(&Fields::all()));
    }

    #[tokio::test]
    async fn authors_are_read_at_once_and_weigh_too() {
        let read = Fields::none().with(PostField::AuthorId);
        let mut authors = MockUserReader::new();
        authors
            .expect_find_many()
            .withf(|ids, trash, _| *ids == [user_id(1)] && *trash == Trash::Include)
            .once()
            .returning(|_, _, _| Ok(vec![user(1).into()]));
        let mask = PostMask {
            fields: Fields::none(),
            author: Some(Fields::all()),
        };
        let found = posts_with_authors(searches(&read, User::MAX_BYTES), authors)
            .search(&query(mask))
            .await
            .expect("found");
        for (found, number) in found.items.iter().zip([2, 3]) {
            let expected = PostView {
                author: Some(Box::new(user(1).into())),
                ..PostView::bare(post_id(number))
            };
            assert_eq!(found.post, expected);
        }
    }

    #[tokio::test]
    async fn a_search_that_fails_is_not_taken_for_an_empty_one() {
        let mut reader = MockPostReader::new();
        reader
            .expect_search()
            .once()
            .returning(|_, _, _, _, _| Err(unavailable()));
        let error = posts_read(reader).search(&query(PostMask::own())).await;
        assert!(matches!(error, Err(Error::Unavailable(_))));
    }
}
