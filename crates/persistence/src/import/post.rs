//! Imports of posts.

use async_trait::async_trait;
use byline_domain::error::{RepositoryError, Resource};
use byline_domain::ids::UserId;
use byline_domain::import::{Import, OnConflict, PostRow, Settled};
use byline_domain::post::{Content, Title};
use chrono::{DateTime, Utc};
use sqlx::Row as _;

use super::{Statements, bind_versions, query, somebody_was_faster};
use crate::copy::Rows;
use crate::error::translate;
use crate::unit_of_work::PgUnitOfWork;

const STATEMENTS: Statements = Statements {
    resource: Resource::Post,
    create: "create temporary table import_rows (
            number bigint not null,
            id uuid not null,
            is_given boolean not null,
            title text,
            content text,
            published boolean,
            published_at timestamptz,
            author_id uuid,
            created_at timestamptz,
            updated_at timestamptz,
            deleted_at timestamptz,
            purge_at timestamptz
        ) on commit drop",
    copy: "copy pg_temp.import_rows (number, id, is_given, title, content, published,
            published_at, author_id, created_at, updated_at, deleted_at, purge_at)
        from stdin (format binary)",
    analyze: "analyze pg_temp.import_rows (number, id, is_given, author_id, deleted_at)",
    hold: "with held as (
            select id from posts
            where deleted_at is null and id in (
                select given.id from pg_temp.import_rows given where given.is_given
            )
            order by id for no key update
        )
        select count(*) from held",
    // Materialized, so that contents do not go through the sort behind it.
    settle: "insert into pg_temp.import_fates (number, fate, subject, version, earlier, fields)
        with met as materialized (
            select given.number, given.id, given.is_given, given.author_id,
                given.title is null as is_untitled,
                given.deleted_at is null as is_living,
                stored.id as stored, stored.version,
                stored.deleted_at is not null as is_trashed,
                given.author_id <> stored.author_id as has_other_author,
                array_remove(array[
                    case when given.title <> stored.title then 'title' end,
                    case when given.content is not null
                        and given.content is distinct from stored.content then 'content' end,
                    case when given.published <> (stored.published_at is not null)
                        then 'published' end
                ], null) as fields,
                author.id is not null as has_author,
                author.deleted_at is not null as is_author_trashed
            from pg_temp.import_rows given
            left join posts stored on stored.id = given.id
            left join users author on author.id = given.author_id
        ), compared as (
            select *,
                case when is_given then min(number) over (partition by id) end as first_meant
            from met
        ), decided as (
            select *, case
                when $1 = 'skip' and (stored is not null or first_meant < number) then 'skipped'
                when first_meant < number then 'repeated id'
                when stored is not null and $1 = 'fail' then 'taken id'
                when is_trashed then 'in trash'
                when stored is not null and not is_living then 'not in trash'
                when has_other_author then 'other author'
                when stored is not null
                    then case when fields <> '{}' then 'updated' else 'unchanged' end
                when is_untitled then 'missing title'
                when author_id is null then 'missing author_id'
                when not has_author then 'author missing'
                when is_living and is_author_trashed then 'author in trash'
            end as fate
            from compared
        )
        select number, fate,
            case when fate in ('author missing', 'author in trash') then author_id
                else stored end,
            version, case fate when 'repeated id' then first_meant end,
            case fate when 'updated' then fields end
        from decided where fate is not null",
    // As with users.
    update: "with held as (
            select posts.id from posts
            join pg_temp.import_fates fates
                on fates.subject = posts.id and fates.version = posts.version
            where fates.fate = 'updated'
            order by posts.id for no key update of posts
        )
        update posts set title = coalesce(given.title, posts.title),
            content = coalesce(given.content, posts.content),
            published_at = case
                when given.published then coalesce(posts.published_at, $1)
                when given.published is null then posts.published_at
            end,
            updated_at = greatest($1, posts.updated_at, posts.created_at),
            version = posts.version + 1
        from pg_temp.import_fates fates
        join pg_temp.import_rows given on given.number = fates.number
        where posts.id = fates.subject and fates.fate = 'updated'
            and (select count(*) from held) = $2",
};

/// Whoever refers to a row holds it: here at the end, and looks again, since it would keep
/// others from changing authors for as long as the posts take to be written. Answers how many
/// posts are by now at odds with their authors: those that live while the author is in
/// the trash, and those that went there along with one who has come back.
const HOLD_AUTHORS: &str = "with made as materialized (
        select given.author_id, given.deleted_at from pg_temp.import_rows given
        where not exists (
            select from pg_temp.import_fates fates where fates.number = given.number
        ) and (given.deleted_at is null or exists (
            select from posts where posts.id = given.id and posts.deleted_with_author
        ))
    ), held as (
        select id, deleted_at from users where id in (select author_id from made)
        order by id for share
    )
    select count(*) from made join held on held.id = made.author_id
    where held.deleted_at is distinct from made.deleted_at";

/// In the order in which they came, as with users.
const INSERT: &str = "insert into posts (id, title, content, published_at, author_id, created_at,
        updated_at, deleted_at, version, purge_at, deleted_with_author)
    select given.id, given.title, given.content,
        case when given.published then coalesce(given.published_at, $1) end,
        given.author_id, coalesce(given.created_at, $1), given.updated_at, given.deleted_at,
        case when given.created_at is null then $2 else $3 end, given.purge_at,
        coalesce(given.deleted_at = author.deleted_at, false)
    from pg_temp.import_rows given
    join users author on author.id = given.author_id
    where not exists (
        select from pg_temp.import_fates fates where fates.number = given.number
    ) and given.number between $4 and $5
    on conflict do nothing";

#[async_trait]
impl Import<PostRow> for PgUnitOfWork<'_> {
    async fn open(&mut self) -> Result<(), RepositoryError> {
        self.open_import(&STATEMENTS).await
    }

    async fn stage(&mut self, rows: &[PostRow]) -> Result<(), RepositoryError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut copied = Rows::new();
        for row in rows {
            copied.row(12);
            copied.number(i64::try_from(row.number).unwrap_or(i64::MAX));
            copied.uuid(Some(row.id.get().as_uuid()));
            copied.flag(Some(row.id.given().is_some()));
            copied.text(row.title.as_ref().map(Title::as_str));
            copied.text(row.content.as_ref().map(Content::as_str));
            copied.flag(row.publication.published());
            copied.time(row.publication.since());
            copied.uuid(row.author_id.as_ref().map(UserId::as_uuid));
            copied.time(row.times.created_at());
            copied.time(row.times.updated_at());
            copied.time(row.times.deleted_at());
            copied.time(row.times.purge_at());
        }
        self.copy_in(STATEMENTS.copy, copied).await
    }

    async fn settle(
        &mut self,
        on_conflict: OnConflict,
        alone: bool,
    ) -> Result<Settled, RepositoryError> {
        self.settle_import(&STATEMENTS, on_conflict, alone).await
    }

    async fn apply(
        &mut self,
        settled: &Settled,
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        let insert = || bind_versions(query(INSERT).bind(now), now);
        self.apply_import(&STATEMENTS, settled, now, insert).await?;
        if settled.created == 0 {
            return Ok(());
        }
        let mut statement = self.statement().await?;
        let at_odds = query(HOLD_AUTHORS).fetch_one(&mut *statement).await;
        match statement.finish(at_odds)?.try_get(0) {
            Ok(0_i64) => Ok(()),
            Ok(_) => Err(somebody_was_faster()),
            Err(error) => Err(translate(error)),
        }
    }
}
