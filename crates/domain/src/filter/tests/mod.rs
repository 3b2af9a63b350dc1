//! What filters mean: every construct of the language, as a tree.

mod errors;
mod fields;
mod hostile;
mod times;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::*;
use crate::error::Reason;
use crate::field::Field;
use crate::testing::fixtures;

type Users = Filter<UserTest>;
type Posts = Filter<PostTest>;

/// What durations count from.
fn now() -> DateTime<Utc> {
    fixtures::time(0)
}

fn users(text: &str) -> Users {
    match parse_users(text, now()) {
        Ok(Some(filter)) => filter,
        other => panic!("{text}: {other:?}"),
    }
}

fn posts(text: &str) -> Posts {
    match parse_posts(text, now()) {
        Ok(Some(filter)) => filter,
        other => panic!("{text}: {other:?}"),
    }
}

/// `*` is a gap.
fn pattern(text: &str, any_case: bool) -> Pattern {
    let texts = text.split('*').map(|text| Piece::Text(text.to_owned()));
    let mut pieces: Vec<Piece> = texts.flat_map(|text| [text, Piece::Anything]).collect();
    pieces.pop();
    Pattern::new(pieces, any_case)
}

fn mention(text: &str) -> Users {
    Filter::Test(UserTest::Mentions(pattern(&format!("*{text}*"), true)))
}

fn own(field: UserField, negated: bool, test: ValueTest) -> Users {
    Filter::Test(UserTest::Field(FieldTest {
        field,
        negated,
        test,
    }))
}

fn compare(comparison: Comparison, value: Value) -> ValueTest {
    ValueTest::Compare(comparison, value)
}

fn text(comparison: Comparison, text: &str) -> ValueTest {
    compare(comparison, Value::Text(text.to_owned()))
}

fn of_post(field: PostField, negated: bool, test: ValueTest) -> FieldTest<PostField> {
    FieldTest {
        field,
        negated,
        test,
    }
}

fn refused(filter: Result<Option<impl std::fmt::Debug>, Invalid>) -> (Reason, String) {
    let invalid = filter.unwrap_err();
    (invalid.reason, invalid.message)
}

fn assert_malformed(cases: &[(&str, &str)]) {
    for &(filter, message) in cases {
        assert_eq!(
            refused(parse_users(filter, now())),
            (Reason::Malformed, message.to_owned()),
            "{filter:?}"
        );
    }
}

#[test]
fn nothing_but_white_space_is_no_filter() {
    for text in ["", " ", "\t\r\n ", "\u{a0}\u{3000}"] {
        assert_eq!(parse_users(text, now()), Ok(None), "{text:?}");
        assert_eq!(parse_posts(text, now()), Ok(None), "{text:?}");
    }
}

#[test]
fn or_binds_more_tightly_than_and() {
    let [a, b, c, d] = ["a", "b", "c", "d"].map(mention);
    let any = |filters: &[&Users]| Filter::Any(filters.iter().map(|&f| f.clone()).collect());
    let all = |filters: &[&Users]| Filter::All(filters.iter().map(|&f| f.clone()).collect());
    let b_or_c = any(&[&b, &c]);
    assert_eq!(users("a AND b OR c"), all(&[&a, &b_or_c]));
    assert_eq!(users("b OR c AND a"), all(&[&b_or_c, &a]));
    assert_eq!(users("a b OR c"), all(&[&a, &b_or_c]));
    assert_eq!(users("a b AND c d"), all(&[&a, &b, &c, &d]));
    assert_eq!(
        users("a OR b AND c OR d"),
        all(&[&any(&[&a, &b]), &any(&[&c, &d])])
    );
    assert_eq!(
        users("(a AND b) OR c"),
        any(&[&all(&[&a, &b]), &c]),
        "parentheses bind most"
    );
}

#[test]
fn parentheses_that_change_nothing_leave_no_trace() {
    assert_eq!(users("((a))"), mention("a"));
    assert_eq!(users("(a AND b) AND (c d)"), users("a b c d"));
    assert_eq!(users("a OR (b OR (c))"), users("a OR b OR c"));
    assert_eq!(users("(a)AND(b)"), users("a AND b"));
}

#[test]
fn not_and_minus_bind_to_the_one_condition_that_follows() {
    let not_a = Filter::negate(mention("a"));
    assert_eq!(users("NOT a"), not_a);
    assert_eq!(users("-a"), not_a);
    assert_eq!(users("NOT(a)"), not_a);
    assert_eq!(
        users("NOT a OR b"),
        Filter::Any(vec![not_a.clone(), mention("b")])
    );
    assert_eq!(
        users("-a b"),
        Filter::All(vec![not_a.clone(), mention("b")])
    );
    assert_eq!(users("NOT NOT a"), Filter::negate(not_a.clone()));
    assert_eq!(users("NOT -a"), Filter::negate(not_a));
    assert_eq!(users("-(a b)"), Filter::negate(users("a b")));
    assert_eq!(users("-role=x"), Filter::negate(users("role=x")));
}

#[test]
fn keywords_are_upper_case_and_whole_words() {
    assert_eq!(
        users("a ANDROID ORDER NOTE"),
        Filter::All(["a", "ANDROID", "ORDER", "NOTE"].map(mention).into())
    );
    assert_eq!(users("\"AND\""), mention("AND"));
}

#[test]
fn a_text_alone_is_a_mention_in_any_letter_case() {
    assert_eq!(users("turing"), mention("turing"));
    assert_eq!(users("\"ada lovelace\""), mention("ada lovelace"));
    assert_eq!(users("'ada'"), mention("ada"));
    assert_eq!(users("a*g"), mention("a*g"));
    assert_eq!(users("ada@example.com"), mention("ada@example.com"));
    assert_eq!(users("well-known.x!"), mention("well-known.x!"));
    assert_eq!(users("'is_active'"), mention("is_active"));
    let everybody = Filter::Test(UserTest::Mentions(pattern("*", true)));
    assert_eq!(users("*"), everybody);
    assert_eq!(
        posts("turing"),
        Filter::Test(PostTest::Mentions(pattern("*turing*", true)))
    );
}

#[test]
fn text_is_compared_by_every_comparator() {
    for (written, negated, comparison) in [
        ("=", false, Comparison::Equal),
        ("!=", true, Comparison::Equal),
        ("<", false, Comparison::Less),
        ("<=", false, Comparison::LessOrEqual),
        (">", false, Comparison::Greater),
        (">=", false, Comparison::GreaterOrEqual),
    ] {
        let wanted = own(UserField::Role, negated, text(comparison, "Admin"));
        for blank in ["", " ", "\n\t"] {
            let filter = format!("role{blank}{written}{blank}Admin");
            assert_eq!(users(&filter), wanted, "{filter:?}");
            let filter = format!("role{blank}{written}{blank}\"Admin\"");
            assert_eq!(users(&filter), wanted, "{filter:?}");
        }
    }
    let empty = own(UserField::Name, false, text(Comparison::Equal, ""));
    assert_eq!(users("name = ''"), empty);
}

#[test]
fn a_wildcard_makes_a_pattern_and_an_escaped_one_does_not() {
    let matches = |negated, text, any_case| {
        own(
            UserField::Name,
            negated,
            ValueTest::Matches(pattern(text, any_case)),
        )
    };
    assert_eq!(users("name = A*e"), matches(false, "A*e", false));
    assert_eq!(users("name != \"*Ada\""), matches(true, "*Ada", false));
    assert_eq!(
        users(r#"name = "2 \* 3""#),
        own(UserField::Name, false, text(Comparison::Equal, "2 * 3"))
    );
    let both = [
        Piece::Text("*".to_owned()),
        Piece::Anything,
        Piece::Text("x".to_owned()),
    ];
    assert_eq!(
        users(r#"name = "\**x""#),
        own(
            UserField::Name,
            false,
            ValueTest::Matches(Pattern::new(both, false))
        )
    );
}

#[test]
fn an_address_matches_in_any_letter_case() {
    assert_eq!(
        users("email = Ada@*"),
        own(
            UserField::Email,
            false,
            ValueTest::Matches(pattern("Ada@*", true))
        )
    );
    assert_eq!(
        users("email = Ada@b.c"),
        own(UserField::Email, false, text(Comparison::Equal, "Ada@b.c"))
    );
}

#[test]
fn a_colon_looks_inside_of_text_and_equals_elsewhere() {
    assert_eq!(
        users("name : Ada"),
        own(
            UserField::Name,
            false,
            ValueTest::Matches(pattern("*Ada*", true))
        )
    );
    assert_eq!(
        users("name:\"A*a\""),
        own(
            UserField::Name,
            false,
            ValueTest::Matches(pattern("*A*a*", true))
        )
    );
    for filter in ["is_active", "created_at", "id"].into_iter().zip([
        "true",
        "2026-01-31T12:00:00Z",
        "0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01",
    ]) {
        let (field, value) = filter;
        assert_eq!(
            users(&format!("{field}:{value}")),
            users(&format!("{field} = \"{value}\""))
        );
    }
}

#[test]
fn a_wildcard_alone_asks_whether_there_is_a_value() {
    for &field in UserField::ALL {
        let filter = format!("{} : *", field.name());
        assert_eq!(users(&filter), own(field, false, ValueTest::Present));
    }
    let present = |negated| own(UserField::Name, negated, ValueTest::Present);
    for filter in ["name = *", "name = \"*\"", "name : '**'", "name : \"\""] {
        assert_eq!(users(filter), present(false), "{filter}");
    }
    assert_eq!(users("name != *"), present(true));
    assert_eq!(
        users("NOT deleted_at:*"),
        Filter::negate(own(UserField::DeletedAt, false, ValueTest::Present))
    );
}

#[test]
fn quoted_text_is_unescaped_and_normalised() {
    for (written, meant) in [
        (r#""\"\'\\\*""#, "\"'\\*"),
        (r"'a\n\r\tb'", "a\n\r\tb"),
        (r#""it's""#, "it's"),
        (r#"'say "hi"'"#, "say \"hi\""),
        (r#""(a) AND b = c""#, "(a) AND b = c"),
        ("\"e\u{301}\"", "é"),
        ("e\u{301}", "é"),
        ("😀", "😀"),
        ("null", "null"),
        ("-5:00", "-5:00"),
    ] {
        assert_eq!(
            users(&format!("name = {written}")),
            own(UserField::Name, false, text(Comparison::Equal, meant)),
            "{written}"
        );
    }
}

#[test]
fn flags_and_ids_are_compared_as_what_they_are() {
    let active = |negated, value| {
        let test = compare(Comparison::Equal, Value::Bool(value));
        own(UserField::IsActive, negated, test)
    };
    assert_eq!(users("is_active = true"), active(false, true));
    assert_eq!(users("is_active != \"false\""), active(true, false));
    let id = Uuid::from_u128(0x0190_a6c2_7e8f_7a30_9c4e_2f1b_6d5a_8e01);
    assert_eq!(
        users("id >= 0190A6C2-7E8F-7a30-9c4e-2f1b6d5a8e01"),
        own(
            UserField::Id,
            false,
            compare(Comparison::GreaterOrEqual, Value::Id(id))
        )
    );
}

#[test]
fn a_relation_asks_whether_there_is_one() {
    let published = compare(Comparison::Equal, Value::Bool(true));
    let some = |test| Filter::Test(UserTest::SomePost(test));
    assert_eq!(
        users("posts.published = true"),
        some(Some(of_post(
            PostField::Published,
            false,
            published.clone()
        )))
    );
    assert_eq!(
        users("posts.published != true"),
        some(Some(of_post(PostField::Published, true, published)))
    );
    assert_eq!(
        users("posts.content:*"),
        some(Some(of_post(PostField::Content, false, ValueTest::Present)))
    );
    assert_eq!(users("posts : *"), some(None));
    assert_eq!(users("-posts:*"), Filter::negate(some(None)));
    let author = |test| Filter::Test(PostTest::Author(test));
    assert_eq!(posts("author:*"), author(None));
    assert_eq!(
        posts("author.role = \"admin\""),
        author(Some(FieldTest {
            field: UserField::Role,
            negated: false,
            test: text(Comparison::Equal, "admin"),
        }))
    );
}
