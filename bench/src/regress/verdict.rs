//! What follows from counts: arithmetic alone.

use std::time::Duration;

use crate::numbers::{Spread, float};

/// The instructions of a call, of what was counted while so many were made, without what the
/// server does by itself, in instructions a second.
pub(crate) fn per_call(counted: u64, idle: f64, elapsed: Duration, calls: u64) -> f64 {
    let of_calls = float(counted) - idle * elapsed.as_secs_f64();
    of_calls.max(0.0) / float(calls)
}

/// Whether a change has calls take more instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Same,
    More,
    Fewer,
}

impl Verdict {
    /// Of the ratios of the change to its base, round by round. What is within the tolerance, which
    /// is a part of one, is the same; so is what is beyond it by less than rounds differ.
    pub(crate) fn of(ratio: Spread, tolerance: f64) -> Self {
        let spread = ratio.most - ratio.least;
        if ratio.median - spread > 1.0 + tolerance {
            Self::More
        } else if ratio.median + spread < 1.0 - tolerance {
            Self::Fewer
        } else {
            Self::Same
        }
    }

    pub(crate) const fn says(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::More => "more",
            Self::Fewer => "fewer",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_does_by_itself_is_none_of_its_calls() {
        let each = per_call(5_000, 1_000.0, Duration::from_secs(3), 10);
        assert!((each - 200.0).abs() < 1e-9);
        // It may be more at one time than at another.
        let each = per_call(100, 1_000.0, Duration::from_secs(3), 10);
        assert!(each.abs() < 1e-9);
    }

    #[test]
    fn a_verdict_is_of_what_exceeds_tolerance_and_spread() {
        let of = |rounds: &[f64]| {
            let ratio = Spread::of(rounds.iter().copied()).unwrap();
            Verdict::of(ratio, 0.02)
        };
        assert_eq!(of(&[1.0, 1.01, 0.99]), Verdict::Same);
        assert_eq!(of(&[1.019, 1.019, 1.019]), Verdict::Same);
        assert_eq!(of(&[1.03, 1.031, 1.029]), Verdict::More);
        // Beyond the tolerance, but rounds differ by more than that.
        assert_eq!(of(&[1.03, 1.06, 1.02]), Verdict::Same);
        assert_eq!(of(&[0.9, 0.91, 0.905]), Verdict::Fewer);
        assert_eq!(of(&[0.97, 1.0, 0.96]), Verdict::Same);
        assert_eq!(of(&[1.5]), Verdict::More);
    }
}
