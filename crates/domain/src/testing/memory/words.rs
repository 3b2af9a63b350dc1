//! Searches for words, as the search of posts understands them.

use crate::post::{Snippet, Wanted, lower_case, words};
use crate::search::SearchQuery;

/// What a word in a title counts, and what one in a content counts.
const WEIGHTS: [f32; 2] = [1.0, 0.4];

/// What is asked for.
pub(super) struct WordQuery {
    /// One or more, each met by all of its terms.
    alternatives: Vec<Vec<Term>>,
    wanted: Wanted,
}

/// Words that stand side by side, or must not.
struct Term {
    words: Vec<String>,
    negated: bool,
}

/// How a post fits.
pub(super) struct Hit {
    pub(super) rank: f32,
    pub(super) snippet: Snippet,
}

impl WordQuery {
    /// Reads the syntax of web searches: words are all to be found, `"words in
    /// quotes"` side by side, `or` separates alternatives, and a `-` in front
    /// excludes what follows.
    pub(super) fn parse(query: &SearchQuery) -> Self {
        let mut alternatives = vec![Vec::new()];
        let mut rest = query.as_str().trim_start();
        while !rest.is_empty() {
            let (negated, from) = match rest.strip_prefix('-') {
                Some(from) => (true, from),
                None => (false, rest),
            };
            let (text, quoted);
            if let Some(from) = from.strip_prefix('"') {
                // An open quote reaches to the end.
                (text, rest) = from.split_once('"').unwrap_or((from, ""));
                quoted = true;
            } else {
                let end = from.find(|c: char| c.is_whitespace() || c == '"');
                // What is quoted right behind a word is a term of its own.
                (text, rest) = from.split_at(end.unwrap_or(from.len()));
                quoted = false;
            }
            rest = rest.trim_start();
            let words = folded_words(text);
            if !quoted && !negated && words == ["or"] {
                alternatives.push(Vec::new());
            } else if let (false, Some(terms)) = (words.is_empty(), alternatives.last_mut()) {
                terms.push(Term { words, negated });
            }
        }
        alternatives.retain(|terms| !terms.is_empty());
        let terms = alternatives.iter().flatten().filter(|term| !term.negated);
        let wanted = Wanted::new(terms.flat_map(|term| &term.words).map(String::as_str));
        Self {
            alternatives,
            wanted,
        }
    }

    /// How well a text of that title and content fits; `None` when it does not.
    pub(super) fn find(&self, title: &str, content: &str) -> Option<Hit> {
        let texts = [title, content].map(folded_words);
        let meets = |term: &Term| {
            let found = texts.iter().any(|words| term.is_in(words));
            found != term.negated
        };
        if !self
            .alternatives
            .iter()
            .any(|terms| terms.iter().all(meets))
        {
            return None;
        }

        let counts = texts.map(|words| words.iter().filter(|word| self.asks_for(word)).count());
        let rank = WEIGHTS.iter().zip(counts).map(|(weight, count)| {
            #[expect(clippy::cast_precision_loss, reason = "a rank is no exact number")]
            let count = count as f32;
            // From 0.5 on towards 1: one hit in the title outweighs all in the content.
            weight * count / (count + 1.0)
        });
        Some(Hit {
            rank: rank.sum(),
            snippet: self.wanted.tell(title, content).snippet,
        })
    }

    fn asks_for(&self, word: &String) -> bool {
        let mut terms = self.alternatives.iter().flatten();
        terms.any(|term| !term.negated && term.words.contains(word))
    }
}

impl Term {
    fn is_in(&self, words: &[String]) -> bool {
        words
            .windows(self.words.len())
            .any(|window| window == self.words)
    }
}

/// The words of a text, in lower case.
fn folded_words(text: &str) -> Vec<String> {
    words(text).map(|word| lower_case(word.text)).collect()
}
