//! Where in a post the words of a search were found.

use byline_domain::error::RepositoryError;
use byline_domain::post::Snippet;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder};

use super::search::QUERY;
use crate::row::get;

/// In how much of a content a snippet is looked for, in characters: what a page of long
/// posts costs is bounded by it.
const LOOKED_THROUGH: u32 = 20_000;

/// What [`snippet`] reads of a row.
pub(super) const HEADLINE_COLUMNS: &str = "in_title, title_part, in_content, content_part";

/// Joins headlines of the title and the content of each row of `shown`, and the parts of
/// the texts that they were made of: they are made of words alone
/// (`byline_words`), and the parts have what stands between the words too.
///
/// They look for any of the words, one by one: title and content may have some each, and
/// PostgreSQL takes time and memory without bound to mark a long phrase.
pub(super) fn push_headlines(sql: &mut QueryBuilder<Postgres>) {
    let (open, close) = (Snippet::OPEN, Snippet::CLOSE);
    let marks = format!("{open}{close}");
    let headline = |words: &str| {
        format!(
            "ts_headline('byline', {words}, any_word, 'MaxFragments=1, MaxWords=40, MinWords=15, \
             ShortWord=0, StartSel=\"{open}\", StopSel=\"{close}\"')"
        )
    };
    let part = |text: &str, words: &str, headline: &str| {
        format!(
            "substr({text}, position(translate({headline}, '{marks}', '') in {words}), \
             char_length(translate({headline}, '{marks}', '')))"
        )
    };
    // `offset 0` keeps a headline from being made again wherever it is named.
    sql.push(format_args!(
        " cross join (select regexp_replace(querytree({QUERY}), '<(-|\\d+)>|&', '|', 'g')::tsquery \
            as any_word) wanted \
         cross join lateral (select byline_words(title) as title_words, \
            byline_words(left(content, {LOOKED_THROUGH})) as content_words offset 0) texts \
         cross join lateral (select {} as in_title, {} as in_content offset 0) headlines \
         cross join lateral (select {} as title_part, {} as content_part) parts",
        headline("title_words"),
        headline("content_words"),
        part("title", "title_words", "in_title"),
        part("content", "content_words", "in_content"),
    ));
}

/// The snippet of a row: of the content, or of the title where the content says nothing
/// of what was looked for.
pub(super) fn snippet(row: &PgRow) -> Result<Snippet, RepositoryError> {
    let in_content: Option<String> = get(row, "in_content")?;
    let in_content = in_content.filter(|headline| headline.contains(Snippet::OPEN));
    let marked = match in_content {
        Some(headline) => with_marks(&get::<String>(row, "content_part")?, &headline),
        None => with_marks(
            &get::<String>(row, "title_part")?,
            &get::<String>(row, "in_title")?,
        ),
    };
    Ok(Snippet::from_marked(&marked))
}

/// The part with the marks of its headline, which has as many characters; the headline
/// itself where it has not.
fn with_marks(part: &str, headline: &str) -> String {
    let is_mark = |c: &char| matches!(*c, Snippet::OPEN | Snippet::CLOSE);
    let unmarked = headline.chars().filter(|c| !is_mark(c)).count();
    if unmarked != part.chars().count() {
        return headline.to_owned();
    }
    let mut of_part = part.chars();
    headline
        .chars()
        .filter_map(|c| if is_mark(&c) { Some(c) } else { of_part.next() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_put_into_the_text_as_it_was_written() {
        let headline = "a \u{2}b\u{3} c \u{2}d\u{3}";
        assert_eq!(
            with_marks("a-b.c/d", headline),
            "a-\u{2}b\u{3}.c/\u{2}d\u{3}"
        );
        assert_eq!(with_marks("another text", headline), headline);
    }
}
