//! Changes that arrive together at a store.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use byline_app::post::UpdatePost;
use byline_app::user::CreateUser;
use byline_app::{Answer, Error, GroupCommit, Intent, Render, Writer};
use byline_domain::audit::{AuditEvent, AuditReader, Origin};
use byline_domain::ids::RequestId;
use byline_domain::lifecycle::Retention;
use byline_domain::meter::Meter;
use byline_domain::order::{Direction, Order};
use byline_domain::page::{PageRequest, PageSize};
use byline_domain::pause::Pause;
use byline_domain::post::Post;
use byline_domain::request::{Digest, Request};
use byline_domain::selection::Fields;
use byline_domain::testing::fixtures::{FixedClock, time, user, user_id};
use byline_domain::unit_of_work::UnitOfWork;
use byline_domain::user::{User, UserField, UserFilter, UserReader, UserView};
use tokio::task::JoinHandle;

use super::store::{Store, Units};

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
        let store = Arc::new(Store::new());
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

    /// The same of each, which comes as far as it comes before the next one does.
    pub(crate) async fn create_each(
        &self,
        numbers: impl IntoIterator<Item = u64>,
    ) -> Vec<Made<User>> {
        let mut changes = Vec::new();
        for number in numbers {
            changes.push(self.create(number, None));
            settle().await;
        }
        changes
    }

    /// That change, which has come as far as it comes by itself.
    pub(crate) async fn update(&self, change: UpdatePost, request: Option<Request>) -> Made<Post> {
        let updates = self.updates.clone();
        let intent = by("editor", request);
        let made =
            tokio::spawn(async move { updates.write(change, &intent, Arc::new(AsItIs)).await });
        settle().await;
        made
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
