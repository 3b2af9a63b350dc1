//! Reads users.

use async_trait::async_trait;
use byline_domain::error::RepositoryError;
use byline_domain::ids::UserId;
use byline_domain::page::{CountMode, Cursor, Order, Page, PageRequest};
use byline_domain::search::SearchQuery;
use byline_domain::trash::Trash;
use byline_domain::user::{Email, User, UserFilter, UserReader, UserSortKey};
use uuid::Uuid;

use super::row::{COLUMNS, UserRow};
use super::search::search;
use super::select_users;
use crate::count::Count;
use crate::keyset::{Key, Keyset, check_cursor, page_of};
use crate::pool::Database;
use crate::row::entities;

const TABLE: &str = "users";

#[async_trait]
impl UserReader for Database {
    async fn find(&self, id: UserId, trash: Trash) -> Result<Option<User>, RepositoryError> {
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let row = select_users!(
            "users where id = $1 and (deleted_at is null or $2)",
            id.as_uuid(),
            trash == Trash::Include,
        )
        .fetch_optional(&mut *statement)
        .await;
        statement.finish(row)?.map(User::try_from).transpose()
    }

    async fn find_by_email(
        &self,
        email: &Email,
        trash: Trash,
    ) -> Result<Option<User>, RepositoryError> {
        let found = self
            .find_many_by_email(std::slice::from_ref(email), trash)
            .await?;
        Ok(found.into_iter().next())
    }

    async fn find_many(&self, ids: &[UserId], trash: Trash) -> Result<Vec<User>, RepositoryError> {
        let ids: Vec<Uuid> = ids.iter().map(UserId::as_uuid).collect();
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let rows = select_users!(
            "users where id = any($1) and (deleted_at is null or $2)",
            &ids,
            trash == Trash::Include,
        )
        .fetch_all(&mut *statement)
        .await;
        entities(statement.finish(rows)?)
    }

    async fn find_many_by_email(
        &self,
        emails: &[Email],
        trash: Trash,
    ) -> Result<Vec<User>, RepositoryError> {
        let emails: Vec<String> = emails
            .iter()
            .map(|email| email.as_str().to_owned())
            .collect();
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        // The living and the trash have an index each; `distinct on` prefers the
        // living user, then the one deleted last.
        let rows = select_users!(
            r#"users where id in (
                select distinct on (folded) id
                from (
                    select id, deleted_at, lower(email) collate "C" as folded from users
                    where deleted_at is null and lower(email) collate "C" = any(
                        array(select lower(asked) from unnest($1::text[]) asked))
                    union all
                    select id, deleted_at, lower(email) collate "C" as folded from users
                    where $2 and deleted_at is not null and lower(email) collate "C" = any(
                        array(select lower(asked) from unnest($1::text[]) asked))
                ) both_sides
                order by folded, deleted_at desc nulls first, id desc
            )"#,
            &emails,
            trash == Trash::Include,
        )
        .fetch_all(&mut *statement)
        .await;
        entities(statement.finish(rows)?)
    }

    async fn list(
        &self,
        filter: &UserFilter,
        order: Order<UserSortKey>,
        page: &PageRequest,
    ) -> Result<Page<User>, RepositoryError> {
        check_cursor(page, |value| order.key.fits(value))?;
        let key = match order.key {
            UserSortKey::CreatedAt => Key::Sql("created_at"),
            UserSortKey::UpdatedAt => Key::Sql("coalesce(updated_at, '-infinity')"),
            UserSortKey::Email => Key::Folded(r#"lower(email) collate "C""#),
        };
        let mut query = Keyset {
            table: TABLE,
            columns: COLUMNS,
            direction: order.direction,
            trash: filter.trash,
            page,
            weight: None,
        }
        .build(&key);
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let rows = query
            .build_query_as::<UserRow>()
            .fetch_all(&mut *statement)
            .await;
        let users: Vec<User> = entities(statement.finish(rows)?)?;
        Ok(page_of(users, page.size.get(), false, |user| Cursor {
            value: user.sort_value(order.key),
            id: user.id.as_uuid(),
        }))
    }

    async fn count(&self, filter: &UserFilter, mode: CountMode) -> Result<u64, RepositoryError> {
        let count = Count {
            table: TABLE,
            trash: filter.trash,
        };
        count.run(self, mode).await
    }

    async fn search(
        &self,
        query: &SearchQuery,
        filter: &UserFilter,
        page: &PageRequest,
    ) -> Result<Page<User>, RepositoryError> {
        search(self, query, filter.trash, page).await
    }
}
