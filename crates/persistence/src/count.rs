//! Counting rows, exactly or at a bounded cost.

use byline_domain::error::RepositoryError;
use byline_domain::page::{CountMode, ESTIMATE_FROM};
use byline_domain::trash::Trash;
use sqlx::{Postgres, QueryBuilder};

use crate::pool::Database;

/// The rows to count.
pub(crate) struct Count {
    pub(crate) table: &'static str,
    pub(crate) trash: Trash,
}

impl Count {
    pub(crate) async fn run(
        &self,
        database: &Database,
        mode: CountMode,
    ) -> Result<u64, RepositoryError> {
        match mode {
            CountMode::Exact => self.exact(database, None).await,
            CountMode::Estimate => {
                let bounded = self.exact(database, Some(ESTIMATE_FROM)).await?;
                if bounded < ESTIMATE_FROM {
                    return Ok(bounded);
                }
                Ok(self.planned(database).await?.max(ESTIMATE_FROM))
            }
        }
    }

    async fn exact(&self, database: &Database, limit: Option<u64>) -> Result<u64, RepositoryError> {
        let mut query = QueryBuilder::<Postgres>::new("select count(*) from (");
        self.push_rows(&mut query);
        if let Some(limit) = limit {
            query.push(" limit ");
            query.push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
        }
        query.push(") matching");
        let mut lease = database.lease().await?;
        let mut statement = lease.statement();
        let count = query
            .build_query_scalar::<i64>()
            .fetch_one(&mut *statement)
            .await;
        Ok(u64::try_from(statement.finish(count)?).unwrap_or_default())
    }

    /// What the planner expects, from the statistics of the last ANALYZE.
    async fn planned(&self, database: &Database) -> Result<u64, RepositoryError> {
        let mut query = QueryBuilder::<Postgres>::new("explain ");
        self.push_rows(&mut query);
        let mut lease = database.lease().await?;
        let mut statement = lease.statement();
        let plan = query
            .build_query_scalar::<String>()
            .fetch_one(&mut *statement)
            .await;
        let plan = statement.finish(plan)?;
        rows_of_plan(&plan)
            .ok_or_else(|| RepositoryError::Internal(format!("no rows in plan: {plan}").into()))
    }

    fn push_rows(&self, query: &mut QueryBuilder<Postgres>) {
        query.push("select 1 from ");
        query.push(self.table);
        if self.trash == Trash::Exclude {
            query.push(" where deleted_at is null");
        }
    }
}

/// The row estimate in the first line of a plan: `… (cost=0.00..1.05 rows=5 width=4)`.
fn rows_of_plan(plan: &str) -> Option<u64> {
    let (_, after) = plan.split_once("rows=")?;
    after.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_is_read_from_the_first_line_of_a_plan() {
        let plan = "Seq Scan on users  (cost=0.00..155.00 rows=5000 width=4)";
        assert_eq!(rows_of_plan(plan), Some(5_000));
        assert_eq!(rows_of_plan("nonsense"), None);
    }
}
