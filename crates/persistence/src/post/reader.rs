//! Reads posts.

use async_trait::async_trait;
use byline_domain::error::RepositoryError;
use byline_domain::ids::PostId;
use byline_domain::page::{CountMode, Cursor, Direction, Order, Page, PageRequest};
use byline_domain::post::{Post, PostFilter, PostReader, PostSortKey};
use byline_domain::trash::Trash;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::row::{COLUMNS, PostRow};
use super::select_posts;
use crate::count::Count;
use crate::keyset::{Key, Keyset, check_cursor, page_of};
use crate::pool::Database;
use crate::row::entities;
use crate::weight::{WeighedRow, push_weighed, unweigh};

const TABLE: &str = "posts";

/// What [`Post::weight`] says, in SQL. PostgreSQL keeps the length of a long text
/// beside the row, so that this reads no content.
const WEIGHT: &str = "256 + octet_length(title) + coalesce(octet_length(content), 0)";
const _: () = assert!(Post::FIXED_BYTES == 256, "WEIGHT repeats it");

#[async_trait]
impl PostReader for Database {
    async fn find(&self, id: PostId, trash: Trash) -> Result<Option<Post>, RepositoryError> {
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let row = select_posts!(
            "posts where id = $1 and (deleted_at is null or $2)",
            id.as_uuid(),
            trash == Trash::Include,
        )
        .fetch_optional(&mut *statement)
        .await;
        statement.finish(row)?.map(Post::try_from).transpose()
    }

    async fn find_many(&self, ids: &[PostId], trash: Trash) -> Result<Vec<Post>, RepositoryError> {
        let ids: Vec<Uuid> = ids.iter().map(PostId::as_uuid).collect();
        let mut query = QueryBuilder::new("");
        push_weighed(&mut query, COLUMNS, WEIGHT, Direction::Ascending, |query| {
            query.push(format_args!(
                "select {COLUMNS}, id as sort_key from posts where id = any("
            ));
            query.push_bind(ids);
            query.push(")");
            if trash == Trash::Exclude {
                query.push(" and deleted_at is null");
            }
        });
        match fetch(self, query).await? {
            (_, true) => Err(RepositoryError::TooLarge),
            (rows, false) => entities(rows),
        }
    }

    async fn list(
        &self,
        filter: &PostFilter,
        order: Order<PostSortKey>,
        page: &PageRequest,
    ) -> Result<Page<Post>, RepositoryError> {
        check_cursor(page, |value| order.key.fits(value))?;
        let key = match order.key {
            PostSortKey::CreatedAt => Key::Sql("created_at"),
            PostSortKey::UpdatedAt => Key::Sql("coalesce(updated_at, '-infinity')"),
            PostSortKey::Title => Key::Sql(r#"title collate "C""#),
        };
        let query = Keyset {
            table: TABLE,
            columns: COLUMNS,
            direction: order.direction,
            trash: filter.trash,
            page,
            weight: Some(WEIGHT),
        }
        .build(&key);
        let (rows, cut) = fetch(self, query).await?;
        Ok(page_of(
            entities(rows)?,
            page.size.get(),
            cut,
            |post: &Post| Cursor {
                value: post.sort_value(order.key),
                id: post.id.as_uuid(),
            },
        ))
    }

    async fn count(&self, filter: &PostFilter, mode: CountMode) -> Result<u64, RepositoryError> {
        let count = Count {
            table: TABLE,
            trash: filter.trash,
        };
        count.run(self, mode).await
    }
}

/// The rows of a weighed statement, and whether some were left out.
async fn fetch(
    database: &Database,
    mut query: QueryBuilder<Postgres>,
) -> Result<(Vec<PostRow>, bool), RepositoryError> {
    let mut lease = database.lease().await?;
    let mut statement = lease.statement();
    let rows = query
        .build_query_as::<WeighedRow<PostRow>>()
        .fetch_all(&mut *statement)
        .await;
    Ok(unweigh(statement.finish(rows)?))
}
