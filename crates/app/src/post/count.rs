//! Counting posts.

use byline_domain::count::{CountMode, Counts};
use byline_domain::post::{PostFilter, PostGroup};

use super::Posts;
use crate::Error;

/// The posts to count.
#[derive(Clone, Debug)]
pub struct CountPosts {
    /// Which posts.
    pub filter: PostFilter,
    /// By what to count them apart too.
    pub group: Option<PostGroup>,
}

impl Posts {
    /// Counts posts to the last one, and apart only when asked to.
    pub async fn count(&self, query: &CountPosts) -> Result<Counts, Error> {
        let counts = match query.group {
            Some(group) => self.reader.count_by(&query.filter, group).await?,
            None => Counts {
                total: self.reader.count(&query.filter, CountMode::Exact).await?,
                groups: Vec::new(),
            },
        };
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::count::Group;
    use byline_domain::filter::Value;
    use byline_domain::testing::mocks::MockPostReader;
    use byline_domain::trash::Trash;
    use mockall::predicate::eq;

    use super::*;
    use crate::testing::{posts_read, unavailable};

    fn query(group: Option<PostGroup>) -> CountPosts {
        CountPosts {
            filter: PostFilter::all(Trash::Include),
            group,
        }
    }

    #[tokio::test]
    async fn posts_are_counted_to_the_last_one_and_not_apart() {
        let mut reader = MockPostReader::new();
        reader
            .expect_count()
            .with(eq(query(None).filter), eq(CountMode::Exact))
            .once()
            .returning(|_, _| Ok(42));
        let counts = posts_read(reader).count(&query(None)).await;
        let expected = Counts {
            total: 42,
            groups: Vec::new(),
        };
        assert_eq!(counts.expect("counted"), expected);
    }

    #[tokio::test]
    async fn posts_are_counted_apart_in_one_read() {
        let counts = Counts {
            total: 3,
            groups: vec![Group {
                key: Value::Bool(true),
                count: 3,
            }],
        };
        let mut reader = MockPostReader::new();
        let found = counts.clone();
        reader
            .expect_count_by()
            .with(eq(query(None).filter), eq(PostGroup::Published))
            .once()
            .return_once(move |_, _| Ok(found));
        let counted = posts_read(reader)
            .count(&query(Some(PostGroup::Published)))
            .await;
        assert_eq!(counted.expect("counted"), counts);
    }

    #[tokio::test]
    async fn a_count_that_fails_is_not_taken_for_none() {
        let mut reader = MockPostReader::new();
        reader
            .expect_count()
            .once()
            .returning(|_, _| Err(unavailable()));
        let error = posts_read(reader).count(&query(None)).await;
        assert!(matches!(error, Err(Error::Unavailable(_))));
    }
}
