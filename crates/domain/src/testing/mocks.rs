//! A unit of work made of mocks, for tests of use cases: what was decided, and
//! whether it was committed.

use std::sync::Mutex;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use crate::access::MockKeyReader;
use crate::audit::{AuditLog, Deed, Origin};
use crate::credential::CredentialRepository;
pub use crate::credential::{
    MockCredentialReader, MockCredentialRepository, MockPasswordHasher, MockThrottle,
};
use crate::error::RepositoryError;
pub use crate::export::MockExporter;
pub use crate::ids::MockIdGenerator;
pub use crate::import::MockImport;
use crate::import::{Import, PostRow, UserRow};
pub use crate::pause::MockPause;
use crate::post::PostRepository;
pub use crate::post::{MockPostReader, MockPostRepository};
pub use crate::request::MockRequestRepository;
use crate::request::RequestRepository;
pub use crate::sweep::MockSweeper;
pub use crate::unit_of_work::MockUnitOfWorkFactory;
use crate::unit_of_work::{UnitOfWork, UnitOfWorkFactory};
use crate::user::UserRepository;
pub use crate::user::{MockUserReader, MockUserRepository};

mockall::mock! {
    /// How a unit of work ends.
    pub Ending {
        /// It was committed.
        pub fn commit(&mut self) -> Result<(), RepositoryError>;
        /// It was rolled back.
        pub fn rollback(&mut self) -> Result<(), RepositoryError>;
        /// A savepoint was set inside it: the unit of work of that savepoint.
        pub fn savepoint(&mut self) -> Result<MockUnitOfWork, RepositoryError>;
    }
}

/// Takes whatever is noted, which is for tests over memory to look at.
#[derive(Debug, Default)]
pub struct AnyAuditLog;

#[async_trait]
impl AuditLog for AnyAuditLog {
    fn note(&mut self, _deed: Deed) {}

    async fn keep(&mut self, _origin: &Origin, _now: DateTime<Utc>) -> Result<(), RepositoryError> {
        Ok(())
    }

    async fn keep_each(
        &mut self,
        _origins: &[(Uuid, Origin)],
        _now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        Ok(())
    }
}

/// A unit of work of which every call must be expected, but for what is noted.
#[derive(Default)]
pub struct MockUnitOfWork {
    /// What is expected of its users.
    pub users: MockUserRepository,
    /// What is expected of its posts.
    pub posts: MockPostRepository,
    /// What is expected of what it keeps of passwords.
    pub credentials: MockCredentialRepository,
    /// What is expected of its records of requests.
    pub requests: MockRequestRepository,
    /// What was done in it.
    pub audit: AnyAuditLog,
    /// What is expected of its import of users.
    pub user_import: MockImport<UserRow>,
    /// What is expected of its import of posts.
    pub post_import: MockImport<PostRow>,
    /// How it is expected to end. Without an expectation it is to be dropped.
    pub ending: MockEnding,
}

impl MockUnitOfWork {
    /// One that must be committed once.
    pub fn committed() -> Self {
        let mut unit = Self::default();
        unit.ending.expect_commit().once().returning(|| Ok(()));
        unit
    }

    /// One that must not be committed: rolled back, or dropped, which is the same.
    pub fn abandoned() -> Self {
        let mut unit = Self::default();
        unit.ending.expect_commit().never();
        unit.ending.expect_rollback().returning(|| Ok(()));
        unit
    }
}

#[async_trait]
impl UnitOfWork for MockUnitOfWork {
    fn users(&mut self) -> &mut dyn UserRepository {
        &mut self.users
    }

    fn posts(&mut self) -> &mut dyn PostRepository {
        &mut self.posts
    }

    fn credentials(&mut self) -> &mut dyn CredentialRepository {
        &mut self.credentials
    }

    fn requests(&mut self) -> &mut dyn RequestRepository {
        &mut self.requests
    }

    fn audit(&mut self) -> &mut dyn AuditLog {
        &mut self.audit
    }

    fn user_import(&mut self) -> &mut dyn Import<UserRow> {
        &mut self.user_import
    }

    fn post_import(&mut self) -> &mut dyn Import<PostRow> {
        &mut self.post_import
    }

    async fn savepoint(&mut self) -> Result<Box<dyn UnitOfWork + '_>, RepositoryError> {
        Ok(Box::new(self.ending.savepoint()?))
    }

    async fn commit(mut self: Box<Self>) -> Result<(), RepositoryError> {
        self.ending.commit()
    }

    async fn rollback(mut self: Box<Self>) -> Result<(), RepositoryError> {
        self.ending.rollback()
    }
}

/// A factory that hands out `units` in turn, and of which no more are asked.
pub fn begins(units: impl IntoIterator<Item = MockUnitOfWork>) -> MockUnitOfWorkFactory {
    let units: Vec<_> = units.into_iter().collect();
    let expected = units.len();
    let units = Mutex::new(units.into_iter());
    let mut factory = MockUnitOfWorkFactory::new();
    factory.expect_begin().times(expected).returning(move || {
        let unit = units.lock().expect("no test panicked here").next();
        Ok(Box::new(unit.expect("as many as are expected")) as Box<dyn UnitOfWork>)
    });
    factory
}

/// A factory of which no unit of work is asked.
pub fn begins_none() -> impl UnitOfWorkFactory {
    begins([])
}
