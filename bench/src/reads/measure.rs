//! Measures: every case is called in turn on both sites, round by round, so that noise
//! meets all of them alike.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tonic::Code;

use super::cases::{self, Case};
use super::site::Site;
use crate::Failure;
use crate::call::{Call, Clients, DEADLINE};
use crate::world::dice::{Dice, Stream};

/// A case gets fewer rounds than asked for if they would take longer than this on one
/// site; but [`FEWEST`] of them.
const PATIENCE: Duration = Duration::from_secs(15);
const FEWEST: u32 = 20;

/// Calls of each case before any is measured: each of a server's 16 connections plans a
/// statement five times before it keeps a plan. Fewer of those that take long, but not
/// fewer than [`FEWEST_TO_WARM_UP`].
const WARM_UP: u32 = 100;
const FEWEST_TO_WARM_UP: u32 = 3;
const WARM_UP_PATIENCE: Duration = Duration::from_secs(2);

/// What one case took on one site.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    times: Vec<Duration>,
    rows: Vec<u64>,
}

impl Sample {
    pub(crate) fn add(&mut self, time: Duration, rows: u64) {
        self.times.push(time);
        self.rows.push(rows);
    }

    /// Sorts what was added.
    pub(crate) fn sort(&mut self) {
        self.times.sort_unstable();
        self.rows.sort_unstable();
    }

    pub(crate) fn calls(&self) -> usize {
        self.times.len()
    }

    /// The smallest time that so many in a hundred calls do not exceed; of those that
    /// were sorted.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        nearest_rank(&self.times, percent).unwrap_or(DEADLINE)
    }

    /// How many rows an answer has in the middle.
    pub(crate) fn median_rows(&self) -> u64 {
        nearest_rank(&self.rows, 50).unwrap_or_default()
    }
}

fn nearest_rank<T: Copy>(sorted: &[T], percent: usize) -> Option<T> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// What a case took.
pub(crate) struct Measured {
    pub(crate) case: &'static Case,
    pub(crate) small: Sample,
    /// `None` if a call took longer than [`DEADLINE`].
    pub(crate) large: Option<Sample>,
}

/// Measures every case.
pub(crate) async fn measure(
    small: &mut Site,
    large: &mut Site,
    calls: u32,
) -> Result<Vec<Measured>, Failure> {
    let mut plan = Vec::new();
    for case in cases::USERS.iter().chain(cases::POSTS) {
        plan.push(Planned::warm_up(case, small, large, calls).await?);
    }
    let bar = ProgressBar::new(u64::from(calls)).with_style(
        ProgressStyle::with_template("round {wide_bar} {pos}/{len} {elapsed} (still {eta})")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar.enable_steady_tick(Duration::from_secs(1));
    for round in 0..calls {
        for planned in &mut plan {
            planned.call(small, large, round, calls).await?;
        }
        bar.inc(1);
    }
    bar.finish();
    Ok(plan.into_iter().map(Planned::end).collect())
}

struct Planned {
    case: &'static Case,
    rounds: u32,
    dice: [Dice; 2],
    small: Sample,
    large: Option<Sample>,
}

impl Planned {
    /// Calls the case some times, which also shows how many rounds it can have.
    async fn warm_up(
        case: &'static Case,
        small: &mut Site,
        large: &mut Site,
        calls: u32,
    ) -> Result<Self, Failure> {
        eprintln!("warming up {}, {}", case.method, case.what);
        // Keys of their own, which the measured calls do not meet again.
        let mut dice = Dice::new(Stream::Keys, 0);
        let mut slowest = Duration::ZERO;
        let mut too_slow = false;
        let began = Instant::now();
        for call in 0..WARM_UP {
            if call >= FEWEST_TO_WARM_UP && began.elapsed() > WARM_UP_PATIENCE {
                break;
            }
            once(case, small, &mut dice).await?;
            let Some((time, _)) = once(case, large, &mut dice).await? else {
                too_slow = true;
                break;
            };
            slowest = time;
        }
        let affordable = PATIENCE.as_micros() / slowest.as_micros().max(1);
        let affordable = u32::try_from(affordable).unwrap_or(u32::MAX);
        Ok(Self {
            case,
            rounds: affordable.max(FEWEST).min(calls),
            dice: [1, 2].map(|number| Dice::new(Stream::Keys, number)),
            small: Sample::default(),
            large: (!too_slow).then(Sample::default),
        })
    }

    /// Calls the case on both sites, if it has this round.
    async fn call(
        &mut self,
        small: &mut Site,
        large: &mut Site,
        round: u32,
        calls: u32,
    ) -> Result<(), Failure> {
        if !has_round(self.rounds, round, calls) {
            return Ok(());
        }
        if let Some((time, rows)) = once(self.case, small, &mut self.dice[0]).await? {
            self.small.add(time, rows);
        }
        if let Some(sample) = &mut self.large {
            match once(self.case, large, &mut self.dice[1]).await? {
                Some((time, rows)) => sample.add(time, rows),
                None => self.large = None,
            }
        }
        Ok(())
    }

    fn end(mut self) -> Measured {
        self.small.sort();
        if let Some(large) = &mut self.large {
            large.sort();
        }
        Measured {
            case: self.case,
            small: self.small,
            large: self.large,
        }
    }
}

/// Whether a case of so many rounds has this one of all: they are spread evenly.
fn has_round(rounds: u32, round: u32, calls: u32) -> bool {
    let [rounds, round, calls] = [rounds, round, calls].map(u64::from);
    round * rounds / calls != (round + 1) * rounds / calls
}

/// One call, and how long its answer took; `None` if that was too long.
async fn once(
    case: &Case,
    site: &mut Site,
    dice: &mut Dice,
) -> Result<Option<(Duration, u64)>, Failure> {
    let call = (case.call)(
        &cases::Site {
            world: &site.world,
            walks: &site.walks,
        },
        dice,
    );
    send(case, &mut site.clients, call).await
}

async fn send(
    case: &Case,
    clients: &mut Clients,
    call: Call,
) -> Result<Option<(Duration, u64)>, Failure> {
    let said = format!("{call:?}");
    let began = Instant::now();
    let answer = clients.send(call).await;
    let time = began.elapsed();
    match answer {
        // What finds nothing measures nothing.
        Ok(answer) if answer.rows() == 0 => {
            Err(format!("{}, {}: nothing was found: {said}", case.method, case.what).into())
        }
        Ok(answer) => Ok(Some((time, answer.rows()))),
        Err(status) if status.code() == Code::DeadlineExceeded => Ok(None),
        Err(status) => Err(format!("{}, {}: {status}: {said}", case.method, case.what).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let mut sample = Sample::default();
        for millis in (1..=200).rev() {
            sample.add(Duration::from_millis(millis), millis);
        }
        sample.sort();
        assert_eq!(sample.percentile(50), Duration::from_millis(100));
        assert_eq!(sample.percentile(99), Duration::from_millis(198));
        assert_eq!(sample.percentile(100), Duration::from_millis(200));
        assert_eq!(sample.median_rows(), 100);
    }

    #[test]
    fn few_rounds_are_spread_over_all() {
        let of = |rounds| (0..300).filter(move |round| has_round(rounds, *round, 300));
        assert_eq!(of(300).count(), 300);
        assert_eq!(of(20).collect::<Vec<_>>()[..3], [14, 29, 44]);
        assert_eq!(of(20).count(), 20);
    }
}
