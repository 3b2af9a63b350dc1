//! Holds the parser of filters, and the trees it makes, to what they promise of any
//! text: it is parsed or refused with a place, a tree says in text what it is, and
//! rows can be held against it.
#![no_main]

use std::fmt::Debug;
use std::sync::LazyLock;

use byline_domain::audit::{AuditEvent, AuditTest};
use byline_domain::error::Invalid;
use byline_domain::filter::{
    Comparison, FieldTest, Filter, MAX_CHARS, MAX_DEPTH, MAX_TERMS, Piece, PostTest, UserTest,
    ValueTest, parse_events, parse_posts, parse_users,
};
use byline_domain::lifecycle::Retention;
use byline_domain::post::{Content, Post, Title};
use byline_domain::testing::filters::{Rows, Written, assert_precise, to_text};
use byline_domain::testing::fixtures;
use byline_domain::testing::memory::{meets_event, meets_post, meets_user};
use byline_domain::user::{Role, UserName};
use byline_fuzz::hold;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    // Whatever carries filters carries UTF-8.
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Corpus::Reject;
    };
    let is_taken = [
        check(&USERS, text),
        check(&POSTS, text),
        check(&EVENTS, text),
    ];
    hold(bytes, &[("", is_taken.contains(&true))]);
    Corpus::Keep
});

/// What a filter can be of.
struct Noun<T> {
    parse: fn(&str) -> Result<Option<Filter<T>>, Invalid>,
    /// Which of the rows a filter means.
    meant: fn(&Filter<T>) -> Vec<bool>,
    /// Whether there is a text for a test.
    has_text: fn(&T) -> bool,
    /// How many tests a condition can become.
    tests_of_a_term: usize,
}

const USERS: Noun<UserTest> = Noun {
    parse: |text| parse_users(text, fixtures::time(0)),
    meant: |filter| {
        let users = ROWS.users.iter();
        users
            .map(|user| meets_user(filter, user, ROWS.posts_of(user)))
            .collect()
    },
    has_text: |test| match test {
        UserTest::Field(test) => has_text(test),
        UserTest::SomePost(Some(test)) => has_text(test),
        UserTest::SomePost(None) | UserTest::Mentions(_) => true,
    },
    tests_of_a_term: 1,
};

const POSTS: Noun<PostTest> = Noun {
    parse: |text| parse_posts(text, fixtures::time(0)),
    meant: |filter| {
        let posts = ROWS.posts.iter();
        posts
            .map(|post| meets_post(filter, post, ROWS.author_of(post)))
            .collect()
    },
    has_text: |test| match test {
        PostTest::Field(test) => has_text(test),
        PostTest::Author(Some(test)) => has_text(test),
        PostTest::Author(None) | PostTest::Mentions(_) => true,
    },
    tests_of_a_term: 1,
};

const EVENTS: Noun<AuditTest> = Noun {
    parse: |text| parse_events(text, fixtures::time(0)),
    meant: |filter| {
        let events = EVENTS_KEPT.iter();
        events.map(|event| meets_event(filter, event)).collect()
    },
    has_text: |test| has_text(test) && !is_of_anything(&test.test),
    // A text alone is looked for in three fields.
    tests_of_a_term: 3,
};

/// Whether the text is a filter of those.
fn check<T: Written + Clone + Debug + PartialEq>(noun: &Noun<T>, text: &str) -> bool {
    match (noun.parse)(text) {
        Err(refusal) => {
            assert_precise(&refusal, text);
            return false;
        }
        Ok(None) => assert!(text.trim().is_empty(), "this means nothing"),
        Ok(Some(filter)) => {
            let shape = Shape::of(&filter, noun.has_text);
            assert!(
                (1..=MAX_TERMS * noun.tests_of_a_term).contains(&shape.terms)
                    && shape.nested <= MAX_DEPTH,
                "beyond the limits: {filter:?}"
            );
            let meant = (noun.meant)(&filter);
            let opposite = (noun.meant)(&Filter::negate(filter.clone()));
            assert!(
                meant.iter().zip(opposite).all(|(&is, not)| !(is && not)),
                "true, and so is its opposite: {filter:?}"
            );
            if shape.has_text {
                assert_told(noun, &filter, &meant, shape);
            }
        }
    }
    true
}

/// The text of `filter` is parsed as the same filter, which means the same rows; or
/// it is beyond a limit, since it may have more conditions and parentheses and normalised
/// text can be longer.
fn assert_told<T: Written + Debug + PartialEq>(
    noun: &Noun<T>,
    filter: &Filter<T>,
    meant: &[bool],
    shape: Shape,
) {
    let text = to_text(filter);
    let fits =
        text.chars().count() <= MAX_CHARS && shape.written <= MAX_DEPTH && shape.terms <= MAX_TERMS;
    match (noun.parse)(&text) {
        Ok(Some(again)) => {
            assert!(fits, "parsed beyond the limits: {text}");
            assert_eq!(again, *filter, "another filter: {text}");
            assert_eq!((noun.meant)(&again), meant, "other rows: {text}");
        }
        Ok(None) => panic!("no filter any more: {text}"),
        Err(refusal) => {
            assert!(!fits, "refused: {text}: {refusal:?}");
            assert_precise(&refusal, &text);
        }
    }
}

/// How large a tree is.
#[derive(Clone, Copy)]
struct Shape {
    terms: usize,
    /// How deep its opposites go.
    nested: usize,
    /// How deep parentheses and NOT go in its text.
    written: usize,
    /// Whether all of its tests have a text.
    has_text: bool,
}

impl Shape {
    fn of<T>(filter: &Filter<T>, has_text: fn(&T) -> bool) -> Self {
        let among = |filters: &[Filter<T>], in_parentheses: fn(&Filter<T>) -> bool| {
            let shapes = filters.iter().map(|filter| {
                let shape = Self::of(filter, has_text);
                let written = shape.written + usize::from(in_parentheses(filter));
                Self { written, ..shape }
            });
            shapes.fold(Self::NOTHING, Self::beside)
        };
        match filter {
            Filter::Test(test) => Self {
                terms: 1,
                has_text: has_text(test),
                ..Self::NOTHING
            },
            Filter::Not(inner) => {
                let shape = Self::of(inner, has_text);
                let in_parentheses = usize::from(!matches!(**inner, Filter::Test(_)));
                Self {
                    nested: shape.nested + 1,
                    written: shape.written + 1 + in_parentheses,
                    ..shape
                }
            }
            Filter::All(filters) => among(filters, |_| false),
            Filter::Any(filters) => among(filters, |filter| matches!(filter, Filter::All(_))),
        }
    }

    fn beside(self, other: Self) -> Self {
        Self {
            terms: self.terms + other.terms,
            nested: self.nested.max(other.nested),
            written: self.written.max(other.written),
            has_text: self.has_text && other.has_text,
        }
    }

    const NOTHING: Self = Self {
        terms: 0,
        nested: 0,
        written: 0,
        has_text: true,
    };
}

/// All but the opposite of an order, which is what `!=` becomes for a moment that is
/// finer than those that are kept.
fn has_text<F>(test: &FieldTest<F>) -> bool {
    let order = matches!(
        &test.test,
        ValueTest::Compare(comparison, _) if *comparison != Comparison::Equal
    );
    !(test.negated && order)
}

/// What `*` alone becomes, which asks as `:*` does for a field that is never absent.
fn is_of_anything(test: &ValueTest) -> bool {
    matches!(test, ValueTest::Matches(pattern) if pattern.pieces() == [Piece::Anything])
}

/// An ordinary user with posts, one of whom everything that can be absent is, and
/// one in the trash with what is special in filters.
static ROWS: LazyLock<Rows> = LazyLock::new(|| {
    let ada = fixtures::user(1);
    let mut mute = fixtures::user(2);
    mute.name = None;
    mute.is_active = false;
    let mut odd = fixtures::user(3);
    odd.email = fixtures::email("É*%_@Я.example");
    odd.name = Some(UserName::parse("\"'\\ ß😀*").expect("a valid name"));
    odd.role = Role::parse("Admin").expect("a valid role");
    odd.lifecycle.delete(fixtures::time(9), Retention::DEFAULT);
    let published = Post {
        published_at: Some(fixtures::time(5)),
        ..fixtures::post(1, ada.id)
    };
    let empty = Post {
        content: None,
        ..fixtures::post(2, ada.id)
    };
    let mut strange = Post {
        title: Title::parse("AND é").expect("a valid title"),
        content: Some(Content::parse("a\n\tb * \\").expect("valid content")),
        ..fixtures::post(3, odd.id)
    };
    strange
        .lifecycle
        .delete(fixtures::time(9), Retention::DEFAULT);
    Rows {
        users: vec![ada, mute, odd],
        posts: vec![published, empty, strange],
    }
});

/// One of a call, of which all is known, and one of the sweep, of which little is.
static EVENTS_KEPT: LazyLock<[AuditEvent; 2]> = LazyLock::new(|| {
    let called = AuditEvent {
        id: fixtures::user_id(1).as_uuid(),
        occurred_at: fixtures::time(5),
        caller: "key:É*%_\\\"'".to_owned(),
        peer: Some("192.0.2.1".to_owned()),
        request_id: Some("call-1".to_owned()),
        method: "UserService/UpdateUser".to_owned(),
        action: "user.updated".to_owned(),
        resource_kind: "user".to_owned(),
        resource_id: fixtures::user_id(2).as_uuid(),
        fields: vec!["name".to_owned()],
        count: None,
    };
    let swept = AuditEvent {
        caller: "byline".to_owned(),
        peer: None,
        request_id: None,
        method: "sweep".to_owned(),
        resource_id: fixtures::post_id(1).as_uuid(),
        count: Some(2),
        ..called.clone()
    };
    [called, swept]
});
