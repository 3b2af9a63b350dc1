//! Limits, and input that was made to do harm.

use super::*;

fn refused_of_both(text: &str) -> (Reason, String) {
    let of_users = refused(parse_users(text, now()));
    assert_eq!(refused(parse_posts(text, now())), of_users, "{text:.80}");
    of_users
}

#[test]
fn a_filter_has_2000_code_points_and_no_more() {
    let fits = "я".repeat(MAX_CHARS);
    assert_eq!(users(&fits), mention(&fits));
    let message = "must be at most 2000 characters long".to_owned();
    assert_eq!(refused_of_both(&(fits + " ")), (Reason::TooLong, message));
}

#[test]
fn a_filter_has_50_conditions_and_no_more() {
    let fits = vec!["a"; MAX_TERMS].join(" ");
    assert_eq!(users(&fits), Filter::All(vec![mention("a"); MAX_TERMS]));
    let message = "at column 101: a filter holds at most 50 conditions".to_owned();
    for more in [" b", " \"b\"", " b=c"] {
        let more = fits.clone() + more;
        assert_eq!(
            refused_of_both(&more),
            (Reason::OutOfRange, message.clone())
        );
    }
}

#[test]
fn a_filter_is_20_deep_and_no_deeper() {
    let message = "at column 41: parentheses and NOT go at most 20 deep".to_owned();
    for open in ["(-", "-(", "--", "(("] {
        let closed = ")".repeat(open.matches('(').count() * 10);
        let fits = open.repeat(10) + "a" + &closed;
        assert!(parse_users(&fits, now()).is_ok(), "{fits}");
        for one_more in ["-b", "(b)"] {
            let more = format!("{}{one_more}{closed}", open.repeat(10));
            let wanted = message.replace("41", "21");
            assert_eq!(
                refused_of_both(&more),
                (Reason::OutOfRange, wanted),
                "{more}"
            );
        }
    }
    let nots = "NOT ".repeat(21) + "a";
    let wanted = message.replace("41", "81");
    assert_eq!(refused_of_both(&nots), (Reason::OutOfRange, wanted));
    // Depth is that of one branch, not of all together.
    let broad = vec!["(-a)"; MAX_TERMS].join(" ");
    assert!(parse_users(&broad, now()).is_ok());
}

#[test]
fn no_length_and_no_depth_overflows_the_stack() {
    for text in [
        "(".repeat(1_000_000),
        ")".repeat(1_000_000),
        "NOT ".repeat(100_000),
        "-".repeat(1_000_000),
        "a ".repeat(1_000_000),
        "\"".repeat(1_000_001),
        "e\u{301}".repeat(1_000_000),
    ] {
        assert_eq!(refused_of_both(&text).0, Reason::TooLong);
    }
    assert_eq!(
        refused_of_both(&"(".repeat(MAX_CHARS)).0,
        Reason::OutOfRange
    );
    assert_eq!(
        refused_of_both(&"NOT ".repeat(MAX_CHARS / 4)).0,
        Reason::OutOfRange
    );
    assert_eq!(
        refused_of_both(&"-".repeat(MAX_CHARS)).0,
        Reason::OutOfRange
    );
    assert_eq!(
        refused_of_both(&"a ".repeat(MAX_CHARS / 2)).0,
        Reason::OutOfRange
    );
}

#[test]
fn control_characters_are_refused_wherever_they_stand() {
    for (text, column, code) in [
        ("\0", 1, "0000"),
        ("a\0", 2, "0000"),
        ("role = \u{7f}", 8, "007F"),
        ("role = a\u{b}", 9, "000B"),
        ("\"a\u{85}\"", 3, "0085"),
        ("role = 'a\0b'", 10, "0000"),
        ("role\0= a", 5, "0000"),
    ] {
        let invalid = parse_users(text, now()).unwrap_err();
        let message =
            format!("at column {column}: the control character U+{code} is not allowed here");
        assert_eq!(invalid.message, message, "{text:?}");
        assert_eq!(invalid.reason, Reason::Malformed, "{text:?}");
    }
}

#[test]
fn columns_are_counted_in_code_points() {
    for (text, column) in [
        ("is_active=é", 11),
        ("😀 is_active=\"é\"", 13),
        ("\"яяя\"\u{3000}\n(is_active:é)", 19),
    ] {
        let invalid = parse_users(text, now()).unwrap_err();
        let message = format!("at column {column}: expected true or false, found \"é\"");
        assert_eq!(invalid.message, message, "{text}");
    }
}
