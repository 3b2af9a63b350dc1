//! Random filters, their text, and random rows to hold them against: what an
//! adapter is compared with another one on.
//!
//! Everything is drawn from small alphabets, so that filters hit. What libraries
//! fold differently (the dotted capital I, the sigmas) is left out.

mod refusals;
mod rows;
mod text;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

pub use self::refusals::assert_precise;
pub use self::rows::{Rows, rows};
pub use self::text::{Written, to_text};
use crate::field::{Field, Kind};
use crate::filter::{
    Comparison, FieldTest, Filter, Pattern, Piece, PostTest, UserTest, Value, ValueTest,
};
use crate::testing::fixtures;

/// Characters of both cases, of one to four bytes, and those that are special in
/// filters or in SQL. Each fits into a name.
const ALPHABET: &[char] = &[
    'a', 'a', 'A', 'b', 'é', 'É', 'я', 'Я', 'ß', '😀', '%', '_', '\\', '*', '"', '\'', ' ',
];

/// Local parts and domains of addresses.
const LOCALS: &[&str] = &["a", "A", "é", "É", "%", "_", "*", "\\", "\"'", "ß"];
const DOMAINS: &[&str] = &["b", "B", "я"];

/// How many users and posts there are at most.
const USERS: u64 = 6;
const POSTS: u64 = 8;

/// Filters of users, without needless nesting and with nothing that no text says:
/// parsing [`to_text`] of one gives it back.
pub fn user_filters() -> impl Strategy<Value = Filter<UserTest>> {
    trees(prop_oneof![
        4 => field_tests().prop_map(UserTest::Field),
        2 => field_tests().prop_map(|test| UserTest::SomePost(Some(test))),
        1 => Just(UserTest::SomePost(None)),
        2 => mentions().prop_map(UserTest::Mentions),
    ])
}

/// Filters of posts, as [`user_filters`] are of users.
pub fn post_filters() -> impl Strategy<Value = Filter<PostTest>> {
    trees(prop_oneof![
        4 => field_tests().prop_map(PostTest::Field),
        2 => field_tests().prop_map(|test| PostTest::Author(Some(test))),
        1 => Just(PostTest::Author(None)),
        2 => mentions().prop_map(PostTest::Mentions),
    ])
}

/// At most 27 tests, seldom more than 8.
fn trees<T: Clone + std::fmt::Debug + 'static>(
    tests: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Filter<T>> {
    let leaves = tests.prop_map(Filter::Test);
    leaves.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..=3).prop_map(Filter::all),
            vec(inner.clone(), 2..=3).prop_map(Filter::any),
            inner.prop_map(Filter::negate),
        ]
    })
}

fn field_tests<F: Field>() -> impl Strategy<Value = FieldTest<F>> {
    select(F::ALL).prop_flat_map(|field| {
        let tests = match field.kind() {
            Kind::Text => text_tests(field),
            Kind::Bool => {
                let values = any::<bool>().prop_map(Value::Bool);
                with_present(values.prop_map(equal).boxed(), false)
            }
            Kind::Time => with_present(ordered(moments().prop_map(Value::Time)), false),
            Kind::Id => with_present(ordered(ids()), false),
        };
        tests.prop_map(move |(negated, test)| FieldTest {
            field,
            negated,
            test,
        })
    })
}

type Tests = BoxedStrategy<(bool, ValueTest)>;

fn equal(value: Value) -> ValueTest {
    ValueTest::Compare(Comparison::Equal, value)
}

/// `tests` or their opposites, and sometimes whether there is a value; the opposite
/// of that is written for texts alone.
fn with_present(tests: BoxedStrategy<ValueTest>, negatable: bool) -> Tests {
    let present = any::<bool>().prop_map(move |no| (no && negatable, ValueTest::Present));
    let tests = (any::<bool>(), tests).prop_map(|(no, test)| {
        // The opposite of an order is written as another order.
        let order = matches!(&test, ValueTest::Compare(by, _) if *by != Comparison::Equal);
        (no && !order, test)
    });
    prop_oneof![1 => present, 6 => tests].boxed()
}

fn ordered(values: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<ValueTest> {
    let comparisons = select(&[
        Comparison::Equal,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ]);
    (comparisons, values)
        .prop_map(|(comparison, value)| ValueTest::Compare(comparison, value))
        .boxed()
}

fn text_tests<F: Field>(field: F) -> Tests {
    let folds = field.folds_case();
    let values = if folds {
        prop_oneof![addresses(), texts(0, 2)].boxed()
    } else {
        texts(0, 2).boxed()
    };
    let globs = pieces()
        .prop_filter("a gap makes a pattern", |pieces| {
            pieces.contains(&Piece::Anything)
        })
        .prop_map(move |pieces| ValueTest::Matches(Pattern::new(pieces, folds)))
        .boxed();
    let plain = with_present(
        prop_oneof![ordered(values.prop_map(Value::Text)), globs].boxed(),
        true,
    );
    // The opposite of `:` is written with NOT.
    let inside = pieces().prop_map(|pieces| (false, ValueTest::Matches(Pattern::within(pieces))));
    prop_oneof![2 => plain, 1 => inside].boxed()
}

fn mentions() -> impl Strategy<Value = Pattern> {
    prop_oneof![
        12 => pieces().prop_map(Pattern::within),
        1 => Just(Pattern::within([])),
    ]
}

/// One to three pieces, at least one of them a text.
fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let piece = prop_oneof![3 => texts(1, 1).prop_map(Piece::Text), 1 => texts(1, 2).prop_map(Piece::Text), 2 => Just(Piece::Anything)];
    vec(piece, 1..=3).prop_filter("a text makes a pattern", |pieces| {
        pieces.iter().any(|piece| *piece != Piece::Anything)
    })
}

fn texts(min: usize, max: usize) -> impl Strategy<Value = String> {
    let chars = prop_oneof![20 => select(ALPHABET), 1 => select(&['\n', '\t', '\r'])];
    vec(chars, min..=max).prop_map(String::from_iter)
}

fn addresses() -> impl Strategy<Value = String> {
    (1..=USERS).prop_flat_map(address)
}

fn address(number: u64) -> impl Strategy<Value = String> {
    let parts = (select(LOCALS), select(DOMAINS));
    parts.prop_map(move |(local, domain)| format!("{local}{number}@{domain}"))
}

fn ids() -> impl Strategy<Value = Value> {
    prop_oneof![
        (1..=USERS).prop_map(|number| Value::Id(fixtures::user_id(number).as_uuid())),
        (1..=POSTS).prop_map(|number| Value::Id(fixtures::post_id(number).as_uuid())),
    ]
}

/// Moments that lie close together, some by a microsecond.
fn moments() -> impl Strategy<Value = DateTime<Utc>> {
    (0..=3_i64, deltas()).prop_map(|(seconds, delta)| fixtures::time(seconds) + delta)
}

fn deltas() -> impl Strategy<Value = TimeDelta> {
    select(&[0, 1, 999_999, 1_000_000][..]).prop_map(TimeDelta::microseconds)
}
