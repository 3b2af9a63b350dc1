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
pub(super) const HEADLINE_COLUMNS: &str = "headline, \
    substr(said, position(bare in spoken), char_length(bare)) as part";

/// Joins a headline of each row of `shown`, of the content or, where that says nothing of
/// what is looked for, of the title; and what finds the part of the text that it was made
/// of: it is made of words alone (`byline_words`), and the part has what stands between the
/// words too.
///
/// It looks for any of the words, one by one: title and content may have some each, and
/// PostgreSQL takes time and memory without bound to mark a long phrase.
pub(super) fn push_headlines(sql: &mut QueryBuilder<Postgres>) {
    let (open, close) = (Snippet::OPEN, Snippet::CLOSE);
    let headline = |words: &str| {
        format!(
            "ts_headline('byline', {words}, any_word, 'MaxFragments=1, MaxWords=40, MinWords=15, \
             ShortWord=0, StartSel=\"{open}\", StopSel=\"{close}\"')"
        )
    };
    // `offset 0` keeps what is made from being made again wherever it is named, and a
    // headline of the title from being made where nobody wants it.
    sql.push(format_args!(
        " cross join (select regexp_replace(querytree({QUERY}), '<(-|\\d+)>|&', '|', 'g')::tsquery \
            as any_word offset 0) wanted \
         cross join lateral (select byline_words(left(content, {LOOKED_THROUGH})) \
            as content_words offset 0) words \
         cross join lateral (select {} as in_content offset 0) of_content \
         left join lateral (select title_words, {} as in_title from (\
            select byline_words(title) as title_words \
            where position('{open}' in coalesce(in_content, '')) = 0 offset 0) words \
            offset 0) of_title on true \
         cross join lateral (select coalesce(in_title, in_content) as headline, \
            coalesce(title_words, content_words) as spoken, \
            case when title_words is null then content else title end as said offset 0) chosen \
         cross join lateral (select replace(replace(headline, '{open}', ''), '{close}', '') \
            as bare offset 0) unmarked",
        headline("content_words"),
        headline("title_words"),
    ));
}

/// The snippet of a row.
pub(super) fn snippet(row: &PgRow) -> Result<Snippet, RepositoryError> {
    let (part, headline): (String, String) = (get(row, "part")?, get(row, "headline")?);
    Ok(Snippet::from_marked(&with_marks(&part, &headline)))
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
