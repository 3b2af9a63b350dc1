//! Filters of every shape: their text says what they mean, their logic holds, and
//! no text whatever makes the parser fail in any other way than with a refusal.

use byline_domain::error::Invalid;
use byline_domain::field::Field;
use byline_domain::filter::{Filter, Pattern, Piece, PostTest, UserTest, parse_posts, parse_users};
use byline_domain::post::PostField;
use byline_domain::testing::filters::{assert_precise, post_filters, rows, to_text, user_filters};
use byline_domain::testing::fixtures;
use byline_domain::testing::memory::{meets_post, meets_user};
use byline_domain::user::UserField;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

fn users(text: &str) -> Result<Option<Filter<UserTest>>, Invalid> {
    parse_users(text, fixtures::time(0))
}

fn posts(text: &str) -> Result<Option<Filter<PostTest>>, Invalid> {
    parse_posts(text, fixtures::time(0))
}

/// Nothing is written into the tree when a case fails: the message has it.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn assert_refused_precisely(text: &str) {
    if let Err(refusal) = users(text) {
        assert_precise(&refusal, text);
    }
    if let Err(refusal) = posts(text) {
        assert_precise(&refusal, text);
    }
}

/// Parts of filters, in any order.
fn shards() -> impl Strategy<Value = String> {
    let shards: &[&str] = &[
        "a",
        "AND",
        "OR",
        "NOT",
        "-",
        "(",
        ")",
        "\"",
        "'",
        "\\",
        "*",
        ":",
        "=",
        "!=",
        "!",
        "<",
        ">=",
        ".",
        ",",
        " ",
        "\t",
        "\0",
        "é",
        "😀",
        "email",
        "posts",
        "author",
        "title",
        "id",
        "created_at",
        "is_active",
        "true",
        "2026-01-31T12:00:00Z",
        "-1.5s",
        "e\u{301}",
    ];
    prop::collection::vec(prop::sample::select(shards), 0..40).prop_map(|shards| shards.concat())
}

/// One character somewhere becomes another, or goes.
fn mutated(text: &str, at: prop::sample::Index, with: Option<char>) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = at.index(chars.len());
    match with {
        Some(c) => chars[at] = c,
        None => drop(chars.remove(at)),
    }
    chars.into_iter().collect()
}

/// Tries every length for every gap.
fn matches_naively(pieces: &[Piece], text: &str) -> bool {
    match pieces.split_first() {
        None => text.is_empty(),
        Some((Piece::Text(piece), rest)) => text
            .strip_prefix(piece.as_str())
            .is_some_and(|text| matches_naively(rest, text)),
        Some((Piece::Anything, rest)) => {
            let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.any(|at| matches_naively(rest, &text[at..]))
        }
    }
}

fn few_pieces() -> impl Strategy<Value = Vec<Piece>> {
    let piece = prop_oneof!["[abé]{1,2}".prop_map(Piece::Text), Just(Piece::Anything)];
    prop::collection::vec(piece, 0..6)
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn the_text_of_a_filter_of_users_is_parsed_as_that_filter(filter in user_filters()) {
        let text = to_text(&filter);
        prop_assert_eq!(users(&text), Ok(Some(filter)), "{}", text);
    }

    #[test]
    fn the_text_of_a_filter_of_posts_is_parsed_as_that_filter(filter in post_filters()) {
        let text = to_text(&filter);
        prop_assert_eq!(posts(&text), Ok(Some(filter)), "{}", text);
    }

    #[test]
    fn any_text_is_parsed_or_refused_precisely(text in any::<String>()) {
        assert_refused_precisely(&text);
    }

    #[test]
    fn any_row_of_parts_is_parsed_or_refused_precisely(text in shards()) {
        assert_refused_precisely(&text);
    }

    #[test]
    fn a_filter_with_a_slip_is_parsed_or_refused_precisely(
        filter in user_filters(),
        at in any::<prop::sample::Index>(),
        with in any::<Option<char>>(),
    ) {
        assert_refused_precisely(&mutated(&to_text(&filter), at, with));
    }

    #[test]
    fn a_pattern_matches_what_trying_everything_matches(
        pieces in few_pieces(),
        text in "[abé]{0,6}",
    ) {
        let pattern = Pattern::new(pieces.clone(), false);
        prop_assert_eq!(pattern.matches(&text), matches_naively(&pieces, &text));
    }

    #[test]
    fn only_what_can_be_absent_ever_is(rows in rows()) {
        for field in UserField::ALL.iter().filter(|field| !field.is_nullable()) {
            let present = users(&format!("{}:*", field.name())).unwrap().unwrap();
            for user in &rows.users {
                prop_assert!(meets_user(&present, user, rows.posts_of(user)), "{:?}", field);
            }
        }
        for field in PostField::ALL.iter().filter(|field| !field.is_nullable()) {
            let present = posts(&format!("{}:*", field.name())).unwrap().unwrap();
            for post in &rows.posts {
                prop_assert!(meets_post(&present, post, rows.author_of(post)), "{:?}", field);
            }
        }
    }

    #[test]
    fn opposites_are_never_both_true_and_twice_not_is_nothing(
        rows in rows(),
        a in user_filters(),
        b in user_filters(),
    ) {
        let not = |filter: &Filter<UserTest>| Filter::negate(filter.clone());
        let both = Filter::All(vec![a.clone(), b.clone()]);
        let neither = Filter::All(vec![not(&a), not(&b)]);
        let either = Filter::Any(vec![a.clone(), b.clone()]);
        for user in &rows.users {
            let meets = |filter: &Filter<UserTest>| meets_user(filter, user, rows.posts_of(user));
            prop_assert!(!(meets(&a) && meets(&not(&a))));
            prop_assert_eq!(meets(&a), meets(&not(&not(&a))));
            prop_assert_eq!(meets(&both), meets(&a) && meets(&b));
            prop_assert_eq!(meets(&either), meets(&a) || meets(&b));
            prop_assert_eq!(meets(&not(&either)), meets(&neither));
        }
    }
}

#[test]
fn random_filters_hit_some_rows_and_miss_some() {
    let mut runner = TestRunner::deterministic();
    let (mut hits, mut misses) = (0, 0);
    for _ in 0..500 {
        let mut draw = || {
            let all = (rows(), user_filters(), post_filters());
            all.new_tree(&mut runner).unwrap().current()
        };
        let (rows, of_users, of_posts) = draw();
        let users = rows.users.iter();
        let users = users.map(|user| meets_user(&of_users, user, rows.posts_of(user)));
        let posts = rows.posts.iter();
        let posts = posts.map(|post| meets_post(&of_posts, post, rows.author_of(post)));
        for hit in users.chain(posts) {
            if hit { hits += 1 } else { misses += 1 }
        }
    }
    assert!(hits * 5 > misses, "{hits} hits and {misses} misses");
    assert!(misses * 5 > hits, "{hits} hits and {misses} misses");
}
