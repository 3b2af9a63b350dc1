//! Measures everybody in turn, round by round, so that noise meets all of them alike.

use std::collections::BTreeMap;

use super::arena::{Arena, Shape};
use super::contender::Contender;
use super::window::Window;
use crate::Failure;
use crate::load::workload::Workload;
use crate::numbers::{Spread, float, whole};
use crate::page::grouped;

/// What was measured, by round.
#[derive(Default)]
pub(crate) struct Measured(BTreeMap<(Workload, Contender), Vec<Window>>);

impl Measured {
    /// Measures all workloads on all contenders that have an answer to them.
    pub(crate) async fn measure(
        arena: &mut Arena,
        workloads: &[Workload],
        contenders: &[Contender],
        rounds: u32,
        shape: Shape,
    ) -> Result<Self, Failure> {
        let mut measured = Self::default();
        for round in 0..rounds {
            for workload in workloads {
                for contender in turned(contenders, round) {
                    if contender.can(*workload) {
                        let window = arena.measure(contender, *workload, shape).await?;
                        say(round, rounds, contender, *workload, &window);
                        measured.add(*workload, contender, window);
                    }
                }
                if workload.writes() {
                    arena.site.tidy().await?;
                }
            }
        }
        Ok(measured)
    }

    /// Adds the next round.
    pub(crate) fn add(&mut self, workload: Workload, contender: Contender, window: Window) {
        let windows = self.0.entry((workload, contender)).or_default();
        windows.push(window);
    }

    /// The windows of a contender, a round each.
    pub(crate) fn windows(&self, workload: Workload, contender: Contender) -> &[Window] {
        self.0
            .get(&(workload, contender))
            .map_or(&[], Vec::as_slice)
    }

    /// All windows of a contender as one.
    pub(crate) fn all(&self, workload: Workload, contender: Contender) -> Option<Window> {
        Window::all(self.windows(workload, contender))
    }

    /// Calls, or rows of what streams, in a second.
    pub(crate) fn rates(&self, workload: Workload, contender: Contender) -> Vec<f64> {
        let windows = self.windows(workload, contender).iter();
        windows.map(|it| it.rate(workload.unit())).collect()
    }

    /// The rate of Byline by that of another.
    pub(crate) fn ratio(&self, workload: Workload, other: Contender) -> Option<Spread> {
        let both = [Contender::Byline, other].map(|it| (workload, it));
        self.ratio_of(both, |window| window.rate(workload.unit()))
    }

    /// A number of the one, round by round, by that of the other.
    pub(crate) fn ratio_of(
        &self,
        both: [(Workload, Contender); 2],
        number: impl Fn(&Window) -> f64,
    ) -> Option<Spread> {
        let [over, under] = both.map(|(workload, contender)| {
            let windows = self.windows(workload, contender).iter();
            windows.map(&number).collect::<Vec<_>>()
        });
        Spread::of_ratios(&over, &under)
    }
}

/// Another one comes first in every round.
fn turned(contenders: &[Contender], round: u32) -> Vec<Contender> {
    let mut turned = contenders.to_vec();
    let by = round as usize % turned.len().max(1);
    turned.rotate_left(by);
    turned
}

fn say(round: u32, rounds: u32, contender: Contender, workload: Workload, window: &Window) {
    let rate = grouped(whole(window.rate(workload.unit())));
    let p99 = window.times.value_at_quantile(0.99);
    eprintln!(
        "round {} of {rounds}, {}, {}: {rate} a second, p99 {:.1} ms",
        round + 1,
        workload.says(),
        contender.says(),
        float(p99) / 1_000.0,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_comes_first_in_some_round() {
        let all = [Contender::Wire, Contender::Byline, Contender::Rust];
        let first: Vec<_> = (0..4).map(|round| turned(&all, round)[0]).collect();
        assert_eq!(first, [all[0], all[1], all[2], all[0]]);
        assert!(turned(&[], 1).is_empty());
    }
}
