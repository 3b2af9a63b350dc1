//! SQL as people write it, out of what PostgreSQL writes.

/// The length of a line above which it is broken.
const WIDTH: usize = 110;

/// Where a long statement is broken, and by how much what follows is indented.
const BREAKS: [&str; 8] = [
    " include (",
    " where ",
    " with (",
    " references ",
    " generated always as (",
    " when (",
    " execute function ",
    " check (",
];

/// A text with the places that are inside of quotes marked.
fn outside(sql: &str) -> Vec<(usize, char, bool)> {
    let mut places = Vec::with_capacity(sql.len());
    let mut within: Option<String> = None;
    let mut chars = sql.char_indices();
    while let Some((at, c)) = chars.next() {
        let rest = &sql[at..];
        match &within {
            Some(end) => {
                places.push((at, c, false));
                if rest.starts_with(end.as_str()) {
                    for _ in 1..end.chars().count() {
                        places.extend(chars.next().map(|(at, c)| (at, c, false)));
                    }
                    within = None;
                }
            }
            None if c == '\'' || c == '"' => {
                within = Some(c.to_string());
                places.push((at, c, false));
            }
            None => {
                let tag = if c == '$' { dollar_tag(rest) } else { None };
                places.push((at, c, tag.is_none()));
                if let Some(tag) = tag {
                    for _ in 1..tag.chars().count() {
                        places.extend(chars.next().map(|(at, c)| (at, c, false)));
                    }
                    within = Some(tag.to_owned());
                }
            }
        }
    }
    places
}

/// `$tag$` at the beginning of the text.
fn dollar_tag(text: &str) -> Option<&str> {
    let end = text.get(1..)?.find('$')? + 2;
    let tag = &text[..end];
    tag[1..end - 1]
        .chars()
        .all(|c| c.is_alphanumeric() || c == '_')
        .then_some(tag)
        // `$1$` is a parameter and something else.
        .filter(|tag| !tag[1..].starts_with(|c: char| c.is_ascii_digit()))
}

/// In lower case, but for what is in quotes: PostgreSQL quotes every name that has
/// capitals, so that what is left are keywords.
pub(in crate::schema) fn lower(sql: &str) -> String {
    outside(sql)
        .into_iter()
        .map(|(_, c, free)| if free { c.to_ascii_lowercase() } else { c })
        .collect()
}

/// Splits where the separator stands outside of quotes and parentheses.
pub(in crate::schema) fn split<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let (mut parts, mut begin, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, c, free) in outside(text) {
        if !free {
            continue;
        }
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && at >= begin && text[at..].starts_with(separator) {
            parts.push(&text[begin..at]);
            begin = at + separator.len();
        }
    }
    if !text.is_empty() {
        parts.push(&text[begin..]);
    }
    parts
}

/// `a: b` and the like, of which the separator stands between two.
pub(in crate::schema) fn pairs<'a>(text: &'a str, separator: &str) -> Vec<(&'a str, &'a str)> {
    text.split(separator)
        .filter_map(|pair| pair.split_once(": "))
        .collect()
}

/// A text as SQL writes it.
pub(in crate::schema) fn literal(text: &str) -> String {
    if text.contains('\\') {
        let escaped = text.replace('\\', "\\\\").replace('\'', "''");
        format!("e'{escaped}'")
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// A name as SQL writes it, of one that is written so already and an ending.
pub(in crate::schema) fn name_with(names: &[&str], ending: &str) -> String {
    let mut plain = names
        .iter()
        .map(|name| unquoted(name))
        .collect::<Vec<_>>()
        .join("_");
    // PostgreSQL cuts names after 63 bytes.
    while plain.len() + ending.len() > 63 {
        plain.pop();
    }
    quoted(&format!("{plain}{ending}"))
}

/// A name in quotes where it needs some; keywords are not looked for, since what comes in
/// here ends in something that none ends in.
fn quoted(name: &str) -> String {
    let simple = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if simple {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// The last part of a name, without its quotes.
pub(in crate::schema) fn unquoted(name: &str) -> String {
    let last = split(name, ".").last().copied().unwrap_or_default();
    match last
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'))
    {
        Some(inner) => inner.replace("\"\"", "\""),
        None => last.to_owned(),
    }
}

/// The last part of a name.
pub(in crate::schema) fn last_part(name: &str) -> &str {
    split(name, ".").last().copied().unwrap_or_default()
}

/// The name with another last part.
pub(in crate::schema) fn with_last_part(name: &str, last: &str) -> String {
    let kept = &name[..name.len() - last_part(name).len()];
    format!("{kept}{last}")
}

/// A type by its short name.
pub(in crate::schema) fn short_type(name: &str) -> String {
    const SHORT: [(&str, &str); 4] = [
        ("timestamp with time zone", "timestamptz"),
        ("timestamp without time zone", "timestamp"),
        ("time without time zone", "time"),
        ("character varying", "varchar"),
    ];
    for (long, short) in SHORT {
        if let Some(rest) = name.strip_prefix(long)
            && (rest.is_empty() || rest.starts_with(['(', '[']))
        {
            return format!("{short}{rest}");
        }
    }
    name.to_owned()
}

/// Broken where it is long, in front of a clause.
pub(in crate::schema) fn wrapped(sql: &str) -> String {
    if sql.len() <= WIDTH || sql.contains('\n') {
        return sql.to_owned();
    }
    let free = outside(sql);
    let place = BREAKS
        .iter()
        .filter_map(|part| {
            let found = sql
                .match_indices(part)
                .find(|(at, _)| free.iter().any(|(place, _, free)| place == at && *free));
            found.map(|(at, _)| at)
        })
        .filter(|at| *at > WIDTH / 4)
        .min();
    match place {
        Some(at) => format!("{}\n    {}", &sql[..at], &sql[at + 1..]),
        None => sql.to_owned(),
    }
}

/// A statement that says what something is for.
pub(in crate::schema) fn wrapped_comment(subject: &str, text: &str) -> String {
    let line = format!("comment on {subject} is {text}");
    if line.len() <= WIDTH {
        line
    } else {
        format!("comment on {subject} is\n    {text}")
    }
}

/// Options such as `fillfactor=70, autovacuum_enabled=off`, as a statement has them.
pub(in crate::schema) fn options(text: &str) -> Vec<(&str, String)> {
    split(text, ", ")
        .into_iter()
        .map(|option| {
            let (name, value) = option.split_once('=').unwrap_or((option, "true"));
            let simple = !value.is_empty()
                && value
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
            (
                name,
                if simple {
                    value.to_owned()
                } else {
                    literal(value)
                },
            )
        })
        .collect()
}

/// Those options in parentheses.
pub(in crate::schema) fn option_list(text: &str) -> String {
    let all = options(text);
    let all: Vec<_> = all
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    format!("({})", all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_lowered_and_what_is_quoted_is_not() {
        let sql = r#"CHECK ("Name" <> 'It''S' OR $a$ NO $a$ = X) AND E'\\' = $1"#;
        let lowered = r#"check ("Name" <> 'It''S' or $a$ NO $a$ = x) and e'\\' = $1"#;
        assert_eq!(lower(sql), lowered);
    }

    #[test]
    fn lists_are_split_outside_of_quotes_and_parentheses() {
        assert_eq!(
            split("'a, b', f(c, d), \"e, f\"", ", "),
            ["'a, b'", "f(c, d)", "\"e, f\""]
        );
        assert_eq!(split("", ", "), Vec::<&str>::new());
        assert_eq!(last_part("app.\"a.b\""), "\"a.b\"");
        assert_eq!(with_last_part("app.t", "u"), "app.u");
    }

    #[test]
    fn names_are_put_together_and_quoted_where_they_must_be() {
        assert_eq!(name_with(&["app.t", "c"], "_check"), "t_c_check");
        assert_eq!(name_with(&["\"T x\"", "c"], "_check"), "\"T x_c_check\"");
        assert_eq!(name_with(&[&"t".repeat(63), "c"], "_check").len(), 63);
        assert_eq!(literal(r"it's \"), r"e'it''s \\'");
    }

    #[test]
    fn long_statements_are_broken_in_front_of_a_clause() {
        let sql = format!("create index {} on t (a) where b = 'x'", "i".repeat(100));
        assert!(wrapped(&sql).contains("\n    where b"));
        assert_eq!(wrapped("select 1 where true"), "select 1 where true");
    }

    #[test]
    fn types_have_short_names() {
        assert_eq!(short_type("character varying(20)"), "varchar(20)");
        assert_eq!(short_type("timestamp with time zone[]"), "timestamptz[]");
        assert_eq!(short_type("integer"), "integer");
    }
}
