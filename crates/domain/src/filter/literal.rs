//! Texts in a filter: bare words and quoted texts, with their wildcards.

use super::Piece;
use super::cursor::Cursor;
use super::refusal::{malformed, stray};
use crate::error::Invalid;
use crate::text::{normalise, quote};

/// A text as it stands in a filter.
#[derive(Debug)]
pub(super) struct Literal {
    /// Where it begins.
    pub(super) column: usize,
    /// Its pieces, in NFC.
    pub(super) pieces: Vec<Piece>,
    quoted: bool,
}

impl Literal {
    /// A text without quotes, in which only `*` is special.
    pub(super) fn bare(column: usize, text: &str) -> Self {
        let mut pieces = Pieces::default();
        for c in text.chars() {
            if c == '*' {
                pieces.gap();
            } else {
                pieces.text.push(c);
            }
        }
        Self {
            column,
            pieces: pieces.finish(),
            quoted: false,
        }
    }

    /// The text whose opening quote stands at `cursor`, which is moved behind the
    /// closing one.
    pub(super) fn quoted(cursor: &mut Cursor<'_>) -> Result<Self, Invalid> {
        let column = cursor.column();
        let mark = cursor.bump();
        let mut pieces = Pieces::default();
        loop {
            let at = cursor.column();
            match cursor.bump() {
                None => {
                    let mark = mark.unwrap_or('"');
                    return Err(malformed(
                        column,
                        format!(
                            "the text that begins here has no end: a closing {mark} is missing"
                        ),
                    ));
                }
                end if end == mark => break,
                Some('*') => pieces.gap(),
                Some('\\') => pieces.text.push(escaped(cursor, at)?),
                Some(c) if c.is_control() => return Err(control(at, c)),
                Some(c) => pieces.text.push(c),
            }
        }
        Ok(Self {
            column,
            pieces: pieces.finish(),
            quoted: true,
        })
    }

    /// Whether it is the bare wildcard that asks whether there is a value.
    pub(super) fn is_star(&self) -> bool {
        !self.quoted && self.pieces == [Piece::Anything]
    }

    /// Whether there is a wildcard in it.
    pub(super) fn has_gap(&self) -> bool {
        self.pieces.contains(&Piece::Anything)
    }

    /// The text; its wildcards are asterisks again.
    pub(super) fn text(&self) -> String {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Anything => "*",
        });
        pieces.collect()
    }

    /// The text for a message. An empty one is not the end of the filter.
    pub(super) fn shown(&self) -> String {
        let text = self.text();
        if text.is_empty() {
            "an empty text".to_owned()
        } else {
            quote(&text)
        }
    }
}

#[derive(Default)]
struct Pieces {
    done: Vec<Piece>,
    text: String,
}

impl Pieces {
    fn gap(&mut self) {
        self.flush();
        self.done.push(Piece::Anything);
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            let text = normalise(std::mem::take(&mut self.text));
            self.done.push(Piece::Text(text));
        }
    }

    fn finish(mut self) -> Vec<Piece> {
        self.flush();
        self.done
    }
}

/// What a backslash at column `at` and the character behind it stand for.
fn escaped(cursor: &mut Cursor<'_>, at: usize) -> Result<char, Invalid> {
    match cursor.bump() {
        Some(c @ ('"' | '\'' | '\\' | '*')) => Ok(c),
        Some('n') => Ok('\n'),
        Some('r') => Ok('\r'),
        Some('t') => Ok('\t'),
        other => {
            let found = other.map_or_else(String::new, String::from);
            Err(malformed(
                at,
                format!(
                    r#"expected \", \', \\, \*, \n, \r or \t, found a backslash and {}"#,
                    quote(&found)
                ),
            ))
        }
    }
}

fn control(at: usize, c: char) -> Invalid {
    let written = match c {
        '\n' => r"a line break in a text is written as \n",
        '\r' => r"a carriage return in a text is written as \r",
        '\t' => r"a tab in a text is written as \t",
        other => return stray(at, other),
    };
    malformed(at, written)
}
