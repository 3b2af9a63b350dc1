//! Finds posts by what their title and content say.

use std::collections::HashMap;

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
use super::headline::{push_headline, push_told, short_content, told, wanted};
use super::view::{Beginning, next_view};
use super::web_query::web_query;
use crate::filter::Rows;
use crate::keyset::check_cursor;
use crate::plan::push_planned_by_values;
use crate::pool::Database;
use crate::row::{Values, get, unreadable};
use crate::weight::{is_cut, push_weighed};

/// What was asked for, as a query of text searches. `$1` is what [`web_query`] made.
pub(super) const QUERY: &str = "websearch_to_tsquery('byline', $1)";

/// How well a post matches, in millionths, so that a cursor holds it exactly. With the
/// default weights a single word in the title outweighs it in the content. What must not
/// be there is left out (`querytree`): a rank of `a & !b` would be none at all.
fn rank() -> String {
    format!("round(1000000 * ts_rank(search, querytree({QUERY})::tsquery)::float8)::bigint")
}

/// How often posts are read at most where all of those that were found are gone by then.
const MOST_ROUNDS: u32 = 3;

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
    let mut places = match &page.after {
        None => search.first(database).await?,
        Some(after) => search.after(database, after, page.skip).await?,
    };
    let mut rounds = 1..=MOST_ROUNDS;
    loop {
        let more = places.len() > page.size.get();
        places.truncate(page.size.get());
        let Some(last) = places.last() else {
            return Ok(Page::empty());
        };
        let ids = places.iter().map(|place| place.id).collect();
        let rows = search.read(database, ids).await?;
        if !rows.is_empty() || !more {
            let more = more || is_cut(&rows)?;
            let posts = search.found(database, &rows, &places).await?;
            return Ok(Page::new(posts, more));
        }
        // All of them changed meanwhile, and match no longer.
        let last = last.cursor();
        rounds.next();
        if rounds.is_empty() {
            return Ok(Page::of_none_up_to(last));
        }
        places = search.after(database, &last, 0).await?;
    }
}

/// Where a post that matches stands in the list.
struct Place {
    id: Uuid,
    /// What it is ordered by, before its id.
    ordered_by: i64,
    rank: i64,
}

impl Place {
    fn of(row: &PgRow, ordered_by: i64) -> Result<Self, RepositoryError> {
        Ok(Self {
            id: get(row, "id")?,
            ordered_by,
            rank: get(row, "rank")?,
        })
    }

    fn cursor(&self) -> Cursor {
        Cursor {
            values: vec![SortValue::Rank(self.ordered_by)],
            id: self.id,
        }
    }

    /// How well the post matches.
    fn rank(&self) -> f32 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "a rank is a small number"
        )]
        let rank = (self.rank as f64 / 1_000_000.0) as f32;
        rank
    }
}

/// First it is asked which posts are on the page, by a statement that is planned by what is
/// looked for; then the page is read, by one that is the same for all.
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

    /// The best of those that match, or the newest where more match than are ranked, of
    /// which none is ranked then.
    async fn first(&self, database: &Database) -> Result<Vec<Place>, RepositoryError> {
        let (most, rank) = (SearchQuery::MAX_RANKED_POSTS, rank());
        let mut sql = self.statement()?;
        sql.push(format_args!(
            "select id, case when fitting <= {most} then {rank} end as rank from \
             (select id, search, count(*) over () as fitting from (select id, search"
        ));
        self.push_matching(&mut sql);
        sql.push(format_args!(
            " limit {most} + 1) fits) counted order by rank desc, id desc"
        ));
        self.push_window(&mut sql, self.page.skip);
        let rows = self.ask(database, sql).await?;
        let mut places = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(rank) = get(row, "rank")? else {
                return self.newest(database, None, self.page.skip).await;
            };
            places.push(Place::of(row, rank)?);
        }
        Ok(places)
    }

    /// Those that come after a place of this list.
    async fn after(
        &self,
        database: &Database,
        last: &Cursor,
        skip: u32,
    ) -> Result<Vec<Place>, RepositoryError> {
        let Some(after) = last.rank().filter(|rank| *rank >= 0) else {
            return self.newest(database, Some(last.id), skip).await;
        };
        let mut sql = self.statement()?;
        sql.push(format_args!(
            "select id, rank from (select id, {} as rank",
            rank()
        ));
        self.push_matching(&mut sql);
        sql.push(") found where (rank, id) < (");
        sql.push_bind(after).push(", ").push_bind(last.id);
        sql.push(") order by rank desc, id desc");
        self.push_window(&mut sql, skip);
        let rows = self.ask(database, sql).await?;
        rows.iter()
            .map(|row| Place::of(row, get(row, "rank")?))
            .collect()
    }

    /// The newest of those that match, along the ids or from the index over words,
    /// whichever is shorter. All are in one place but for their ids.
    async fn newest(
        &self,
        database: &Database,
        after: Option<Uuid>,
        skip: u32,
    ) -> Result<Vec<Place>, RepositoryError> {
        let mut sql = self.statement()?;
        sql.push(format_args!("select id, {} as rank", rank()));
        self.push_matching(&mut sql);
        if let Some(id) = after {
            sql.push(" and id < ").push_bind(id);
        }
        sql.push(" order by id desc");
        self.push_window(&mut sql, skip);
        let rows = self.ask(database, sql).await?;
        rows.iter()
            .map(|row| Place::of(row, SearchQuery::COARSE_OTHER))
            .collect()
    }

    /// The posts of these places that still match, up to a weight, with what their snippets
    /// are made of.
    async fn read(
        &self,
        database: &Database,
        ids: Vec<Uuid>,
    ) -> Result<Vec<PgRow>, RepositoryError> {
        // The texts are read for the snippet; by reference, until the page is known.
        let read = columns(&self.with_texts());
        let may_be_left = !self.fields.has(PostField::Content);
        let short = short_content();
        let shown = read.iter().map(|column| match *column {
            "content" if may_be_left => &short,
            column => column,
        });
        let shown = shown.collect::<Vec<_>>().join(", ");
        let mut sql = self.statement()?;
        sql.push(format_args!("select {shown}, number, followed"));
        push_told(&mut sql, may_be_left);
        sql.push(" from (");
        let columns = format!("{}, number", read.join(", "));
        let weight = format!(
            "{} + least({}, {} * greatest(octet_length(title), coalesce(octet_length(content), 0)))",
            weight(self.fields, self.each_weighs),
            Snippet::MAX_HTML_BYTES,
            Snippet::HTML_BYTES_OF_ONE,
        );
        push_weighed(&mut sql, &columns, &weight, "number", |sql| {
            self.push_asked(sql, &columns, ids);
        });
        sql.push(") shown order by number");
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
        sql.push(") as told from (");
        self.push_asked(&mut sql, "id, title, content", ids);
        sql.push(") shown");
        self.ask(database, sql).await
    }

    /// Appends a query for columns of those of these posts that still match, and of the
    /// `number` of each among the ids.
    fn push_asked(&self, sql: &mut QueryBuilder<Postgres>, columns: &str, ids: Vec<Uuid>) {
        sql.push(format_args!("select {columns} from unnest("));
        sql.push_bind(ids);
        sql.push("::uuid[]) with ordinality asked (id, number) join posts using (id) where ");
        self.push_conditions(sql);
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
        rows: &[PgRow],
        places: &[Place],
    ) -> Result<Vec<(Cursor, FoundPost)>, RepositoryError> {
        let Some(first) = rows.first() else {
            return Ok(Vec::new());
        };
        let (wanted, read) = (wanted(first)?, self.with_texts());
        let mut found = Vec::with_capacity(rows.len());
        let mut unsure = HashMap::new();
        for row in rows {
            let mut values = Values::from(row);
            let beginning = Beginning::next(&mut values, &read)?;
            let post = next_view(&beginning, &mut values, self.fields)?;
            let place = place(places, values.next()?).ok_or_else(unreadable)?;
            let snippet = if let Some(told) = told(row)? {
                told
            } else {
                let content = beginning.content.unwrap_or_default();
                let told = wanted.tell(beginning.title, content);
                if !told.is_sure {
                    unsure.insert(place.id, found.len());
                }
                told.snippet
            };
            let rank = place.rank();
            let post = FoundPost {
                post,
                snippet,
                rank,
            };
            found.push((place.cursor(), post));
        }
        if !unsure.is_empty() {
            self.ask_of_unsure(database, &unsure, &mut found).await?;
        }
        Ok(found)
    }

    /// Has PostgreSQL tell of those posts, which are at these places in `found`.
    async fn ask_of_unsure(
        &self,
        database: &Database,
        unsure: &HashMap<Uuid, usize>,
        found: &mut [(Cursor, FoundPost)],
    ) -> Result<(), RepositoryError> {
        let ids = unsure.keys().copied().collect();
        for row in &self.read_told(database, ids).await? {
            let id: Uuid = get(row, "id")?;
            let post = unsure.get(&id).and_then(|index| found.get_mut(*index));
            if let (Some((_, post)), Some(snippet)) = (post, told(row)?) {
                post.snippet = snippet;
            }
        }
        Ok(())
    }

    fn push_conditions(&self, sql: &mut QueryBuilder<Postgres>) {
        self.rows.push(sql);
        sql.push(format_args!(" and search @@ {QUERY}"));
    }

    fn push_matching(&self, sql: &mut QueryBuilder<Postgres>) {
        sql.push(" from posts where ");
        self.push_conditions(sql);
        if self.rows.is_common() {
            sql.push(" and ");
            push_planned_by_values(sql);
        }
    }

    fn push_window(&self, sql: &mut QueryBuilder<Postgres>, skip: u32) {
        sql.push(" limit ").push_bind(self.page.rows());
        sql.push(" offset ").push_bind(i64::from(skip));
    }
}

/// The place of that number, from one on.
fn place(places: &[Place], number: i64) -> Option<&Place> {
    places.get(usize::try_from(number - 1).ok()?)
}
