//! Reads users.

use async_trait::async_trait;
use byline_domain::count::{CountMode, Counts};
use byline_domain::error::RepositoryError;
use byline_domain::ids::UserId;
use byline_domain::order::Order;
use byline_domain::page::{Page, PageRequest};
use byline_domain::search::SearchQuery;
use byline_domain::selection::Fields;
use byline_domain::trash::Trash;
use byline_domain::user::{Email, UserField, UserFilter, UserGroup, UserReader, UserView};
use sqlx::{Postgres, QueryBuilder};

use super::columns::columns;
use super::search::search;
use super::view::view;
use crate::batch::uuids;
use crate::count::{count, count_by};
use crate::keyset::{Keyset, check_cursor};
use crate::pool::Database;
use crate::table::alive;

#[async_trait]
impl UserReader for Database {
    async fn find(
        &self,
        id: UserId,
        trash: Trash,
        fields: &Fields<UserField>,
    ) -> Result<Option<UserView>, RepositoryError> {
        let mut query = select(fields, "id = ");
        query.push_bind(id.as_uuid());
        Ok(self.users(query, trash, fields).await?.pop())
    }

    async fn find_by_email(
        &self,
        email: &Email,
        trash: Trash,
        fields: &Fields<UserField>,
    ) -> Result<Option<UserView>, RepositoryError> {
        if trash == Trash::Include {
            let emails = std::slice::from_ref(email);
            return Ok(self.find_many_by_email(emails, trash, fields).await?.pop());
        }
        // To plan the statement for many would take longer than to run this one.
        let mut query = select(fields, "lower(email) collate \"C\" = lower(");
        query.push_bind(email.as_str()).push(")");
        Ok(self.users(query, trash, fields).await?.pop())
    }

    async fn find_many(
        &self,
        ids: &[UserId],
        trash: Trash,
        fields: &Fields<UserField>,
    ) -> Result<Vec<UserView>, RepositoryError> {
        let mut query = select(fields, "id = any(");
        query.push_bind(uuids(ids)).push(")");
        self.users(query, trash, fields).await
    }

    async fn find_many_by_email(
        &self,
        emails: &[Email],
        trash: Trash,
        fields: &Fields<UserField>,
    ) -> Result<Vec<UserView>, RepositoryError> {
        let emails: Vec<String> = emails
            .iter()
            .map(|email| email.as_str().to_owned())
            .collect();
        // The living and the trash have an index each; `distinct on` prefers the
        // living user, then the one deleted last.
        let mut query = select(
            fields,
            "id in (select distinct on (folded) id from (\
                select id, deleted_at, lower(email) collate \"C\" as folded from users \
                where deleted_at is null and lower(email) collate \"C\" = any(\
                    array(select lower(asked) from unnest(",
        );
        query.push_bind(emails.clone()).push("::text[]) asked))");
        if trash == Trash::Include {
            query.push(
                " union all \
                select id, deleted_at, lower(email) collate \"C\" as folded from users \
                where deleted_at is not null and lower(email) collate \"C\" = any(\
                    array(select lower(asked) from unnest(",
            );
            query.push_bind(emails).push("::text[]) asked))");
        }
        query.push(") both_sides order by folded, deleted_at desc nulls first, id desc)");
        self.users(query, trash, fields).await
    }

    async fn list(
        &self,
        filter: &UserFilter,
        order: &Order<UserField>,
        page: &PageRequest,
        fields: &Fields<UserField>,
    ) -> Result<Page<UserView>, RepositoryError> {
        check_cursor(page, |cursor| order.fits(cursor))?;
        let list = Keyset {
            columns: &columns(fields).join(", "),
            rows: filter.into(),
            order,
            page,
            weight: None,
        };
        let rows = self
            .rows(list.build(), list.rows.is_common_by(order))
            .await?;
        let users = rows.iter().take(page.size.get()).map(|row| {
            let user = view(row, fields)?;
            Ok((list.place(row, user.id.as_uuid())?, user))
        });
        let users = users.collect::<Result<Vec<_>, RepositoryError>>()?;
        Ok(Page::new(users, rows.len() > page.size.get()))
    }

    async fn count(&self, filter: &UserFilter, mode: CountMode) -> Result<u64, RepositoryError> {
        count::<UserField>(self, &filter.into(), mode).await
    }

    async fn count_by(
        &self,
        filter: &UserFilter,
        group: UserGroup,
    ) -> Result<Counts, RepositoryError> {
        let field = match group {
            UserGroup::Role => UserField::Role,
            UserGroup::IsActive => UserField::IsActive,
        };
        count_by(self, &filter.into(), field).await
    }

    async fn search(
        &self,
        query: &SearchQuery,
        filter: &UserFilter,
        page: &PageRequest,
        fields: &Fields<UserField>,
    ) -> Result<Page<UserView>, RepositoryError> {
        search(self, query, &filter.into(), page, fields).await
    }
}

/// The beginning of a statement that reads these fields of the users that meet
/// `condition`.
fn select(fields: &Fields<UserField>, condition: &str) -> QueryBuilder<Postgres> {
    let columns = columns(fields).join(", ");
    QueryBuilder::new(format!("select {columns} from users where {condition}"))
}

impl Database {
    /// The users on that side of the trash whom a statement of [`select`] reads.
    async fn users(
        &self,
        mut query: QueryBuilder<Postgres>,
        trash: Trash,
        fields: &Fields<UserField>,
    ) -> Result<Vec<UserView>, RepositoryError> {
        query.push(alive(trash));
        let rows = self.rows(query, true).await?;
        rows.iter().map(|row| view(row, fields)).collect()
    }
}
