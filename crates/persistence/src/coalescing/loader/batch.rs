//! Reads that are one statement, and what becomes of each when it fails.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use byline_domain::error::RepositoryError;
use byline_lanes::all_gone;
use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::{Reads, Told, Waiting};
use crate::coalescing::failure::{again, is_of_what_was_asked};
use crate::meter::Statements;

/// Reads that are one statement.
pub(super) struct Batch<R: Reads> {
    group: Arc<R::Group>,
    keys: Vec<R::Key>,
    callers: Vec<Vec<oneshot::Sender<Told<R::Row>>>>,
}

/// A part of a batch that is asked for at once, and what it took so far.
struct Part<R: Reads> {
    keys: Vec<R::Key>,
    callers: Vec<Vec<oneshot::Sender<Told<R::Row>>>>,
    statements: u32,
}

impl<R: Reads> Batch<R> {
    pub(super) fn of(group: &Arc<R::Group>, waiting: Vec<Waiting<R>>) -> Self {
        // Where the callers of a key stand.
        let mut places = HashMap::with_capacity(waiting.len());
        let (mut keys, mut callers) = (Vec::new(), Vec::new());
        for Waiting::<R> { work: key, answer } in waiting {
            match places.entry(key) {
                Entry::Occupied(place) => {
                    let callers: &mut Vec<_> = &mut callers[*place.get()];
                    callers.push(answer);
                }
                Entry::Vacant(place) => {
                    place.insert(keys.len());
                    keys.push(key);
                    callers.push(vec![answer]);
                }
            }
        }
        Self {
            group: Arc::clone(group),
            keys,
            callers,
        }
    }

    /// Reads all of it, and answers. Ends early when no caller waits any more.
    pub(super) async fn load(self, reads: &R) {
        let mut parts = vec![Part {
            keys: self.keys,
            callers: self.callers,
            statements: 0,
        }];
        while let Some(mut part) = parts.pop() {
            match part.load(reads, &self.group).await {
                Some(Ok(rows)) if !rows.is_empty() => parts.extend(part.answer(rows)),
                Some(Err(error)) if part.keys.len() > 1 && is_of_what_was_asked(&error) => {
                    let behind = part.split_off(part.keys.len() / 2);
                    parts.extend([behind, part]);
                }
                Some(Err(error)) => part.fail(error),
                Some(Ok(_)) => part.fail(RepositoryError::Internal(
                    "a statement of many answered none of them".into(),
                )),
                None => {}
            }
        }
    }
}

fn panicked() -> RepositoryError {
    RepositoryError::Internal("a read of it panicked".into())
}

impl<R: Reads> Part<R> {
    /// What one statement answers; nothing once nobody waits for that.
    async fn load(
        &mut self,
        reads: &R,
        group: &Arc<R::Group>,
    ) -> Option<Result<Vec<R::Row>, RepositoryError>> {
        let statements = Statements::default();
        let keys = &self.keys;
        let load = statements.count_in(async {
            match keys[..] {
                [key] => Ok(vec![reads.one(group, key).await?]),
                _ => reads.many(group, keys).await,
            }
        });
        // A row that has the reader panic is one that cannot be read.
        let load = AssertUnwindSafe(load).catch_unwind();
        let answer = tokio::select! {
            answer = load => Some(answer.unwrap_or_else(|_| Err(panicked()))),
            () = all_gone(self.callers.iter_mut().flatten()) => None,
        };
        self.statements += statements.get();
        answer
    }

    /// Answers the first of the keys. What is left is to be asked for again.
    fn answer(mut self, rows: Vec<R::Row>) -> Option<Self> {
        let rest = (rows.len() < self.keys.len()).then(|| self.split_off(rows.len()));
        let statements = self.statements;
        for (row, callers) in rows.into_iter().zip(self.callers) {
            // Whoever is gone wants no answer.
            let mut callers = callers.into_iter();
            let last = callers.next_back();
            for caller in callers {
                let answer = Ok(row.clone());
                let _ = caller.send(Told { answer, statements });
            }
            if let Some(caller) = last {
                let answer = Ok(row);
                let _ = caller.send(Told { answer, statements });
            }
        }
        rest
    }

    fn fail(self, error: RepositoryError) {
        let statements = self.statements;
        let error = Arc::new(error);
        for caller in self.callers.into_iter().flatten() {
            let answer = Err(again(&error));
            let _ = caller.send(Told { answer, statements });
        }
    }

    fn split_off(&mut self, place: usize) -> Self {
        Self {
            keys: self.keys.split_off(place),
            callers: self.callers.split_off(place),
            statements: self.statements,
        }
    }
}
