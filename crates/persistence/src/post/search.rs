//! Finds posts by what their title and content say.

use byline_domain::error::RepositoryError;
use byline_domain::filter::PostTest;
use byline_domain::page::{Cursor, Page, PageRequest, SortValue};
use byline_domain::post::{FoundPost, PostField, Snippet};
use byline_domain::search::SearchQuery;
use byline_domain::selection::Fields;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments, Postgres, QueryBuilder};
use uuid::Uuid;

use super::columns::{columns, weight};
use super::headline::{HEADLINE_COLUMNS, push_headlines, snippet};
use super::view::view;
use super::web_query::web_query;
use crate::filter::Rows;
use crate::keyset::check_cursor;
use crate::pool::Database;
use crate::row::get;
use crate::weight::{is_cut, push_weighed};

/// What was asked for, as a query of text searches. `$1` is what [`web_query`] made.
pub(super) const QUERY: &str = "websearch_to_tsquery('byline', $1)";

/// How well a post matches, in millionths, so that a cursor holds it exactly. With the
/// default weights a single word in the title outweighs it in the content. What must not
/// be there is left out (`querytree`): a rank of `a & !b` would be none at all.
fn rank() -> String {
    format!("round(1000000 * ts_rank(search, querytree({QUERY})::tsquery)::float8)::bigint")
}

/// The order of a page: by what a cursor keeps, and the greater id first.
const ORDER: &str = "place desc, id desc";

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
    let found = database.rows(search.statement()?, false).await?;
    let more = found.len() > page.size.get() || is_cut(&found)?;
    let posts = found.iter().take(page.size.get());
    let posts = posts.map(|row| placed(row, fields));
    Ok(Page::new(
        posts.collect::<Result<Vec<_>, RepositoryError>>()?,
        more,
    ))
}

impl Search<'_> {
    fn statement(&self) -> Result<QueryBuilder<Postgres>, RepositoryError> {
        // The texts are read for the snippet; by reference, until the page is known.
        let texts = self.fields.clone();
        let texts = texts.with(PostField::Title).with(PostField::Content);
        let inner = columns(&texts).join(", ");
        let outer = columns(self.fields).join(", ");
        let mut arguments = PgArguments::default();
        let query = web_query(self.query.as_str());
        arguments.add(query).map_err(RepositoryError::Internal)?;
        let mut sql = QueryBuilder::with_arguments("", arguments);
        sql.push(format_args!(
            "select {outer}, place, rank, available, {HEADLINE_COLUMNS} from ("
        ));
        let read = format!("{inner}, place, rank");
        let weight = format!(
            "{} + least({}, {} * greatest(octet_length(title), coalesce(octet_length(content), 0)))",
            weight(self.fields, self.each_weighs),
            Snippet::MAX_HTML_BYTES,
            Snippet::HTML_BYTES_OF_ONE,
        );
        push_weighed(&mut sql, &read, &weight, ORDER, |sql| {
            let after = self.page.after.as_ref();
            match after.and_then(|after| Some((after.rank()?, after.id))) {
                None => self.push_first(sql, &inner),
                Some((rank, id)) if rank >= 0 => self.push_ranked(sql, &inner, rank, id),
                Some((_, id)) => self.push_newest(sql, &inner, Some(id), ""),
            }
        });
        sql.push(") shown");
        push_headlines(&mut sql);
        sql.push(format_args!(" order by {ORDER}"));
        Ok(sql)
    }

    /// The best of those that match, or the newest where more match than are ranked, of
    /// which none is ranked then.
    fn push_first(&self, sql: &mut QueryBuilder<Postgres>, columns: &str) {
        let (most, rank) = (SearchQuery::MAX_RANKED_POSTS, rank());
        sql.push("with fits as materialized (select id, search");
        self.push_matching(sql);
        sql.push(format_args!(
            " limit {most} + 1) select {columns}, place, rank from \
             (select count(*) as fitting from fits) counted cross join lateral (\
             (select {columns}, rank as place, rank from (\
             select id, {rank} as rank from fits where fitting <= {most} \
             order by rank desc, id desc"
        ));
        self.push_window(sql);
        sql.push(") best join posts using (id)) union all (");
        self.push_newest(sql, columns, None, &format!(" and fitting > {most}"));
        sql.push(")) page");
    }

    fn push_ranked(&self, sql: &mut QueryBuilder<Postgres>, columns: &str, after: i64, id: Uuid) {
        let rank = rank();
        sql.push(format_args!(
            "select {columns}, rank as place, rank from (select {columns}, {rank} as rank"
        ));
        self.push_matching(sql);
        sql.push(") found where (rank, id) < (");
        sql.push_bind(after).push(", ").push_bind(id);
        sql.push(") order by rank desc, id desc");
        self.push_window(sql);
    }

    /// The newest of those that match, along the ids or from the index over words,
    /// whichever is shorter. All are in one place but for their ids.
    fn push_newest(
        &self,
        sql: &mut QueryBuilder<Postgres>,
        columns: &str,
        after: Option<Uuid>,
        condition: &str,
    ) {
        let (place, rank) = (SearchQuery::COARSE_OTHER, rank());
        sql.push(format_args!(
            "select {columns}, {place}::bigint as place, {rank} as rank"
        ));
        self.push_matching(sql);
        sql.push(condition);
        if let Some(id) = after {
            sql.push(" and id < ").push_bind(id);
        }
        sql.push(" order by id desc");
        self.push_window(sql);
    }

    fn push_matching(&self, sql: &mut QueryBuilder<Postgres>) {
        sql.push(" from posts where ");
        self.rows.push(sql);
        sql.push(format_args!(" and search @@ {QUERY}"));
    }

    fn push_window(&self, sql: &mut QueryBuilder<Postgres>) {
        sql.push(" limit ").push_bind(self.page.rows());
        sql.push(" offset ").push_bind(i64::from(self.page.skip));
    }
}

fn placed(row: &PgRow, fields: &Fields<PostField>) -> Result<(Cursor, FoundPost), RepositoryError> {
    let post = view(row, fields)?;
    let millionths: i64 = get(row, "rank")?;
    let cursor = Cursor {
        values: vec![SortValue::Rank(get(row, "place")?)],
        id: post.id.as_uuid(),
    };
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a rank is a small number"
    )]
    let rank = (millionths as f64 / 1_000_000.0) as f32;
    let snippet = snippet(row)?;
    Ok((
        cursor,
        FoundPost {
            post,
            snippet,
            rank,
        },
    ))
}
