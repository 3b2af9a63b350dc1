//! Getting one post.

use byline_domain::ids::PostId;
use byline_domain::post::{PostMask, PostView};
use byline_domain::trash::Trash;

use super::{Posts, relations};
use crate::Error;

/// The post to get.
#[derive(Clone, Debug)]
pub struct GetPost {
    /// Which one.
    pub id: PostId,
    /// Whether to look in the trash too.
    pub trash: Trash,
    /// What to read.
    pub mask: PostMask,
}

impl Posts {
    /// Gets a post; `NotFound` when there is none.
    pub async fn get(&self, query: &GetPost) -> Result<PostView, Error> {
        let fields = relations::fields(&query.mask);
        let found = self.reader.find(query.id, query.trash, &fields).await?;
        let mut post = found.ok_or_else(|| Error::post_not_found(query.id))?;
        self.relate([&mut post], &query.mask).await?;
        Ok(post)
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::error::{Corrupt, Resource};
    use byline_domain::post::PostField;
    use byline_domain::selection::Fields;
    use byline_domain::testing::fixtures::{post_id, user, user_id};
    use byline_domain::testing::mocks::{MockPostReader, MockUserReader};
    use mockall::predicate::eq;

    use super::*;
    use crate::testing::{deleted_post, post, posts_read, posts_with_authors};

    fn query(trash: Trash) -> GetPost {
        GetPost {
            id: post_id(1),
            trash,
            mask: PostMask::own(),
        }
    }

    #[tokio::test]
    async fn a_post_is_found_in_the_trash_only_when_asked_for() {
        let mut reader = MockPostReader::new();
        reader
            .expect_find()
            .with(eq(post_id(1)), eq(Trash::Include), eq(Fields::all()))
            .once()
            .returning(|_, _, _| Ok(Some(deleted_post(1).into())));
        reader
            .expect_find()
            .with(eq(post_id(1)), eq(Trash::Exclude), eq(Fields::all()))
            .once()
            .returning(|_, _, _| Ok(None));
        let posts = posts_read(reader);
        let found = posts.get(&query(Trash::Include)).await;
        assert_eq!(found.expect("found"), deleted_post(1).into());
        let error = posts.get(&query(Trash::Exclude)).await;
        assert!(matches!(
            error,
            Err(Error::NotFound { resource: Resource::Post, key }) if key == post_id(1).to_string()
        ));
    }

    #[tokio::test]
    async fn the_author_is_read_once_the_post_is_found() {
        let read = Fields::none()
            .with(PostField::Title)
            .with(PostField::AuthorId);
        let found = PostView::of(post(1), &read);
        let mut reader = MockPostReader::new();
        reader
            .expect_find()
            .with(eq(post_id(1)), eq(Trash::Exclude), eq(read))
            .once()
            .return_once(move |_, _, _| Ok(Some(found)));
        let mut authors = MockUserReader::new();
        authors
            .expect_find_many()
            .withf(|ids, trash, fields| {
                *ids == [user_id(1)] && *trash == Trash::Include && *fields == Fields::all()
            })
            .once()
            .returning(|_, _, _| Ok(vec![user(1).into()]));
        let query = GetPost {
            mask: PostMask {
                fields: Fields::none().with(PostField::Title),
                author: Some(Fields::all()),
            },
            ..query(Trash::Exclude)
        };
        let found = posts_with_authors(reader, authors).get(&query).await;
        let expected = PostView {
            author: Some(Box::new(user(1).into())),
            ..PostView::of(post(1), &query.mask.fields)
        };
        assert_eq!(found.expect("found"), expected);
    }

    #[tokio::test]
    async fn a_corrupt_post_is_a_defect_and_not_a_missing_one() {
        let mut reader = MockPostReader::new();
        reader.expect_find().once().returning(|id, _, _| {
            let corrupt = Corrupt {
                table: "posts",
                column: "title",
                id: id.as_uuid(),
            };
            Err(corrupt.into())
        });
        let error = posts_read(reader).get(&query(Trash::Exclude)).await;
        assert!(matches!(error, Err(Error::Internal(_))));
    }
}
