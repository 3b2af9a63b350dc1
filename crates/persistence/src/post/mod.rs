//! Posts in PostgreSQL.

mod along;
mod batch;
mod columns;
mod headline;
mod reader;
mod relations;
mod repository;
mod row;
mod search;
mod view;
mod web_query;

pub(crate) use self::columns::columns;
pub(crate) use self::view::view;

/// A checked statement that reads whole posts. The columns are named here, once,
/// and never `*`: a column that is added must not change what a prepared
/// statement returns.
macro_rules! select_posts {
    ($after_from:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            crate::post::row::PostRow,
            "select id, title, content, published_at, author_id, created_at, updated_at, \
             deleted_at, purge_at, version from " + $after_from
            $(, $argument)*
        )
    };
}
use select_posts;
