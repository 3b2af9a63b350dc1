//! Users in PostgreSQL.

mod batch;
mod breadth;
mod columns;
mod reader;
mod repository;
mod row;
mod search;
mod view;

pub(crate) use self::breadth::Breadth;
pub(crate) use self::columns::columns;
pub(crate) use self::row::UserRow;
pub(crate) use self::view::view;

/// A checked statement that reads whole users. The columns are named here, once,
/// and never `*`: a column that is added must not change what a prepared
/// statement returns.
macro_rules! select_users {
    ($after_from:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            crate::user::row::UserRow,
            "select id, email, name, role, is_active, created_at, updated_at, deleted_at, \
             purge_at, version from " + $after_from
            $(, $argument)*
        )
    };
}
use select_users;
