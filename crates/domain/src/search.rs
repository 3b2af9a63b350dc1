//! What people type to find something.

use std::collections::BTreeSet;

use crate::text::line;

line! {
    /// The text of a search: 1 to 256 characters on one line.
    SearchQuery, 256
}

/// How well a text fits a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It holds the query.
    Holds,
    /// It starts with it.
    StartsWith,
    /// It is the query.
    Equals,
}

impl SearchQuery {
    /// The shortest query that is looked for anywhere in a text. Trigram indexes
    /// serve nothing shorter; a shorter query matches beginnings only.
    pub const SUBSTRING_FROM: usize = 3;

    /// How many users are ranked by similarity at most. A query that fits more tells
    /// too little about any of them.
    pub const MAX_RANKED: usize = 200;

    /// How many posts are ranked at most. A query that more match is answered by age.
    pub const MAX_RANKED_POSTS: usize = 10_000;

    /// What one step of [`Fit`] adds to a rank: more than similarity can.
    const STEP: i64 = 10_000_000;

    /// The coarse rank of a text that is the query.
    pub const COARSE_EQUAL: i64 = -1;
    /// The coarse rank of any other text that fits.
    pub const COARSE_OTHER: i64 = -2;

    /// Whether the query is looked for anywhere, or only at the beginning.
    pub fn matches_anywhere(&self) -> bool {
        self.as_str().chars().count() >= Self::SUBSTRING_FROM
    }

    fn fit(&self, query: &str, text: &str) -> Option<Fit> {
        if text == query {
            Some(Fit::Equals)
        } else if text.starts_with(query) {
            Some(Fit::StartsWith)
        } else if self.matches_anywhere() && text.contains(query) {
            Some(Fit::Holds)
        } else {
            None
        }
    }

    /// How well a user's e-mail address and name fit, in any letter case; `None`
    /// when they do not. More is better: first that one of them equals the query,
    /// then that one starts with it, then that one holds it, and among these the
    /// [`similarity`] of the more similar one, in millionths. Never negative.
    pub fn rank<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Option<i64> {
        let query = self.as_str().to_lowercase();
        let texts: Vec<_> = texts.into_iter().map(str::to_lowercase).collect();
        let fits = texts.iter().filter_map(|text| self.fit(&query, text));
        let step = match fits.max()? {
            Fit::Holds => 0,
            Fit::StartsWith => 1,
            Fit::Equals => 2,
        };
        let similarities = texts
            .iter()
            .map(|text| millionths(similarity(&query, text)));
        Some(step * Self::STEP + similarities.max().unwrap_or(0))
    }

    /// How well they fit, told in two steps only, which are never ranks of
    /// [`Self::rank`]: [`Self::COARSE_EQUAL`] and [`Self::COARSE_OTHER`].
    pub fn coarse_rank<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Option<i64> {
        let best = self.rank(texts)?;
        Some(if best >= 2 * Self::STEP {
            Self::COARSE_EQUAL
        } else {
            Self::COARSE_OTHER
        })
    }
}

/// How alike two texts are, from 0 to 1: the share of their trigrams that both have,
/// as PostgreSQL's `pg_trgm` counts them. A trigram is three characters on end of
/// a word with two blanks before it and one after; a word is letters and digits.
pub fn similarity(a: &str, b: &str) -> f32 {
    let (a, b) = (trigrams(a), trigrams(b));
    let shared = a.intersection(&b).count();
    let all = a.len() + b.len() - shared;
    if all == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "texts are short")]
    let share = shared as f32 / all as f32;
    share
}

fn trigrams(text: &str) -> BTreeSet<[char; 3]> {
    let mut found = BTreeSet::new();
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        if word.is_empty() {
            continue;
        }
        let padded: Vec<char> = [' ', ' ']
            .into_iter()
            .chain(word.chars().flat_map(char::to_lowercase))
            .chain([' '])
            .collect();
        found.extend(
            padded
                .windows(3)
                .map(|three| [three[0], three[1], three[2]]),
        );
    }
    found
}

/// A rank as a whole number, which a cursor holds exactly.
pub(crate) fn millionths(rank: f32) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a rank is a small number")]
    let millionths = (f64::from(rank) * 1_000_000.0).round() as i64;
    millionths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(query: &str, texts: &[&str]) -> Option<i64> {
        let query = SearchQuery::parse(query).unwrap();
        query.rank(texts.iter().copied())
    }

    #[test]
    fn similarity_is_what_pg_trgm_says() {
        for (a, b, expected) in [
            ("word", "two words", 0.363_636_37),
            ("ada", "ada@x.org", 0.4),
            ("ada", "Adam", 0.5),
            ("ada", "ada", 1.0),
            ("ada", "bob", 0.0),
            ("...", "?", 0.0),
        ] {
            let got = similarity(a, b);
            assert!((got - expected).abs() < 1e-6, "{a} {b}: {got}");
        }
    }

    #[test]
    fn the_better_fit_comes_first_and_then_the_more_similar_text() {
        let ranks = [
            rank("ADA", &["x@ada.example", "Ada"]),
            rank("ada", &["nobody@x.example", "Adam"]),
            rank("ada", &["ada@x.example"]),
            rank("ada", &["ada@example.org"]),
            rank("ada", &["x@ada.example"]),
            rank("ada", &["x@adamant.example"]),
        ];
        assert!(
            ranks.is_sorted_by(|better, worse| better > worse),
            "{ranks:?}"
        );
        assert!(ranks.iter().all(|rank| rank.is_some_and(|rank| rank >= 0)));
        assert_eq!(rank("ada", &["x@y.example"]), None);
    }

    #[test]
    fn a_short_query_matches_beginnings_only() {
        assert_eq!(rank("da", &["ada@x.example"]), None);
        assert!(rank("da", &["dan@x.example"]).is_some());
    }

    #[test]
    fn a_coarse_rank_tells_what_is_equal_alone() {
        let query = SearchQuery::parse("ada").unwrap();
        assert_eq!(query.coarse_rank(["ADA", "x"]), Some(-1));
        assert_eq!(query.coarse_rank(["adam", "x"]), Some(-2));
        assert_eq!(query.coarse_rank(["x"]), None);
    }
}
