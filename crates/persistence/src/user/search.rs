//! Finds users by a part of their address or name.

use std::cmp::Reverse;

use byline_domain::error::RepositoryError;
use byline_domain::filter::UserTest;
use byline_domain::page::{Cursor, Page, PageRequest, SortValue};
use byline_domain::search::SearchQuery;
use byline_domain::selection::Fields;
use byline_domain::user::{UserField, UserView};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments, Postgres, QueryBuilder};
use uuid::Uuid;

use super::columns::columns;
use super::view::view;
use crate::filter::{Rows, push_escaped};
use crate::keyset::check_cursor;
use crate::plan::{push_planned_by_values, push_planned_for_all};
use crate::pool::Database;
use crate::row::get;

/// What [`SearchQuery::rank`] says. `$1` is what was asked for.
const RANK: &str = "(case \
    when lower(email) = lower($1) or lower(name) = lower($1) then 20000000 \
    when starts_with(lower(email), lower($1)) or starts_with(lower(name), lower($1)) \
    then 10000000 else 0 end + round(1000000 * greatest(\
    similarity(lower(email), lower($1)), similarity(lower(name), lower($1)))::float8)::bigint)";

/// From three characters on, the trigram index finds a text that holds `$2`.
const HOLDS: [&str; 2] = ["lower(name) like lower($2)", "lower(email) like lower($2)"];

/// Below that, the ordered indexes find a text that starts with `$1`: one between
/// it and its continuation `$2` by the last character there is. The index over
/// addresses is two, one for each side of the trash.
const STARTS: [&str; 3] = [
    r#"(lower(name) collate "C" >= lower($1) and lower(name) collate "C" < lower($2))"#,
    r#"(deleted_at is null
        and lower(email) collate "C" >= lower($1) and lower(email) collate "C" < lower($2))"#,
    r#"(deleted_at is not null
        and lower(email) collate "C" >= lower($1) and lower(email) collate "C" < lower($2))"#,
];

/// Whether an address or a name is `$1`; never unknown. Written for the ordered indexes:
/// the one over trigrams would find all that hold `$1`, and look at each.
const EQUALS: &str = r#"(
    (deleted_at is null and lower(email) collate "C" = lower($1))
    or (deleted_at is not null and lower(email) collate "C" = lower($1))
    or (name is not null and lower(name) collate "C" = lower($1)))"#;

/// A search, ready to be asked.
struct Search<'a> {
    query: &'a SearchQuery,
    rows: &'a Rows<'a, UserTest>,
    page: &'a PageRequest,
    columns: String,
}

pub(super) async fn search(
    database: &Database,
    query: &SearchQuery,
    rows: &Rows<'_, UserTest>,
    page: &PageRequest,
    fields: &Fields<UserField>,
) -> Result<Page<UserView>, RepositoryError> {
    check_cursor(page, |cursor| cursor.rank().is_some())?;
    let search = Search {
        query,
        rows,
        page,
        columns: columns(fields).join(", "),
    };
    let after = page.after.as_ref();
    let statement = match after.and_then(|after| Some((after.rank()?, after.id))) {
        None => None,
        Some((rank, id)) if rank >= 0 => Some(search.ranked(rank, id)?),
        Some(last) => Some(search.coarse(Some(last))?),
    };
    let found = match statement {
        Some(statement) => search.ask(database, statement).await?,
        None => search.first(database).await?,
    };
    let more = found.len() > page.size.get();
    let users = found.iter().take(page.size.get());
    let users = users.map(|row| placed(row, fields));
    Ok(Page::new(
        users.collect::<Result<Vec<_>, RepositoryError>>()?,
        more,
    ))
}

fn placed(row: &PgRow, fields: &Fields<UserField>) -> Result<(Cursor, UserView), RepositoryError> {
    let user = view(row, fields)?;
    let cursor = Cursor {
        values: vec![SortValue::Rank(get(row, "rank")?)],
        id: user.id.as_uuid(),
    };
    Ok((cursor, user))
}

impl Search<'_> {
    /// The beginning of a statement with `$1` and `$2`.
    fn statement(&self) -> Result<QueryBuilder<Postgres>, RepositoryError> {
        let second = if self.query.matches_anywhere() {
            let mut pattern = String::from("%");
            push_escaped(&mut pattern, self.query.as_str());
            pattern + "%"
        } else {
            format!("{}{}", self.query.as_str(), char::MAX)
        };
        let mut arguments = PgArguments::default();
        for argument in [self.query.as_str(), &second] {
            arguments.add(argument).map_err(RepositoryError::Internal)?;
        }
        Ok(QueryBuilder::with_arguments("", arguments))
    }

    /// The ways to fit, each of which an index answers.
    fn ways(&self) -> &'static [&'static str] {
        if self.query.matches_anywhere() {
            &HOLDS
        } else {
            &STARTS
        }
    }

    /// Where the users are who fit, and whom the filter means.
    fn push_fitting(&self, query: &mut QueryBuilder<Postgres>) {
        self.push_where(query);
        if self.rows.is_common() {
            query.push(" and ");
            push_planned_by_values(query);
        }
    }

    fn push_where(&self, query: &mut QueryBuilder<Postgres>) {
        query.push(" from users where ");
        self.rows.push(query);
        query.push(format_args!(" and ({})", self.ways().join(" or ")));
    }

    /// Whether few users are likely to fit, so that the index finds them soonest whatever is asked
    /// for. With a filter, or below three characters, nobody asks.
    fn is_narrow(&self, database: &Database) -> bool {
        self.rows.is_common()
            && self.query.matches_anywhere()
            && database.breadth().is_narrow(database, self.query.as_str())
    }

    async fn ask(
        &self,
        database: &Database,
        query: QueryBuilder<Postgres>,
    ) -> Result<Vec<PgRow>, RepositoryError> {
        database.rows(query, self.rows.is_common()).await
    }

    /// The first page: by rank, or by coarse rank where more fit than are ranked, of whom
    /// none is ranked then.
    ///
    /// The best are put in order here: to plan that too would take PostgreSQL longer than
    /// most searches do.
    async fn first(&self, database: &Database) -> Result<Vec<PgRow>, RepositoryError> {
        let (columns, most) = (&self.columns, SearchQuery::MAX_RANKED);
        let mut query = self.statement()?;
        // Of few, the bound stays outside: with it, a plan for all values would look through the
        // table for the first of the many that it expects, and so read all of it for one.
        query.push("with fits as materialized (select *");
        if self.is_narrow(database) {
            self.push_where(&mut query);
            query.push(" and ");
            push_planned_for_all(&mut query);
        } else {
            self.push_fitting(&mut query);
            query.push(format_args!(" limit {most} + 1"));
        }
        query.push(format_args!(
            ") select {columns}, case when fitting <= {most} then {RANK} end as rank from \
             (select *, count(*) over () as fitting from \
             (select * from fits limit {most} + 1) bounded) counted"
        ));
        let fitting = self.ask(database, query).await?;
        let mut ranked = Vec::with_capacity(fitting.len());
        for row in fitting {
            let Some(rank) = get::<Option<i64>>(&row, "rank")? else {
                return self.ask(database, self.coarse(None)?).await;
            };
            ranked.push((rank, get::<Uuid>(&row, "id")?, row));
        }
        ranked.sort_unstable_by_key(|(rank, id, _)| Reverse((*rank, *id)));
        let skip = usize::try_from(self.page.skip).unwrap_or(usize::MAX);
        let page = ranked.into_iter().skip(skip).take(self.page.size.get() + 1);
        Ok(page.map(|(.., row)| row).collect())
    }

    /// A further page of the users who fit in the order of their ranks.
    fn ranked(&self, rank: i64, id: Uuid) -> Result<QueryBuilder<Postgres>, RepositoryError> {
        let columns = &self.columns;
        let mut query = self.statement()?;
        query.push(format_args!(
            "select {columns}, rank from (select {columns}, {RANK} as rank"
        ));
        self.push_fitting(&mut query);
        query.push(") fits where (rank, id) < (");
        query.push_bind(rank).push(", ").push_bind(id).push(")");
        self.push_page(&mut query);
        Ok(query)
    }

    fn push_page(&self, query: &mut QueryBuilder<Postgres>) {
        query.push(" order by rank desc, id desc limit ");
        query.push_bind(self.page.rows()).push(" offset ");
        query.push_bind(i64::from(self.page.skip));
    }

    /// A page of the users who fit in the order of their coarse ranks: two lists by id, so
    /// that neither needs to be read to its end, of those who equal the query, and of those
    /// who fit otherwise.
    fn coarse(
        &self,
        after: Option<(i64, Uuid)>,
    ) -> Result<QueryBuilder<Postgres>, RepositoryError> {
        let columns = &self.columns;
        let mut query = self.statement()?;
        query.push(format_args!("select {columns}, rank from ("));
        let mut is_first = true;
        // Not `not`, which would be taken apart, and looked at before what finds fewer.
        for (rank, wanted) in [
            (SearchQuery::COARSE_EQUAL, ""),
            (SearchQuery::COARSE_OTHER, " is not true"),
        ] {
            if after.is_some_and(|(last, _)| last < rank) {
                continue;
            }
            query.push(if is_first { "(" } else { " union all (" });
            is_first = false;
            query.push(format_args!("select {columns}, {rank}::bigint as rank"));
            if rank == SearchQuery::COARSE_EQUAL {
                // Who equals it also fits.
                query.push(" from users where ");
                self.rows.push(&mut query);
            } else {
                self.push_fitting(&mut query);
            }
            query.push(format_args!(" and {EQUALS}{wanted}"));
            if let Some((_, id)) = after.filter(|(last, _)| *last == rank) {
                query.push(" and id < ").push_bind(id);
            }
            query.push(" order by id desc limit ");
            query.push_bind(self.page.rows() + i64::from(self.page.skip));
            query.push(")");
        }
        query.push(") both_ranks");
        self.push_page(&mut query);
        Ok(query)
    }
}
