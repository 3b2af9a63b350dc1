//! The posts of many authors, in one statement however many authors there are.

use std::collections::HashMap;

use byline_domain::error::RepositoryError;
use byline_domain::ids::UserId;
use byline_domain::page::MAX_BYTES;
use byline_domain::post::{PostField, PostView};
use byline_domain::selection::Fields;
use byline_domain::trash::Trash;
use byline_domain::user::{User, UserView};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::columns::{columns, weight};
use super::view::view;
use crate::count::unsigned;
use crate::pool::Database;
use crate::row::get;
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
        let place: i64 = get(row, "place")?;
        if let Some(first_cut) = get::<Option<i64>>(row, "first_cut")? {
            // The first author comes even where its posts had to be cut.
            complete = usize::try_from(first_cut - 1).unwrap_or_default().max(1);
        }
        if get::<Option<Uuid>>(row, "id")?.is_none() {
            continue;
        }
        let place = usize::try_from(place - 1).ok();
        if let Some(posts) = place.and_then(|place| posts.get_mut(place)) {
            posts.push(view(row, fields)?);
        }
    }
    posts.truncate(complete);
    Ok(posts)
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
