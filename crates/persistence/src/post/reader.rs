//! Reads posts.

use async_trait::async_trait;
use byline_domain::count::{CountMode, Counts};
use byline_domain::error::RepositoryError;
use byline_domain::ids::{PostId, UserId};
use byline_domain::order::Order;
use byline_domain::page::{Page, PageRequest, PageSize};
use byline_domain::post::{FoundPost, PostField, PostFilter, PostGroup, PostReader, PostView};
use byline_domain::search::SearchQuery;
use byline_domain::selection::Fields;
use byline_domain::trash::Trash;
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::columns::{columns, weight};
use super::relations;
use super::search::search;
use super::view::view;
use crate::count::{count, count_by};
use crate::keyset::{Keyset, check_cursor};
use crate::pool::Database;
use crate::table::alive;
use crate::weight::{is_cut, push_weighed};

#[async_trait]
impl PostReader for Database {
    async fn find(
        &self,
        id: PostId,
        trash: Trash,
        fields: &Fields<PostField>,
    ) -> Result<Option<PostView>, RepositoryError> {
        let columns = columns(fields).join(", ");
        let mut query = QueryBuilder::new(format!("select {columns} from posts where id = "));
        query.push_bind(id.as_uuid()).push(alive(trash));
        let rows = self.rows(query, true).await?;
        rows.first().map(|row| view(row, fields)).transpose()
    }

    async fn find_many(
        &self,
        ids: &[PostId],
        trash: Trash,
        fields: &Fields<PostField>,
        each_weighs: u64,
    ) -> Result<Vec<PostView>, RepositoryError> {
        let ids: Vec<Uuid> = ids.iter().map(PostId::as_uuid).collect();
        let columns = columns(fields).join(", ");
        let weight = weight(fields, each_weighs);
        let mut query = QueryBuilder::new("");
        push_weighed(&mut query, &columns, &columns, &weight, "id", |query| {
            query.push(format_args!("select {columns} from posts where id = any("));
            query.push_bind(ids).push(")").push(alive(trash));
        });
        let rows = self.rows(query, true).await?;
        if is_cut(&rows)? {
            return Err(RepositoryError::TooLarge);
        }
        rows.iter().map(|row| view(row, fields)).collect()
    }

    async fn list(
        &self,
        filter: &PostFilter,
        order: &Order<PostField>,
        page: &PageRequest,
        fields: &Fields<PostField>,
        each_weighs: u64,
    ) -> Result<Page<PostView>, RepositoryError> {
        check_cursor(page, |cursor| order.fits(cursor))?;
        let list = Keyset {
            columns: &columns(fields).join(", "),
            rows: filter.into(),
            order,
            page,
            weight: Some(&weight(fields, each_weighs)),
        };
        let rows = self
            .rows(list.build(), list.rows.is_common_by(order))
            .await?;
        let posts = rows.iter().take(page.size.get()).map(|row| {
            let post = view(row, fields)?;
            Ok((list.place(row, post.id.as_uuid())?, post))
        });
        let posts = posts.collect::<Result<Vec<_>, RepositoryError>>()?;
        let more = rows.len() > page.size.get() || is_cut(&rows)?;
        Ok(Page::new(posts, more))
    }

    async fn count(&self, filter: &PostFilter, mode: CountMode) -> Result<u64, RepositoryError> {
        count::<PostField>(self, &filter.into(), mode).await
    }

    async fn count_by(
        &self,
        filter: &PostFilter,
        group: PostGroup,
    ) -> Result<Counts, RepositoryError> {
        let field = match group {
            PostGroup::AuthorId => PostField::AuthorId,
            PostGroup::Published => PostField::Published,
        };
        count_by(self, &filter.into(), field).await
    }

    async fn search(
        &self,
        query: &SearchQuery,
        filter: &PostFilter,
        page: &PageRequest,
        fields: &Fields<PostField>,
        each_weighs: u64,
    ) -> Result<Page<FoundPost>, RepositoryError> {
        search(self, query, &filter.into(), page, fields, each_weighs).await
    }

    async fn newest_of(
        &self,
        authors: &[UserId],
        trash: Trash,
        fields: &Fields<PostField>,
    ) -> Result<Vec<Vec<PostView>>, RepositoryError> {
        relations::newest_of(self, authors, trash, fields).await
    }

    async fn first_pages_of(
        &self,
        authors: &[UserId],
        trash: Trash,
        size: PageSize,
        fields: &Fields<PostField>,
        each_weighs: u64,
    ) -> Result<Vec<Option<Page<PostView>>>, RepositoryError> {
        relations::first_pages_of(self, authors, trash, size, fields, each_weighs).await
    }

    async fn count_of(
        &self,
        authors: &[UserId],
        trash: Trash,
    ) -> Result<Vec<u64>, RepositoryError> {
        relations::count_of(self, authors, trash).await
    }
}
