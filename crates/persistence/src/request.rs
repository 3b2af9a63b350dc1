//! Keeps what was answered to requests.

use async_trait::async_trait;
use byline_domain::error::RepositoryError;
use byline_domain::ids::RequestId;
use byline_domain::request::{Digest, Request, RequestRecord, RequestRepository};
use chrono::{DateTime, Utc};

use crate::row::corrupt;
use crate::unit_of_work::PgUnitOfWork;

const TABLE: &str = "request_records";

#[async_trait]
impl RequestRepository for PgUnitOfWork<'_> {
    async fn claim(
        &mut self,
        request: &Request,
        now: DateTime<Utc>,
    ) -> Result<Option<RequestRecord>, RepositoryError> {
        let id = request.id.as_uuid();
        let mut statement = self.statement().await?;
        // The unique index has it wait for the end of another transaction with this id,
        // however long that takes: what others may wait for a lock is too short for a change
        // that is slow. Whatever follows a claim waits no longer than before.
        let done = sqlx::query!(
            "with before as materialized (
                select current_setting('lock_timeout') as lock_timeout
            ), patient as materialized (
                select set_config('lock_timeout', '0', true) from before
            )
            insert into request_records (id, method, digest, created_at)
            select $1, $2, $3, $4 from patient
            on conflict do nothing
            returning set_config('lock_timeout', (select lock_timeout from before), true)",
            id,
            request.method,
            request.digest.0.as_slice(),
            now,
        )
        .fetch_optional(&mut *statement)
        .await;
        if statement.finish(done)?.is_some() {
            return Ok(None);
        }
        let mut statement = self.statement().await?;
        let row = sqlx::query!(
            "select method, digest, response from request_records where id = $1",
            id,
        )
        .fetch_optional(&mut *statement)
        .await;
        let Some(row) = statement.finish(row)? else {
            return Err(RepositoryError::Contention(
                "the record was swept while it was looked up".into(),
            ));
        };
        let digest = row.digest.try_into();
        Ok(Some(RequestRecord {
            method: row.method,
            digest: Digest(digest.map_err(|_| corrupt(TABLE, "digest", id))?),
            response: row.response.ok_or_else(|| corrupt(TABLE, "response", id))?,
        }))
    }

    async fn answer(
        &mut self,
        id: RequestId,
        response: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        let mut statement = self.statement().await?;
        // To the minute: the time of a quick change stays as it was claimed, which spares the
        // index on times.
        let done = sqlx::query!(
            "update request_records set response = $2,
                created_at = greatest(created_at, $3::timestamptz - interval '1 minute')
            where id = $1 and response is null",
            id.as_uuid(),
            response,
            now,
        )
        .execute(&mut *statement)
        .await;
        if statement.finish(done)?.rows_affected() == 0 {
            return Err(RepositoryError::Internal("the id was not claimed".into()));
        }
        Ok(())
    }
}
