//! Holds the parser of filters, and the trees it makes, to what they promise of any
//! text: it is parsed or refused with a place, a tree says in text what it is, and
//! rows can be held against it.
#![no_main]

use std::fmt::Debug;
use std::sync::LazyLock;

use byline_domain::error::Invalid;
use byline_domain::filter::{
    Comparison, FieldTest, Filter, MAX_CHARS, MAX_DEPTH, MAX_TERMS, PostTest, UserTest, ValueTest,
    parse_posts, parse_users,
};
use byline_domain::lifecycle::Retention;
use byline_domain::post::{Content, Post, Title};
use byline_domain::testing::filters::{Rows, Written, assert_precise, to_text};
use byline_domain::testing::fixtures;
use byline_domain::testing::memory::{meets_post, meets_user};
use byline_domain::user::{Role, UserName};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    // Whatever carries filters carries UTF-8.
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Corpus::Reject;
    };
    check(&USERS, text);
    check(&POSTS, text);
    Corpus::Keep
});

/// What a filter can be of.
struct Noun<T> {
    parse: fn(&str) -> Result<Option<Filter<T>>, Invalid>,
    /// Which of the rows a filter means.
    meant: fn(&Filter<T>) -> Vec<bool>,
    /// Whether there is a text for a test.
    has_text: fn(&T) -> bool,
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
};

fn check<T: Written + Clone + Debug + PartialEq>(noun: &Noun<T>, text: &str) {
    match (noun.parse)(text) {
        Err(refusal) => assert_precise(&refusal, text),
        Ok(None) => assert!(text.trim().is_empty(), "this means nothing"),
        Ok(Some(filter)) => {
            let shape = Shape::of(&filter, noun.has_text);
            assert!(
                (1..=MAX_TERMS).contains(&shape.terms) && shape.nested <= MAX_DEPTH,
                "beyond the limits: {filter:?}"
            );
            let meant = (noun.meant)(&filter);
            let opposite = (noun.meant)(&Filter::negate(filter.clone()));
            assert!(
                meant.iter().zip(opposite).all(|(&is, not)| !(is && not)),
                "true, and so is its opposite: {filter:?}"
            );
            if shape.has_text {
                assert_told(noun, &filter, &meant, shape.written);
            }
        }
    }
}

/// The text of `filter` is parsed as the same filter, which means the same rows; or
/// it is beyond a limit, since it may have more parentheses and normalised text can
/// be longer.
fn assert_told<T: Written + Debug + PartialEq>(
    noun: &Noun<T>,
    filter: &Filter<T>,
    meant: &[bool],
    depth: usize,
) {
    let text = to_text(filter);
    let fits = text.chars().count() <= MAX_CHARS && depth <= MAX_DEPTH;
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
