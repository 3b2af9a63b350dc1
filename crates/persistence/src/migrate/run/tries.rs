//! How often, and since when, locks were not to be had.

use std::time::{Duration, Instant};

use super::super::error::MigrateError;
use super::super::source::Script;
use super::session::Session;

/// How long traffic has the locks to itself between two tries.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The tries of what has to lock something.
pub(super) struct Tries {
    /// When it was first not to be had; what came before was no waiting.
    since: Option<Instant>,
    pause: Duration,
}

impl Tries {
    pub(super) fn new(session: &mut Session) -> Self {
        session.holders.clear();
        Self {
            since: None,
            pause: PAUSE,
        }
    }

    /// Waits before the next try; fails when it was tried for long enough.
    pub(super) async fn again(
        &mut self,
        session: &Session,
        script: &Script,
        line: usize,
        half_way: bool,
    ) -> Result<(), MigrateError> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let patience = session.options.lock_patience;
        if since.elapsed() >= patience {
            return Err(MigrateError::Busy {
                file: script.file.clone(),
                line,
                patience,
                holders: session.holders.clone(),
                half_way,
            });
        }
        tracing::info!(
            file = script.file,
            line,
            holders = ?session.holders,
            "what it has to lock is held by others: letting them through, then trying again"
        );
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}
