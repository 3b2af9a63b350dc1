//! Keeps what was answered to requests.

mod claims;

use async_trait::async_trait;
use byline_domain::error::{Corrupt, RepositoryError};
use byline_domain::ids::RequestId;
use byline_domain::request::{Claim, Digest, Request, RequestRecord, RequestRepository};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::row::corrupt;
use crate::unit_of_work::PgUnitOfWork;

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
        self.record(id).await.map(Some)
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

    async fn claim_many(
        &mut self,
        requests: &[Request],
        now: DateTime<Utc>,
    ) -> Result<Vec<Claim>, RepositoryError> {
        self.claim_each(requests, now).await
    }

    async fn disclaim(&mut self, ids: &[RequestId]) -> Result<(), RepositoryError> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = ids.iter().map(RequestId::as_uuid).collect();
        let mut statement = self.statement().await?;
        let done = sqlx::query!(
            "delete from request_records where id = any($1) and response is null",
            &ids,
        )
        .execute(&mut *statement)
        .await;
        statement.finish(done).map(drop)
    }

    async fn answer_many(
        &mut self,
        answers: &[(RequestId, Vec<u8>)],
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        if answers.is_empty() {
            return Ok(());
        }
        let (ids, responses): (Vec<_>, Vec<_>) = answers
            .iter()
            .map(|(id, response)| (id.as_uuid(), response.clone()))
            .unzip();
        let mut statement = self.statement().await?;
        // The time as of one answer.
        let done = sqlx::query!(
            "update request_records as record set response = answer.response,
                created_at = greatest(created_at, $3::timestamptz - interval '1 minute')
            from unnest($1::uuid[], $2::bytea[]) as answer (id, response)
            where record.id = answer.id and record.response is null",
            &ids,
            &responses,
            now,
        )
        .execute(&mut *statement)
        .await;
        let kept = statement.finish(done)?.rows_affected();
        if kept < ids.len() as u64 {
            return Err(RepositoryError::Internal("an id was not claimed".into()));
        }
        Ok(())
    }
}

/// A row of `request_records`.
struct Row {
    id: Uuid,
    method: String,
    digest: Vec<u8>,
    response: Option<Vec<u8>>,
}

impl TryFrom<Row> for RequestRecord {
    type Error = Corrupt;

    fn try_from(row: Row) -> Result<Self, Corrupt> {
        let corrupt = |column| corrupt("request_records", column, row.id);
        let digest = row.digest.try_into();
        Ok(Self {
            method: row.method,
            digest: Digest(digest.map_err(|_| corrupt("digest"))?),
            response: row.response.ok_or_else(|| corrupt("response"))?,
        })
    }
}

fn swept() -> RepositoryError {
    RepositoryError::Contention("the record was swept while it was looked up".into())
}

impl PgUnitOfWork<'_> {
    /// What is kept under an id that is taken.
    async fn record(&mut self, id: Uuid) -> Result<RequestRecord, RepositoryError> {
        let mut statement = self.statement().await?;
        let row = sqlx::query_as!(
            Row,
            "select id, method, digest, response from request_records where id = $1",
            id,
        )
        .fetch_optional(&mut *statement)
        .await;
        let row = statement.finish(row)?.ok_or_else(swept)?;
        Ok(row.try_into()?)
    }
}
