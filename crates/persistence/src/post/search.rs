//! Finds posts by what their title and content say.

use std::collections::HashMap;

use byline_domain::error::RepositoryError;
use byline_domain::filter::PostTest;
use byline_domain::page::{Cursor, MAX_BYTES, Page, PageRequest, SortValue};
use byline_domain::post::{FoundPost, PostField, Snippet};
use byline_domain::search::SearchQuery;
use byline_domain::selection::Fields;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments, Postgres, QueryBuilder};
use uuid::Uuid;

use super::columns::{columns, weight};
use super::headline::{asks, push_headline, short_content, told, wanted, words};
use super::view::{Beginning, next_view};
use super::web_query::web_query;
use crate::filter::Rows;
use crate::keyset::check_cursor;
use crate::plan::push_planned_by_values;
use crate::pool::Database;
use crate::row::{Values, get};
use crate::weight::{is_cut, push_weighed};

/// What was asked for, as a query of text searches. `$1` is what [`web_query`] made.
pub(super) const QUERY: &str = "websearch_to_tsquery('byline', $1)";

/// How well a post matches, in millionths, so that a cursor holds it exactly. With the
/// default weights a single word in the title outweighs it in the content. What must not
/// be there is left out (`querytree`): a rank of `a & !b` would be none at all.
fn rank() -> String {
    format!("round(1000000 * ts_rank(search, querytree({QUERY})::tsquery)::float8)::bigint")
}

#[derive(Clone, Copy)]
struct Search<'a> {
    query: &'a SearchQuery,
    rows: &'a Rows<'a, PostTest>,
    page: &'a PageRequest,
    fields: &'a Fields<PostField>,
    each_weighs: u64,
}

pub(super) async fn search(
    database: &Database,
    query: &SearchQuery,
    rows: &Rows<'_, PostTest>,
    page: &PageRequest,
    fields: &Fields<PostField>,
    each_weighs: u64,
) -> Result<Page<FoundPost>, RepositoryError> {
    check_cursor(page, |cursor| cursor.rank().is_some())?;
    let search = Search {
        query,
        rows,
        page,
        fields,
        each_weighs,
    };
    let (ordered_by, mut rows) = match &page.after {
        None => search.first(database).await?,
        Some(after) => search.after(database, after).await?,
    };
    let more = rows.len() > page.size.get() || is_cut(&rows)?;
    rows.truncate(page.size.get());
    let posts = search.found(database, ordered_by, &rows).await?;
    Ok(Page::new(posts, more))
}

/// What the posts are ordered by, before their ids.
#[derive(Clone, Copy)]
enum OrderedBy {
    Rank,
    Age,
}

impl OrderedBy {
    /// The place of a post of that rank.
    fn place(self, rank: i64, id: Uuid) -> Cursor {
        let ordered_by = match self {
            Self::Rank => rank,
            Self::Age => SearchQuery::COARSE_OTHER,
        };
        Cursor {
            values: vec![SortValue::Rank(ordered_by)],
            id,
        }
    }
}

/// A rank that is counted in millionths.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a rank is a small number"
)]
fn of_millionths(rank: i64) -> f32 {
    (rank as f64 / 1_000_000.0) as f32
}

type Found = (OrderedBy, Vec<PgRow>);

/// A page is read by one statement, which is planned by what is looked for; what PostgreSQL
/// has to tell of some of its posts, by another one, which is the same for all.
impl Search<'_> {
    /// The beginning of a statement with `$1`.
    fn statement(&self) -> Result<QueryBuilder<Postgres>, RepositoryError> {
        let mut arguments = PgArguments::default();
        let query = web_query(self.query.as_str());
        arguments.add(query).map_err(RepositoryError::Internal)?;
        Ok(QueryBuilder::with_arguments("", arguments))
    }

    async fn ask(
        &self,
        database: &Database,
        sql: QueryBuilder<Postgres>,
    ) -> Result<Vec<PgRow>, RepositoryError> {
        database.rows(sql, self.rows.is_common()).await
    }

    /// The best of those that match, or the newest where more match than are ranked.
    async fn first(&self, database: &Database) -> Result<Found, RepositoryError> {
        let most = SearchQuery::MAX_RANKED_POSTS;
        // Of those that are ranked, none is behind so many.
        if usize::try_from(self.page.skip).is_ok_and(|skip| skip >= most) {
            return self.newest(database, None).await;
        }
        let order = "rank desc, id desc";
        let rows = self.read(database, order, |sql, columns| {
            sql.push(format_args!(
                "select {columns}, case when fitting <= {most} then {} end as rank from \
                 (select *, count(*) over () as fitting from (select {columns}, search",
                rank()
            ));
            self.push_matching(sql);
            sql.push(format_args!(
                " limit {most} + 1) fits) counted order by {order}"
            ));
        });
        let rows = rows.await?;
        let is_over = |row: &PgRow| get::<Option<i64>>(row, "rank").map(|rank| rank.is_none());
        if rows.first().map_or(Ok(false), is_over)? {
            return self.newest(database, None).await;
        }
        Ok((OrderedBy::Rank, rows))
    }

    /// Those that come after a place of this list.
    async fn after(&self, database: &Database, last: &Cursor) -> Result<Found, RepositoryError> {
        let Some(after) = last.rank().filter(|rank| *rank >= 0) else {
            return self.newest(database, Some(last.id)).await;
        };
        let order = "rank desc, id desc";
        let rows = self.read(database, order, |sql, columns| {
            sql.push(format_args!(
                "select {columns}, rank from (select {columns}, {} as rank",
                rank()
            ));
            self.push_matching(sql);
            sql.push(") found where (rank, id) < (");
            sql.push_bind(after).push(", ").push_bind(last.id);
            sql.push(format_args!(") order by {order}"));
        });
        Ok((OrderedBy::Rank, rows.await?))
    }

    /// The newest of those that match, along the ids or from the index over words,
    /// whichever is shorter. All are in one place but for their ids.
    async fn newest(
        &self,
        database: &Database,
        after: Option<Uuid>,
    ) -> Result<Found, RepositoryError> {
        let order = "id desc";
        let rows = self.read(database, order, |sql, columns| {
            sql.push(format_args!("select {columns}, {} as rank", rank()));
            self.push_matching(sql);
            if let Some(id) = after {
                sql.push(" and id < ").push_bind(id);
            }
            sql.push(format_args!(" order by {order}"));
        });
        Ok((OrderedBy::Age, rows.await?))
    }

    /// The rows of the page and the one behind it, up to a weight, with what their snippets are
    /// made of. `rows` appends a query for the columns that it is given, and the `rank`; of those
    /// that have none, only one comes.
    async fn read(
        &self,
        database: &Database,
        order: &str,
        rows: impl FnOnce(&mut QueryBuilder<Postgres>, &str),
    ) -> Result<Vec<PgRow>, RepositoryError> {
        // The texts are read for the snippet; by reference, until the page is known.
        let read = columns(&self.with_texts());
        let may_be_left = !self.fields.has(PostField::Content);
        let short = short_content();
        let shown = read.iter().map(|column| match *column {
            "content" if may_be_left => &short,
            column => column,
        });
        let shown = format!(
            "{}, rank, {} as asks, {} as words",
            shown.collect::<Vec<_>>().join(", "),
            asks(may_be_left),
            words(),
        );
        let read = read.join(", ");
        let weight = format!(
            "case when rank is null then {MAX_BYTES} else {} + \
             least({}, {} * greatest(octet_length(title), coalesce(octet_length(content), 0))) end",
            weight(self.fields, self.each_weighs),
            Snippet::MAX_HTML_BYTES,
            Snippet::HTML_BYTES_OF_ONE,
        );
        let columns = format!("{read}, rank");
        let mut sql = self.statement()?;
        push_weighed(&mut sql, &shown, &columns, &weight, order, |sql| {
            rows(sql, &read);
            sql.push(" limit ").push_bind(self.page.rows());
            sql.push(" offset ").push_bind(i64::from(self.page.skip));
        });
        self.ask(database, sql).await
    }

    /// The ids of those of these posts that still match, with what PostgreSQL tells of each.
    async fn read_told(
        &self,
        database: &Database,
        ids: Vec<Uuid>,
    ) -> Result<Vec<PgRow>, RepositoryError> {
        let mut sql = self.statement()?;
        sql.push("select id, (");
        push_headline(&mut sql);
        sql.push(") as told from (select id, title, content, search from posts where id = any(");
        sql.push_bind(ids).push(") and ");
        self.rows.push(&mut sql);
        // `offset 0` keeps the posts from being looked for by their words, of which this plan
        // knows nothing.
        sql.push(format_args!(
            " offset 0) shown where search @@ (select {QUERY})"
        ));
        self.ask(database, sql).await
    }

    /// What is read of a post: what was asked for, and its texts.
    fn with_texts(&self) -> Fields<PostField> {
        let fields = self.fields.clone();
        fields.with(PostField::Title).with(PostField::Content)
    }

    /// The posts of these rows, with their places.
    async fn found(
        &self,
        database: &Database,
        ordered_by: OrderedBy,
        rows: &[PgRow],
    ) -> Result<Vec<(Cursor, FoundPost)>, RepositoryError> {
        let Some(first) = rows.first() else {
            return Ok(Vec::new());
        };
        let (wanted, read) = (wanted(first)?, self.with_texts());
        let mut found = Vec::with_capacity(rows.len());
        let mut asked = HashMap::new();
        for row in rows {
            let mut values = Values::from(row);
            let beginning = Beginning::next(&mut values, &read)?;
            let post = next_view(&beginning, &mut values, self.fields)?;
            let rank = values.next()?;
            let mut snippet = Snippet::default();
            let mut asks: bool = get(row, "asks")?;
            if !asks {
                let told = wanted.tell(beginning.title, beginning.content.unwrap_or_default());
                (snippet, asks) = (told.snippet, !told.is_sure);
            }
            let id = post.id.as_uuid();
            if asks {
                asked.insert(id, found.len());
            }
            let post = FoundPost {
                post,
                snippet,
                rank: of_millionths(rank),
            };
            found.push((ordered_by.place(rank, id), post));
        }
        if asked.is_empty() {
            return Ok(found);
        }
        self.ask_of(database, &mut asked, &mut found).await?;
        for place in asked.into_values() {
            if let (Some(row), Some((_, post))) = (rows.get(place), found.get_mut(place)) {
                let beginning = Beginning::next(&mut Values::from(row), &read)?;
                let content = beginning.content.unwrap_or_default();
                post.snippet = wanted.tell(beginning.title, content).snippet;
            }
        }
        Ok(found)
    }

    /// Has PostgreSQL tell of those posts, which are at these places in `found`, and leaves the ones of
    /// which it does not: they have changed since they were found, and match no more. What
    /// it tells of one that still does is of what that says by then.
    async fn ask_of(
        &self,
        database: &Database,
        asked: &mut HashMap<Uuid, usize>,
        found: &mut [(Cursor, FoundPost)],
    ) -> Result<(), RepositoryError> {
        let ids = asked.keys().copied().collect();
        for row in &self.read_told(database, ids).await? {
            let place = asked.remove(&get(row, "id")?);
            if let Some((_, post)) = place.and_then(|place| found.get_mut(place)) {
                post.snippet = told(row)?;
            }
        }
        Ok(())
    }

    fn push_matching(&self, sql: &mut QueryBuilder<Postgres>) {
        sql.push(" from posts where ");
        self.rows.push(sql);
        sql.push(format_args!(" and search @@ {QUERY}"));
        if self.rows.is_common() {
            sql.push(" and ");
            push_planned_by_values(sql);
        }
    }
}
