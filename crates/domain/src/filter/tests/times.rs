//! Moments: timestamps, durations, and what is finer than what is kept.

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn created(comparison: Comparison, moment: DateTime<Utc>) -> Users {
    let test = compare(comparison, Value::Time(moment));
    own(UserField::CreatedAt, false, test)
}

#[test]
fn timestamps_are_read_with_offset_and_fraction_bare_and_quoted() {
    for (written, meant) in [
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        ("\"2026-01-31T12:00:00Z\"", "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00Z"),
        ("2026-01-31T12:00:00.25-00:30", "2026-01-31T12:30:00.25Z"),
        (
            "2026-01-31t12:00:00.123456000z",
            "2026-01-31T12:00:00.123456Z",
        ),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(
            users(&format!("created_at > {written}")),
            created(Comparison::Greater, at(meant)),
            "{written}"
        );
    }
}

#[test]
fn durations_count_from_now() {
    for (written, millis) in [
        ("-3600s", -3_600_000),
        ("86400s", 86_400_000),
        ("1.5s", 1500),
        ("'-0.250s'", -250),
        ("0s", 0),
        ("-0s", 0),
    ] {
        assert_eq!(
            users(&format!("created_at < {written}")),
            created(Comparison::Less, now() + TimeDelta::milliseconds(millis)),
            "{written}"
        );
    }
}

#[test]
fn what_is_finer_than_a_microsecond_stays_true_of_what_is_kept() {
    let comparators = ["=", "!=", "<", "<=", ">", ">="];
    let bases = ["2026-01-31T12:00:00.5Z", "1969-12-31T23:59:59.5Z"].map(at);
    for base in bases {
        let finer = base + TimeDelta::nanoseconds(1);
        for written in comparators {
            let field = format!("created_at {written} ");
            let filter = users(&(field + &finer.to_rfc3339()));
            for micros in -2..=2 {
                let kept = base + TimeDelta::microseconds(micros);
                let truth = match written {
                    "=" => kept == finer,
                    "!=" => kept != finer,
                    "<" => kept < finer,
                    "<=" => kept <= finer,
                    ">" => kept > finer,
                    _ => kept >= finer,
                };
                assert_eq!(is_true(&filter, kept), truth, "{kept} {written} {finer}");
            }
        }
    }
}

/// Whether the one comparison in `filter` is true of a moment.
fn is_true(filter: &Users, kept: DateTime<Utc>) -> bool {
    let Filter::Test(UserTest::Field(FieldTest { negated, test, .. })) = filter else {
        panic!("{filter:?}");
    };
    let ValueTest::Compare(comparison, Value::Time(moment)) = test else {
        panic!("{test:?}");
    };
    assert_eq!(moment.timestamp_subsec_nanos() % 1000, 0, "{moment}");
    let met = match comparison {
        Comparison::Equal => kept == *moment,
        Comparison::Less => kept < *moment,
        Comparison::LessOrEqual => kept <= *moment,
        Comparison::Greater => kept > *moment,
        Comparison::GreaterOrEqual => kept >= *moment,
    };
    met != *negated
}

#[test]
fn what_is_no_moment_is_told_what_is_missing() {
    for (filter, found) in [
        ("created_at > yesterday", r#""yesterday""#),
        (
            "created_at > 2026-01-31",
            r#""2026-01-31"; a day alone is no moment, 2026-01-31T00:00:00Z is its first"#,
        ),
        (
            "created_at > 2026-01-31T12:00:00",
            r#""2026-01-31T12:00:00"; the offset is missing: end it in Z for UTC"#,
        ),
        (
            "created_at > -1h",
            r#""-1h"; a duration is a number of seconds and an s, such as 90s or 0.5s"#,
        ),
        (
            "created_at > +5s",
            r#""+5s"; a duration is a number of seconds and an s, such as 90s or 0.5s"#,
        ),
        (
            "created_at > .5s",
            r#"".5s"; a duration is a number of seconds and an s, such as 90s or 0.5s"#,
        ),
        (
            "created_at > 1.s",
            r#""1.s"; a duration is a number of seconds and an s, such as 90s or 0.5s"#,
        ),
        (
            "created_at > 2026-13-31T12:00:00Z",
            r#""2026-13-31T12:00:00Z""#,
        ),
        (
            "created_at > 2026*",
            r#""2026*"; wildcards are for text alone"#,
        ),
        (
            "updated_at = null",
            r#""null"; to find what has none, write NOT and the field, : and *"#,
        ),
        (
            "created_at > 2026-01-31T12:00:00.1234567890Z",
            r#""2026-01-31T12:00:00.1234567890Z"; a second has at most nine digits behind the dot"#,
        ),
    ] {
        let message = format!(
            "at column 14: expected a timestamp such as 2026-01-31T12:00:00Z \
             or a duration such as -3600s, found {found}"
        );
        assert_malformed(&[(filter, &message)]);
    }
}

#[test]
fn a_moment_is_within_the_years_that_are_kept() {
    for moment in [
        "0000-12-31T23:59:59Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-01:00",
        "315576000000s",
        "-99999999999999999999s",
    ] {
        let message = format!("at column 14: \"{moment}\" is not in the years 0001 to 9999 (UTC)");
        assert_malformed(&[(&format!("created_at > {moment}"), &message)]);
    }
}
