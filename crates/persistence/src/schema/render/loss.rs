//! What becomes of values that another type does not hold as they are.

use super::super::catalog::Object;
use super::cast::cast_of_elements;
use super::text::short_type;

/// Whole numbers, the narrower ones first.
const WHOLE: [&str; 3] = ["smallint", "integer", "bigint"];

const FLOATS: [&str; 2] = ["real", "double precision"];

/// Without a zone, and with one.
const TIMES: [&str; 2] = ["time without time zone", "time with time zone"];
const STAMPS: [&str; 2] = ["timestamp without time zone", "timestamp with time zone"];

/// Texts that are the same to each other in every operator.
const TEXTS: [&str; 3] = ["text", "character varying", "name"];

/// What one type makes of the values of another one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Loss {
    /// How values become others without a word, as sentences.
    pub(super) changes: Vec<String>,
    /// What keeps a value from being taken, behind "Fails where".
    pub(super) fails: Option<String>,
}

impl Loss {
    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    fn changes(mut self, sentence: impl Into<String>) -> Self {
        self.changes.push(sentence.into());
        self
    }

    fn fails(mut self, what: impl Into<String>) -> Self {
        self.fails = Some(what.into());
        self
    }
}

/// What becomes of values of the first type.
pub(super) fn loss(from: &Object, to: &Object) -> Loss {
    if from.get("type") == to.get("type") {
        return Loss::default();
    }
    let loss = if from.is("array") == to.is("array") {
        of_elements(from, to)
    } else if to.is("string") && !to.is("array") {
        as_text(from, to)
    } else {
        written(to)
    };
    if to.is("domain") {
        let name = short_type(to.text("type"));
        return loss.fails(format!("a value is none of {name}"));
    }
    loss
}

fn of_elements(from: &Object, to: &Object) -> Loss {
    let (one, other) = (from.text("element"), to.text("element"));
    if one == other {
        return resized(from, to);
    }
    if is_number(one) && is_number(other) {
        return numbers(one, to);
    }
    if let Some(loss) = moments(from, to) {
        return loss;
    }
    match (one, other) {
        ("inet", "cidr") => Loss::default().changes("Sets what is behind the net mask to zero."),
        ("cidr", "inet") | ("bit", "bit varying") | ("jsonb", "json") => {
            as_long(Loss::default(), to)
        }
        ("bit varying", "bit") => Loss::default().fails("a value is of another length"),
        (_, "\"char\"") if from.is("string") => {
            Loss::default().changes("Cuts all but the first byte of each value.")
        }
        ("json", "jsonb") => Loss::default()
            .changes("Loses white space, the order of keys, and all but the last of equal keys.")
            .fails("a value has a number or a character that jsonb does not take"),
        (_, "name" | "text" | "character varying" | "character") => as_text(from, to),
        _ if cast_of_elements(from, to).is_some() => {
            let cast = format!("`cast (… as {other})`");
            Loss::default()
                .changes(format!("Makes of each value what {cast} makes of it."))
                .fails("that makes nothing of a value")
        }
        _ => written(to),
    }
}

/// Of what has a form as text in every type.
fn as_text(from: &Object, to: &Object) -> Loss {
    let (one, other) = (from.text("element"), to.text("element"));
    let is_plain = TEXTS.contains(&one) || !from.is("string");
    let mut loss = Loss::default();
    if one == "character" && !from.is("array") {
        loss = loss.changes("Loses the blanks that each value is filled up with.");
    } else if from.is("string") && !is_plain {
        loss = loss.changes(format!("Compares as {other} does, and no more as {one}."));
    }
    match other {
        "name" => loss.changes("Cuts what is longer than 63 bytes."),
        "character varying" | "character" if to.is("size") || other == "character" => {
            if other == "character" {
                loss = loss.changes("Loses blanks at the end of a value.");
            } else if is_plain && (from.is("string") || one == "json") {
                loss = loss.changes("Cuts blanks at the end of what is longer.");
            }
            as_long(loss, to)
        }
        "text" | "character varying" => loss,
        // One of an extension, which may compare otherwise.
        _ => loss
            .changes(format!(
                "Makes of each value what {other} makes of its text."
            ))
            .fails(format!("a value is none of {other}")),
    }
}

/// Of what goes by way of what it is written as.
fn written(to: &Object) -> Loss {
    let name = short_type(to.text("type"));
    Loss::default()
        .changes(format!(
            "Takes the text of each value for {name}, and loses what that has no place for."
        ))
        .fails(format!("a text is none of {name}"))
}

/// Of another size of the same type.
fn resized(from: &Object, to: &Object) -> Loss {
    let element = to.text("element");
    let (before, after) = (from.text("size"), to.text("size"));
    match element {
        "character varying" if !is_wider(before, after) => as_long(
            Loss::default().changes("Cuts blanks at the end of what is longer."),
            to,
        ),
        "character" | "bit varying" if !is_wider(before, after) => as_long(Loss::default(), to),
        "bit" if before != after => Loss::default().fails("there is any value"),
        "numeric" if !is_wider(before, after) => scaled(Loss::default(), scale(from), to),
        _ if TIMES.contains(&element) || STAMPS.contains(&element) || element == "interval" => {
            rounded(Loss::default(), from, to)
        }
        "character varying" | "character" | "bit" | "bit varying" | "numeric" => Loss::default(),
        // Of a type of an extension nothing is known but that all fits where nothing is asked.
        _ if is_bare(to) => Loss::default(),
        _ => written(to),
    }
}

fn is_bare(to: &Object) -> bool {
    to.is("domain") || to.text("type").trim_end_matches("[]") == to.text("element")
}

/// What an interval is restricted to, such as `year to month`.
fn fields(interval: &Object) -> &str {
    let name = interval.text("type").trim_end_matches("[]");
    let name = name.strip_prefix("interval").unwrap_or_default();
    name.split('(').next().unwrap_or_default().trim()
}

/// Says what does not fit into what has a length.
fn as_long(loss: Loss, to: &Object) -> Loss {
    if to.is("size") {
        loss.fails("a value is longer")
    } else {
        loss
    }
}

fn is_number(name: &str) -> bool {
    WHOLE.contains(&name) || FLOATS.contains(&name) || name == "numeric"
}

/// Of numbers of one type as those of another type.
fn numbers(one: &str, to: &Object) -> Loss {
    let other = to.text("element");
    let place = |name: &str| WHOLE.iter().position(|whole| *whole == name);
    let too_large = |loss: Loss| loss.fails("a number is out of range");
    let loss = Loss::default();
    match (place(one), place(other)) {
        (Some(one), Some(other)) if one < other => loss,
        (Some(_), Some(_)) => too_large(loss),
        (None, Some(_)) => too_large(loss.changes("Rounds to whole numbers.")),
        (Some(_), None) if other == "numeric" => scaled(loss, Some(0), to),
        (None, None) if other == "numeric" => {
            let digits = if one == "real" { "6" } else { "15" };
            scaled(
                loss.changes(format!("Rounds to {digits} digits.")),
                None,
                to,
            )
        }
        (Some(0 | 1), None) if other == "double precision" || one == "smallint" => loss,
        (None, None) if (one, other) == ("real", "double precision") => loss,
        (_, None) if other == "real" => {
            let loss = loss.changes("Rounds to about 7 digits.");
            if WHOLE.contains(&one) {
                loss
            } else {
                too_large(loss)
            }
        }
        (Some(_), None) => loss.changes("Rounds to about 16 digits."),
        (None, None) => too_large(loss.changes("Rounds to about 16 digits.")),
    }
}

/// Of numbers that get a scale of their own.
fn scaled(loss: Loss, before: Option<i64>, to: &Object) -> Loss {
    let Some(after) = scale(to) else {
        return loss;
    };
    let loss = if before.is_some_and(|before| before <= after) {
        loss
    } else {
        loss.changes(format!("Rounds to {after} digits after the point."))
    };
    loss.fails("a number is too large")
}

/// Of dates, times and intervals; nothing if it is about something else.
fn moments(from: &Object, to: &Object) -> Option<Loss> {
    let (one, other) = (from.text("element"), to.text("element"));
    let is_zoned = |name: &str| name == TIMES[1] || name == STAMPS[1];
    let loss = match (one, other) {
        ("interval", _) if other == TIMES[0] => {
            Loss::default().changes("Loses whole days, months and years.")
        }
        (_, "interval") if one == TIMES[0] => Loss::default(),
        ("date", _) if STAMPS.contains(&other) => Loss::default(),
        (_, "date") if STAMPS.contains(&one) => Loss::default().changes("Loses the time of day."),
        _ if STAMPS.contains(&one) && TIMES.contains(&other) && one != STAMPS[0]
            || (one, other) == (STAMPS[0], TIMES[0]) =>
        {
            Loss::default().changes("Loses the date.")
        }
        _ if TIMES.contains(&one) && TIMES.contains(&other)
            || STAMPS.contains(&one) && STAMPS.contains(&other) =>
        {
            Loss::default()
        }
        _ => return None,
    };
    let loss = if (one, other) == (TIMES[1], TIMES[0]) {
        loss.changes("Loses the time zone.")
    } else if is_zoned(one) != is_zoned(other) || (one, other) == (STAMPS[1], TIMES[1]) {
        loss.changes("Goes by the TimeZone of the session that runs it.")
    } else {
        loss
    };
    Some(rounded(loss, from, to))
}

/// Of what has units, and digits behind the second.
fn rounded(mut loss: Loss, from: &Object, to: &Object) -> Loss {
    if !fields(to).is_empty() && fields(from) != fields(to) {
        let name = short_type(to.text("type"));
        loss = loss.changes(format!("Loses what is finer than the last unit of {name}."));
    }
    let digits = |object: &Object| size(object.text("size"))[0].unwrap_or(6);
    if digits(from) <= digits(to) {
        return loss;
    }
    loss.changes(format!("Rounds to {} digits of a second.", digits(to)))
}

/// How many digits a number has after the point, if it has so many at all.
pub(super) fn scale(number: &Object) -> Option<i64> {
    size(number.text("size"))[1]
}

/// The numbers of a size such as `(10,2)`.
fn size(text: &str) -> [Option<i64>; 2] {
    let mut numbers = text.trim_matches(['(', ')']).split(',');
    [(); 2].map(|()| numbers.next().and_then(|number| number.trim().parse().ok()))
}

/// Whether the second size takes all that the first one does.
fn is_wider(before: &str, after: &str) -> bool {
    match (size(before), size(after)) {
        (_, [None, None]) => true,
        ([Some(whole), Some(scale)], [Some(wider), Some(finer)]) => {
            scale <= finer && whole - scale <= wider - finer
        }
        ([Some(length), None], [Some(longer), None]) => length <= longer,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_wider_if_it_takes_all_that_the_other_does() {
        assert!(is_wider("(10,2)", "(12,4)"));
        assert!(is_wider("(10,2)", ""));
        assert!(!is_wider("(10,2)", "(10,3)"));
        assert!(!is_wider("", "(5)"));
        assert!(is_wider("(4)", "(5)"));
    }
}
