//! Arithmetic over what was measured several times.

/// A number that was measured several times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// `None` of nothing.
    pub(crate) fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut all: Vec<_> = numbers.into_iter().collect();
        all.sort_by(f64::total_cmp);
        let (least, most) = (*all.first()?, *all.last()?);
        let middle = all.len() / 2;
        let median = if all.len().is_multiple_of(2) {
            f64::midpoint(all[middle - 1], all[middle])
        } else {
            all[middle]
        };
        Some(Self {
            least,
            median,
            most,
        })
    }

    /// Of the ratios of what was measured in the same rounds: what slows a round down does so to
    /// both.
    pub(crate) fn of_ratios(over: &[f64], under: &[f64]) -> Option<Self> {
        Self::of(over.iter().zip(under).map(|(over, under)| over / under))
    }
}

/// Whether a promise is kept, of which the least, the median and the most were measured: what the median
/// says, and whether all rounds say so.
pub(crate) fn verdict(is_met: [bool; 3]) -> &'static str {
    match is_met {
        [true, true, true] => "met",
        [_, true, _] => "met, though not in every round",
        [false, false, false] => "**not met**",
        [_, false, _] => "**not met**, though in some rounds",
    }
}

/// `0.95`, `12.3`, `123`.
pub(crate) fn short(number: f64) -> String {
    if number >= 100.0 {
        format!("{number:.0}")
    } else if number >= 10.0 {
        format!("{number:.1}")
    } else {
        format!("{number:.2}")
    }
}

/// A whole number nearby.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is measured can be counted"
)]
pub(crate) fn whole(number: f64) -> u64 {
    number.round() as u64
}

/// A number of things as one that can be divided.
#[expect(
    clippy::cast_precision_loss,
    reason = "of so many things there are none"
)]
pub(crate) fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let spread = |numbers: &[f64]| Spread::of(numbers.iter().copied());
        let of = |least, median, most| {
            Some(Spread {
                least,
                median,
                most,
            })
        };
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[3.0]), of(3.0, 3.0, 3.0));
        assert_eq!(spread(&[4.0, 1.0, 2.0]), of(1.0, 2.0, 4.0));
        assert_eq!(spread(&[4.0, 1.0, 2.0, 3.0]), of(1.0, 2.5, 4.0));
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // Twice as slow a round is so for both.
        let ratios = Spread::of_ratios(&[100.0, 50.0, 120.0], &[50.0, 25.0, 40.0]);
        assert_eq!(
            ratios,
            Some(Spread {
                least: 2.0,
                median: 2.0,
                most: 3.0
            })
        );
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(short(0.954), "0.95");
        assert_eq!(short(12.34), "12.3");
        assert_eq!(short(123.4), "123");
        assert_eq!(whole(1.5), 2);
    }
}
