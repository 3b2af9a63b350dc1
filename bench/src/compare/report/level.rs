//! How long calls take at one rate that both keep up with.

use super::with_spread;
use crate::compare::contender::Contender;
use crate::compare::run::Measured;
use crate::compare::window::Window;
use crate::load::workload::{Unit, Workload};
use crate::numbers::{Spread, float, whole};
use crate::page::grouped;

/// What was measured at one rate.
pub(crate) struct Level {
    /// Calls in a second.
    pub(crate) rate: f64,
    pub(crate) measured: Measured,
}

impl Level {
    pub(crate) const WORKLOAD: Workload = Workload::GetUser;
    pub(crate) const WHO: [Contender; 2] = [Contender::Byline, OTHER];

    /// About half of what the other one answers at most.
    pub(crate) fn rate(measured: &Measured) -> Option<f64> {
        let most = Spread::of(measured.rates(Self::WORKLOAD, OTHER))?;
        Some(two_digits(most.median / 2.0))
    }

    /// What the measurement is about, in a line of a table.
    pub(super) fn says(&self) -> String {
        let (says, rate) = (Self::WORKLOAD.says(), grouped(whole(self.rate)));
        format!("{says} at {rate} calls a second")
    }

    /// The 99th percentile of Byline by that of the other.
    pub(super) fn p99(&self) -> Option<Spread> {
        self.ratio(|window| float(window.times.value_at_quantile(0.99)))
    }

    fn ratio(&self, number: impl Fn(&Window) -> f64) -> Option<Spread> {
        let both = Self::WHO.map(|it| (Self::WORKLOAD, it));
        self.measured.ratio_of(both, number)
    }

    pub(super) fn table(&self) -> String {
        let mut text = format!(
            "{}, about half of what {} answers as fast as it can; begun whether or not others were \
             answered, and counted from when they were to begin. In microseconds:\n\n\
             | | calls/s | p50 | p99 | p99.9 | p99 of Byline / it |\n\
             |---|--:|--:|--:|--:|--:|\n",
            self.says(),
            OTHER.says(),
        );
        for contender in Self::WHO {
            let Some(all) = self.measured.all(Self::WORKLOAD, contender) else {
                continue;
            };
            let ratio = if contender == OTHER {
                with_spread(self.p99())
            } else {
                String::new()
            };
            let percentile = |quantile| grouped(all.times.value_at_quantile(quantile));
            let line = format!(
                "| {} | {} | {} | {} | {} | {ratio} |\n",
                contender.says(),
                grouped(whole(all.rate(Unit::Calls))),
                percentile(0.5),
                percentile(0.99),
                percentile(0.999),
            );
            text.push_str(&line);
        }
        text
    }
}

/// Beside Byline.
const OTHER: Contender = Contender::Rust;

/// 3,361 as 3,400.
fn two_digits(number: f64) -> f64 {
    let place = 10_f64.powf(number.log10().floor() - 1.0).max(1.0);
    ((number / place).round() * place).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::report::tests::{measured, window};

    #[test]
    fn the_rate_is_half_of_what_the_other_can() {
        let rate = |rounds| Level::rate(&measured(&[(Level::WORKLOAD, OTHER, rounds)]));
        assert_eq!(rate(&[9_000, 6_722, 100]), Some(3_400.0));
        assert_eq!(rate(&[1_010]), Some(510.0));
        assert_eq!(rate(&[7]), Some(4.0));
        assert_eq!(rate(&[0]), Some(1.0));
        assert_eq!(rate(&[]), None);
    }

    #[test]
    fn percentiles_are_compared_round_by_round() {
        let mut level = Level {
            rate: 3_400.0,
            measured: Measured::default(),
        };
        for (own, other) in [(100, 200), (300, 400), (100, 1_000)] {
            for (contender, micros) in [(Contender::Byline, own), (OTHER, other)] {
                let mut window = window(3_400);
                window.times.clear();
                window.times.record_n(micros, 3_400).unwrap();
                level.measured.add(Level::WORKLOAD, contender, window);
            }
        }
        let lines: Vec<_> = level.table().lines().skip(4).map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "| Byline | 3,400 | 100 | 300 | 300 |  |",
                "| tonic + sqlx | 3,400 | 400 | 1,000 | 1,000 | 0.50 (0.10 to 0.75) |",
            ]
        );
    }
}
