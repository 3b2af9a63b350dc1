//! The posts of many authors, in one statement however many authors there are.

use std::collections::HashMap;

use byline_domain::error::RepositoryError;
use byline_domain::ids::UserId;
use byline_domain::page::{Cursor, LIGHT_BYTES, MAX_BYTES, Page, PageRequest, PageSize, SortValue};
use byline_domain::post::{PostField, PostView};
use byline_domain::selection::Fields;
use byline_domain::trash::Trash;
use byline_domain::user::{User, UserView};
use sqlx::QueryBuilder;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::columns::{columns, weight};
use super::view::view;
use crate::count::unsigned;
use crate::pool::Database;
use crate::row::{get, unreadable};
use crate::table::alive;

/// The newest posts of each author, up to the weight of an answer.
pub(super) async fn newest_of(
    database: &Database,
    authors: &[UserId],
    trash: Trash,
    fields: &Fields<PostField>,
) -> Result<Vec<Vec<PostView>>, RepositoryError> {
    let ids: Vec<Uuid> = authors.iter().map(UserId::as_uuid).collect();
    // The times and the id are read for the order, whatever else is.
    let inner = columns(&fields.clone().with(PostField::CreatedAt)).join(", ");
    let columns = columns(fields).join(", ");
    let weight = weight(fields, 0);
    let (author_weight, each) = (User::MAX_BYTES, UserView::MAX_POSTS);
    let order = "place, created_at desc, id desc";

    // For each author an index ends after its newest posts. What runs over the weight
    // of an answer is left out before any long text is read; `first_cut` is the first
    // author who does not fit. An author without posts has one row, which holds none.
    let mut query = QueryBuilder::new(format!(
        "select {columns}, place, first_cut from (\
            select *, min(case when running > {MAX_BYTES} then place end) over () as first_cut from (\
                select place, post.*, {author_weight} * place + coalesce(\
                    sum(case when id is not null then {weight} end) over \
                    (order by {order} rows unbounded preceding), 0) as running from unnest("
    ));
    query.push_bind(ids);
    query.push(format_args!(
        "::uuid[]) with ordinality asked(author, place) left join lateral (\
            select {inner} from posts where author_id = asked.author{} \
            order by created_at desc, id desc limit {each}) post on true) weighed) cut \
         where running <= {MAX_BYTES} order by {order}",
        alive(trash)
    ));
    let rows = database.rows(query, true).await?;

    let mut complete = authors.len();
    let mut posts = vec![Vec::new(); authors.len()];
    for row in &rows {
        let place = place(row)?;
        if let Some(first_cut) = get::<Option<i64>>(row, "first_cut")? {
            // The first author comes even where its posts had to be cut.
            complete = usize::try_from(first_cut - 1).unwrap_or_default().max(1);
        }
        if get::<Option<Uuid>>(row, "id")?.is_none() {
            continue;
        }
        if let Some(posts) = posts.get_mut(place) {
            posts.push(view(row, fields)?);
        }
    }
    posts.truncate(complete);
    Ok(posts)
}

/// The first page of each author's posts, of those whose page is light.
pub(super) async fn first_pages_of(
    database: &Database,
    authors: &[UserId],
    trash: Trash,
    size: PageSize,
    fields: &Fields<PostField>,
    each_weighs: u64,
) -> Result<Vec<Option<Page<PostView>>>, RepositoryError> {
    let ids: Vec<Uuid> = authors.iter().map(UserId::as_uuid).collect();
    let columns = columns(fields);
    let inner = columns.join(", ");
    let outer = columns.iter().map(|column| match *column {
        // What is not told is not read: until here long texts are moved by reference.
        "content" => "case when not is_heavy then content end",
        column => column,
    });
    let outer = outer.collect::<Vec<_>>().join(", ");
    let weight = weight(fields, each_weighs);
    let order = "place, made_at desc, id desc";
    let mut query = QueryBuilder::new(format!(
        "select {outer}, place, made_at, is_heavy from (\
            select post.*, place, sum({weight}) over (partition by place order by {order} \
                rows between unbounded preceding and unbounded following) > {LIGHT_BYTES} \
                as is_heavy from unnest("
    ));
    query.push_bind(ids);
    query.push(format_args!(
        "::uuid[]) with ordinality asked(author, place) cross join lateral (\
            select {inner}, created_at as made_at from posts where author_id = asked.author{} \
            order by created_at desc, id desc limit ",
        alive(trash)
    ));
    query.push_bind(PageRequest::first(size).rows());
    query.push(") post) weighed order by ").push(order);
    let rows = database.rows(query, true).await?;

    let mut pages = vec![Some(Vec::new()); authors.len()];
    for row in &rows {
        let Some(page) = pages.get_mut(place(row)?) else {
            return Err(unreadable());
        };
        if get(row, "is_heavy")? {
            *page = None;
        } else if let Some(posts) = page {
            let post = view(row, fields)?;
            let cursor = Cursor {
                values: vec![SortValue::Time(get(row, "made_at")?)],
                id: post.id.as_uuid(),
            };
            posts.push((cursor, post));
        }
    }
    let pages = pages.into_iter().map(|posts| {
        let posts = posts?;
        let more = posts.len() > size.get();
        Some(Page::new(posts.into_iter().take(size.get()), more))
    });
    Ok(pages.collect())
}

/// Where the author of a row stands among those who were asked for.
fn place(row: &PgRow) -> Result<usize, RepositoryError> {
    let place: i64 = get(row, "place")?;
    usize::try_from(place - 1).map_err(|_| unreadable())
}

/// How many posts each author has.
pub(super) async fn count_of(
    database: &Database,
    authors: &[UserId],
    trash: Trash,
) -> Result<Vec<u64>, RepositoryError> {
    let ids: Vec<Uuid> = authors.iter().map(UserId::as_uuid).collect();
    let mut query =
        QueryBuilder::new("select author_id, count(*) as count from posts where author_id = any(");
    query.push_bind(ids).push(")").push(alive(trash));
    query.push(" group by author_id");
    let rows = database.rows(query, true).await?;
    let mut counts: HashMap<Uuid, u64> = HashMap::new();
    for row in &rows {
        counts.insert(get(row, "author_id")?, unsigned(get(row, "count")?));
    }
    let count = |author: &UserId| counts.get(&author.as_uuid()).copied().unwrap_or(0);
    Ok(authors.iter().map(count).collect())
}
