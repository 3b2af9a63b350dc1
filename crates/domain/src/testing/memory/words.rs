//! Searches for words, as the search of posts understands them.

use std::ops::Range;

use crate::post::Snippet;
use crate::search::SearchQuery;

/// What a word in a title counts, and what one in a content counts.
const WEIGHTS: [f32; 2] = [1.0, 0.4];

/// How many words a snippet holds before the first hit, and from it on.
const SNIPPET_WORDS: (usize, usize) = (10, 25);

/// What is asked for: one alternative or more, each met by all of its terms.
pub(super) struct WordQuery(Vec<Vec<Term>>);

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

/// A word in lower case, and where it stands.
type Word = (String, Range<usize>);

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
            let words: Vec<_> = words(text).into_iter().map(|(word, _)| word).collect();
            if !quoted && !negated && words == ["or"] {
                alternatives.push(Vec::new());
            } else if let (false, Some(terms)) = (words.is_empty(), alternatives.last_mut()) {
                terms.push(Term { words, negated });
            }
        }
        alternatives.retain(|terms| !terms.is_empty());
        Self(alternatives)
    }

    /// How well a text of that title and content fits; `None` when it does not.
    pub(super) fn find(&self, title: &str, content: &str) -> Option<Hit> {
        let texts = [title, content].map(|text| (text, words(text)));
        let meets = |term: &Term| {
            let found = texts.iter().any(|(_, words)| term.is_in(words));
            found != term.negated
        };
        if !self.0.iter().any(|terms| terms.iter().all(meets)) {
            return None;
        }

        let counts = texts.each_ref().map(|(_, words)| self.hits(words).count());
        let rank = WEIGHTS.iter().zip(counts).map(|(weight, count)| {
            #[expect(clippy::cast_precision_loss, reason = "a rank is no exact number")]
            let count = count as f32;
            // From 0.5 on towards 1: one hit in the title outweighs all in the content.
            weight * count / (count + 1.0)
        });
        let [in_title, in_content] = &texts;
        let told = if counts[0] > 0 && counts[1] == 0 {
            in_title
        } else {
            in_content
        };
        Some(Hit {
            rank: rank.sum(),
            snippet: self.snippet(told.0, &told.1),
        })
    }

    /// The places among `words` of those that are looked for.
    fn hits(&self, words: &[Word]) -> impl Iterator<Item = usize> {
        let wanted: Vec<&String> = self
            .0
            .iter()
            .flatten()
            .filter(|term| !term.negated)
            .flat_map(|term| &term.words)
            .collect();
        let places = words.iter().enumerate();
        places.filter_map(move |(place, (word, _))| wanted.contains(&word).then_some(place))
    }

    fn snippet(&self, text: &str, words: &[Word]) -> Snippet {
        let hits: Vec<usize> = self.hits(words).collect();
        let first = hits.first().copied().unwrap_or(0);
        let (before, from) = SNIPPET_WORDS;
        let start = match first.saturating_sub(before) {
            0 => 0,
            place => words[place].1.start,
        };
        let behind = words.get(first + from);
        let end = behind.map_or(text.len(), |(_, range)| range.start);
        let mut marked = String::new();
        let mut told = start;
        for (_, range) in hits.iter().map(|place| &words[*place]) {
            if range.start >= end {
                break;
            }
            marked.push_str(&text[told..range.start]);
            marked.push(Snippet::OPEN);
            marked.push_str(&text[range.clone()]);
            marked.push(Snippet::CLOSE);
            told = range.end;
        }
        marked.push_str(&text[told..end]);
        Snippet::from_marked(marked.trim_end())
    }
}

impl Term {
    fn is_in(&self, words: &[Word]) -> bool {
        words
            .windows(self.words.len())
            .any(|window| window.iter().map(|(word, _)| word).eq(&self.words))
    }
}

/// The words of a text: letters and digits on end.
fn words(text: &str) -> Vec<Word> {
    let mut found: Vec<Word> = Vec::new();
    for (at, c) in text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
        let end = at + c.len_utf8();
        match found.last_mut() {
            Some((_, range)) if range.end == at => range.end = end,
            Some(_) | None => found.push((String::new(), at..end)),
        }
    }
    for (word, range) in &mut found {
        *word = text[range.clone()].to_lowercase();
    }
    found
}
