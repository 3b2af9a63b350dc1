//! What a person writes into a search box, made ready for PostgreSQL.

/// What the function `byline_words` makes blanks of in the texts that are searched.
const SEPARATORS: &str = "-_/.@<>&:#~+%=?;";

fn is_separator(c: char) -> bool {
    SEPARATORS.contains(c)
}

/// The query with the same blanks in it: a word that they fall into becomes words in
/// quotes, to be found one after another. A `-` before a word stays, and so do quotes.
pub(super) fn web_query(text: &str) -> String {
    let mut query = String::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (sign, from) = match rest.strip_prefix('-') {
            Some(from) => ("-", from),
            None => ("", rest),
        };
        let words;
        if let Some(from) = from.strip_prefix('"') {
            // An open quote reaches to the end.
            (words, rest) = from.split_once('"').unwrap_or((from, ""));
            push(&mut query, sign, words, true);
        } else {
            let end = from.find(|c: char| c.is_whitespace() || c == '"');
            (words, rest) = from.split_at(end.unwrap_or(from.len()));
            push(&mut query, sign, words, false);
        }
        rest = rest.trim_start();
    }
    query
}

fn push(query: &mut String, sign: &str, words: &str, quoted: bool) {
    let words: Vec<&str> = words
        .split(is_separator)
        .flat_map(str::split_whitespace)
        .collect();
    if words.is_empty() {
        return;
    }
    if !query.is_empty() {
        query.push(' ');
    }
    let quote = if quoted || words.len() > 1 { "\"" } else { "" };
    query.push_str(sign);
    query.push_str(quote);
    query.push_str(&words.join(" "));
    query.push_str(quote);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_and_what_would_be_chained_is_words_in_quotes() {
        for (text, expected) in [
            ("roof train", "roof train"),
            ("well-known  a", "\"well known\" a"),
            (
                "-roof -well-known -\"a-b c\"",
                "-roof -\"well known\" -\"a b c\"",
            ),
            ("http://a.b/c?d=e&f", "\"http a b c d e f\""),
            ("a or b OR c", "a or b OR c"),
            ("\"or\" a_b", "\"or\" \"a b\""),
            ("a\"b c\"d \"e", "a \"b c\" d \"e\""),
            ("it's", "it's"),
            ("- -- \"\" \"-\" ... -", ""),
            ("--a", "-a"),
        ] {
            assert_eq!(web_query(text), expected, "{text}");
        }
    }

    #[test]
    fn queries_are_parted_where_texts_are() {
        let schema = include_str!("../../../../migrations/schema.sql");
        let parts = format!("regexp_replace($1, '[{SEPARATORS}]', ' ', 'g')");
        assert!(schema.contains(&parts), "byline_words does not: {parts}");
    }
}
