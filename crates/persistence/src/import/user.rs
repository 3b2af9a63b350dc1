//! Imports of users.

use async_trait::async_trait;
use byline_domain::error::{RepositoryError, Resource};
use byline_domain::import::{Import, OnConflict, Settled, UserRow};
use byline_domain::user::{Email, Role, UserName};
use chrono::{DateTime, Utc};

use super::{Statements, bind_versions, query};
use crate::copy::Rows;
use crate::unit_of_work::PgUnitOfWork;

const STATEMENTS: Statements = Statements {
    resource: Resource::User,
    // The database folds addresses, never the program: their index does it so too.
    create: "create temporary table import_rows (
            number bigint not null,
            id uuid not null,
            is_given boolean not null,
            email text,
            name text,
            role text,
            is_active boolean,
            created_at timestamptz,
            updated_at timestamptz,
            deleted_at timestamptz,
            purge_at timestamptz,
            address text collate \"C\" generated always as (lower(email)) stored
        ) on commit drop",
    copy: "copy pg_temp.import_rows (number, id, is_given, email, name, role, is_active,
            created_at, updated_at, deleted_at, purge_at) from stdin (format binary)",
    analyze: "analyze pg_temp.import_rows (number, id, is_given, address, deleted_at)",
    hold: "with held as (
            select id from users
            where deleted_at is null and id in (
                select case when given.is_given then given.id else holder.id end
                from pg_temp.import_rows given
                left join users holder on lower(holder.email) collate \"C\" = given.address
                    and holder.deleted_at is null
            )
            order by id for no key update
        )
        select count(*) from held",
    // Materialized, so that what is compared does not go through the sorts behind it.
    settle: "insert into pg_temp.import_fates (number, fate, subject, version, earlier, fields)
        with met as materialized (
            select given.number, given.is_given, given.address,
                given.email is null as is_incomplete,
                given.deleted_at is null as is_living,
                case when given.is_given then given.id else holder.id end as meant,
                given.is_given and given.deleted_at is null and holder.id <> given.id as is_taken,
                stored.id as stored, stored.version,
                stored.deleted_at is not null as is_trashed,
                array_remove(array[
                    case when given.email <> stored.email then 'email' end,
                    case when given.name is not null
                        and given.name is distinct from stored.name then 'name' end,
                    case when given.role <> stored.role then 'role' end,
                    case when given.is_active <> stored.is_active then 'is_active' end
                ], null) as fields
            from pg_temp.import_rows given
            left join users holder on lower(holder.email) collate \"C\" = given.address
                and holder.deleted_at is null
            left join users stored
                on stored.id = case when given.is_given then given.id else holder.id end
        ), compared as (
            select *,
                case when meant is not null then min(number) over (partition by meant) end
                    as first_meant,
                case when is_living and address is not null
                    then min(number) over (partition by address, is_living) end as first_there
            from met
        ), decided as (
            select *, case
                when $1 = 'skip' and (stored is not null or is_taken
                    or first_meant < number or first_there < number) then 'skipped'
                when first_meant < number then 'repeated id'
                when first_there < number then 'repeated email'
                when stored is not null and $1 = 'fail'
                    then case when is_given then 'taken id' else 'taken email' end
                when is_trashed then 'in trash'
                when stored is not null and not is_living then 'not in trash'
                when is_taken then 'taken email'
                when stored is not null
                    then case when fields <> '{}' then 'updated' else 'unchanged' end
                when is_incomplete then 'missing email'
            end as fate
            from compared
        )
        select number, fate, stored, version, case fate
                when 'repeated id' then first_meant
                when 'repeated email' then first_there
            end, case fate when 'updated' then fields end
        from decided where fate is not null",
    // All are held, in the order of their ids, before the first is written. Whose version is
    // another by now is not held, and nothing is written then.
    update: "with held as (
            select users.id from users
            join pg_temp.import_fates fates
                on fates.subject = users.id and fates.version = users.version
            where fates.fate = 'updated'
            order by users.id for no key update of users
        )
        update users set email = coalesce(given.email, users.email),
            name = coalesce(given.name, users.name),
            role = coalesce(given.role, users.role),
            is_active = coalesce(given.is_active, users.is_active),
            updated_at = greatest($1, users.updated_at, users.created_at),
            version = users.version + 1
        from pg_temp.import_fates fates
        join pg_temp.import_rows given on given.number = fates.number
        where users.id = fates.subject and fates.fate = 'updated'
            and (select count(*) from held) = $2",
};

/// In the order in which they came: any other makes the indexes on times dearer, by a third of all
/// that it costs.
const INSERT: &str = "insert into users (id, email, name, role, is_active, created_at,
        updated_at, deleted_at, version, purge_at)
    select id, email, name, coalesce(role, $2), coalesce(is_active, true),
        coalesce(created_at, $1), updated_at, deleted_at,
        case when created_at is null then $3 else $4 end, purge_at
    from pg_temp.import_rows given
    where not exists (
        select from pg_temp.import_fates fates where fates.number = given.number
    ) and given.number between $5 and $6
    on conflict do nothing";

#[async_trait]
impl Import<UserRow> for PgUnitOfWork<'_> {
    async fn open(&mut self) -> Result<(), RepositoryError> {
        self.open_import(&STATEMENTS).await
    }

    async fn stage(&mut self, rows: &[UserRow]) -> Result<(), RepositoryError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut copied = Rows::new();
        for row in rows {
            copied.row(11);
            copied.number(i64::try_from(row.number).unwrap_or(i64::MAX));
            copied.uuid(Some(row.id.get().as_uuid()));
            copied.flag(Some(row.id.given().is_some()));
            copied.text(row.email.as_ref().map(Email::as_str));
            copied.text(row.name.as_ref().map(UserName::as_str));
            copied.text(row.role.as_ref().map(Role::as_str));
            copied.flag(row.is_active);
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
        let role = Role::default().as_str().to_owned();
        let insert = || bind_versions(query(INSERT).bind(now).bind(role.clone()), now);
        self.apply_import(&STATEMENTS, settled, now, insert).await
    }
}
