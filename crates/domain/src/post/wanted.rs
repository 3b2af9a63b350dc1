//! The words that a search looks for, and where a post says them.

use std::collections::VecDeque;
use std::iter;
use std::ops::Range;

use super::Snippet;

/// How many words a snippet holds before the first that was found, and from it on.
const BEFORE: usize = 10;
const FROM: usize = 25;

/// The words that a search looks for, in lower case.
#[derive(Clone, Debug, Default)]
pub struct Wanted(Vec<String>);

/// The snippet of a post.
#[derive(Clone, Debug)]
pub struct Told {
    /// What is shown.
    pub snippet: Snippet,
    /// Whether no word can have been missed. Characters are taken apart differently by
    /// others, as by the C library that PostgreSQL asks; none of them marks less.
    pub is_sure: bool,
}

impl Wanted {
    /// In how much of a content words are looked for, in characters: what a page of long
    /// posts costs is bounded by it.
    pub const LOOKED_THROUGH: usize = 20_000;

    /// The words, in any letter case.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        Self(words.into_iter().map(lower_case).collect())
    }

    /// Shows where the content says the first of the words; where it says none, what the
    /// title says of them; else how the content begins.
    pub fn tell(&self, title: &str, content: &str) -> Told {
        let in_content = self.look_through(beginning(content));
        let is_told = self.0.is_empty() || !in_content.found.is_empty();
        if is_told {
            return in_content.told();
        }
        let in_title = self.look_through(title);
        let is_sure = in_content.is_sure && in_title.is_sure && !in_title.found.is_empty();
        let shown = if in_title.found.is_empty() {
            in_content
        } else {
            in_title
        };
        Part { is_sure, ..shown }.told()
    }

    fn look_through<'t>(&self, text: &'t str) -> Part<'t> {
        let mut is_sure = true;
        let mut is_found = |word: &Word| {
            let is_found = self.is_among(word.text);
            is_sure &= is_found || !word.is_doubtful || !self.is_within(word.text);
            is_found
        };
        let mut rest = words(text);
        // Where the words before the first begin that is found: one more than are shown.
        let mut before = VecDeque::with_capacity(BEFORE + 2);
        let first = rest.by_ref().find(|word| {
            let is_found = is_found(word);
            if !is_found {
                before.push_back(word.start);
                if before.len() > BEFORE + 1 {
                    before.pop_front();
                }
            }
            is_found
        });
        let Some(first) = first else {
            return Part {
                text,
                shown: 0..start_of(words(text).nth(FROM), text),
                found: Vec::new(),
                is_sure,
            };
        };
        let start = if before.len() > BEFORE { before[1] } else { 0 };
        let behind = rest.by_ref().take(FROM - 1);
        let found = iter::once(first).chain(behind.filter(is_found));
        let found = found.map(|word| word.range()).collect();
        Part {
            text,
            shown: start..start_of(rest.next(), text),
            found,
            is_sure,
        }
    }

    fn is_among(&self, word: &str) -> bool {
        self.0
            .iter()
            .any(|wanted| word.chars().map(folded).eq(wanted.chars()))
    }

    fn is_within(&self, word: &str) -> bool {
        let word = lower_case(word);
        self.0.iter().any(|wanted| word.contains(wanted))
    }
}

/// What is shown of a text.
struct Part<'t> {
    text: &'t str,
    shown: Range<usize>,
    found: Vec<Range<usize>>,
    is_sure: bool,
}

impl Part<'_> {
    fn told(self) -> Told {
        Told {
            snippet: Snippet::of_part(self.text, self.shown, &self.found),
            is_sure: self.is_sure,
        }
    }
}

/// What is looked through of a content.
fn beginning(content: &str) -> &str {
    if content.len() <= Wanted::LOOKED_THROUGH {
        return content;
    }
    match content.char_indices().nth(Wanted::LOOKED_THROUGH) {
        Some((end, _)) => &content[..end],
        None => content,
    }
}

/// A word of a text.
pub(crate) struct Word<'t> {
    pub(crate) text: &'t str,
    /// Where it begins.
    start: usize,
    /// Whether others may take it for more than one word.
    is_doubtful: bool,
}

impl Word<'_> {
    fn range(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }
}

fn start_of(word: Option<Word<'_>>, text: &str) -> usize {
    word.map_or(text.len(), |word| word.start)
}

/// The words of a text, in order: what stands between characters that surely part words.
pub(crate) fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let mut told = 0;
    iter::from_fn(move || {
        let start = told + text[told..].find(|c| Role::of(c) != Role::Parts)?;
        let mut is_doubtful = false;
        let length = text[start..].find(|c| {
            let role = Role::of(c);
            is_doubtful |= role == Role::MayPart;
            role == Role::Parts
        });
        told = length.map_or(text.len(), |length| start + length);
        let text = &text[start..told];
        // `1e5` is a number, also before a letter.
        let is_number = text.starts_with(|c: char| c.is_ascii_digit());
        is_doubtful |= is_number && text.contains(['e', 'E']);
        Some(Word {
            text,
            start,
            is_doubtful,
        })
    })
}

/// What a character does between two letters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It makes one word of them: it is a letter, or a digit.
    Joins,
    /// It makes two words of them.
    Parts,
    /// Either, as others have it: accents and signs of vowels by themselves join; raised
    /// numbers and all that is no letter in any language mostly part.
    MayPart,
}

impl Role {
    fn of(c: char) -> Self {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' => Self::Joins,
            '\0'..='\x7f' => Self::Parts,
            c if c.is_alphabetic() => Self::Joins,
            c if c.is_numeric() => Self::MayPart,
            c if c.is_whitespace() || c.is_control() => Self::Parts,
            // Signs and punctuation of Latin scripts, of CJK and of wide letters; arrows,
            // mathematics, drawings and emoji.
            '\u{a1}'..='\u{bf}'
            | '\u{2010}'..='\u{205e}'
            | '\u{20a0}'..='\u{20cf}'
            | '\u{2100}'..='\u{214f}'
            | '\u{2190}'..='\u{2bff}'
            | '\u{3001}'..='\u{3020}'
            | '\u{ff01}'..='\u{ff65}'
            | '\u{1f000}'..='\u{1faff}' => Self::Parts,
            _ => Self::MayPart,
        }
    }
}

/// In lower case, character by character: that of none turns on those around it.
pub(crate) fn lower_case(text: &str) -> String {
    text.chars().map(folded).collect()
}

fn folded(c: char) -> char {
    // Only `İ` comes to more than one, of which the first is what C libraries make of it.
    c.to_lowercase().next().unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(wanted: &[&str], title: &str, content: &str) -> String {
        let told = Wanted::new(wanted.iter().copied()).tell(title, content);
        assert!(told.is_sure, "{wanted:?} {title:?} {content:?}");
        told.snippet.to_html()
    }

    fn is_sure(wanted: &str, content: &str) -> bool {
        Wanted::new([wanted]).tell("", content).is_sure
    }

    #[test]
    fn each_word_is_marked_in_any_letter_case() {
        for (wanted, content, expected) in [
            ("a", "A b a, ab", "<mark>A</mark> b <mark>a</mark>, ab"),
            ("É", "(é) É", "(<mark>é</mark>) <mark>É</mark>"),
            ("ΣΑΣ", "σασ Σας", "<mark>σασ</mark> Σας"),
            ("東京", "東京、京都", "<mark>東京</mark>、京都"),
            ("हिन्दी", "हिन्दी, x", "<mark>हिन्दी</mark>, x"),
            ("istanbul", "İstanbul", "<mark>İstanbul</mark>"),
            ("l", "l’a", "<mark>l</mark>’a"),
        ] {
            assert_eq!(html(&[wanted], "", content), expected, "{wanted}");
        }
    }

    #[test]
    fn the_title_is_shown_where_it_alone_says_a_word() {
        assert_eq!(html(&["a"], "A b", "a c"), "<mark>a</mark> c");
        assert_eq!(html(&["a", "b"], "A b", "b c"), "<mark>b</mark> c");
        assert_eq!(html(&["a"], "A b", "c"), "<mark>A</mark> b");
        assert_eq!(html(&[], "A b", "c"), "c");
    }

    fn numbers(numbers: Range<usize>) -> String {
        let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
        numbers.join(" ")
    }

    #[test]
    fn ten_words_are_shown_before_the_first_and_twenty_five_from_it_on() {
        let text = numbers(0..100);
        for (first, shown) in [
            (0, 0..25),
            (9, 0..34),
            (10, 0..35),
            (11, 1..36),
            (70, 60..95),
            (90, 80..100),
        ] {
            let first = first.to_string();
            let marked = format!("<mark>{first}</mark>");
            let html = html(&[&first], "", &text);
            assert!(html.contains(&marked), "{html}");
            assert_eq!(html.replace(&marked, &first), numbers(shown));
        }
        let last = html(&["30", "54", "55"], "", &text);
        assert!(last.ends_with("53 <mark>54</mark>"), "{last}");
        assert_eq!(html(&[], "", &text), numbers(0..25));
    }

    #[test]
    fn a_word_is_looked_for_in_the_beginning_of_a_content() {
        let long = "é".repeat(Wanted::LOOKED_THROUGH - 2);
        assert!(html(&["a"], "", &format!("{long} a")).contains("<mark>a</mark>"));
        assert!(!is_sure("a", &format!("{long}  a")));
    }

    #[test]
    fn what_others_may_take_apart_is_not_sure() {
        for (wanted, content) in [
            ("x", "x² x"),
            ("a", "a ☃a\u{fe0f}a"),
            ("e", "e\u{301}"),
            ("fold", "1e5fold"),
            ("a", "nothing of it"),
        ] {
            assert!(!is_sure(wanted, content), "{wanted} {content}");
        }
        for (wanted, content) in [("x", "x y²"), ("x²", "x²"), ("b", "ab1e5b b")] {
            assert!(is_sure(wanted, content), "{wanted} {content}");
        }
    }
}
