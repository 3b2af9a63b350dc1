//! A small generator of pseudo-random numbers: the same numbers from the same seed on
//! every machine, and a seed for every row, so that rows can be made in any order.

/// What a sequence is for. Rows of the same number get different ones.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    User = 1,
    UserLife = 2,
    Post = 3,
    Word = 4,
    Keys = 5,
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub(crate) struct Dice(u64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Dice {
    /// The sequence of one row.
    pub(crate) fn new(stream: Stream, number: u64) -> Self {
        let mut dice = Self((stream as u64).wrapping_mul(GOLDEN) ^ number.rotate_left(32));
        let start = dice.next();
        Self(start ^ number)
    }

    /// 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 if that is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        scale(self.next(), bound)
    }

    /// A number below `bound` that is the likelier the lower: its density falls with the
    /// square root of the number.
    pub(crate) fn low_below(&mut self, bound: u64) -> u64 {
        let unit = self.next();
        scale(scale(unit, unit), bound)
    }

    /// As [`Self::low_below`], and lower still: a quarter of the bound on average.
    pub(crate) fn lowest_below(&mut self, bound: u64) -> u64 {
        let unit = self.next();
        scale(scale(scale(unit, unit), unit), bound)
    }

    /// Whether something happens that does so `times` in a thousand.
    pub(crate) fn chance(&mut self, times: u64) -> bool {
        self.below(1_000) < times
    }

    /// One of the list.
    pub(crate) fn pick<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        let index = self.below(list.len() as u64);
        &list[usize::try_from(index).unwrap_or_default()]
    }
}

/// `part / 2^64 * of`.
fn scale(part: u64, of: u64) -> u64 {
    let product = u128::from(part) * u128::from(of);
    u64::try_from(product >> 64).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_another_gives_others() {
        let first = |stream, number| Dice::new(stream, number).next();
        assert_eq!(first(Stream::User, 7), first(Stream::User, 7));
        assert_ne!(first(Stream::User, 7), first(Stream::User, 8));
        assert_ne!(first(Stream::User, 7), first(Stream::Post, 7));
    }

    #[test]
    fn numbers_are_below_their_bound_and_spread_over_it() {
        let mut dice = Dice::new(Stream::Keys, 0);
        let mut seen = [0_u32; 10];
        for _ in 0..10_000 {
            seen[usize::try_from(dice.below(10)).unwrap()] += 1;
        }
        assert!(seen.iter().all(|times| (800..1_200).contains(times)));
        assert_eq!(dice.below(0), 0);
    }

    #[test]
    fn low_numbers_are_likelier_where_they_are_to_be() {
        let mut dice = Dice::new(Stream::Keys, 1);
        let low = (0..10_000).filter(|_| dice.low_below(100) < 25).count();
        // The square root of a quarter.
        assert!((4_800..5_200).contains(&low), "{low}");
    }
}
