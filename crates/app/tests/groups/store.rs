//! A store whose units of work of many end as a test says.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use byline_domain::audit::AuditLog;
use byline_domain::credential::CredentialRepository;
use byline_domain::error::RepositoryError;
use byline_domain::ids::RequestId;
use byline_domain::import::{Import, PostRow, UserRow};
use byline_domain::post::PostRepository;
use byline_domain::request::{Claim, Request, RequestRecord, RequestRepository};
use byline_domain::testing::memory::MemoryStore;
use byline_domain::unit_of_work::{UnitOfWork, UnitOfWorkFactory};
use byline_domain::user::UserRepository;
use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;

/// How units of work of many end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Well,
    /// They do not begin, for want of a database.
    Away,
    /// They do not begin, for a lock.
    Locked,
    /// They do not begin in time.
    Slow,
    /// Nothing is kept of them, for a lock.
    LockedAtCommit,
    /// The connection is lost at COMMIT, and nothing was kept.
    LostBeforeCommit,
    /// The connection is lost at COMMIT, and all was kept.
    LostAfterCommit,
    /// They wait at COMMIT until the test lets them go on.
    Waiting,
    /// They wait as they begin until the test lets them go on.
    WaitingToBegin,
    /// They panic as they write.
    PanickingAtWork,
    /// They panic at COMMIT.
    PanickingAtCommit,
}

/// Memory of which a test says how units of work of many end there.
pub(crate) struct Store {
    pub(crate) memory: MemoryStore,
    /// How many were committed, or tried to be.
    pub(crate) commits: AtomicUsize,
    pub(crate) go_on: Semaphore,
    begun: AtomicUsize,
    begun_impatient: AtomicUsize,
    ending: Mutex<Ending>,
    /// What units of work of many find under way elsewhere.
    elsewhere: Mutex<Vec<RequestId>>,
}

impl Store {
    /// An empty one, in which all ends well.
    pub(crate) fn new() -> Self {
        Self {
            memory: MemoryStore::new(),
            commits: AtomicUsize::new(0),
            go_on: Semaphore::new(0),
            begun: AtomicUsize::new(0),
            begun_impatient: AtomicUsize::new(0),
            ending: Mutex::new(Ending::Well),
            elsewhere: Mutex::default(),
        }
    }

    /// That request is under way on another server, as units of work of many find it.
    pub(crate) fn has_elsewhere(&self, request: &Request) {
        self.elsewhere.lock().unwrap().push(request.id);
    }

    /// How many units of work of one have begun, and how many of many.
    pub(crate) fn began(&self) -> (usize, usize) {
        let of_one = self.begun.load(Ordering::Relaxed);
        (of_one, self.begun_impatient.load(Ordering::Relaxed))
    }

    pub(crate) fn ends(&self, ending: Ending) {
        *self.ending.lock().unwrap() = ending;
    }

    /// A unit of work that nobody counts.
    pub(crate) async fn begin_now(&self) -> Box<dyn UnitOfWork> {
        self.memory.begin().await.unwrap()
    }
}

/// A unit of work that ends as the test says.
struct Staged {
    inner: Box<dyn UnitOfWork>,
    store: Arc<Store>,
    ending: Ending,
}

/// Hands out units of work of the store.
pub(crate) struct Units(pub(crate) Arc<Store>);

impl Units {
    async fn staged(&self, ending: Ending) -> Box<dyn UnitOfWork> {
        Box::new(Staged {
            inner: self.0.begin_now().await,
            store: Arc::clone(&self.0),
            ending,
        })
    }
}

#[async_trait]
impl UnitOfWorkFactory for Units {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, RepositoryError> {
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        Ok(self.staged(Ending::Well).await)
    }

    async fn begin_impatient(&self) -> Result<Box<dyn UnitOfWork>, RepositoryError> {
        self.0.begun_impatient.fetch_add(1, Ordering::Relaxed);
        let ending = *self.0.ending.lock().unwrap();
        match ending {
            Ending::Away => Err(RepositoryError::Unavailable("it is away".into())),
            Ending::Locked => Err(RepositoryError::Contention("it is locked".into())),
            Ending::Slow => Err(RepositoryError::TimedOut("it took too long".into())),
            Ending::Well
            | Ending::LockedAtCommit
            | Ending::LostBeforeCommit
            | Ending::LostAfterCommit
            | Ending::Waiting
            | Ending::PanickingAtWork
            | Ending::PanickingAtCommit => Ok(self.staged(ending).await),
            Ending::WaitingToBegin => {
                self.0.go_on.acquire().await.unwrap().forget();
                Ok(self.staged(ending).await)
            }
        }
    }
}

#[async_trait]
impl UnitOfWork for Staged {
    fn users(&mut self) -> &mut dyn UserRepository {
        assert_ne!(self.ending, Ending::PanickingAtWork, "as the test says");
        self.inner.users()
    }

    fn posts(&mut self) -> &mut dyn PostRepository {
        self.inner.posts()
    }

    fn credentials(&mut self) -> &mut dyn CredentialRepository {
        self.inner.credentials()
    }

    fn requests(&mut self) -> &mut dyn RequestRepository {
        self
    }

    fn audit(&mut self) -> &mut dyn AuditLog {
        self.inner.audit()
    }

    fn user_import(&mut self) -> &mut dyn Import<UserRow> {
        self.inner.user_import()
    }

    fn post_import(&mut self) -> &mut dyn Import<PostRow> {
        self.inner.post_import()
    }

    async fn savepoint(&mut self) -> Result<Box<dyn UnitOfWork + '_>, RepositoryError> {
        self.inner.savepoint().await
    }

    async fn commit(self: Box<Self>) -> Result<(), RepositoryError> {
        self.store.commits.fetch_add(1, Ordering::Relaxed);
        let lost = || RepositoryError::ConnectionLost("it was lost".into());
        match self.ending {
            Ending::LockedAtCommit => Err(RepositoryError::Contention("it is locked".into())),
            Ending::LostBeforeCommit => Err(lost()),
            Ending::LostAfterCommit => {
                self.inner.commit().await?;
                Err(lost())
            }
            Ending::Waiting => {
                self.store.go_on.acquire().await.unwrap().forget();
                self.inner.commit().await
            }
            Ending::PanickingAtCommit => panic!("as the test says"),
            Ending::Well
            | Ending::Away
            | Ending::Locked
            | Ending::Slow
            | Ending::WaitingToBegin
            | Ending::PanickingAtWork => self.inner.commit().await,
        }
    }

    async fn rollback(self: Box<Self>) -> Result<(), RepositoryError> {
        self.inner.rollback().await
    }
}

#[async_trait]
impl RequestRepository for Staged {
    async fn claim(
        &mut self,
        request: &Request,
        now: DateTime<Utc>,
    ) -> Result<Option<RequestRecord>, RepositoryError> {
        self.inner.requests().claim(request, now).await
    }

    async fn answer(
        &mut self,
        id: RequestId,
        response: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        self.inner.requests().answer(id, response, now).await
    }

    async fn claim_many(
        &mut self,
        requests: &[Request],
        now: DateTime<Utc>,
    ) -> Result<Vec<Claim>, RepositoryError> {
        let elsewhere = self.store.elsewhere.lock().unwrap().clone();
        let is_free = |request: &&Request| !elsewhere.contains(&request.id);
        let free: Vec<_> = requests.iter().filter(is_free).cloned().collect();
        let claims = self.inner.requests().claim_many(&free, now).await?;
        let mut claims = claims.into_iter();
        let claim = |request| {
            let is_free = is_free(&request);
            let claim = is_free.then(|| claims.next()).flatten();
            claim.unwrap_or(Claim::UnderWay)
        };
        Ok(requests.iter().map(claim).collect())
    }

    async fn disclaim(&mut self, ids: &[RequestId]) -> Result<(), RepositoryError> {
        self.inner.requests().disclaim(ids).await
    }

    async fn answer_many(
        &mut self,
        answers: &[(RequestId, Vec<u8>)],
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        self.inner.requests().answer_many(answers, now).await
    }
}
