//! Writes the numbers down, and holds them against what Byline promises.

use std::fmt::Write;

use super::measure::{Measured, Pair, Work};
use super::site::settings;
use crate::machine;
use crate::numbers::{Spread, float, verdict, whole};
use crate::page::grouped;

/// What is promised, of the median: the rate of a transfer by that of COPY.
const AT_LEAST: f64 = 0.5;

/// What is promised of memory, whatever the number of rows: of the most that a server has for all
/// rows by the most that one has for a tenth of them, in halves.
const HALVES_AT_MOST: u64 = 3;
/// Or the former is no larger than the latter by more, in MiB: less is no growth that can be told from chance.
const MORE_AT_MOST: u64 = 16;

/// All of the part.
pub(super) fn write(postgres_version: &str, rounds: u32, measured: &[Measured]) -> String {
    let settings: Vec<_> = settings()
        .iter()
        .map(|(name, value)| format!("`{name} = {value}`"))
        .collect();
    let mut text = format!(
        "# What transfers cost\n\n\
         This is written by\n\n```sh\n{command}\n```\n\n\
         which imports and exports the same rows by a release build of `byline serve` and by bare `COPY`, in \
         turn, {rounds} times: into empty tables with all their indexes and constraints, and out of \
         them. The client sends and takes bytes that it has made before, in both ways; `COPY` is binary on the way \
         in, and text on the way out. All three programs share the processors.\n\n\
         | | |\n|---|---|\n\
         | date | {date} |\n\
         | machine | {machine} |\n\
         | database | PostgreSQL {postgres_version}, on the same machine |\n\
         | settings | {settings}; all else as PostgreSQL has it, `fsync` too |\n\n",
        command = machine::command(),
        date = machine::today(),
        machine = machine::describe(),
        settings = settings.join(", "),
    );
    rates(&mut text, measured);
    memory(&mut text, measured);
    text
}

fn rates(text: &mut String, measured: &[Measured]) {
    let _ = write!(
        text,
        "Rows in a second: the median, and the least and the most. Promised is half the rate of `COPY`.\n\n\
         | | rows | COPY | Byline | Byline / COPY | |\n|---|--:|--:|--:|--:|---|\n"
    );
    for work in measured.iter().flat_map(|it| &it.works) {
        let ratio = spread(work, |pair| {
            pair.copy.as_secs_f64() / pair.transfer.as_secs_f64()
        });
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {:.2} ({:.2} to {:.2}) | {} |",
            work.what,
            grouped(work.rows),
            rate(work, |pair| pair.copy.as_secs_f64()),
            rate(work, |pair| pair.transfer.as_secs_f64()),
            ratio.median,
            ratio.least,
            ratio.most,
            verdict([ratio.least, ratio.median, ratio.most].map(|it| it >= AT_LEAST)),
        );
    }
}

fn memory(text: &mut String, measured: &[Measured]) {
    text.push_str(
        "\nThe most memory that the server had (`VmHWM`), in MiB. Promised is that it does not grow with the rows: \
         that the most of all at the end is at most one and a half times that of a tenth of the rows, or \
         16 MiB more.\n\n\
         | users | posts | at its start | after one import of each | at the end | |\n|--:|--:|--:|--:|--:|---|\n",
    );
    let mut fewer: Option<u64> = None;
    for it in measured {
        let [start, imports, end] = it.memory;
        let (users, posts) = (grouped(it.users), grouped(it.posts));
        let verdict = match fewer {
            None => "",
            Some(fewer) if is_constant(fewer, end) => "met",
            Some(_) => "**not met**",
        };
        let _ = writeln!(
            text,
            "| {users} | {posts} | {start} | {imports} | {end} | {verdict} |"
        );
        fewer = Some(end);
    }
}

/// Whether what all rows take is no more than what a tenth of them takes.
fn is_constant(tenth: u64, all: u64) -> bool {
    2 * all <= HALVES_AT_MOST * tenth || all <= tenth + MORE_AT_MOST
}

/// Of what was measured in every round.
fn spread(work: &Work, number: impl Fn(&Pair) -> f64) -> Spread {
    let nothing = Spread {
        least: f64::NAN,
        median: f64::NAN,
        most: f64::NAN,
    };
    Spread::of(work.pairs.iter().map(number)).unwrap_or(nothing)
}

fn rate(work: &Work, seconds: impl Fn(&Pair) -> f64) -> String {
    let rows = float(work.rows);
    let rates = spread(work, |pair| rows / seconds(pair));
    let Spread {
        least,
        median,
        most,
    } = rates;
    let [median, least, most] = [median, least, most].map(|rate| grouped(whole(rate)));
    format!("{median} ({least} to {most})")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn measured(copy: &[u64], transfer: &[u64]) -> Measured {
        let seconds = Duration::from_secs;
        let pairs = copy.iter().zip(transfer).map(|(copy, transfer)| Pair {
            copy: seconds(*copy),
            transfer: seconds(*transfer),
        });
        let works = vec![Work {
            what: "Import of users",
            rows: 12_000,
            pairs: pairs.collect(),
        }];
        Measured {
            users: 12_000,
            posts: 0,
            works,
            memory: [10, 20, 30],
        }
    }

    #[test]
    fn the_verdict_follows_from_the_median_of_the_pairs() {
        let mut text = String::new();
        rates(&mut text, &[measured(&[1, 3, 2], &[4, 3, 4])]);
        assert!(
            text.ends_with(
                "| Import of users | 12,000 | 6,000 (4,000 to 12,000) | 3,000 (3,000 to 4,000) | \
                 0.50 (0.25 to 1.00) | met, though not in every round |\n"
            ),
            "{text}"
        );
        let mut text = String::new();
        rates(&mut text, &[measured(&[1, 3, 2], &[4, 7, 4])]);
        assert!(
            text.ends_with("0.43 (0.25 to 0.50) | **not met**, though in some rounds |\n"),
            "{text}"
        );
    }

    #[test]
    fn memory_is_told_of_each_size() {
        let mut text = String::new();
        memory(&mut text, &[measured(&[1], &[1])]);
        assert!(
            text.ends_with("| 12,000 | 0 | 10 | 20 | 30 |  |\n"),
            "{text}"
        );
    }

    #[test]
    fn memory_may_grow_by_half_or_by_little() {
        for (tenth, all, verdict) in [
            (100, 150, "met"),
            (100, 151, "**not met**"),
            (20, 36, "met"),
            (20, 37, "**not met**"),
            (100, 90, "met"),
        ] {
            let of = |end| Measured {
                memory: [10, 20, end],
                ..measured(&[1], &[1])
            };
            let mut text = String::new();
            memory(&mut text, &[of(tenth), of(all)]);
            let expected =
                format!("| 20 | {tenth} |  |\n| 12,000 | 0 | 10 | 20 | {all} | {verdict} |\n");
            assert!(text.ends_with(&expected), "{text}");
        }
    }
}
