//! What users are read with beside their own fields: how many posts they have, and
//! their newest posts. One read each, however many users there are.

use byline_domain::post::PostView;
use byline_domain::trash::Trash;
use byline_domain::user::{User, UserMask, UserView};

use super::Users;
use crate::Error;

impl Users {
    /// Adds to the users what the mask names beside their own fields; posts in the
    /// trash where `trash` includes them. Returns how many of the users, counted from
    /// the first, fit into one answer with that; the others are left without.
    pub(super) async fn relate(
        &self,
        users: &mut [UserView],
        mask: &UserMask,
        trash: Trash,
    ) -> Result<usize, Error> {
        let mut ids: Vec<_> = users.iter().map(|user| user.id).collect();
        if let Some(fields) = mask.posts.as_ref().filter(|_| !ids.is_empty()) {
            let newest = self.posts.newest_of(&ids, trash, fields).await?;
            ids.truncate(newest.len());
            for (user, posts) in users.iter_mut().zip(newest) {
                user.posts = Some(posts);
            }
        }
        if mask.post_count && !ids.is_empty() {
            let counts = self.posts.count_of(&ids, trash).await?;
            for (user, count) in users.iter_mut().zip(counts) {
                user.post_count = Some(count);
            }
        }
        Ok(ids.len())
    }
}

/// What a user with its posts adds to the size of an answer, in bytes, rounded up.
pub(super) fn weight(user: &UserView) -> u64 {
    let posts = user.posts.iter().flatten().map(PostView::weight);
    User::MAX_BYTES + posts.sum::<u64>()
}

#[cfg(test)]
mod tests {
    use byline_domain::post::PostField;
    use byline_domain::selection::Fields;
    use byline_domain::testing::fixtures::{post_id, user_id};
    use byline_domain::testing::mocks::{MockPostReader, MockUserReader};
    use mockall::Sequence;
    use mockall::predicate::eq;

    use super::*;
    use crate::testing::{unavailable, users_with_posts};

    fn mask(post_count: bool, posts: Option<Fields<PostField>>) -> UserMask {
        UserMask {
            fields: Fields::none(),
            post_count,
            posts,
        }
    }

    fn bare(numbers: &[u64]) -> Vec<UserView> {
        let ids = numbers.iter().copied().map(user_id);
        ids.map(UserView::bare).collect()
    }

    /// Views of posts of these numbers, of which nothing else was read.
    fn posts(numbers: &[u64]) -> Vec<PostView> {
        let ids = numbers.iter().copied().map(post_id);
        ids.map(PostView::bare).collect()
    }

    #[tokio::test]
    async fn nothing_is_asked_where_no_relation_is() {
        let users = users_with_posts(MockUserReader::new(), MockPostReader::new());
        let mut views = bare(&[1, 2]);
        let fit = users
            .relate(&mut views, &UserMask::own(), Trash::Include)
            .await;
        assert_eq!(fit.expect("nothing to fail"), 2);
        assert_eq!(views, bare(&[1, 2]));
    }

    #[tokio::test]
    async fn nothing_is_asked_where_nobody_is() {
        let users = users_with_posts(MockUserReader::new(), MockPostReader::new());
        let mask = mask(true, Some(Fields::all()));
        let fit = users.relate(&mut [], &mask, Trash::Include).await;
        assert_eq!(fit.expect("nothing to fail"), 0);
    }

    #[tokio::test]
    async fn posts_are_counted_for_all_users_at_once() {
        let mut reader = MockPostReader::new();
        reader
            .expect_count_of()
            .withf(|ids, trash| *ids == [2, 1].map(user_id) && *trash == Trash::Include)
            .once()
            .returning(|_, _| Ok(vec![0, 7]));
        let users = users_with_posts(MockUserReader::new(), reader);
        let mut views = bare(&[2, 1]);
        let fit = users
            .relate(&mut views, &mask(true, None), Trash::Include)
            .await;
        assert_eq!(fit.expect("counted"), 2);
        assert_eq!(
            views.iter().map(|user| user.post_count).collect::<Vec<_>>(),
            [Some(0), Some(7)]
        );
        assert!(views.iter().all(|user| user.posts.is_none()));
    }

    #[tokio::test]
    async fn the_newest_posts_are_read_with_the_fields_that_are_asked_for() {
        let fields = Fields::none().with(PostField::Title);
        let mut reader = MockPostReader::new();
        let asked = fields.clone();
        reader
            .expect_newest_of()
            .withf(move |ids, trash, fields| {
                *ids == [1, 2].map(user_id) && *trash == Trash::Exclude && *fields == asked
            })
            .once()
            .returning(|_, _, _| Ok(vec![posts(&[9, 3]), vec![]]));
        let users = users_with_posts(MockUserReader::new(), reader);
        let mut views = bare(&[1, 2]);
        let mask = mask(false, Some(fields));
        let fit = users.relate(&mut views, &mask, Trash::Exclude).await;
        assert_eq!(fit.expect("read"), 2);
        assert_eq!(views[0].posts, Some(posts(&[9, 3])));
        assert_eq!(views[1].posts, Some(vec![]));
        assert!(views.iter().all(|user| user.post_count.is_none()));
    }

    #[tokio::test]
    async fn posts_are_counted_only_of_users_that_fit() {
        let mut order = Sequence::new();
        let mut reader = MockPostReader::new();
        reader
            .expect_newest_of()
            .once()
            .in_sequence(&mut order)
            .returning(|_, _, _| Ok(vec![posts(&[9]), posts(&[8])]));
        reader
            .expect_count_of()
            .withf(|ids, _| *ids == [1, 2].map(user_id))
            .once()
            .in_sequence(&mut order)
            .returning(|_, _| Ok(vec![1, 1]));
        let users = users_with_posts(MockUserReader::new(), reader);
        let mut views = bare(&[1, 2, 3]);
        let mask = mask(true, Some(Fields::all()));
        let fit = users.relate(&mut views, &mask, Trash::Exclude).await;
        assert_eq!(fit.expect("read"), 2);
        assert_eq!(views[2], UserView::bare(user_id(3)));
    }

    #[tokio::test]
    async fn a_relation_that_fails_is_not_taken_for_none() {
        let mut reader = MockPostReader::new();
        reader
            .expect_count_of()
            .with(eq([user_id(1)]), eq(Trash::Exclude))
            .once()
            .returning(|_, _| Err(unavailable()));
        let users = users_with_posts(MockUserReader::new(), reader);
        let fit = users
            .relate(&mut bare(&[1]), &mask(true, None), Trash::Exclude)
            .await;
        assert!(matches!(fit, Err(Error::Unavailable(_))));
    }

    #[test]
    fn a_user_weighs_what_its_posts_do_and_the_most_that_a_user_can() {
        let mut user = UserView::bare(user_id(1));
        assert_eq!(weight(&user), User::MAX_BYTES);
        user.posts = Some(posts(&[1, 2]));
        assert_eq!(
            weight(&user),
            User::MAX_BYTES + 2 * PostView::bare(post_id(1)).weight()
        );
    }
}
