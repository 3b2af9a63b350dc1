//! Finds users by a part of their address or name.

use byline_domain::error::RepositoryError;
use byline_domain::page::{Cursor, Direction, Page, PageRequest, SortValue};
use byline_domain::search::SearchQuery;
use byline_domain::trash::Trash;
use byline_domain::user::User;
use sqlx::postgres::PgArguments;
use sqlx::{Arguments, FromRow};

use super::row::{COLUMNS, UserRow};
use crate::keyset::{Key, Keyset, check_cursor, page_of};
use crate::pool::Database;

/// The rank with its sign turned, so that the best match and the newest user both
/// come first in one descending order. `$1` is what was asked for.
const FIT: &str = "-(case \
    when lower(email) = lower($1) or lower(name) = lower($1) then 0 \
    when starts_with(lower(email), lower($1)) or starts_with(lower(name), lower($1)) then 1 \
    else 2 end)";

/// From three characters on, the trigram index finds a text that holds `$2`.
const HOLDS: &str = " and (lower(email) like lower($2) or lower(name) like lower($2))";

/// Below that, the ordered indexes find a text that starts with `$1`: one between
/// it and its continuation `$2` by the last character there is.
const STARTS: &str = r#" and (
    (lower(email) collate "C" >= lower($1) and lower(email) collate "C" < lower($2))
    or (lower(name) collate "C" >= lower($1) and lower(name) collate "C" < lower($2)))"#;

#[derive(FromRow)]
struct FittingRow {
    #[sqlx(flatten)]
    user: UserRow,
    sort_key: i32,
}

pub(super) async fn search(
    database: &Database,
    query: &SearchQuery,
    trash: Trash,
    page: &PageRequest,
) -> Result<Page<User>, RepositoryError> {
    check_cursor(page, |value| matches!(value, SortValue::Rank(_)))?;
    let (condition, second) = if query.matches_anywhere() {
        (HOLDS, format!("%{}%", escape_like(query.as_str())))
    } else {
        (STARTS, format!("{}{}", query.as_str(), char::MAX))
    };
    let mut arguments = PgArguments::default();
    for argument in [query.as_str(), &second] {
        arguments.add(argument).map_err(RepositoryError::Internal)?;
    }
    let mut sql = Keyset {
        table: "users",
        columns: COLUMNS,
        direction: Direction::Descending,
        trash,
        page: &PageRequest {
            after: page.after.as_ref().map(turned),
            ..page.clone()
        },
        weight: None,
    }
    .build_with(arguments, &Key::Sql(FIT), condition);

    let mut lease = database.lease().await?;
    let mut statement = lease.statement();
    let rows = sql
        .build_query_as::<FittingRow>()
        .fetch_all(&mut *statement)
        .await;
    let found = statement
        .finish(rows)?
        .into_iter()
        .map(|row| Ok((-row.sort_key, User::try_from(row.user)?)))
        .collect::<Result<Vec<_>, RepositoryError>>()?;
    let found = page_of(found, page.size.get(), false, |(rank, user)| Cursor {
        value: SortValue::Rank(*rank),
        id: user.id.as_uuid(),
    });
    Ok(Page {
        items: found.items.into_iter().map(|(_, user)| user).collect(),
        next: found.next,
    })
}

/// The cursor with its rank turned as [`FIT`] turns it.
fn turned(cursor: &Cursor) -> Cursor {
    match &cursor.value {
        SortValue::Rank(rank) => Cursor {
            value: SortValue::Rank(rank.wrapping_neg()),
            ..cursor.clone()
        },
        SortValue::Absent | SortValue::Time(_) | SortValue::Text(_) => cursor.clone(),
    }
}

/// `text` as a pattern of LIKE that matches nothing but itself.
fn escape_like(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_taken_literally() {
        assert_eq!(escape_like(r"50%_\"), r"50\%\_\\");
    }
}
