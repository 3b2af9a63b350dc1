//! Where in a post the words of a search were found, as far as PostgreSQL is asked.

use byline_domain::error::RepositoryError;
use byline_domain::page::{MAX_BYTES, PageSize};
use byline_domain::post::{Snippet, Wanted};
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder};

use super::search::QUERY;
use crate::row::{get, unreadable};

/// Whether words have forms, or are too frequent to be looked for
/// (`byline search-language`): whether they are not simple.
const HAS_FORMS: &str = "(select exists (select from pg_ts_config_map \
    where mapcfg = 'byline'::regconfig and mapdict <> 'pg_catalog.simple'::regdictionary))";

/// Whether PostgreSQL takes texts beyond ASCII apart as [`Wanted`] does. On a system whose
/// locale is C it takes all characters there for letters that have no case, whatever it knows
/// of them elsewhere by a locale of its own.
const KNOWS_LETTERS: &str =
    "to_tsvector('pg_catalog.simple', 'É—b') = to_tsvector('pg_catalog.simple', 'é b')";

/// The longest content that is read for a snippet alone, in bytes: those of a page weigh
/// what an answer may. Of a longer one, PostgreSQL makes the snippet.
const SHORT: u64 = MAX_BYTES / PageSize::MAX.get() as u64;

/// How the content is read where nobody asked for it.
pub(super) fn short_content() -> String {
    format!("case when octet_length(content) <= {SHORT} then content end as content")
}

/// The words that are looked for, of which snippets are made.
pub(super) fn words() -> String {
    format!("querytree({QUERY})")
}

/// Whether PostgreSQL has to tell of a row. Of most it need not, and a headline takes it longer
/// than all else, even to plan one: where words are simple, [`Wanted`] tells the same of the texts,
/// unless the content `may_be_left` as [`short_content`] does, and is, or a text is beyond ASCII
/// where PostgreSQL [takes that apart otherwise](KNOWS_LETTERS).
pub(super) fn asks(may_be_left: bool) -> String {
    let is_left = if may_be_left {
        format!(" or coalesce(octet_length(content), 0) > {SHORT}")
    } else {
        String::new()
    };
    format!(
        "{HAS_FORMS} or (not ({KNOWS_LETTERS}) and octet_length(title || coalesce(content, '')) \
         <> char_length(title || coalesce(content, ''))){is_left}"
    )
}

/// Appends a query for what is told of a row: a headline of its content or, where the title alone says something of
/// what is looked for, of the title; and the part of the text that it was made of: it is made of
/// words alone (`byline_words`), and the part has what stands between the words too.
///
/// It looks for any of the words, one by one: title and content may have some each, and
/// PostgreSQL takes time and memory without bound to mark a long phrase.
pub(super) fn push_headline(sql: &mut QueryBuilder<Postgres>) {
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
        "select array[headline, substr(said, position(bare in spoken), char_length(bare))] \
         from (select regexp_replace(querytree({QUERY}), '<(-|\\d+)>|&', '|', 'g')::tsquery \
            as any_word offset 0) wanted \
         cross join lateral (select byline_words(left(coalesce(content, ''), {})) \
            as content_words offset 0) words \
         cross join lateral (select {} as in_content offset 0) of_content \
         left join lateral (select title_words, {} as in_title from (\
            select byline_words(title) as title_words \
            where position('{open}' in in_content) = 0 offset 0) words \
            offset 0) of_title on position('{open}' in in_title) > 0 \
         cross join lateral (select coalesce(in_title, in_content) as headline, \
            coalesce(title_words, content_words) as spoken, \
            case when title_words is null then coalesce(content, '') else title end as said offset 0) chosen \
         cross join lateral (select replace(replace(headline, '{open}', ''), '{close}', '') \
            as bare offset 0) unmarked",
        Wanted::LOOKED_THROUGH,
        headline("content_words"),
        headline("title_words"),
    ));
}

/// The words that are looked for, of any row.
pub(super) fn wanted(row: &PgRow) -> Result<Wanted, RepositoryError> {
    let query: &str = get(row, "words")?;
    Ok(Wanted::new(lexemes(query)))
}

/// The words of a query as PostgreSQL writes it: each in quotes. None holds a quote where words
/// are simple; where they are not, PostgreSQL tells of all posts but those that have gone.
fn lexemes(query: &str) -> impl Iterator<Item = &str> {
    query.split('\'').skip(1).step_by(2)
}

/// The snippet of a row of which PostgreSQL told.
pub(super) fn told(row: &PgRow) -> Result<Snippet, RepositoryError> {
    let told: Vec<String> = get(row, "told")?;
    let [headline, part] = told.as_slice() else {
        return Err(unreadable());
    };
    Ok(Snippet::from_marked(&with_marks(part, headline)))
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
    fn the_words_of_a_query_are_those_in_quotes() {
        for (query, expected) in [
            ("'a' & ( 'b' <-> 'é1' ) | 'or'", &["a", "b", "é1", "or"][..]),
            ("T", &[]),
            ("", &[]),
        ] {
            assert_eq!(lexemes(query).collect::<Vec<_>>(), expected, "{query}");
        }
    }

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
