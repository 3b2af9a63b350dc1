//! Exporting users and posts.

use std::sync::Arc;

use byline_domain::export::{Export, Exporter};
use byline_domain::order::Order;
use byline_domain::post::{PostField, PostFilter, PostView};
use byline_domain::selection::Fields;
use byline_domain::user::{UserField, UserFilter, UserView};

use crate::Error;

/// The users to export.
#[derive(Clone, Debug)]
pub struct ExportUsers {
    /// Which users.
    pub filter: UserFilter,
    /// In which order; in no particular one without.
    pub order: Option<Order<UserField>>,
    /// What to read: an export has no relations.
    pub fields: Fields<UserField>,
}

/// The posts to export.
#[derive(Clone, Debug)]
pub struct ExportPosts {
    /// Which posts.
    pub filter: PostFilter,
    /// In which order; in no particular one without.
    pub order: Option<Order<PostField>>,
    /// What to read: an export has no relations.
    pub fields: Fields<PostField>,
}

/// The use cases that export.
pub struct Exports {
    exporter: Arc<dyn Exporter>,
}

impl Exports {
    /// The use cases over this port.
    pub fn new(exporter: Arc<dyn Exporter>) -> Self {
        Self { exporter }
    }

    /// Begins to export users.
    pub async fn users(&self, query: &ExportUsers) -> Result<Exported<UserView>, Error> {
        let order = query.order.clone();
        let rows = self.exporter.users(&query.filter, order, &query.fields);
        Ok(Exported { rows: rows.await? })
    }

    /// Begins to export posts.
    pub async fn posts(&self, query: &ExportPosts) -> Result<Exported<PostView>, Error> {
        let order = query.order.clone();
        let rows = self.exporter.posts(&query.filter, order, &query.fields);
        Ok(Exported { rows: rows.await? })
    }
}

/// What is being exported. Dropping it ends the work for it.
pub struct Exported<T> {
    rows: Box<dyn Export<T>>,
}

impl<T> Exported<T> {
    /// The next rows, as [`Export::next`] answers them; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Vec<T>>, Error> {
        Ok(self.rows.next().await?)
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use byline_domain::error::RepositoryError;
    use byline_domain::order::Direction;
    use byline_domain::testing::fixtures::user;
    use byline_domain::testing::mocks::MockExporter;
    use byline_domain::trash::Trash;

    use super::*;
    use crate::testing::{post, unavailable};

    /// Answers each of these in turn.
    struct Script<T>(std::vec::IntoIter<Result<Option<Vec<T>>, RepositoryError>>);

    #[async_trait]
    impl<T: Send> Export<T> for Script<T> {
        async fn next(&mut self) -> Result<Option<Vec<T>>, RepositoryError> {
            self.0.next().expect("no more is asked for")
        }
    }

    fn script<T: Send + 'static>(
        steps: impl IntoIterator<Item = Result<Option<Vec<T>>, RepositoryError>>,
    ) -> Box<dyn Export<T>> {
        let steps: Vec<_> = steps.into_iter().collect();
        Box::new(Script(steps.into_iter()))
    }

    fn users_queried() -> ExportUsers {
        ExportUsers {
            filter: UserFilter::all(Trash::Include),
            order: Some(Order::by(UserField::Email, Direction::Descending)),
            fields: Fields::none().with(UserField::Name),
        }
    }

    #[tokio::test]
    async fn users_are_exported_part_by_part_until_a_failure() {
        let mut exporter = MockExporter::new();
        exporter
            .expect_users()
            .withf(|filter, order, fields| {
                let asked = users_queried();
                *filter == asked.filter && *order == asked.order && *fields == asked.fields
            })
            .once()
            .returning(|_, _, _| Ok(script([Ok(Some(vec![user(1).into()])), Err(unavailable())])));
        let exports = Exports::new(Arc::new(exporter));
        let mut export = exports.users(&users_queried()).await.expect("it begins");
        let part = export.next().await.expect("it goes on");
        assert_eq!(part, Some(vec![user(1).into()]));
        let failure = export.next().await;
        assert!(matches!(failure, Err(Error::Unavailable(_))));
    }

    #[tokio::test]
    async fn posts_are_exported_part_by_part_to_their_end() {
        let query = ExportPosts {
            filter: PostFilter::all(Trash::Exclude),
            order: None,
            fields: Fields::all(),
        };
        let mut exporter = MockExporter::new();
        exporter
            .expect_posts()
            .withf(|filter, order, fields| {
                filter.trash == Trash::Exclude && order.is_none() && *fields == Fields::all()
            })
            .once()
            .returning(|_, _, _| Ok(script([Ok(Some(vec![post(1).into()])), Ok(None)])));
        let exports = Exports::new(Arc::new(exporter));
        let mut export = exports.posts(&query).await.expect("it begins");
        let part = export.next().await.expect("it goes on");
        assert_eq!(part, Some(vec![post(1).into()]));
        assert_eq!(export.next().await.expect("it ends"), None);
    }

    #[tokio::test]
    async fn an_export_that_cannot_begin_fails() {
        let mut exporter = MockExporter::new();
        exporter
            .expect_users()
            .returning(|_, _, _| Err(unavailable()));
        let exports = Exports::new(Arc::new(exporter));
        let export = exports.users(&users_queried()).await;
        assert!(matches!(export.err(), Some(Error::Unavailable(_))));
    }
}
