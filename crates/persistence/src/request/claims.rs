//! Claims many ids, of which others may have some.

use std::collections::{HashMap, HashSet};

use byline_domain::error::RepositoryError;
use byline_domain::request::{Claim, Request, RequestRecord};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Row, swept};
use crate::batch::column;
use crate::unit_of_work::PgUnitOfWork;

/// So many statements claim at most. What is not claimed by then is taken for what others have: that
/// is more than enough to find the few that they have as a rule.
const TRIES: usize = 32;

impl PgUnitOfWork<'_> {
    pub(super) async fn claim_each(
        &mut self,
        requests: &[Request],
        now: DateTime<Utc>,
    ) -> Result<Vec<Claim>, RepositoryError> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let (claimed, under_way) = self.claim_free(requests, now).await?;
        let ids = requests.iter().map(|request| request.id.as_uuid());
        let answered = ids.clone().filter(|id| !claimed.contains(id));
        let answered: Vec<_> = answered.filter(|id| !under_way.contains(id)).collect();
        let mut answered = self.records(&answered).await?;
        ids.map(|id| {
            if claimed.contains(&id) {
                return Ok(Claim::Taken);
            }
            if under_way.contains(&id) {
                return Ok(Claim::UnderWay);
            }
            answered.remove(&id).map(Claim::Answered).ok_or_else(swept)
        })
        .collect()
    }

    /// The ids that are claimed now, and those that others have.
    async fn claim_free(
        &mut self,
        requests: &[Request],
        now: DateTime<Utc>,
    ) -> Result<(HashSet<Uuid>, HashSet<Uuid>), RepositoryError> {
        let (mut claimed, mut under_way) = (HashSet::new(), HashSet::new());
        self.expect_contention().await?;
        let (mut tries, mut is_undone) = (0, false);
        // In the order of their ids, across all statements: whoever has some waits for greater ones
        // alone, so that no two that claim many wait in a circle.
        let mut requests: Vec<_> = requests.iter().collect();
        requests.sort_unstable_by_key(|request| request.id.as_uuid());
        // The next one is the last.
        let mut parts = vec![&*requests];
        while let Some(part) = parts.pop() {
            if tries == TRIES {
                under_way.extend(part.iter().map(|request| request.id.as_uuid()));
                continue;
            }
            tries += 1;
            match self.insert_claims(part, now).await {
                Ok(ids) => {
                    claimed.extend(ids);
                    if !parts.is_empty() {
                        self.pass_contention().await?;
                    }
                }
                // Somebody has one of them, and it is not told which.
                Err(RepositoryError::Contention(_)) => {
                    self.undo_contention().await?;
                    is_undone = true;
                    if let [one] = part {
                        under_way.insert(one.id.as_uuid());
                    } else {
                        let (first, second) = part.split_at(part.len() / 2);
                        parts.extend([second, first]);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        // One that was claimed by itself and is another's has hurried what follows, too.
        if is_undone {
            self.end_contention().await?;
        }
        Ok((claimed, under_way))
    }

    async fn insert_claims(
        &mut self,
        requests: &[&Request],
        now: DateTime<Utc>,
    ) -> Result<Vec<Uuid>, RepositoryError> {
        let mut statement = self.statement().await?;
        let claimed = sqlx::query_scalar!(
            "insert into request_records (id, method, digest, created_at)
            select id, method, digest, $4
            from unnest($1::uuid[], $2::text[], $3::bytea[]) as asked (id, method, digest)
            order by id
            on conflict do nothing
            returning id",
            &column(requests, |request| request.id.as_uuid()),
            &column(requests, |request| request.method) as _,
            &column(requests, |request| request.digest.0.to_vec()),
            now,
        )
        .fetch_all(&mut *statement)
        .await;
        statement.finish(claimed)
    }

    /// What is kept under each of these.
    async fn records(
        &mut self,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, RequestRecord>, RepositoryError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut statement = self.statement().await?;
        let rows = sqlx::query_as!(
            Row,
            "select id, method, digest, response from request_records where id = any($1)",
            ids,
        )
        .fetch_all(&mut *statement)
        .await;
        let rows = statement.finish(rows)?.into_iter();
        rows.map(|row| Ok((row.id, row.try_into()?))).collect()
    }
}
