//! Patterns: pieces of text with gaps that stand for anything.

/// Pieces of text with gaps that stand for anything.
///
/// No two gaps and no two texts stand side by side, and no text is empty, so that two
/// patterns that mean the same are equal. A pattern without pieces matches only the
/// empty text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    pieces: Vec<Piece>,
    any_case: bool,
}

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// This text, in the letter case in which it was written; never empty.
    Text(String),
    /// Any text, the empty one too.
    Anything,
}

impl Pattern {
    /// Those pieces in that order, which the whole of a text must match, in any
    /// letter case or to the letter.
    #[must_use]
    pub fn new(pieces: impl IntoIterator<Item = Piece>, any_case: bool) -> Self {
        let mut joined: Vec<Piece> = Vec::new();
        for piece in pieces {
            match (joined.last_mut(), piece) {
                (_, Piece::Text(text)) if text.is_empty() => {}
                (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
                (Some(Piece::Anything), Piece::Anything) => {}
                (_, piece) => joined.push(piece),
            }
        }
        Self {
            pieces: joined,
            any_case,
        }
    }

    /// Those pieces anywhere in a text, in any letter case.
    #[must_use]
    pub fn within(pieces: impl IntoIterator<Item = Piece>) -> Self {
        let before = std::iter::once(Piece::Anything);
        Self::new(before.chain(pieces).chain([Piece::Anything]), true)
    }

    /// The pieces, which the whole of a text must match.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Whether upper and lower case are one.
    pub const fn any_case(&self) -> bool {
        self.any_case
    }

    /// Whether every text matches.
    pub fn is_anything(&self) -> bool {
        self.pieces == [Piece::Anything]
    }

    /// Whether the whole of `text` matches. Where [`Self::any_case`] holds, both sides
    /// are brought into lower case first.
    pub fn matches(&self, text: &str) -> bool {
        let fold = |text: &str| {
            if self.any_case {
                text.to_lowercase()
            } else {
                text.to_owned()
            }
        };
        let text = fold(text);
        let mut rest = text.as_str();
        let mut after_gap = false;
        for (index, piece) in self.pieces.iter().enumerate() {
            let Piece::Text(piece) = piece else {
                after_gap = true;
                continue;
            };
            let piece = fold(piece);
            // The first place at which a piece fits leaves the most for those that
            // follow; the last piece must reach the end.
            let left = if !after_gap {
                rest.strip_prefix(&*piece)
            } else if index + 1 == self.pieces.len() {
                rest.strip_suffix(&*piece).map(|_| "")
            } else {
                rest.find(&*piece).map(|at| &rest[at + piece.len()..])
            };
            match left {
                Some(left) => rest = left,
                None => return false,
            }
            after_gap = false;
        }
        after_gap || rest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `*` is a gap.
    fn pattern(text: &str, any_case: bool) -> Pattern {
        let texts = text.split('*').map(|text| Piece::Text(text.to_owned()));
        let mut pieces: Vec<Piece> = texts.flat_map(|text| [text, Piece::Anything]).collect();
        pieces.pop();
        Pattern::new(pieces, any_case)
    }

    #[test]
    fn the_whole_of_a_text_must_match() {
        for (wanted, text, matches) in [
            ("", "", true),
            ("", "a", false),
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("a*", "ba", false),
            ("*a", "ba", true),
            ("*a", "ab", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("*aab*", "aaab", true),
            ("*ab*ab", "abab", true),
            ("*ab*ab", "ab", false),
            ("é*Я", "é😀Я", true),
            ("%_", "ab", false),
            ("*", "", true),
        ] {
            assert_eq!(
                pattern(wanted, false).matches(text),
                matches,
                "{wanted} on {text}"
            );
        }
    }

    #[test]
    fn letter_case_counts_only_where_it_is_to() {
        assert!(pattern("*ÉЯ*", true).matches("xéЯ"));
        assert!(!pattern("*ÉЯ*", false).matches("xéЯ"));
    }

    #[test]
    fn patterns_that_mean_the_same_are_equal() {
        assert_eq!(pattern("a***b", false), pattern("a*b", false));
        let halves = ["a", "", "b"].map(|text| Piece::Text(text.to_owned()));
        assert_eq!(Pattern::new(halves, false), pattern("ab", false));
        assert!(Pattern::within([]).is_anything());
    }
}
