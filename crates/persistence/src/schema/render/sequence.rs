//! Options of sequences, of their own and of identity columns, and where they are.

use super::super::catalog::Key;
use super::text::literal;

/// Those of `increment by … minvalue … maxvalue … start with … cache … [no] cycle` that
/// are not as they are anyway.
pub(super) fn unusual(options: &str, kind: &str) -> String {
    let (lowest, highest) = match kind {
        "smallint" => (i64::from(i16::MIN), i64::from(i16::MAX)),
        "integer" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let number = |name| number(options, name);
    let up = number("increment") > 0;
    let (minimum, maximum) = if up { (1, highest) } else { (lowest, -1) };
    let (least, most) = (number("minvalue"), number("maxvalue"));
    let first = if up { least } else { most };
    let mut kept = Vec::new();
    let mut keep = |name: &str, usual: i64, value: i64| {
        if usual != value {
            kept.push(format!("{name} {value}"));
        }
    };
    keep("increment by", 1, number("increment"));
    keep("minvalue", minimum, least);
    keep("maxvalue", maximum, most);
    keep("start with", first, number("start"));
    keep("cache", 1, number("cache"));
    if !options.ends_with(" no cycle") {
        kept.push("cycle".to_owned());
    }
    kept.join(" ")
}

fn number(options: &str, name: &str) -> i64 {
    let mut words = options.split(' ').skip_while(|word| *word != name).skip(1);
    let value = words.find(|word| !matches!(*word, "by" | "with"));
    value.and_then(|word| word.parse().ok()).unwrap_or_default()
}

/// Statements that give a sequence all of its options. Where it is stays: bounds that it is
/// not within are refused by PostgreSQL, unless nobody has taken a value of it yet.
pub(super) fn alter(name: &str, from: &str, to: &str) -> Vec<String> {
    let within = |options: &str, value| {
        (number(options, "minvalue")..=number(options, "maxvalue")).contains(&value)
    };
    let mut statements = Vec::new();
    if !within(to, number(from, "start")) {
        let start = number(to, "start");
        if !within(from, start) {
            let least = number(from, "minvalue").min(number(to, "minvalue"));
            let most = number(from, "maxvalue").max(number(to, "maxvalue"));
            let kind = if from.starts_with("as ") {
                "as bigint "
            } else {
                ""
            };
            statements.push(format!(
                "alter sequence {name} {kind}minvalue {least} maxvalue {most}"
            ));
        }
        statements.push(format!(
            "-- For one that no value was taken of.\nselect setval({}, {start}, false) from {name} where not is_called",
            literal(name)
        ));
    }
    statements.push(format!("alter sequence {name} {to}"));
    statements
}

/// The statement that has a new sequence go on behind what is in the column.
pub(in crate::schema) fn go_on(name: &str, options: &str, column: &Key) -> String {
    let (choose, end, step) = if number(options, "increment") < 0 {
        ("least", "min", "- 1")
    } else {
        ("greatest", "max", "+ 1")
    };
    format!(
        "-- Goes on behind the rows that are there: numbers of rows that are gone can come again.\nselect setval({}, {choose}((select {end}({}) from {}) {step}, last_value), false) from {name}",
        literal(name),
        column.name,
        column.table()
    )
}

/// The type that `as TYPE …` begins with, and the rest.
pub(super) fn typed(options: &str) -> (&str, &str) {
    let options = options.strip_prefix("as ").unwrap_or(options);
    options.split_once(' ').unwrap_or((options, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_unusual_is_written() {
        let all = "increment by 1 minvalue 1 maxvalue 2147483647 start with 1 cache 1 no cycle";
        assert_eq!(unusual(all, "integer"), "");
        assert_eq!(unusual(all, "bigint"), "maxvalue 2147483647");
        let down = "increment by -2 minvalue -32768 maxvalue -1 start with -5 cache 3 cycle";
        assert_eq!(
            unusual(down, "smallint"),
            "increment by -2 start with -5 cache 3 cycle"
        );
        assert_eq!(
            typed("as bigint increment by 1"),
            ("bigint", "increment by 1")
        );
    }
}
