//! Changes many posts by one statement.

use std::collections::HashSet;

use byline_domain::error::{Corrupt, RepositoryError, Resource};
use byline_domain::ids::{PostId, UserId};
use byline_domain::lifecycle::Lifecycle;
use byline_domain::page::MAX_BYTES;
use byline_domain::post::{Content, Post, PostHead, PostRewrite, Title};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::repository::{already_exists, author_missing};
use crate::batch::{column, runs};
use crate::copy::Rows;
use crate::row::{corrupt, version};
use crate::unit_of_work::PgUnitOfWork;

/// A row of `posts` but for its content.
struct HeadRow {
    id: Uuid,
    title: String,
    published_at: Option<DateTime<Utc>>,
    author_id: Uuid,
    created_at: DateTime<Utc>,
    updated_at: Option<DateTime<Utc>>,
    deleted_at: Option<DateTime<Utc>>,
    version: i64,
    purge_at: Option<DateTime<Utc>>,
}

impl TryFrom<HeadRow> for PostHead {
    type Error = Corrupt;

    fn try_from(row: HeadRow) -> Result<Self, Corrupt> {
        let title = Title::parse(row.title);
        Ok(Self {
            id: PostId::from_uuid(row.id),
            title: title.map_err(|_| corrupt("posts", "title", row.id))?,
            published_at: row.published_at,
            author_id: UserId::from_uuid(row.author_id),
            lifecycle: Lifecycle::from_stored(
                row.created_at,
                row.updated_at,
                row.deleted_at,
                row.purge_at,
                version("posts", row.id, row.version)?,
            ),
        })
    }
}

/// Takes posts as [`PgUnitOfWork::insert_fresh_posts`] sends them.
const COPY: &str = "copy posts (id, title, content, published_at, author_id, created_at, updated_at, \
    deleted_at, version, purge_at) from stdin (format binary)";

fn text(content: Option<&Content>) -> Option<&str> {
    content.map(Content::as_str)
}

impl PgUnitOfWork<'_> {
    pub(super) async fn insert_posts(
        &mut self,
        posts: &[Post],
    ) -> Result<Vec<Result<(), RepositoryError>>, RepositoryError> {
        let mut outcomes = Vec::with_capacity(posts.len());
        for run in runs(posts, |post| post.id.as_uuid()) {
            let inserted = self.insert_posts_of_a_run(run).await?;
            let mut refused = column(run, |post| post.id.as_uuid());
            refused.retain(|id| !inserted.contains(id));
            // Before the next run, which may bring what is missing here.
            let taken = self.stored_posts(refused).await?;
            outcomes.extend(run.iter().map(|post| {
                let id = post.id.as_uuid();
                if inserted.contains(&id) {
                    Ok(())
                } else if taken.contains(&id) {
                    Err(already_exists())
                } else {
                    Err(author_missing())
                }
            }));
        }
        Ok(outcomes)
    }

    pub(super) async fn hold_contents_for_update(
        &mut self,
        posts: &[(PostId, bool)],
    ) -> Result<Vec<Option<Content>>, RepositoryError> {
        if posts.is_empty() {
            return Ok(Vec::new());
        }
        let most = i64::try_from(MAX_BYTES).unwrap_or(i64::MAX);
        let mut statement = self.statement().await?;
        // The length of what is stored apart is known without reading it, and it is moved by
        // reference until then.
        let rows = sqlx::query!(
            r#"with held as materialized (
                select id, content from posts where id = any($1) order by id for update
            ), weighed as (
                select place, asked.id, case when is_asked then content end as content,
                    sum(case when is_asked then octet_length(content) end)
                        over (order by place rows unbounded preceding) as running
                from unnest($1::uuid[], $2::boolean[]) with ordinality as asked (id, is_asked, place)
                left join held on held.id = asked.id
            )
            select id as "id!", content from weighed where coalesce(running, 0) <= $3
            order by place"#,
            &column(posts, |(id, _)| id.as_uuid()),
            &column(posts, |(_, is_asked)| *is_asked),
            most,
        )
        .fetch_all(&mut *statement)
        .await;
        let contents = statement.finish(rows)?.into_iter().map(|row| {
            let content = row.content.map(Content::parse).transpose();
            content.map_err(|_| corrupt("posts", "content", row.id).into())
        });
        contents.collect()
    }

    async fn insert_posts_of_a_run(
        &mut self,
        posts: &[Post],
    ) -> Result<HashSet<Uuid>, RepositoryError> {
        let mut statement = self.statement().await?;
        // Neither a conflict nor a missing author may raise an error, which would end the
        // transaction. Nothing but the id is unique, so that within a run any order comes
        // to the same; in this one, no two that insert the same ids wait for each other.
        let inserted = sqlx::query_scalar!(
            "insert into posts (id, title, content, published_at, author_id, created_at, \
             updated_at, deleted_at, version, purge_at) \
             select given.id, given.title, given.content, given.published_at, users.id, \
                given.created_at, given.updated_at, given.deleted_at, given.version, \
                given.purge_at \
             from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::uuid[], \
                $6::timestamptz[], $7::timestamptz[], $8::timestamptz[], $9::bigint[], \
                $10::timestamptz[]) as given (id, title, content, published_at, author_id, \
                created_at, updated_at, deleted_at, version, purge_at) \
             join users on users.id = given.author_id \
             order by given.id on conflict do nothing returning id",
            &column(posts, |post| post.id.as_uuid()),
            &column(posts, |post| post.title.as_str()) as _,
            &column(posts, |post| text(post.content.as_ref())) as _,
            &column(posts, |post| post.published_at) as _,
            &column(posts, |post| post.author_id.as_uuid()),
            &column(posts, |post| post.lifecycle.created_at()),
            &column(posts, |post| post.lifecycle.updated_at()) as _,
            &column(posts, |post| post.lifecycle.deleted_at()) as _,
            &column(posts, |post| post.lifecycle.version().get()),
            &column(posts, |post| post.lifecycle.purge_at()) as _,
        )
        .fetch_all(&mut *statement)
        .await;
        Ok(statement.finish(inserted)?.into_iter().collect())
    }

    /// By COPY, which takes PostgreSQL less than to insert them: it writes many rows at once, and
    /// neither looks for authors nor leaves out what is in the way.
    pub(super) async fn insert_fresh_posts(
        &mut self,
        posts: &[Post],
    ) -> Result<(), RepositoryError> {
        if posts.is_empty() {
            return Ok(());
        }
        let mut rows = Rows::new();
        for post in posts {
            rows.row(10);
            rows.uuid(Some(post.id.as_uuid()));
            rows.text(Some(post.title.as_str()));
            rows.text(text(post.content.as_ref()));
            rows.time(post.published_at);
            rows.uuid(Some(post.author_id.as_uuid()));
            rows.time(Some(post.lifecycle.created_at()));
            rows.time(post.lifecycle.updated_at());
            rows.time(post.lifecycle.deleted_at());
            rows.number(post.lifecycle.version().get());
            rows.time(post.lifecycle.purge_at());
        }
        self.copy_in(COPY, rows).await
    }

    /// Those of the ids that a post has, in the trash or not.
    async fn stored_posts(&mut self, ids: Vec<Uuid>) -> Result<HashSet<Uuid>, RepositoryError> {
        if ids.is_empty() {
            return Ok(HashSet::new());
        }
        let mut statement = self.statement().await?;
        let stored = sqlx::query_scalar!("select id from posts where id = any($1)", &ids)
            .fetch_all(&mut *statement)
            .await;
        Ok(statement.finish(stored)?.into_iter().collect())
    }

    pub(super) async fn hold_heads_for_update(
        &mut self,
        ids: &[PostId],
    ) -> Result<Vec<Result<PostHead, Corrupt>>, RepositoryError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut statement = self.statement().await?;
        let rows = sqlx::query_as!(
            HeadRow,
            "select id, title, published_at, author_id, created_at, updated_at, deleted_at, \
             version, purge_at from posts where id = any($1) order by id for update",
            &column(ids, PostId::as_uuid),
        )
        .fetch_all(&mut *statement)
        .await;
        let rows = statement.finish(rows)?;
        Ok(rows.into_iter().map(PostHead::try_from).collect())
    }

    pub(super) async fn compare_contents(
        &mut self,
        contents: &[(PostId, Option<Content>)],
    ) -> Result<Vec<bool>, RepositoryError> {
        if contents.is_empty() {
            return Ok(Vec::new());
        }
        let mut statement = self.statement().await?;
        let same = sqlx::query_scalar!(
            r#"select posts.id is not null
                and posts.content is not distinct from given.content as "same!"
            from unnest($1::uuid[], $2::text[]) with ordinality as given (id, content, place)
            left join posts on posts.id = given.id
            order by given.place"#,
            &column(contents, |(id, _)| id.as_uuid()),
            &column(contents, |(_, content)| text(content.as_ref())) as _,
        )
        .fetch_all(&mut *statement)
        .await;
        statement.finish(same)
    }

    pub(super) async fn rewrite_posts(
        &mut self,
        posts: &[PostRewrite],
    ) -> Result<(), RepositoryError> {
        if posts.is_empty() {
            return Ok(());
        }
        let mut statement = self.statement().await?;
        // All are held, in the order of their ids, before the first is written: an update
        // alone would take them as its plan happens to meet them. The lock is the one that
        // an update takes. Who names a text among what is set has PostgreSQL read all of it
        // and make the column `search` anew, so that posts whose texts stay are set apart.
        let written = sqlx::query_scalar!(
            r#"with given as (
                select * from unnest($1::uuid[], $2::bigint[], $3::boolean[], $4::text[],
                    $5::boolean[], $6::text[], $7::timestamptz[], $8::timestamptz[],
                    $9::timestamptz[], $10::bigint[], $11::timestamptz[]) as given (id, expected,
                    retitled, title, says, content, published_at, updated_at, deleted_at,
                    version, purge_at)
            ), held as (
                select posts.id from posts
                join given on posts.id = given.id and posts.version = given.expected
                order by posts.id for no key update of posts
            ), kept as (
                update posts set published_at = given.published_at,
                    updated_at = given.updated_at, deleted_at = given.deleted_at,
                    version = given.version, purge_at = given.purge_at,
                    deleted_with_author = deleted_with_author
                        and posts.deleted_at is not null and given.deleted_at is not null
                from given where posts.id = given.id and not (retitled or says)
                    and (select count(*) from held) = cardinality($1)
                returning posts.id
            ), reworded as (
                update posts set published_at = given.published_at,
                    updated_at = given.updated_at, deleted_at = given.deleted_at,
                    version = given.version, purge_at = given.purge_at,
                    deleted_with_author = deleted_with_author
                        and posts.deleted_at is not null and given.deleted_at is not null,
                    title = case when retitled then given.title else posts.title end,
                    content = case when says then given.content else posts.content end
                from given where posts.id = given.id and (retitled or says)
                    and (select count(*) from held) = cardinality($1)
                returning posts.id
            )
            select (select count(*) from kept) + (select count(*) from reworded) as "written!""#,
            &column(posts, |post| post.head.id.as_uuid()),
            &column(posts, |post| post.expected.get()),
            &column(posts, |post| post.retitled),
            &column(posts, |post| post.head.title.as_str()) as _,
            &column(posts, |post| post.content.is_some()),
            &column(posts, |post| text(
                post.content.as_ref().and_then(Option::as_ref)
            )) as _,
            &column(posts, |post| post.head.published_at) as _,
            &column(posts, |post| post.head.lifecycle.updated_at()) as _,
            &column(posts, |post| post.head.lifecycle.deleted_at()) as _,
            &column(posts, |post| post.head.lifecycle.version().get()),
            &column(posts, |post| post.head.lifecycle.purge_at()) as _,
        )
        .fetch_one(&mut *statement)
        .await;
        if statement.finish(written)? > 0 {
            return Ok(());
        }
        Err(RepositoryError::StaleVersion {
            resource: Resource::Post,
        })
    }
}
