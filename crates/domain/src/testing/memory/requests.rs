//! The records of requests over a state.

use std::collections::btree_map::Entry;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::state::{Kept, State};
use crate::error::RepositoryError;
use crate::ids::RequestId;
use crate::request::{Claim, Request, RequestRecord, RequestRepository};

#[async_trait]
impl RequestRepository for State {
    async fn claim(
        &mut self,
        request: &Request,
        now: DateTime<Utc>,
    ) -> Result<Option<RequestRecord>, RepositoryError> {
        match self.requests.entry(request.id) {
            Entry::Occupied(kept) => Ok(Some(kept.get().record.clone())),
            Entry::Vacant(free) => {
                free.insert(Kept {
                    record: RequestRecord {
                        method: request.method.to_owned(),
                        digest: request.digest,
                        response: Vec::new(),
                    },
                    at: now,
                });
                Ok(None)
            }
        }
    }

    async fn answer(
        &mut self,
        id: RequestId,
        response: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        match self.requests.get_mut(&id) {
            Some(kept) => {
                kept.record.response = response.to_vec();
                kept.at = now;
                Ok(())
            }
            None => Err(RepositoryError::Internal("the id was not claimed".into())),
        }
    }

    async fn claim_many(
        &mut self,
        requests: &[Request],
        now: DateTime<Utc>,
    ) -> Result<Vec<Claim>, RepositoryError> {
        let mut claims = Vec::new();
        for request in requests {
            let found = self.claim(request, now).await?;
            claims.push(found.map_or(Claim::Taken, Claim::Answered));
        }
        Ok(claims)
    }

    async fn disclaim(&mut self, ids: &[RequestId]) -> Result<(), RepositoryError> {
        for id in ids {
            self.requests.remove(id);
        }
        Ok(())
    }

    async fn answer_many(
        &mut self,
        answers: &[(RequestId, Vec<u8>)],
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        for (id, response) in answers {
            self.answer(*id, response, now).await?;
        }
        Ok(())
    }
}
