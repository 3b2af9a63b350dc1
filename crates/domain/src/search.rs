//! What people type to find a user.

use crate::text::line;

line! {
    /// The text of a search: 1 to 256 characters on one line.
    SearchQuery, 256
}

impl SearchQuery {
    /// The shortest query that is looked for anywhere in a text. Trigram indexes
    /// serve nothing shorter; a shorter query matches beginnings only.
    pub const SUBSTRING_FROM: usize = 3;

    /// The ranks that there are, the best first.
    pub const RANKS: std::ops::RangeInclusive<i32> = 0..=2;

    /// Whether the query is looked for anywhere, or only at the beginning.
    pub fn matches_anywhere(&self) -> bool {
        self.as_str().chars().count() >= Self::SUBSTRING_FROM
    }

    /// How well a user's e-mail address and name fit, in any letter case; `None`
    /// when they do not. Best first: one of them equals the query, one starts
    /// with it, one holds it.
    pub fn rank<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Option<i32> {
        let query = self.as_str().to_lowercase();
        texts
            .into_iter()
            .filter_map(|text| {
                let text = text.to_lowercase();
                if text == query {
                    Some(0)
                } else if text.starts_with(&query) {
                    Some(1)
                } else if self.matches_anywhere() && text.contains(&query) {
                    Some(2)
                } else {
                    None
                }
            })
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_text_decides_the_rank() {
        let query = SearchQuery::parse("ADA").unwrap();
        assert_eq!(query.rank(["x@ada.example", "Ada"]), Some(0));
        assert_eq!(query.rank(["ada@x.example"]), Some(1));
        assert_eq!(query.rank(["x@ada.example"]), Some(2));
        assert_eq!(query.rank(["x@y.example"]), None);
    }

    #[test]
    fn a_short_query_matches_beginnings_only() {
        let query = SearchQuery::parse("da").unwrap();
        assert_eq!(query.rank(["ada@x.example"]), None);
        assert_eq!(query.rank(["dan@x.example"]), Some(1));
    }
}
