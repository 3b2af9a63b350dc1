//! Counting users.

use byline_domain::count::{CountMode, Counts};
use byline_domain::user::{UserFilter, UserGroup};

use super::Users;
use crate::Error;

/// The users to count.
#[derive(Clone, Debug)]
pub struct CountUsers {
    /// Which users.
    pub filter: UserFilter,
    /// By what to count them apart too.
    pub group: Option<UserGroup>,
}

impl Users {
    /// Counts users to the last one, and apart only when asked to.
    pub async fn count(&self, query: &CountUsers) -> Result<Counts, Error> {
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
    use byline_domain::testing::mocks::MockUserReader;
    use byline_domain::trash::Trash;
    use mockall::predicate::eq;

    use super::*;
    use crate::testing::{unavailable, users_read};

    fn query(group: Option<UserGroup>) -> CountUsers {
        CountUsers {
            filter: UserFilter::all(Trash::Include),
            group,
        }
    }

    #[tokio::test]
    async fn users_are_counted_to_the_last_one_and_not_apart() {
        let mut reader = MockUserReader::new();
        reader
            .expect_count()
            .with(eq(query(None).filter), eq(CountMode::Exact))
            .once()
            .returning(|_, _| Ok(42));
        let counts = users_read(reader).count(&query(None)).await;
        let expected = Counts {
            total: 42,
            groups: Vec::new(),
        };
        assert_eq!(counts.expect("counted"), expected);
    }

    #[tokio::test]
    async fn users_are_counted_apart_in_one_read() {
        let counts = Counts {
            total: 3,
            groups: vec![Group {
                key: Value::Text("admin".to_owned()),
                count: 3,
            }],
        };
        let mut reader = MockUserReader::new();
        let found = counts.clone();
        reader
            .expect_count_by()
            .with(eq(query(None).filter), eq(UserGroup::Role))
            .once()
            .return_once(move |_, _| Ok(found));
        let counted = users_read(reader)
            .count(&query(Some(UserGroup::Role)))
            .await;
        assert_eq!(counted.expect("counted"), counts);
    }

    #[tokio::test]
    async fn a_count_that_fails_is_not_taken_for_none() {
        let mut reader = MockUserReader::new();
        reader
            .expect_count()
            .once()
            .returning(|_, _| Err(unavailable()));
        let error = users_read(reader).count(&query(None)).await;
        assert!(matches!(error, Err(Error::Unavailable(_))));
    }
}
