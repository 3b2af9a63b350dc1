//! What posts are read with beside their own fields: their authors, in one read
//! however many posts there are.

use std::collections::{BTreeSet, HashMap};

use byline_domain::post::{PostField, PostMask, PostView};
use byline_domain::selection::Fields;
use byline_domain::trash::Trash;
use byline_domain::user::User;

use super::Posts;
use crate::Error;

/// The fields to read so that [`Posts::relate`] can add what the mask names.
pub(super) fn fields(mask: &PostMask) -> Fields<PostField> {
    let fields = mask.fields.clone();
    if mask.author.is_some() {
        fields.with(PostField::AuthorId)
    } else {
        fields
    }
}

/// What [`Posts::relate`] adds to the size of each post at most, in bytes.
pub(super) fn each_weighs(mask: &PostMask) -> u64 {
    if mask.author.is_some() {
        User::MAX_BYTES
    } else {
        0
    }
}

impl Posts {
    /// Adds to posts that were read with [`fields`] what the mask names beside their own
    /// fields, and takes away what was read for that alone. Authors come from the
    /// trash too: a post in the trash can have one that is there.
    pub(super) async fn relate<'a>(
        &self,
        posts: impl IntoIterator<Item = &'a mut PostView> + Send,
        mask: &PostMask,
    ) -> Result<(), Error> {
        let Some(wanted) = &mask.author else {
            return Ok(());
        };
        let posts: Vec<_> = posts.into_iter().collect();
        let ids: BTreeSet<_> = posts.iter().filter_map(|post| post.author_id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = ids.into_iter().collect();
        let authors = self.authors.find_many(&ids, Trash::Include, wanted).await?;
        let authors: HashMap<_, _> = authors.into_iter().map(|user| (user.id, user)).collect();
        for post in posts {
            let author = post.author_id.and_then(|id| authors.get(&id));
            post.author = author.cloned().map(Box::new);
            if !mask.fields.has(PostField::AuthorId) {
                post.author_id = None;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::testing::fixtures::{post, post_id, user, user_id};
    use byline_domain::testing::mocks::{MockPostReader, MockUserReader};
    use byline_domain::user::{UserField, UserView};

    use super::*;
    use crate::testing::{posts_with_authors, unavailable};

    fn mask(fields: Fields<PostField>) -> PostMask {
        PostMask {
            fields,
            author: Some(names()),
        }
    }

    fn names() -> Fields<UserField> {
        Fields::none().with(UserField::Name)
    }

    fn named(number: u64) -> UserView {
        UserView::of(user(number), &names())
    }

    /// Finds `found` of the authors `asked`, in one read.
    fn finds(asked: &[u64], found: &[u64]) -> MockUserReader {
        let asked: Vec<_> = asked.iter().copied().map(user_id).collect();
        let found: Vec<_> = found.iter().copied().map(named).collect();
        let mut reader = MockUserReader::new();
        reader
            .expect_find_many()
            .withf(move |ids, trash, fields| {
                *ids == asked && *trash == Trash::Include && *fields == names()
            })
            .once()
            .return_once(move |_, _, _| Ok(found));
        reader
    }

    fn views(authors: &[(u64, u64)], fields: &Fields<PostField>) -> Vec<PostView> {
        authors
            .iter()
            .map(|(number, author)| PostView::of(post(*number, user_id(*author)), fields))
            .collect()
    }

    #[tokio::test]
    async fn each_author_is_asked_for_once_and_put_to_each_post() {
        let posts = posts_with_authors(MockPostReader::new(), finds(&[1, 2], &[2, 1]));
        let mut found = views(&[(1, 2), (2, 1), (3, 2)], &Fields::all());
        posts
            .relate(&mut found, &mask(Fields::all()))
            .await
            .expect("related");
        let authors: Vec<_> = found.iter().map(|post| post.author.clone()).collect();
        assert_eq!(
            authors,
            [2, 1, 2].map(|number| Some(Box::new(named(number))))
        );
        assert_eq!(found[0].author_id, Some(user_id(2)));
    }

    #[tokio::test]
    async fn what_is_read_for_the_author_alone_is_not_answered() {
        let mask = mask(Fields::none());
        let read = fields(&mask);
        assert_eq!(read, Fields::none().with(PostField::AuthorId));
        let posts = posts_with_authors(MockPostReader::new(), finds(&[1], &[1]));
        let mut found = views(&[(1, 1)], &read);
        posts.relate(&mut found, &mask).await.expect("related");
        assert_eq!(
            found,
            [PostView {
                author: Some(Box::new(named(1))),
                ..PostView::bare(post_id(1))
            }]
        );
    }

    #[tokio::test]
    async fn nothing_is_asked_where_no_author_is() {
        let posts = posts_with_authors(MockPostReader::new(), MockUserReader::new());
        let own = PostMask::own();
        assert_eq!((fields(&own), each_weighs(&own)), (Fields::all(), 0));
        let mut found = views(&[(1, 1)], &Fields::all());
        posts.relate(&mut found, &own).await.expect("related");
        assert_eq!(found, views(&[(1, 1)], &Fields::all()));
        posts
            .relate(&mut [], &mask(Fields::all()))
            .await
            .expect("related");
    }

    #[tokio::test]
    async fn authors_that_cannot_be_read_fail_the_whole() {
        let mut reader = MockUserReader::new();
        reader
            .expect_find_many()
            .once()
            .returning(|_, _, _| Err(unavailable()));
        let posts = posts_with_authors(MockPostReader::new(), reader);
        let mut found = views(&[(1, 1)], &Fields::all());
        let error = posts.relate(&mut found, &mask(Fields::all())).await;
        assert!(matches!(error, Err(Error::Unavailable(_))));
    }
}
