//! Counting rows: exactly, at a bounded cost, and apart by a value.

use byline_domain::count::{CountMode, Counts, ESTIMATE_FROM, Group, MAX_GROUPS};
use byline_domain::error::RepositoryError;
use byline_domain::field::Kind;
use byline_domain::filter::Value;
use sqlx::{Postgres, QueryBuilder};

use crate::filter::{Noun, Rows};
use crate::pool::Database;
use crate::row::get;

/// How many rows of the noun's table there are.
pub(crate) async fn count<F: Noun>(
    database: &Database,
    rows: &Rows<'_, F::Test>,
    mode: CountMode,
) -> Result<u64, RepositoryError> {
    match mode {
        CountMode::Exact => exact::<F>(database, rows, None).await,
        CountMode::Estimate => {
            let bounded = exact::<F>(database, rows, Some(ESTIMATE_FROM)).await?;
            if bounded < ESTIMATE_FROM {
                return Ok(bounded);
            }
            Ok(planned::<F>(database, rows).await?.max(ESTIMATE_FROM))
        }
    }
}

async fn exact<F: Noun>(
    database: &Database,
    rows: &Rows<'_, F::Test>,
    limit: Option<u64>,
) -> Result<u64, RepositoryError> {
    let mut query = QueryBuilder::new("select count(*) as count from (");
    push_rows::<F>(&mut query, rows);
    if let Some(limit) = limit {
        query.push(" limit ");
        query.push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
    }
    query.push(") matching");
    let found = database.rows(query, rows.is_common()).await?;
    let count = found.first().map_or(Ok(0), |row| get(row, "count"));
    Ok(unsigned(count?))
}

/// What the planner expects, from the statistics of the last ANALYZE.
async fn planned<F: Noun>(
    database: &Database,
    rows: &Rows<'_, F::Test>,
) -> Result<u64, RepositoryError> {
    let mut query = QueryBuilder::new("explain ");
    push_rows::<F>(&mut query, rows);
    let lines = database.rows(query, false).await?;
    let plan: String = lines
        .first()
        .map_or(Ok(String::new()), |line| get(line, "QUERY PLAN"))?;
    // Not the plan itself, which names the values of the filter.
    rows_of_plan(&plan).ok_or_else(|| RepositoryError::Internal("no rows in a plan".into()))
}

fn push_rows<F: Noun>(query: &mut QueryBuilder<Postgres>, rows: &Rows<'_, F::Test>) {
    query.push(format_args!("select 1 from {} where ", F::TABLE));
    rows.push(query);
}

/// How many rows there are, in all and of each value of `field`.
pub(crate) async fn count_by<F: Noun>(
    database: &Database,
    rows: &Rows<'_, F::Test>,
    field: F,
) -> Result<Counts, RepositoryError> {
    let collation = match field.kind() {
        Kind::Text => r#" collate "C""#,
        Kind::Bool | Kind::Time | Kind::Id => "",
    };
    let mut query = QueryBuilder::new("");
    query.push(format_args!(
        "select {}{collation} as key, count(*) as count, (sum(count(*)) over ())::bigint as total \
         from {} where ",
        field.value(),
        F::TABLE
    ));
    rows.push(&mut query);
    query.push(format_args!(
        " group by 1 order by 2 desc, 1 limit {MAX_GROUPS}"
    ));
    let found = database.rows(query, rows.is_common()).await?;
    let total = found.first().map_or(Ok(0), |row| get(row, "total"))?;
    let groups = found.iter().map(|row| {
        let key = match field.kind() {
            Kind::Text => Value::Text(get(row, "key")?),
            Kind::Bool => Value::Bool(get(row, "key")?),
            Kind::Time => Value::Time(get(row, "key")?),
            Kind::Id => Value::Id(get(row, "key")?),
        };
        let count = unsigned(get(row, "count")?);
        Ok(Group { key, count })
    });
    Ok(Counts {
        total: unsigned(total),
        groups: groups.collect::<Result<_, RepositoryError>>()?,
    })
}

/// A count that PostgreSQL answered.
pub(crate) fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
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
