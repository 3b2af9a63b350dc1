//! Moments in a filter: timestamps, and durations that count from now.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, SubsecRound, TimeDelta, Utc};

use super::literal::Literal;
use super::refusal::malformed;
use super::{Comparison, Value, ValueTest};
use crate::error::Invalid;

/// The longest duration of protobuf, in seconds: 10,000 years, which leads out of the
/// years that are kept from wherever it counts.
const MAX_SECONDS: i64 = 315_576_000_000;

/// The first moment of year 1, before which nothing is kept.
const EARLIEST: DateTime<Utc> = NaiveDate::from_ymd_opt(1, 1, 1)
    .expect("a date of the calendar")
    .and_time(NaiveTime::MIN)
    .and_utc();

/// Compares with the moment that `literal` names.
///
/// Fields keep whole microseconds and a timestamp may be finer. It is then brought
/// to the microsecond before it, and the comparison with it, so that what is true
/// stays true: whatever is before 5.0000001 s is at or before 5 s, and what is
/// after it is after 5 s. Nothing that is kept equals it.
pub(super) fn compare(
    comparison: Comparison,
    literal: &Literal,
    now: DateTime<Utc>,
) -> Result<ValueTest, Invalid> {
    let exact = moment(literal, now)?;
    let kept = exact.trunc_subsecs(6);
    if kept == exact {
        return Ok(ValueTest::Compare(comparison, Value::Time(kept)));
    }
    let (comparison, kept) = match comparison {
        Comparison::Less | Comparison::LessOrEqual => (Comparison::LessOrEqual, kept),
        Comparison::Greater | Comparison::GreaterOrEqual => (Comparison::Greater, kept),
        Comparison::Equal => (Comparison::Less, EARLIEST),
    };
    Ok(ValueTest::Compare(comparison, Value::Time(kept)))
}

fn moment(literal: &Literal, now: DateTime<Utc>) -> Result<DateTime<Utc>, Invalid> {
    let text = literal.text();
    let moment = if let Some(duration) = duration(&text) {
        now.checked_add_signed(duration)
    } else if let Some(timestamp) = timestamp(&text) {
        Some(timestamp)
    } else {
        return Err(unreadable(literal, &text));
    };
    moment
        .filter(|moment| (1..=9999).contains(&moment.year()))
        .ok_or_else(|| {
            malformed(
                literal.column,
                format!("{} is not in the years 0001 to 9999 (UTC)", literal.shown()),
            )
        })
}

/// A timestamp of RFC 3339 with at most nine digits of a second. A leap second is
/// the second after it, as in PostgreSQL.
fn timestamp(text: &str) -> Option<DateTime<Utc>> {
    if !text.is_ascii() || fraction_digits(text) > 9 {
        return None;
    }
    let moment = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    let nanos = moment.timestamp_subsec_nanos();
    DateTime::from_timestamp(
        moment.timestamp() + i64::from(nanos / 1_000_000_000),
        nanos % 1_000_000_000,
    )
}

fn fraction_digits(text: &str) -> usize {
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    fraction.bytes().take_while(u8::is_ascii_digit).count()
}

/// A duration as in protobuf's JSON, such as `-1.5s`.
fn duration(text: &str) -> Option<TimeDelta> {
    let number = text.strip_suffix('s')?;
    let (negative, number) = match number.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, number),
    };
    let (seconds, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(seconds) || !is_number(fraction) || fraction.len() > 9 {
        return None;
    }
    let seconds = seconds
        .parse()
        .map_or(MAX_SECONDS, |s: i64| s.min(MAX_SECONDS));
    let nanos = format!("{fraction:0<9}").parse().ok()?;
    let duration = TimeDelta::new(seconds, nanos)?;
    Some(if negative { -duration } else { duration })
}

fn unreadable(literal: &Literal, text: &str) -> Invalid {
    let hint = if NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok() {
        format!("; a day alone is no moment, {text}T00:00:00Z is its first")
    } else if timestamp(&format!("{text}Z")).is_some() {
        "; the offset is missing: end it in Z for UTC".to_owned()
    } else if fraction_digits(text) > 9 {
        "; a second has at most nine digits behind the dot".to_owned()
    } else if is_number_with_unit(text) {
        "; a duration is a number of seconds and an s, such as 90s or 0.5s".to_owned()
    } else if literal.has_gap() {
        "; wildcards are for text alone".to_owned()
    } else if text == "null" {
        "; to find what has none, write NOT and the field, : and *".to_owned()
    } else {
        String::new()
    };
    malformed(
        literal.column,
        format!(
            "expected a timestamp such as 2026-01-31T12:00:00Z or a duration such as -3600s, \
             found {}{hint}",
            literal.shown()
        ),
    )
}

fn is_number_with_unit(text: &str) -> bool {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let digits = number.trim_start_matches(['-', '+']);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}
