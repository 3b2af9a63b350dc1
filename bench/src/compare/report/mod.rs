//! Writes the numbers down, and holds them against what is promised.

mod growth;
mod level;
mod plots;
mod promises;
mod tables;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::arena::Shape;
use super::contender::Contender;
use super::run::Measured;
use crate::load::workload::Workload;
use crate::numbers::{Spread, short, whole};
use crate::options::Options;
use crate::page::grouped;
use crate::site::settings;
use crate::{Failure, machine};

pub(crate) use self::growth::{Callers, Sizes};
pub(crate) use self::level::Level;

/// What a part of the page is about.
pub(crate) struct About {
    pub(crate) postgres_version: String,
    pub(crate) users: u64,
    pub(crate) posts: u64,
    pub(crate) rounds: u32,
    pub(crate) shape: Shape,
    pub(crate) contenders: Vec<Contender>,
}

/// What is measured for what is promised, beside all workloads of all contenders.
pub(crate) struct Further {
    /// From the start of Byline's process to its first answer, in seconds.
    pub(crate) first_answer: f64,
    /// The most memory of Byline with [`CROWD`] calls in flight, in bytes.
    pub(crate) crowd_peak: u64,
    /// [`ONE_BY_ONE`], of Byline.
    pub(crate) one_by_one: Measured,
    pub(crate) level: Option<Level>,
}

/// What is measured of one call after another, the second of each by the first: calls that arrive
/// at once share what they have in common, which is more of the first.
pub(crate) const ONE_BY_ONE: [[Workload; 2]; 2] = [
    [Workload::ListUsers, Workload::ListUsersDeep],
    [Workload::CreatePost, Workload::BatchCreatePosts],
];

/// One call after another.
pub(crate) const fn one_by_one(length: std::time::Duration) -> Shape {
    Shape {
        connections: 1,
        in_flight: 1,
        rate: None,
        length,
    }
}

/// The calls in flight that memory is promised for.
pub(crate) const CROWD: Shape = Shape {
    connections: 20,
    in_flight: 50,
    rate: None,
    length: std::time::Duration::from_secs(2),
};

/// Everything that one run measured.
pub(crate) struct SideBySide {
    pub(crate) about: About,
    pub(crate) workloads: Vec<Workload>,
    pub(crate) measured: Measured,
    /// `None` at a rate, which all have alike, and of which nothing is promised.
    pub(crate) further: Option<Further>,
}

impl SideBySide {
    /// Writes the part of the page and its plots.
    pub(crate) fn write(&self, options: &Options) -> Result<(), Failure> {
        let does = "starts each of these as processes of their own over one database, and makes \
                    the same calls of each in turn, round by round";
        let (contenders, workloads) = (&self.about.contenders, &self.workloads);
        let at_a_rate = self.further.is_none();
        let mut text = String::new();
        text.push_str(if at_a_rate {
            "# Side by side at a rate\n\n"
        } else {
            "# Side by side\n\n"
        });
        self.about
            .introduce(&mut text, does, &self.about.shape.says());
        self.about.who(&mut text);
        if let Some(further) = &self.further {
            text.push_str("\n## What is promised\n\n");
            promises::write(&mut text, &self.measured, further, self.about.shape);
            let plot = plots::throughput(&self.measured, workloads, contenders)?;
            let plot = save(&options.plots(), "throughput.svg", &plot)?;
            let _ = write!(
                text,
                "\n## How many calls\n\nWhat each answers in a second, where Byline is 1: a longer bar than \
                 Byline's is faster.\n\n![Calls a second of each workload]({plot})\n"
            );
        }
        let plot = plots::latency(&self.measured, workloads, contenders)?;
        let (name, under) = if at_a_rate {
            ("latency-at-a-rate.svg", "at the same rate")
        } else {
            (
                "latency.svg",
                "with the same number of calls in flight: whoever answers sooner is sent more",
            )
        };
        let plot = save(&options.plots(), name, &plot)?;
        let _ = write!(
            text,
            "\n## How long calls take\n\nFrom the median to the 99th percentile, {under}.\n\n\
             ![Milliseconds of each workload]({plot})\n"
        );
        if let Some(level) = self.further.as_ref().and_then(|it| it.level.as_ref()) {
            let _ = write!(
                text,
                "\n## How long calls take at the same rate\n\n{}",
                level.table()
            );
        }
        text.push_str("\n## Every workload\n\n");
        text.push_str(tables::LEGEND);
        for workload in workloads {
            tables::write(&mut text, &self.measured, *workload, contenders);
        }
        options.write(&text)
    }

    /// The ratios, for a terminal.
    pub(crate) fn summary(&self) -> String {
        let mut text = String::new();
        for workload in &self.workloads {
            let _ = writeln!(text, "{}", workload.says());
            for contender in &self.about.contenders {
                let rates = self.measured.rates(*workload, *contender);
                let Some(rate) = Spread::of(rates) else {
                    continue;
                };
                let _ = write!(
                    text,
                    "  {:22} {:>10} a second",
                    contender.says(),
                    grouped(whole(rate.median)),
                );
                if *contender != Contender::Byline {
                    let ratio = self.measured.ratio(*workload, *contender);
                    let _ = write!(text, "   Byline / it {}", with_spread(ratio));
                }
                text.push('\n');
            }
        }
        if let Some(further) = &self.further {
            promises::write(&mut text, &self.measured, further, self.about.shape);
            text.extend(further.level.iter().map(|it| format!("\n{}", it.table())));
        }
        text
    }
}

impl Shape {
    fn says(self) -> String {
        let Self {
            connections,
            in_flight,
            ..
        } = self;
        format!("{connections} connections with {in_flight} calls in flight on each")
    }
}

impl About {
    fn introduce(&self, text: &mut String, does: &str, in_flight: &str) {
        let settings: Vec<_> = settings()
            .iter()
            .map(|(name, value)| format!("`{name} = {value}`"))
            .collect();
        let _ = write!(
            text,
            "This is written by\n\n```sh\n{command}\n```\n\nwhich {does}. Client, servers and database share \
             the processors of one machine.\n\n\
             | | |\n|---|---|\n\
             | date | {date} |\n\
             | machine | {machine} |\n\
             | database | PostgreSQL {version}, over a Unix socket |\n\
             | settings | {settings}; all else as PostgreSQL has it. A checkpoint is made before everything that \
             writes, and what was written is removed after it |\n",
            command = machine::command(),
            date = machine::today(),
            machine = machine::describe(),
            version = self.postgres_version,
            settings = settings.join(", "),
        );
        if self.users > 0 {
            let (users, posts) = (grouped(self.users), grouped(self.posts));
            let _ = writeln!(text, "| rows | {users} users, {posts} posts |");
        }
        let _ = writeln!(text, "| load | {in_flight}, {} |", self.load());
    }

    fn load(&self) -> String {
        let Shape { rate, length, .. } = self.shape;
        let seconds = length.as_secs();
        let begun = rate.map_or_else(
            || "each call as soon as the one before it was answered".to_owned(),
            |rate| {
                format!(
                    "{} calls begun a second whether or not others were answered, and counted from \
                     when they were to begin",
                    grouped(whole(rate))
                )
            },
        );
        format!(
            "{begun}; for {seconds} s after half a second that is not counted, in each of {} rounds",
            self.rounds
        )
    }

    fn who(&self, text: &mut String) {
        text.push_str("\n| | what it is |\n|---|---|\n");
        for contender in &self.contenders {
            let _ = writeln!(text, "| {} | {} |", contender.says(), contender.explains());
        }
        text.push_str(
            "\nEach has 16 connections to the database at most. What each answers was compared with Byline's \
             answer before, and every answer is looked at for how much it holds.\n",
        );
    }
}

/// `2.10 (1.98 to 2.20)`, or `2.10` of what was measured once.
fn with_spread(spread: Option<Spread>) -> String {
    with_spread_by(short, spread)
}

fn with_spread_by(show: impl Fn(f64) -> String, spread: Option<Spread>) -> String {
    spread.map_or_else(String::new, |it| {
        let [median, least, most] = [it.median, it.least, it.most].map(&show);
        if it.least < it.most {
            format!("{median} ({least} to {most})")
        } else {
            median
        }
    })
}

/// Keeps a plot beside the page, and answers how the page names it.
fn save(folder: &Path, name: &str, svg: &str) -> Result<String, Failure> {
    let about = |error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(about)?;
    fs::write(folder.join(name), svg).map_err(about)?;
    let folder = folder.file_name().unwrap_or_default();
    Ok(format!("{}/{name}", folder.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::compare::window::Window;
    use crate::load;

    /// A second in which so many calls of one row each took 100 microseconds each.
    pub(super) fn window(calls: u64) -> Window {
        let mut times = load::times();
        times.record_n(100, calls).unwrap();
        Window {
            calls,
            rows: calls,
            elapsed: Duration::from_secs(1),
            times,
            server: Some(Duration::from_secs(1)),
            database: Duration::from_millis(500),
            peak: Some(3 * 1_024 * 1_024),
        }
    }

    /// Rounds of so many calls in a second.
    pub(super) fn measured(of: &[(Workload, Contender, &[u64])]) -> Measured {
        let mut measured = Measured::default();
        for (workload, contender, rounds) in of {
            for calls in *rounds {
                measured.add(*workload, *contender, window(*calls));
            }
        }
        measured
    }

    #[test]
    fn a_ratio_is_shown_with_its_spread() {
        let spread = Spread::of([2.0, 12.34, 1.0]);
        assert_eq!(with_spread(spread), "2.00 (1.00 to 12.3)");
        assert_eq!(with_spread(Spread::of([2.0])), "2.00");
        assert_eq!(with_spread(None), "");
    }
}
