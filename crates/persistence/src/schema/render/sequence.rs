//! Options of sequences, of their own and of identity columns.

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

/// The statement that gives a sequence all of its options. It begins again if it has to:
/// if not even its first value would be within the new bounds.
pub(super) fn alter(name: &str, from: &str, to: &str) -> String {
    let first = number(from, "start");
    let sql = format!("alter sequence {name} {to}");
    if (number(to, "minvalue")..=number(to, "maxvalue")).contains(&first) {
        sql
    } else {
        format!("-- Begins again, since where it is may be out of bounds.\n{sql} restart")
    }
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
