//! Posts that a search found.

use std::ops::Range;

use super::PostView;

/// A post that a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundPost {
    /// The post.
    pub post: PostView,
    /// Where the words were found.
    pub snippet: Snippet,
    /// How well the post matches; more is better. Comparable within one search only.
    pub rank: f32,
}

/// A part of a text, in which the words that were looked for are marked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snippet(Vec<(Mark, String)>);

/// Whether a piece of a text is what was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It stands around what was found.
    Plain,
    /// It was found.
    Found,
}

impl Snippet {
    /// The character before what was found, in the texts that adapters mark. No text
    /// of a post holds it.
    pub const OPEN: char = '\u{2}';
    /// The character after what was found.
    pub const CLOSE: char = '\u{3}';

    /// What this holds at most, in bytes; what is longer ends early.
    pub const MAX_BYTES: usize = 500;

    /// What [`Self::to_html`] is at most, in bytes: six for each that has to be
    /// escaped, and a pair of marks around every other one.
    pub const MAX_HTML_BYTES: usize =
        6 * Self::MAX_BYTES + "<mark></mark>".len() * Self::MAX_BYTES.div_ceil(2);

    /// What a single byte comes to at most, escaped and marked.
    pub const HTML_BYTES_OF_ONE: usize = 6 + "<mark></mark>".len();

    /// What a snippet weighs in an answer: as much as any of a text of so many bytes can.
    pub fn weight(text: usize) -> u64 {
        let most = text.saturating_mul(Self::HTML_BYTES_OF_ONE);
        most.min(Self::MAX_HTML_BYTES) as u64
    }

    /// Reads a text in which what was found stands between [`Self::OPEN`] and
    /// [`Self::CLOSE`].
    pub fn from_marked(text: &str) -> Self {
        let mut rest = match text.find(Self::OPEN) {
            Some(first) => &text[room_before(text, first)..],
            None => text,
        };
        let mut pieces = Pieces::new();
        let mut mark = Mark::Plain;
        while let Some(end) = rest.find([Self::OPEN, Self::CLOSE]) {
            pieces.push(mark, &rest[..end]);
            mark = if rest[end..].starts_with(Self::OPEN) {
                Mark::Found
            } else {
                Mark::Plain
            };
            rest = &rest[end + 1..];
        }
        pieces.push(mark, rest);
        pieces.done
    }

    /// The part of the text that is shown, in which these parts of it, in order, were found.
    pub(super) fn of_part(text: &str, shown: Range<usize>, found: &[Range<usize>]) -> Self {
        let mut told = match found.first() {
            Some(first) => shown.start.max(room_before(text, first.start)),
            None => shown.start,
        };
        let mut pieces = Pieces::new();
        for found in found {
            pieces.push(Mark::Plain, &text[told..found.start]);
            pieces.push(Mark::Found, &text[found.clone()]);
            told = found.end;
        }
        pieces.push(Mark::Plain, text[told..shown.end].trim_end());
        pieces.done
    }

    /// The text in pieces, in order.
    pub fn pieces(&self) -> impl Iterator<Item = (Mark, &str)> {
        self.0.iter().map(|(mark, piece)| (*mark, piece.as_str()))
    }

    /// As HTML: what was found stands between `<mark>` and `</mark>`, and whatever
    /// could be markup is escaped, so that no text can forge a mark.
    pub fn to_html(&self) -> String {
        // Most texts hold little to escape.
        let mut html = String::with_capacity(2 * Self::MAX_BYTES);
        for (mark, mut rest) in self.pieces() {
            if mark == Mark::Found {
                html.push_str("<mark>");
            }
            while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
                html.push_str(&rest[..at]);
                html.push_str(match rest.as_bytes()[at] {
                    b'&' => "&amp;",
                    b'<' => "&lt;",
                    b'>' => "&gt;",
                    b'"' => "&quot;",
                    _ => "&#39;",
                });
                rest = &rest[at + 1..];
            }
            html.push_str(rest);
            if mark == Mark::Found {
                html.push_str("</mark>");
            }
        }
        html
    }
}

/// Where a text is shown from, at the earliest, for what was found at `first` to have room.
fn room_before(text: &str, first: usize) -> usize {
    text.floor_char_boundary(first.saturating_sub(Snippet::MAX_BYTES / 2))
}

/// A snippet that is being made, and how many bytes it has room for.
struct Pieces {
    done: Snippet,
    room: usize,
}

impl Pieces {
    fn new() -> Self {
        Self {
            done: Snippet::default(),
            room: Snippet::MAX_BYTES,
        }
    }

    fn push(&mut self, mark: Mark, text: &str) {
        let fits = &text[..text.floor_char_boundary(self.room)];
        // Nothing follows what was cut off, as small as it may be.
        self.room = if fits.len() < text.len() {
            0
        } else {
            self.room - fits.len()
        };
        match self.done.0.last_mut() {
            _ if fits.is_empty() => {}
            Some((last, piece)) if *last == mark => piece.push_str(fits),
            Some(_) | None => self.done.0.push((mark, fits.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_marked_and_nothing_else_can_be() {
        let snippet = Snippet::from_marked("a \u{2}b\u{3} <mark>c</mark> & \u{2}\"d'\u{3}");
        assert_eq!(
            snippet.to_html(),
            "a <mark>b</mark> &lt;mark&gt;c&lt;/mark&gt; &amp; <mark>&quot;d&#39;</mark>"
        );
        assert_eq!(Snippet::default().to_html(), "");
    }

    #[test]
    fn what_was_found_late_is_shown() {
        let marked = format!("{} \u{2}found\u{3}", "é".repeat(Snippet::MAX_BYTES));
        let html = Snippet::from_marked(&marked).to_html();
        assert!(html.ends_with(" <mark>found</mark>"), "{html}");
        assert!(html.len() > Snippet::MAX_BYTES / 2);
    }

    #[test]
    fn a_mark_is_closed_even_where_the_text_ends_early() {
        let marked = format!("\u{2}{}", "é".repeat(Snippet::MAX_BYTES));
        let html = Snippet::from_marked(&marked).to_html();
        let text = html.strip_prefix("<mark>").unwrap();
        let text = text.strip_suffix("</mark>").unwrap();
        assert_eq!(text.len(), Snippet::MAX_BYTES);
    }

    #[test]
    fn no_text_grows_past_the_bound_as_html() {
        let marked = "\u{2}\"\u{3}\"".repeat(Snippet::MAX_BYTES);
        let html = Snippet::from_marked(&marked).to_html();
        assert_eq!(html.len(), Snippet::MAX_HTML_BYTES);
    }

    #[test]
    fn no_snippet_is_heavier_than_its_text_can_make_it() {
        for bytes in 0..=2 * Snippet::MAX_BYTES {
            let marked = "\u{2}\"\u{3}\"".repeat(bytes.div_ceil(2));
            // With a mark less at the end where the number is odd.
            let marked = marked
                .strip_suffix('"')
                .filter(|_| bytes % 2 == 1)
                .unwrap_or(&marked);
            let html = Snippet::from_marked(marked).to_html();
            assert!(
                html.len() as u64 <= Snippet::weight(bytes),
                "{bytes}: {html}"
            );
        }
        assert_eq!(Snippet::weight(0), 0);
        assert_eq!(Snippet::weight(usize::MAX), Snippet::MAX_HTML_BYTES as u64);
    }
}
