//! A place in the text of a filter, and the words that stand there.

/// What stands for itself everywhere outside of quotes and never inside a word.
const MARKS: [char; 9] = ['(', ')', ',', '"', '\'', '\\', '=', '<', '>'];

/// Reads a text from its beginning to its end and never goes back.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
    column: usize,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            column: 1,
        }
    }

    /// Where the next character stands: counted from 1, in code points.
    pub(super) const fn column(&self) -> usize {
        self.column
    }

    pub(super) const fn rest(&self) -> &'a str {
        self.rest
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.rest = &self.rest[next.len_utf8()..];
        self.column += 1;
        Some(next)
    }

    /// Moves past `text`, if it stands here.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.rest.starts_with(text);
        if found {
            self.advance(text.len());
        }
        found
    }

    pub(super) fn skip_white(&mut self) {
        while self.peek().is_some_and(is_white) {
            self.bump();
        }
    }

    /// The word that stands here; empty if there is none. A colon ends it.
    pub(super) fn peek_word(&self) -> &'a str {
        self.peek_until(|c| c == ':')
    }

    pub(super) fn word(&mut self) -> &'a str {
        let word = self.peek_word();
        self.advance(word.len());
        word
    }

    /// The bare value that stands here. Unlike in a word there may be colons inside,
    /// as in a time of day.
    pub(super) fn value(&mut self) -> &'a str {
        let value = self.peek_until(|_| false);
        self.advance(value.len());
        value
    }

    fn peek_until(&self, ends: fn(char) -> bool) -> &'a str {
        let mut chars = self.rest.char_indices();
        let end = chars.find(|&(at, c)| {
            let marks = MARKS.contains(&c) || self.rest[at..].starts_with("!=");
            marks || is_white(c) || c.is_control() || ends(c)
        });
        end.map_or(self.rest, |(at, _)| &self.rest[..at])
    }

    fn advance(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at(bytes);
        self.column += passed.chars().count();
        self.rest = rest;
    }
}

/// White space, but for the control characters among it that no text may hold.
pub(super) fn is_white(c: char) -> bool {
    c.is_whitespace() && (!c.is_control() || matches!(c, '\t' | '\n' | '\r'))
}
