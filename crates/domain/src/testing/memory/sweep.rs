//! Removing what has had its time.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::MemoryStore;
use super::state::State;
use super::trash::size;
use crate::audit::{Action, AuditLog as _, Deed, Origin};
use crate::error::RepositoryError;
use crate::ids::{PostId, RequestId, UserId};
use crate::lifecycle::Lifecycle;
use crate::sweep::{Expired, MAX_SWEPT, REQUESTS_KEPT, Sweeper};

/// When what is due became so.
fn due_since(life: Lifecycle, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    life.purge_at().filter(|purge_at| *purge_at <= now)
}

impl State {
    /// The posts that are due, those first that are so by themselves, and of these those
    /// that have been so for longest.
    fn due_posts(&self, now: DateTime<Utc>) -> Vec<PostId> {
        let in_trash = self
            .posts
            .values()
            .filter(|post| post.lifecycle.is_deleted());
        let mut due: Vec<_> = in_trash
            .filter_map(|post| {
                let own = due_since(post.lifecycle, now);
                let author = self.users.get(&post.author_id);
                let authors = author.and_then(|author| due_since(author.lifecycle, now));
                Some((own.is_none(), own.or(authors)?, post.id))
            })
            .collect();
        due.sort_unstable();
        due.into_iter().map(|(_, _, id)| id).collect()
    }

    /// The users who are due, those who have been so for longest first.
    fn due_users(&self, now: DateTime<Utc>) -> Vec<UserId> {
        let users = self.users.values();
        let mut due: Vec<_> = users
            .filter_map(|user| Some((due_since(user.lifecycle, now)?, user.id)))
            .collect();
        due.sort_unstable();
        due.into_iter().map(|(_, id)| id).collect()
    }

    fn sweep(&mut self, what: Expired, now: DateTime<Utc>, limit: u32) -> u64 {
        let limit = size(limit.min(MAX_SWEPT));
        match what {
            Expired::Posts => {
                let due = self.due_posts(now).into_iter().take(limit);
                due.filter(|id| {
                    self.note(Deed::to_post(Action::PostPurged, *id));
                    self.purge_post(*id)
                })
                .count() as u64
            }
            Expired::Users => {
                let authors: BTreeSet<_> = self.posts.values().map(|post| post.author_id).collect();
                let due = self.due_users(now).into_iter();
                let due = due.filter(|id| !authors.contains(id)).take(limit);
                due.filter(|id| {
                    self.note(Deed::to_user(Action::UserPurged, *id));
                    self.purge_user(*id)
                })
                .count() as u64
            }
            Expired::Requests => {
                let due = self.due_requests(now).into_iter().take(limit);
                due.filter(|id| self.requests.remove(id).is_some()).count() as u64
            }
            Expired::Throttles => {
                let due = self.due_throttles(now).into_iter().take(limit);
                due.filter(|key| self.throttles.remove(key).is_some())
                    .count() as u64
            }
            Expired::AuditEvents => {
                // The oldest are in front.
                let due = self.due_events(now).min(limit);
                self.events.drain(..due).count() as u64
            }
        }
    }
}

impl State {
    /// The records that are older than they are kept, the oldest first.
    fn due_requests(&self, now: DateTime<Utc>) -> Vec<RequestId> {
        let requests = self.requests.iter();
        let old = requests.filter(|(_, kept)| kept.at < now - REQUESTS_KEPT);
        let mut due: Vec<_> = old.map(|(id, kept)| (kept.at, *id)).collect();
        due.sort();
        due.into_iter().map(|(_, id)| id).collect()
    }

    /// The failures that are forgotten, those first that have been so for longest.
    fn due_throttles(&self, now: DateTime<Utc>) -> Vec<String> {
        let throttles = self.throttles.iter();
        let old = throttles.filter(|(_, failures)| failures.forgotten_at <= now);
        let mut due: Vec<_> = old
            .map(|(key, failures)| (failures.forgotten_at, key.clone()))
            .collect();
        due.sort();
        due.into_iter().map(|(_, key)| key).collect()
    }
}

impl State {
    /// How many events are from before that time.
    fn due_events(&self, before: DateTime<Utc>) -> usize {
        let events = self.events.iter();
        events.filter(|event| event.occurred_at < before).count()
    }
}

#[async_trait]
impl Sweeper for MemoryStore {
    async fn sweep(
        &self,
        what: Expired,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Option<u64>, RepositoryError> {
        let _writing = self.writing.lock().await;
        let mut state = State::clone(&self.snapshot());
        let swept = state.sweep(what, now, limit);
        state.keep(&Origin::sweep(), now).await?;
        self.publish(state);
        Ok(Some(swept))
    }

    async fn count_due(&self, what: Expired, now: DateTime<Utc>) -> Result<u64, RepositoryError> {
        let state = self.snapshot();
        Ok(match what {
            Expired::Posts => state.due_posts(now).len() as u64,
            Expired::Users => state.due_users(now).len() as u64,
            Expired::Requests => state.due_requests(now).len() as u64,
            Expired::Throttles => state.due_throttles(now).len() as u64,
            Expired::AuditEvents => state.due_events(now) as u64,
        })
    }
}
