//! A store whose units of work of many end as a test says, and changes that arrive together there.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use byline_app::post::UpdatePost;
use byline_app::user::CreateUser;
use byline_app::{Answer, Error, GroupCommit, Intent, Render, Writer};
use byline_domain::audit::{AuditEvent, AuditLog, AuditReader, Origin};
use byline_domain::credential::CredentialRepository;
use byline_domain::error::RepositoryError;
use byline_domain::ids::RequestId;
use byline_domain::import::{Import, PostRow, UserRow};
use byline_domain::lifecycle::Retention;
use byline_domain::meter::Meter;
use byline_domain::order::{Direction, Order};
use byline_domain::page::{PageRequest, PageSize};
use byline_domain::pause::Pause;
use byline_domain::post::{Post, PostRepository};
use byline_domain::request::{Claim, Digest, Request, RequestRecord, RequestRepository};
use byline_domain::selection::Fields;
use byline_domain::testing::fixtures::{FixedClock, time, user, user_id};
use byline_domain::testing::memory::MemoryStore;
use byline_domain::unit_of_work::{UnitOfWork, UnitOfWorkFactory};
use byline_domain::user::{User, UserField, UserFilter, UserReader, UserRepository, UserView};
use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

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
struct Units(Arc<Store>);

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

/// Says that all that it is shown took seven statements.
#[derive(Default)]
pub(crate) struct SevenEach {
    pub(crate) counted: Mutex<Vec<u32>>,
}

#[async_trait]
impl Meter for SevenEach {
    async fn measure<'w>(&self, work: Pin<Box<dyn Future<Output = ()> + Send + 'w>>) -> u32 {
        work.await;
        7
    }

    fn count(&self, statements: u32) {
        self.counted.lock().unwrap().push(statements);
    }
}

struct NoPause;

#[async_trait]
impl Pause for NoPause {
    async fn before(&self, _retry: u32) {}

    async fn rest(&self, _span: chrono::TimeDelta) {}
}

/// A user as it is, kept by its address; a post as it is, kept as nothing.
pub(crate) struct AsItIs;

impl Render<User> for AsItIs {
    type Told = User;

    fn tell(&self, user: User) -> User {
        user
    }

    fn bytes(&self, user: &User) -> Vec<u8> {
        user.email.as_str().into()
    }
}

impl Render<Post> for AsItIs {
    type Told = Post;

    fn tell(&self, post: Post) -> Post {
        post
    }

    fn bytes(&self, _post: &Post) -> Vec<u8> {
        Vec::new()
    }
}

pub(crate) struct Stage {
    pub(crate) store: Arc<Store>,
    pub(crate) creates: GroupCommit<CreateUser>,
    pub(crate) updates: GroupCommit<UpdatePost>,
    pub(crate) meter: Arc<SevenEach>,
}

type Made<T> = JoinHandle<Result<Answer<T>, Error>>;

impl Stage {
    pub(crate) fn new() -> Self {
        Self::of_groups(128)
    }

    /// One whose groups are that large at most.
    pub(crate) fn of_groups(size: usize) -> Self {
        let store = Arc::new(Store {
            memory: MemoryStore::new(),
            commits: AtomicUsize::new(0),
            go_on: Semaphore::new(0),
            begun: AtomicUsize::new(0),
            begun_impatient: AtomicUsize::new(0),
            ending: Mutex::new(Ending::Well),
            elsewhere: Mutex::default(),
        });
        let writer = Arc::new(Writer::new(
            Arc::new(Units(Arc::clone(&store))),
            Arc::new(FixedClock(time(1_000))),
            Arc::new(NoPause),
            Retention::DEFAULT,
        ));
        let meter = Arc::new(SevenEach::default());
        Self {
            creates: GroupCommit::new(Arc::clone(&writer), meter.clone(), size),
            updates: GroupCommit::new(writer, meter.clone(), size),
            store,
            meter,
        }
    }

    /// The store, which nobody else changes meanwhile.
    pub(crate) async fn hold(&self) -> Box<dyn UnitOfWork> {
        self.store.begin_now().await
    }

    pub(crate) fn spawn(&self, change: CreateUser, intent: Intent) -> Made<User> {
        let creates = self.creates.clone();
        tokio::spawn(async move { creates.write(change, &intent, Arc::new(AsItIs)).await })
    }

    /// That user is made, by a caller of that number.
    pub(crate) fn create(&self, number: u64, request: Option<Request>) -> Made<User> {
        self.spawn(create(number), by(&format!("caller-{number}"), request))
    }

    pub(crate) fn update(&self, change: UpdatePost, request: Option<Request>) -> Made<Post> {
        let updates = self.updates.clone();
        let intent = by("editor", request);
        tokio::spawn(async move { updates.write(change, &intent, Arc::new(AsItIs)).await })
    }

    /// What each is told.
    pub(crate) async fn all<T>(&self, changes: Vec<Made<T>>) -> Vec<Result<Answer<T>, Error>> {
        let mut told = Vec::new();
        for change in changes {
            told.push(change.await.unwrap());
        }
        told
    }

    /// The users that are kept.
    pub(crate) async fn users(&self) -> Vec<UserView> {
        let order = Order::by(UserField::CreatedAt, Direction::Ascending);
        let page = PageRequest::first(PageSize::MAX);
        let (filter, fields) = (UserFilter::default(), Fields::none());
        let users = UserReader::list(&self.store.memory, &filter, &order, &page, &fields);
        users.await.unwrap().items
    }

    /// The events that are kept.
    pub(crate) async fn events(&self) -> Vec<AuditEvent> {
        let page = PageRequest::first(PageSize::MAX);
        let events = AuditReader::list(&self.store.memory, None, &page).await;
        events.unwrap().items
    }
}

pub(crate) fn create(number: u64) -> CreateUser {
    let user = user(number);
    CreateUser {
        id: user.id,
        email: user.email,
        name: user.name,
        role: user.role,
        is_active: true,
    }
}

/// What that caller wants.
pub(crate) fn by(caller: &str, request: Option<Request>) -> Intent {
    Intent {
        request,
        validate_only: false,
        origin: Origin {
            caller: caller.to_owned(),
            ..Origin::default()
        },
    }
}

pub(crate) fn request(number: u64) -> Request {
    Request {
        id: RequestId::from_uuid(user_id(1_000 + number).as_uuid()),
        method: "UserService/CreateUser",
        digest: Digest([7; 32]),
    }
}

/// Has every task come as far as it comes by itself.
pub(crate) async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}
