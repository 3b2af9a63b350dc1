//! One transaction over all repositories, with savepoints inside it.

use async_trait::async_trait;

use crate::audit::AuditLog;
use crate::credential::CredentialRepository;
use crate::error::RepositoryError;
use crate::import::{Import, PostRow, UserRow};
use crate::post::PostRepository;
use crate::request::RequestRepository;
use crate::user::UserRepository;

/// Changes that take effect together or not at all.
///
/// Dropping one that was neither committed nor rolled back rolls it back.
///
/// An adapter MUST keep to this (the conformance suite holds it to it):
/// - what was changed is seen by others after `commit` and never before;
/// - an error that is the caller's to handle (`AlreadyExists`,
///   `ReferenceMissing`, `StaleVersion`) leaves the unit of work usable;
/// - after any other error `commit` fails and nothing is kept.
#[async_trait]
pub trait UnitOfWork: Send {
    /// The users, inside this unit of work.
    fn users(&mut self) -> &mut dyn UserRepository;

    /// The posts, inside this unit of work.
    fn posts(&mut self) -> &mut dyn PostRepository;

    /// What is kept of passwords, inside this unit of work.
    fn credentials(&mut self) -> &mut dyn CredentialRepository;

    /// What was answered to requests, inside this unit of work.
    fn requests(&mut self) -> &mut dyn RequestRepository;

    /// What is done inside this unit of work.
    fn audit(&mut self) -> &mut dyn AuditLog;

    /// Imports users, inside this unit of work.
    fn user_import(&mut self) -> &mut dyn Import<UserRow>;

    /// Imports posts, inside this unit of work.
    fn post_import(&mut self) -> &mut dyn Import<PostRow>;

    /// A unit of work within this one: what it changes is seen by this one after
    /// its `commit`, and undone alone by its `rollback` or when it is dropped.
    /// This one cannot be used while the inner one is open.
    async fn savepoint(&mut self) -> Result<Box<dyn UnitOfWork + '_>, RepositoryError>;

    /// Keeps the changes. After an error nothing is kept, except that after
    /// `ConnectionLost` it is not known whether the changes were.
    async fn commit(self: Box<Self>) -> Result<(), RepositoryError>;

    /// Undoes the changes.
    async fn rollback(self: Box<Self>) -> Result<(), RepositoryError>;
}

/// Begins units of work.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait UnitOfWorkFactory: Send + Sync {
    /// Begins one. Fails with `Unavailable` when no connection is to be had in time.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, RepositoryError>;

    /// Begins one whose statements wait for locks so short a time that others, who wait for it, hardly
    /// notice: what is locked is `Contention` then.
    async fn begin_impatient(&self) -> Result<Box<dyn UnitOfWork>, RepositoryError>;
}
