//! Holds what makes queries ready for PostgreSQL to what it promises of any text.
#![no_main]

use byline_fuzz::hold;
use libfuzzer_sys::{Corpus, fuzz_target};

use web_query::web_query;

#[path = "../../crates/persistence/src/post/web_query.rs"]
mod web_query;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Corpus::Reject;
    };
    let query = web_query(text);
    assert_eq!(words(&query), words(text), "{query}");
    assert_eq!(web_query(&query), query);
    let mut groups = Vec::new();
    let mut rest = query.as_str();
    while !rest.is_empty() {
        let (words, next) = group(rest).unwrap_or_else(|| panic!("{query:?} of {text:?}"));
        groups.push(words);
        rest = next;
    }
    if !text.contains('"') {
        // What stood without a blank stays together.
        let all = text.split_whitespace().map(words);
        let all: Vec<_> = all.filter(|words| !words.is_empty()).collect();
        assert_eq!(groups, all, "{query}");
    }
    hold(bytes, &[("", !query.is_empty())]);
    Corpus::Keep
});

/// What the function `byline_words` makes blanks of.
const SEPARATORS: &str = "-_/.@<>&:#~+%=?;";

/// The words in their order, whatever stands between them.
fn words(text: &str) -> Vec<&str> {
    let is_between = |c: char| c.is_whitespace() || c == '"' || SEPARATORS.contains(c);
    let words = text.split(is_between);
    words.filter(|word| !word.is_empty()).collect()
}

/// The first word of a query, or the words in quotes, and what stands behind them and one blank.
fn group(query: &str) -> Option<(Vec<&str>, &str)> {
    let one = query.strip_prefix('-').unwrap_or(query);
    let (found, rest) = match one.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => one.split_at(one.find(' ').unwrap_or(one.len())),
    };
    let words = words(found);
    let is_one = words.len() == 1 || words.len() > 1 && one.starts_with('"');
    let next = rest.strip_prefix(' ').filter(|next| !next.is_empty());
    let next = if rest.is_empty() { Some(rest) } else { next };
    next.filter(|_| is_one && words.join(" ") == found)
        .map(|next| (words, next))
}
