//! Units of work on a copy of what is committed.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OwnedMutexGuard;

use super::MemoryStore;
use super::imports::Staged;
use super::state::State;
use crate::audit::AuditLog;
use crate::credential::CredentialRepository;
use crate::error::RepositoryError;
use crate::import::{Import, PostRow, UserRow};
use crate::post::PostRepository;
use crate::request::RequestRepository;
use crate::unit_of_work::{UnitOfWork, UnitOfWorkFactory};
use crate::user::UserRepository;

/// Dropping one drops its copy, which is all that a roll back takes.
struct MemoryUnitOfWork<'outer> {
    state: State,
    target: Target<'outer>,
}

/// What a commit writes to.
enum Target<'outer> {
    Store {
        store: MemoryStore,
        _writing: OwnedMutexGuard<()>,
    },
    Outer(&'outer mut State),
}

#[async_trait]
impl UnitOfWorkFactory for MemoryStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, RepositoryError> {
        let writing = Arc::clone(&self.writing).lock_owned().await;
        Ok(Box::new(MemoryUnitOfWork {
            state: State::clone(&self.snapshot()),
            target: Target::Store {
                store: self.clone(),
                _writing: writing,
            },
        }))
    }

    /// Here nothing is locked but the store.
    async fn begin_impatient(&self) -> Result<Box<dyn UnitOfWork>, RepositoryError> {
        self.begin().await
    }
}

#[async_trait]
impl UnitOfWork for MemoryUnitOfWork<'_> {
    fn users(&mut self) -> &mut dyn UserRepository {
        &mut self.state
    }

    fn posts(&mut self) -> &mut dyn PostRepository {
        &mut self.state
    }

    fn credentials(&mut self) -> &mut dyn CredentialRepository {
        &mut self.state
    }

    fn requests(&mut self) -> &mut dyn RequestRepository {
        &mut self.state
    }

    fn audit(&mut self) -> &mut dyn AuditLog {
        &mut self.state
    }

    fn user_import(&mut self) -> &mut dyn Import<UserRow> {
        &mut self.state
    }

    fn post_import(&mut self) -> &mut dyn Import<PostRow> {
        &mut self.state
    }

    async fn savepoint(&mut self) -> Result<Box<dyn UnitOfWork + '_>, RepositoryError> {
        Ok(Box::new(MemoryUnitOfWork {
            state: self.state.clone(),
            target: Target::Outer(&mut self.state),
        }))
    }

    async fn commit(self: Box<Self>) -> Result<(), RepositoryError> {
        if self.state.failed {
            let doomed = "a unit of work in which something failed cannot be committed";
            return Err(RepositoryError::Internal(doomed.into()));
        }
        match self.target {
            Target::Store { store, _writing } => {
                let mut state = self.state;
                if !state.noted.is_empty() {
                    return Err(RepositoryError::Internal(
                        "what was done in a unit of work was noted and not kept".into(),
                    ));
                }
                state.staged = Staged::default();
                store.publish(state);
            }
            Target::Outer(outer) => *outer = self.state,
        }
        Ok(())
    }

    async fn rollback(self: Box<Self>) -> Result<(), RepositoryError> {
        Ok(())
    }
}
