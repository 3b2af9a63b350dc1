//! The vocabulary of posts: some thousand words of which few are frequent and most are
//! not, as in a language (Zipf's law), and rare words beside them.

use std::collections::HashSet;

use super::dice::{Dice, Stream};

/// How many words there are, rare ones aside.
const WORDS: usize = 4_000;

/// No syllable begins with `q`, by which rare words begin.
const ONSETS: &[&str] = &[
    "b", "br", "c", "ch", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pl",
    "r", "s", "sh", "st", "t", "tr", "v", "w", "z",
];
const VOWELS: &[&str] = &["a", "e", "i", "o", "u", "ai", "ea", "ou"];
const CODAS: &[&str] = &["", "", "", "n", "r", "s", "l", "m", "nd", "rt", "st", "ck"];

/// Rare words are made of these: there are 80 to the power of three.
const RARE_ONSETS: &[&str] = &[
    "b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "x", "z",
];
const RARE_VOWELS: &[&str] = &["a", "e", "i", "o", "u"];

/// All words, the most frequent first, and how to draw one by its frequency.
pub(crate) struct Vocabulary {
    words: Vec<String>,
    /// The rank of a word for each value of 16 random bits.
    ranks: Vec<u16>,
}

impl Vocabulary {
    pub(crate) fn new() -> Self {
        let mut dice = Dice::new(Stream::Word, 0);
        let mut seen = HashSet::new();
        let mut words = Vec::with_capacity(WORDS);
        while words.len() < WORDS {
            let syllables = match words.len() {
                0..250 => 1,
                _ => 2,
            };
            let mut word = String::new();
            for _ in 0..syllables {
                for part in [ONSETS, VOWELS, CODAS] {
                    let part: &&str = dice.pick(part);
                    word.push_str(part);
                }
            }
            if word.len() > 1 && seen.insert(word.clone()) {
                words.push(word);
            }
        }
        Self {
            words,
            ranks: ranks(),
        }
    }

    /// The word of a rank: 0 is the most frequent.
    pub(crate) fn word(&self, rank: usize) -> &str {
        &self.words[rank % self.words.len()]
    }

    /// Draws so many words.
    pub(crate) fn draw(&self, dice: &mut Dice, count: u64) -> Vec<&str> {
        let mut bits = 0;
        (0..count)
            .map(|index| {
                if index % 4 == 0 {
                    bits = dice.next();
                }
                let [low, high, ..] = bits.to_le_bytes();
                bits >>= 16;
                let rank = self.ranks[usize::from(u16::from_le_bytes([low, high]))];
                self.word(usize::from(rank))
            })
            .collect()
    }
}

/// A word that few posts hold, another for every number below 512,000.
pub(crate) fn rare_word(mut number: u64) -> String {
    let mut word = String::from("qu");
    for _ in 0..3 {
        for list in [RARE_ONSETS, RARE_VOWELS] {
            let length = list.len() as u64;
            word.push_str(list[usize::try_from(number % length).unwrap_or_default()]);
            number /= length;
        }
    }
    word
}

/// `WORDS` to the power of a number that is drawn evenly from 0 to 1 is distributed as
/// Zipf's law wants it.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the numbers are small and positive"
)]
fn ranks() -> Vec<u16> {
    (0..=u16::MAX)
        .map(|bits| {
            let unit = f64::from(bits) / 65_536.0;
            let rank = ((WORDS + 1) as f64).powf(unit).floor() as u16;
            rank.saturating_sub(1)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_words_are_frequent_and_every_word_is_drawn_sometimes() {
        let vocabulary = Vocabulary::new();
        let mut dice = Dice::new(Stream::Keys, 2);
        let drawn = vocabulary.draw(&mut dice, 400_000);
        let share = |rank| {
            let word = vocabulary.word(rank);
            drawn.iter().filter(|it| **it == word).count()
        };
        // ln 2 / ln 4001 is 8.4 %.
        assert!((32_000..35_000).contains(&share(0)), "{}", share(0));
        assert!(share(0) > 5 * share(10) && share(10) > 5 * share(100));
        let all: HashSet<_> = drawn.iter().collect();
        assert!(all.len() > WORDS * 9 / 10, "{}", all.len());
    }

    #[test]
    fn rare_words_are_many_and_no_frequent_ones() {
        let rare: HashSet<_> = (0..512_000).map(rare_word).collect();
        assert_eq!(rare.len(), 512_000);
        let vocabulary = Vocabulary::new();
        assert!(!vocabulary.words.iter().any(|word| rare.contains(word)));
    }
}
