//! What is refused, and in which words.

use super::*;

#[test]
fn a_condition_that_is_missing_is_named_with_what_asked_for_it() {
    assert_malformed(&[
        (
            "a AND",
            "at column 6: expected a condition after AND, found the end",
        ),
        (
            "a OR",
            "at column 5: expected a condition after OR, found the end",
        ),
        (
            "NOT",
            "at column 4: expected a condition after NOT, found the end",
        ),
        (
            "-",
            "at column 2: expected a condition after -, found the end",
        ),
        (
            "- a",
            "at column 1: expected a condition directly after -, found white space; a text with a dash is best put in quotes",
        ),
        (
            "a - b",
            "at column 3: expected a condition directly after -, found white space; a text with a dash is best put in quotes",
        ),
        ("AND a", r#"at column 1: expected a condition, found "AND""#),
        (
            "a AND AND b",
            r#"at column 7: expected a condition after AND, found "AND""#,
        ),
        (
            "a AND OR b",
            r#"at column 7: expected a condition after AND, found "OR""#,
        ),
        (
            "(a AND)",
            r#"at column 7: expected a condition after AND, found ")""#,
        ),
        (
            "( OR a)",
            r#"at column 3: expected a condition after (, found "OR""#,
        ),
        (
            "a AND )",
            r#"at column 7: expected a condition after AND, found ")""#,
        ),
        (", a", r#"at column 1: expected a condition, found ",""#),
        (
            "= 1",
            "at column 1: expected a field's name before the comparator",
        ),
        (
            "!= 1",
            "at column 1: expected a field's name before the comparator",
        ),
    ]);
}

#[test]
fn parentheses_that_do_not_pair_are_shown() {
    assert_malformed(&[
        (
            "(a",
            "at column 1: the parenthesis that opens here is never closed",
        ),
        (
            "((a)",
            "at column 1: the parenthesis that opens here is never closed",
        ),
        ("a)", "at column 2: this ) closes nothing"),
        (")", "at column 1: this ) closes nothing"),
        (
            "()",
            "at column 1: expected a condition between the parentheses, found nothing",
        ),
        (
            "( )",
            "at column 1: expected a condition between the parentheses, found nothing",
        ),
    ]);
}

#[test]
fn a_value_that_is_missing_is_named_with_its_comparator() {
    assert_malformed(&[
        (
            "role =",
            "at column 7: expected a value after =, found the end",
        ),
        (
            "role = )",
            r#"at column 8: expected a value after =, found ")""#,
        ),
        (
            "role = AND",
            "at column 8: expected a value after =, found AND; if the word is meant, put it in quotes",
        ),
        (
            "role = (a OR b)",
            r#"at column 8: a value cannot be in parentheses; name the field again before each value, as in (role = "a" OR role = "b")"#,
        ),
        (
            "role = = a",
            r#"at column 8: expected a value after =, found "=""#,
        ),
        (
            "role :: a",
            r#"at column 7: expected a value after :, found ":""#,
        ),
    ]);
}

#[test]
fn the_operators_of_other_languages_are_translated() {
    assert_malformed(&[
        (
            "!a",
            "at column 1: the opposite of a condition is written with NOT or -, not with !",
        ),
        (
            "a && b",
            "at column 3: both of two conditions is written with AND",
        ),
        (
            "a || b",
            "at column 3: one of two conditions is written with OR",
        ),
        (
            "role == a",
            r#"at column 7: expected a value after =, found "="; equality is written ="#,
        ),
        (
            "role => a",
            r#"at column 7: expected a value after =, found ">"; at least is written >="#,
        ),
        (
            "role =< a",
            r#"at column 7: expected a value after =, found "<"; at most is written <="#,
        ),
        (
            "role <> a",
            r#"at column 7: expected a value after <, found ">"; inequality is written !="#,
        ),
        (
            "size(role) = 1",
            r#"at column 1: there are no functions, found a call of "size""#,
        ),
        (
            "role = lower(x)",
            r#"at column 8: there are no functions, found a call of "lower""#,
        ),
        (
            "created_at > now()",
            r#"at column 14: there are no functions, found a call of "now""#,
        ),
    ]);
}

#[test]
fn words_that_nobody_looks_for_are_refused_instead_of_finding_nothing() {
    assert_malformed(&[
        (
            "role = admin or role = editor",
            "at column 14: or between conditions is written OR, in capitals; if the word is \
             meant, put it in quotes",
        ),
        (
            "a And b",
            "at column 3: And between conditions is written AND, in capitals; if the word is \
             meant, put it in quotes",
        ),
        (
            "not a",
            "at column 1: not between conditions is written NOT, in capitals; if the word is \
             meant, put it in quotes",
        ),
        (
            "NOT is_active",
            "at column 5: expected a comparator after is_active, as in is_active = true; if the \
             word is meant, put it in quotes",
        ),
        (
            "role in admins",
            "at column 1: expected a comparator after role, as in role:*; if the word is meant, \
             put it in quotes",
        ),
        (
            "posts",
            "at column 1: expected a comparator after posts, as in posts:*; if the word is \
             meant, put it in quotes",
        ),
        (
            "posts.title",
            "at column 1: expected a comparator after posts.title, as in posts.title:*; if the \
             word is meant, put it in quotes",
        ),
        (
            &format!("posts.{}", "!f".repeat(200)),
            "at column 1: expected a field behind posts. and a comparator, as in posts.title:*; if \
             the word is meant, put it in quotes",
        ),
        (
            "role = “admin”",
            "at column 8: a text stands in straight quotation marks, \" or '",
        ),
        (
            "„a“",
            "at column 1: a text stands in straight quotation marks, \" or '",
        ),
    ]);
    for text in ["or", "is_active", "posts"] {
        assert_eq!(users(&format!("\"{text}\"")), mention(text));
    }
    assert_eq!(users("orchid"), mention("orchid"));
    assert_eq!(users("postscript"), mention("postscript"));
}

#[test]
fn quotes_are_asked_for_where_they_are_missing() {
    assert_malformed(&[
        ("a, b", "at column 2: a text with , in it must be in quotes"),
        (
            "role = a=b",
            "at column 9: a text with = in it must be in quotes",
        ),
        (
            "O'Brien",
            "at column 2: a text with ' in it must be in quotes",
        ),
        (
            "role = O'Brien",
            "at column 9: a text with ' in it must be in quotes",
        ),
        (
            r"a\b",
            r"at column 2: a text with \ in it must be in quotes",
        ),
        (
            r"role = a\b",
            r"at column 9: a text with \ in it must be in quotes",
        ),
    ]);
}

#[test]
fn quotes_that_do_not_fit_are_shown() {
    assert_malformed(&[
        (
            r#"role = "a"#,
            r#"at column 8: the text that begins here has no end: a closing " is missing"#,
        ),
        (
            "'",
            "at column 1: the text that begins here has no end: a closing ' is missing",
        ),
        (
            r#""a""b""#,
            r#"at column 4: expected white space after the text, found '"'; inside of a text a quotation mark is written with a backslash before it"#,
        ),
        (
            "role = 'O''Brien'",
            r#"at column 11: expected white space after the text, found "'"; inside of a text a quotation mark is written with a backslash before it"#,
        ),
        (
            r#""a"b"#,
            r#"at column 4: expected white space after the text, found "b""#,
        ),
        (
            r#"role = "a"b"#,
            r#"at column 11: expected white space after the text, found "b""#,
        ),
        (
            r#""role" = a"#,
            "at column 1: the name of a field stands without quotes",
        ),
        (
            r#"role = "a\xb""#,
            r#"at column 10: expected \", \', \\, \*, \n, \r or \t, found a backslash and "x""#,
        ),
        (
            r#"role = "\"#,
            r#"at column 9: expected \", \', \\, \*, \n, \r or \t, found a backslash and the end"#,
        ),
    ]);
}

#[test]
fn flags_and_ids_are_read_strictly() {
    assert_malformed(&[
        (
            "is_active = yes",
            r#"at column 13: expected true or false, found "yes""#,
        ),
        (
            "is_active = True",
            r#"at column 13: expected true or false, found "True""#,
        ),
        (
            "is_active = *",
            "at column 13: a wildcard alone goes with a colon: is_active:* asks whether there is a value",
        ),
        (
            "is_active > true",
            "at column 11: is_active is true or false and has no order: use =, != or :",
        ),
        (
            r#"is_active = """#,
            "at column 13: expected true or false, found an empty text",
        ),
        (
            r#"is_active : "*""#,
            r#"at column 13: expected true or false, found "*""#,
        ),
        (
            "id = 1",
            r#"at column 6: expected a UUID such as 0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01, found "1""#,
        ),
        (
            "id = 0190*",
            r#"at column 6: expected a UUID such as 0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01, found "0190*"; wildcards are for text alone"#,
        ),
        (
            "id = {0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01}",
            r#"at column 6: expected a UUID such as 0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01, found "{0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01}""#,
        ),
        (
            "name < a*",
            r"at column 8: a wildcard has no place in an order; for the character itself write \* in quotes",
        ),
        (
            "created_at > *",
            "at column 14: a wildcard alone goes with a colon: created_at:* asks whether there is a value",
        ),
    ]);
}

#[test]
fn control_characters_in_quotes_are_to_be_written_out() {
    assert_malformed(&[
        ("\"a\tb\"", r"at column 3: a tab in a text is written as \t"),
        (
            "'a\nb'",
            r"at column 3: a line break in a text is written as \n",
        ),
        (
            "role = 'a\rb'",
            r"at column 10: a carriage return in a text is written as \r",
        ),
    ]);
}

#[test]
fn at_most_40_characters_are_quoted_and_none_that_breaks_a_line() {
    let found = "x".repeat(41);
    assert_malformed(&[
        (
            &format!("is_active = {found}"),
            &format!(
                "at column 13: expected true or false, found \"{}…\"",
                "x".repeat(39)
            ),
        ),
        (
            r#"is_active = "a\n\"b""#,
            "at column 13: expected true or false, found 'a\u{fffd}\"b'",
        ),
    ]);
    let (_, message) = refused(parse_users(&format!("{found} = 1"), now()));
    assert!(message.contains(&format!("\"{}…\"", "x".repeat(39))));
    assert!(!message.contains(&found));
}
