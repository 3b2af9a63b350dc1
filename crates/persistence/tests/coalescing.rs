//! Reads that are issued at once answer what the same reads answer one after another.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

use std::fmt::Debug;
use std::sync::Arc;

use byline_domain::count::CountMode;
use byline_domain::error::RepositoryError;
use byline_domain::filter::parse_users;
use byline_domain::ids::{PostId, UserId};
use byline_domain::order::{Direction, Order};
use byline_domain::page::{PageRequest, PageSize};
use byline_domain::post::{Content, PostField, PostFilter, PostGroup, PostReader};
use byline_domain::search::SearchQuery;
use byline_domain::selection::Fields;
use byline_domain::testing::fixtures::{post, post_id, time, user, user_id};
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWorkFactory;
use byline_domain::user::{UserField, UserFilter, UserGroup, UserReader};
use byline_persistence::meter::Statements;
use byline_persistence::testing::{TestDatabase, execute};
use byline_persistence::{CoalescingPosts, CoalescingUsers, Database};
use futures_util::future::{BoxFuture, join_all};

const USERS: u64 = 30;
/// As many of each as the newest of an author are, and one more.
const POSTS: u64 = 11;
/// Whose posts weigh more than an answer may, and those of two like them.
const HEAVY: [u64; 3] = [3, 4, 5];

const OLDEST_FIRST: Order<UserField> = Order::by(UserField::CreatedAt, Direction::Ascending);

/// Users of whom every fifth is in the trash and one cannot be read, and their posts.
async fn filled() -> (TestDatabase, Database) {
    let test = TestDatabase::of_any_time().await;
    let database = test.database();
    let users: Vec<_> = (1..=USERS).map(user).collect();
    let mut posts = Vec::new();
    for author in 1..=USERS {
        for number in 0..POSTS.min(author) {
            let mut written = post(author * 100 + number, user_id(author));
            if HEAVY.contains(&author) {
                written.content = Some(Content::parse("x".repeat(1_000_000)).unwrap());
            }
            posts.push(written);
        }
    }
    let mut unit = database.begin().await.unwrap();
    unit.users().insert_many(&users).await.unwrap();
    unit.posts().insert_many(&posts).await.unwrap();
    unit.commit().await.unwrap();
    let spoil = "update users set email = 'nowhere' where id = (select id from users \
            order by created_at, id offset 16 limit 1); \
        update users set deleted_at = created_at, purge_at = created_at \
            where id in (select id from (select id, row_number() over (order by created_at, id) \
                as place from users) placed where place % 5 = 0); \
        update posts set deleted_at = created_at, purge_at = created_at where title like '%7'";
    execute(&mut test.connection().await, spoil).await;
    (test, database)
}

/// A question to the readers.
#[derive(Clone, Debug)]
enum Question {
    User(UserId, Trash, Fields<UserField>),
    Author(UserId, Fields<UserField>),
    Post(PostId, Trash, Fields<PostField>),
    Newest(UserId, Trash, Fields<PostField>),
    FirstPage(UserId, Trash, Fields<PostField>),
    CountOf(UserId, Trash),
    Users(&'static str, i32),
    Search(&'static str),
    CountUsers(Trash),
    CountPosts(Trash),
}

struct Readers {
    users: Arc<dyn UserReader>,
    posts: Arc<dyn PostReader>,
}

fn shown<T: Debug>(answer: &Result<T, RepositoryError>) -> String {
    format!("{answer:?}")
}

impl Readers {
    async fn ask(&self, question: Question) -> String {
        let meets = |text| UserFilter {
            trash: Trash::Exclude,
            meets: parse_users(text, time(0)).unwrap(),
        };
        match question {
            Question::User(id, trash, fields) => shown(&self.users.find(id, trash, &fields).await),
            Question::Author(id, fields) => {
                shown(&self.users.find_many(&[id], Trash::Include, &fields).await)
            }
            Question::Post(id, trash, fields) => shown(&self.posts.find(id, trash, &fields).await),
            Question::Newest(author, trash, fields) => {
                shown(&self.posts.newest_of(&[author], trash, &fields).await)
            }
            Question::FirstPage(author, trash, fields) => {
                let filter = PostFilter::of_author(author, trash);
                let newest = Order::by(PostField::CreatedAt, Direction::Descending);
                let page = PageRequest::first(PageSize::from_request(7).unwrap());
                shown(&self.posts.list(&filter, &newest, &page, &fields, 9).await)
            }
            Question::CountOf(author, trash) => shown(&self.posts.count_of(&[author], trash).await),
            Question::Users(filter, size) => {
                let page = PageRequest::first(PageSize::from_request(size).unwrap());
                let (filter, order) = (meets(filter), OLDEST_FIRST);
                let fields = Fields::none().with(UserField::Name);
                shown(&self.users.list(&filter, &order, &page, &fields).await)
            }
            Question::Search(text) => {
                let query = SearchQuery::parse(text).unwrap();
                let page = PageRequest::first(PageSize::from_request(7).unwrap());
                let (filter, fields) = (meets(""), Fields::none());
                shown(&self.users.search(&query, &filter, &page, &fields).await)
            }
            Question::CountUsers(trash) => {
                let filter = UserFilter { trash, meets: None };
                let count = self.users.count(&filter, CountMode::Exact).await;
                shown(&count) + &shown(&self.users.count_by(&filter, UserGroup::Role).await)
            }
            Question::CountPosts(trash) => {
                let filter = PostFilter { trash, meets: None };
                let count = self.posts.count(&filter, CountMode::Exact).await;
                shown(&count) + &shown(&self.posts.count_by(&filter, PostGroup::Published).await)
            }
        }
    }
}

fn questions() -> Vec<Question> {
    let mut questions = Vec::new();
    let light = Fields::none().with(PostField::Title).with_etag();
    for trash in [Trash::Exclude, Trash::Include] {
        // Some of nobody and nothing.
        for number in 1..=USERS + 2 {
            let id = user_id(number);
            questions.extend([
                Question::User(id, trash, Fields::all()),
                Question::User(id, trash, Fields::none().with(UserField::Name)),
                Question::Author(id, Fields::all()),
                Question::Post(post_id(number * 100 + number % 9), trash, Fields::all()),
                Question::Post(post_id(number * 100), trash, light.clone()),
                Question::Newest(id, trash, Fields::all()),
                Question::Newest(id, trash, light.clone()),
                Question::FirstPage(id, trash, Fields::all()),
                Question::FirstPage(id, trash, light.clone()),
                Question::CountOf(id, trash),
                Question::CountUsers(trash),
                Question::CountPosts(trash),
            ]);
        }
    }
    for turn in 0..20 {
        questions.push(Question::Users(["", "role = \"admin\""][turn % 2], 5));
        questions.push(Question::Search(["user", "nobody"][turn % 2]));
    }
    questions
}

async fn all_at_once(readers: &Readers) -> Vec<String> {
    let asked = questions().into_iter();
    join_all(asked.map(|question| -> BoxFuture<'_, String> { Box::pin(readers.ask(question)) }))
        .await
}

#[tokio::test]
async fn what_is_asked_at_once_is_answered_as_if_it_were_asked_alone() {
    let (_test, database) = filled().await;
    let plain: Arc<Database> = Arc::new(database);
    let alone = Readers {
        users: plain.clone(),
        posts: plain.clone(),
    };
    let mut expected = Vec::new();
    for question in questions() {
        expected.push(alone.ask(question).await);
    }
    let together = [
        Readers {
            users: Arc::new(CoalescingUsers::new(plain.clone())),
            posts: Arc::new(CoalescingPosts::new(plain.clone())),
        },
        Readers {
            users: Arc::new(CoalescingUsers::queued(plain.clone())),
            posts: Arc::new(CoalescingPosts::queued(plain)),
        },
    ];
    for readers in together {
        let answers = all_at_once(&readers).await;
        for ((question, answer), expected) in questions().iter().zip(answers).zip(&expected) {
            assert!(
                answer == *expected,
                "{question:?}: {answer:.300} instead of {expected:.300}"
            );
        }
    }
    // What it is about was there.
    let corrupt = expected.iter().filter(|it| it.contains("Corrupt")).count();
    assert_eq!(corrupt, 4, "of each side by id, and twice as an author");
    assert!(expected.iter().any(|it| it.len() > 2_500_000));
    assert!(expected.iter().any(|it| it == "Ok(None)"));
}

#[tokio::test]
async fn a_first_page_is_shared_only_if_it_is_light() {
    let (_test, database) = filled().await;
    let plain: Arc<Database> = Arc::new(database);
    let readers = |posts: CoalescingPosts| Readers {
        users: plain.clone(),
        posts: Arc::new(posts),
    };
    let queued = readers(CoalescingPosts::queued(plain.clone()));
    let direct = readers(CoalescingPosts::new(plain.clone()));
    let author = user_id(HEAVY[0]);
    for (fields, by_queue) in [(Fields::none(), 1), (Fields::all(), 2)] {
        let page = || Question::FirstPage(author, Trash::Include, fields.clone());
        let ask = async |readers: &Readers| {
            let statements = Statements::default();
            let answer = statements.count_in(readers.ask(page())).await;
            (answer, statements.get())
        };
        let alone = ask(&direct).await;
        assert_eq!(alone.1, 1, "by its caller");
        // All of them ask for one author: a heavy page is read by each once more.
        for (answer, statements) in join_all((0..3).map(|_| ask(&queued))).await {
            assert!(answer == alone.0, "{answer:.300}");
            assert_eq!(statements, by_queue);
        }
    }
}
