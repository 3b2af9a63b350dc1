//! A batch means what its requests mean one after the other: random batches over memory,
//! which by way of the conformance suite stands for PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use byline_app::post::{CreatePost, DeletePost, UpdatePost};
use byline_app::user::{CreateUser, DeleteUser, UpdateUser};
use byline_app::{Answer, Atomicity, Batch, Batched, Error, Intent, Mutation, Render, Writer};
use byline_domain::ids::NewId;
use byline_domain::lifecycle::{ExpectedEtag, Lifecycle, Retention};
use byline_domain::order::{Direction, Order};
use byline_domain::page::{PageRequest, PageSize};
use byline_domain::pause::Pause;
use byline_domain::post::{
    Content, Post, PostChanges, PostField, PostFilter, PostHead, PostReader, Title,
};
use byline_domain::selection::Fields;
use byline_domain::testing::fixtures::{FixedClock, email, post, post_id, time, user, user_id};
use byline_domain::testing::memory::MemoryStore;
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWorkFactory;
use byline_domain::user::{Role, User, UserChanges, UserName, UserReader};

const IDS: u64 = 6;
const ROUNDS: u64 = 300;

struct NoPause;

#[async_trait]
impl Pause for NoPause {
    async fn before(&self, _retry: u32) {}

    async fn rest(&self, _span: chrono::TimeDelta) {}
}

struct AsItIs;

impl<T: Send + Sync> Render<T> for AsItIs {
    type Told = T;

    fn tell(&self, output: T) -> T {
        output
    }

    fn bytes(&self, _told: &T) -> Vec<u8> {
        Vec::new()
    }
}

/// The same numbers every time (a linear congruential generator).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.roll(2) == 0).then(|| make(self))
    }

    /// Few addresses, in several letter cases, one of them with letters beyond ASCII.
    fn email(&mut self) -> byline_domain::user::Email {
        let texts = [
            "a@x.org", "A@X.org", "b@x.org", "c@x.org", "d@x.org", "e@x.org", "É@x.org", "é@x.org",
        ];
        email(texts[usize::try_from(self.roll(8)).unwrap()])
    }

    /// None, that of a resource that was never changed, or another one.
    fn etag(&mut self, born: &Lifecycle) -> Option<ExpectedEtag> {
        match self.roll(4) {
            0 => ExpectedEtag::from_request(born.etag().to_string()),
            1 => ExpectedEtag::from_request("another"),
            _ => None,
        }
    }

    fn content(&mut self) -> Option<Content> {
        self.maybe(|dice| Content::parse(format!("Content {}", dice.roll(3))).unwrap())
    }

    fn create_user(&mut self) -> CreateUser {
        CreateUser {
            // Half of the ids are free.
            id: user_id(self.roll(2 * IDS) + 1),
            email: self.email(),
            name: None,
            role: Role::default(),
            is_active: true,
        }
    }

    fn update_user(&mut self) -> UpdateUser {
        let number = self.roll(IDS) + 1;
        UpdateUser {
            id: user_id(number),
            etag: self.etag(&user(number).lifecycle),
            changes: UserChanges {
                email: self.maybe(Self::email),
                name: self.maybe(|dice| dice.maybe(|_| UserName::parse("Ada").unwrap())),
                ..UserChanges::default()
            },
        }
    }

    fn delete_user(&mut self) -> DeleteUser {
        let number = self.roll(IDS) + 1;
        DeleteUser {
            id: user_id(number),
            etag: self.etag(&user(number).lifecycle),
            force: self.roll(2) == 0,
        }
    }

    fn create_post(&mut self) -> CreatePost {
        CreatePost {
            // Half of the ids are free.
            id: NewId::Given(post_id(self.roll(2 * IDS) + 1)),
            title: Title::parse("New").unwrap(),
            content: self.content(),
            published: self.roll(2) == 0,
            author_id: user_id(self.roll(IDS + 1) + 1),
        }
    }

    /// One whose id nothing has.
    fn create_fresh_post(&mut self) -> CreatePost {
        CreatePost {
            id: NewId::Fresh(post_id(2 * IDS + 1 + self.roll(1 << 30))),
            ..self.create_post()
        }
    }

    fn update_post(&mut self) -> UpdatePost {
        let number = self.roll(IDS) + 1;
        UpdatePost {
            id: post_id(number),
            etag: self.etag(&post(number, user_id(1)).lifecycle),
            changes: PostChanges {
                title: self.maybe(|dice| Title::parse(format!("Post {}", dice.roll(4))).unwrap()),
                content: self.maybe(Self::content),
                published: self.maybe(|dice| dice.roll(2) == 0),
            },
        }
    }

    fn delete_post(&mut self) -> DeletePost {
        let number = self.roll(IDS) + 1;
        DeletePost {
            id: post_id(number),
            etag: self.etag(&post(number, user_id(1)).lifecycle),
        }
    }

    /// Some users with addresses of the few, and posts of them, some in the trash.
    async fn store(&mut self) -> MemoryStore {
        let store = MemoryStore::new();
        let mut unit = store.begin().await.unwrap();
        for number in 1..=IDS {
            let mut user = user(number);
            if self.roll(2) == 0 {
                user.email = self.email();
            }
            if self.roll(4) == 0 {
                user.lifecycle.delete(time(50), Retention::DEFAULT);
            }
            // Of a taken address there is nobody.
            let _ = unit.users().insert(&user).await;
        }
        for number in 1..=IDS {
            let mut post = post(number, user_id(self.roll(IDS) + 1));
            let author = unit.users().find_for_share(post.author_id).await.unwrap();
            let orphan = author.is_none_or(|author| author.lifecycle.is_deleted());
            if orphan || self.roll(4) == 0 {
                post.lifecycle.delete(time(50), Retention::DEFAULT);
            }
            let _ = unit.posts().insert(&post).await;
        }
        unit.commit().await.unwrap();
        store
    }
}

async fn write<M: Mutation>(store: &MemoryStore, mutation: &M) -> Result<M::Output, Error> {
    let writer = Writer::new(
        Arc::new(store.clone()),
        Arc::new(FixedClock(time(1_000))),
        Arc::new(NoPause),
        Retention::DEFAULT,
    );
    match writer.write(mutation, &Intent::default(), &AsItIs).await? {
        Answer::Made(output) => Ok(output),
        Answer::Recorded(_) => panic!("no request had an id"),
    }
}

/// All that is kept.
async fn contents(store: &MemoryStore) -> String {
    let mut all = Vec::new();
    for number in 1..=2 * IDS {
        let found = UserReader::find(store, user_id(number), Trash::Include, &Fields::all()).await;
        all.push(format!("{:?}", found.unwrap()));
        let found = PostReader::find(store, post_id(number), Trash::Include, &Fields::all()).await;
        all.push(format!("{:?}", found.unwrap()));
    }
    let (filter, order) = (
        PostFilter {
            trash: Trash::Include,
            ..PostFilter::default()
        },
        Order::by(PostField::CreatedAt, Direction::Descending),
    );
    let page = PageRequest::first(PageSize::MAX);
    let posts = PostReader::list(store, &filter, &order, &page, &Fields::all(), 0).await;
    all.push(format!("{:?}", posts.unwrap().items));
    all.join("\n")
}

/// Makes random batches each for itself, all or nothing, and one by one, over equal stores.
async fn assert_means_one_by_one<M, B>(
    seed: u64,
    make: impl Fn(&mut Dice) -> M,
    brief: impl Fn(M::Output) -> B,
) where
    M: Batched<Brief = B> + Clone + Debug,
    B: Debug + Send + Sync,
{
    let (mut done, mut failed, mut whole) = (0, 0, 0);
    for round in 0..ROUNDS {
        let dice = || Dice(seed * 1_000 + round);
        let mut first = dice();
        let (one_by_one, each, all) = (
            first.store().await,
            dice().store().await,
            dice().store().await,
        );
        let size = first.roll(6);
        let items: Vec<M> = (0..size).map(|_| make(&mut first)).collect();

        let mut expected = Vec::new();
        for item in &items {
            expected.push(write(&one_by_one, item).await.map(&brief));
        }
        done += expected.iter().filter(|outcome| outcome.is_ok()).count();
        failed += expected.iter().filter(|outcome| outcome.is_err()).count();

        let batch = Batch {
            items: items.clone(),
            atomicity: Atomicity::Each,
        };
        let outcomes = write(&each, &batch).await.unwrap();
        assert_eq!(
            format!("{outcomes:?}"),
            format!("{expected:?}"),
            "{items:#?}"
        );
        assert_eq!(
            contents(&each).await,
            contents(&one_by_one).await,
            "{items:#?}"
        );

        let before = contents(&all).await;
        let batch = Batch {
            items: items.clone(),
            atomicity: Atomicity::All,
        };
        match write(&all, &batch).await {
            Ok(outcomes) => {
                assert_eq!(
                    format!("{outcomes:?}"),
                    format!("{expected:?}"),
                    "{items:#?}"
                );
                assert_eq!(contents(&all).await, contents(&one_by_one).await);
                whole += 1;
            }
            Err(Error::Item { item, source }) => {
                let index = expected.iter().position(Result::is_err).unwrap();
                assert_eq!(item, format!("requests[{index}]"));
                let first = expected[index].as_ref().unwrap_err();
                assert_eq!(source.to_string(), first.to_string());
                assert_eq!(contents(&all).await, before);
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    // The dice have to show all there is.
    assert!(
        done > 50 && failed > 50 && whole > 50,
        "{done} {failed} {whole}"
    );
}

fn whole_user(user: User) -> User {
    user
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what a single change answers"
)]
fn head(post: Post) -> PostHead {
    PostHead::from(&post)
}

#[tokio::test]
async fn users_that_are_made() {
    assert_means_one_by_one(1, Dice::create_user, whole_user).await;
}

#[tokio::test]
async fn users_that_are_changed() {
    assert_means_one_by_one(2, Dice::update_user, whole_user).await;
}

#[tokio::test]
async fn users_that_are_deleted() {
    assert_means_one_by_one(3, Dice::delete_user, whole_user).await;
}

#[tokio::test]
async fn posts_that_are_made() {
    assert_means_one_by_one(4, Dice::create_post, head).await;
}

#[tokio::test]
async fn posts_that_are_made_with_fresh_ids() {
    assert_means_one_by_one(7, Dice::create_fresh_post, head).await;
}

#[tokio::test]
async fn posts_that_are_made_with_fresh_ids_and_others() {
    let either = |dice: &mut Dice| match dice.roll(2) {
        0 => dice.create_post(),
        _ => dice.create_fresh_post(),
    };
    assert_means_one_by_one(8, either, head).await;
}

#[tokio::test]
async fn posts_that_are_changed() {
    assert_means_one_by_one(5, Dice::update_post, head).await;
}

#[tokio::test]
async fn posts_that_are_deleted() {
    assert_means_one_by_one(6, Dice::delete_post, head).await;
}
