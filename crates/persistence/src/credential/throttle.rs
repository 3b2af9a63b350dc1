//! Counts the failures of accounts and callers.
//!
//! Each attempt is one statement that commits by itself. It holds the row of the caller first
//! and that of the account then, as every statement that holds both does, so that none waits for
//! another in a circle.

use async_trait::async_trait;
use byline_domain::credential::{
    AccountKey, CALLER_WINDOW, FIRST_WAIT, FORGOTTEN_AFTER, FREE_FAILURES, LONGEST_WAIT, Taken,
    Throttle,
};
use byline_domain::error::RepositoryError;
use chrono::{DateTime, Utc};

use crate::pool::Database;

/// Whose the failures of a caller are, before it is hashed.
fn name_of_caller(caller: &str) -> String {
    format!("caller:{caller}")
}

/// Whose the failures of an account are, before it is hashed. Of addresses the statement makes
/// one of all letter cases.
pub(super) fn name_of(account: &AccountKey) -> String {
    match account {
        AccountKey::User(id) => format!("user:{id}"),
        AccountKey::Nobody(email) => format!("nobody:{}", email.as_str()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "all are small numbers")]
#[async_trait]
impl Throttle for Database {
    async fn take(
        &self,
        caller: &str,
        account: &AccountKey,
        most: u32,
        now: DateTime<Utc>,
    ) -> Result<Taken, RepositoryError> {
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        // What comes at the same moment waits for the row, and sees what this one made of it.
        let row = sqlx::query!(
            r#"with caller as (
                insert into throttles as kept
                    (key, failures, waits_until, forgotten_at, is_let_through)
                values (sha256(convert_to($1, 'UTF8')), 1,
                    $3::timestamptz + $5::float8 * interval '1 second',
                    $3::timestamptz + $5::float8 * interval '1 second', true)
                on conflict (key) do update set
                    failures = case when kept.forgotten_at <= $3 then 1
                        when kept.failures < $4 then kept.failures + 1 else kept.failures end,
                    waits_until = case when kept.forgotten_at <= $3
                        then excluded.waits_until else kept.waits_until end,
                    forgotten_at = case when kept.forgotten_at <= $3
                        then excluded.forgotten_at else kept.forgotten_at end,
                    is_let_through = kept.forgotten_at <= $3 or kept.failures < $4
                returning is_let_through, waits_until
            ), account as (
                insert into throttles as kept
                    (key, failures, waits_until, forgotten_at, is_let_through)
                select sha256(convert_to(lower($2), 'UTF8')), 1, $3,
                    $3::timestamptz + $9::float8 * interval '1 second', true
                from caller where is_let_through
                on conflict (key) do update set (failures, waits_until, forgotten_at, is_let_through) = (
                    select
                        case when is_free then count else kept.failures end,
                        case when is_free then $3 + wait else kept.waits_until end,
                        case when is_free then $3 + wait + $9::float8 * interval '1 second'
                            else kept.forgotten_at end,
                        is_free
                    from (
                        select kept.forgotten_at <= $3 or kept.waits_until <= $3 as is_free,
                            case when kept.forgotten_at <= $3 then 1
                                else least(kept.failures, 1000000) + 1 end as count
                    ) attempt, lateral (
                        select case when count <= $6 then interval '0'
                            else least($8, $7 * power(2, least(count - $6 - 1, 30)))
                                * interval '1 second' end as wait
                    ) waiting
                )
                returning is_let_through
            )
            select caller.is_let_through as "caller!", waits_until as "waits_until!",
                account.is_let_through as account
            from caller left join account on true"#,
            name_of_caller(caller),
            name_of(account),
            now,
            i32::try_from(most).unwrap_or(i32::MAX),
            CALLER_WINDOW.num_seconds() as f64,
            i32::try_from(FREE_FAILURES).unwrap_or(i32::MAX),
            FIRST_WAIT.num_seconds() as f64,
            LONGEST_WAIT.num_seconds() as f64,
            FORGOTTEN_AFTER.num_seconds() as f64,
        )
        .fetch_one(&mut *statement)
        .await;
        let row = statement.finish(row)?;
        Ok(match (row.caller, row.account) {
            (false, _) => Taken::CallerWaits {
                until: row.waits_until,
            },
            (true, Some(true)) => Taken::Counted,
            (true, Some(false) | None) => Taken::AccountWaits,
        })
    }

    async fn give_back(&self, caller: &str, account: &AccountKey) -> Result<(), RepositoryError> {
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let done = sqlx::query!(
            "with caller as (
                update throttles set failures = failures - 1
                where key = sha256(convert_to($1, 'UTF8')) and failures > 0
                returning key
            )
            delete from throttles where key = sha256(convert_to(lower($2), 'UTF8'))
            and (select count(*) from caller) >= 0",
            name_of_caller(caller),
            name_of(account),
        )
        .execute(&mut *statement)
        .await;
        statement.finish(done)?;
        Ok(())
    }
}
