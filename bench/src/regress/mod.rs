//! `bench regress`: compares two builds of the server by the instructions that calls take, which
//! noise of the machine does not change: each over a database of its own that was made the same way,
//! by the same calls, one after another.

mod build;
mod callgrind;
mod relay;
mod report;
mod rest;
mod side;
mod verdict;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum as _};

use self::build::Source;
use self::report::{Counts, Report};
use self::side::Side;
use crate::load::workload::Workload;
use crate::options::DataOptions;
use crate::page::grouped;
use crate::{Failure, page};

#[derive(Args)]
#[command(after_help = "\
Instructions are those of the server's process, as callgrind sees them: not those of PostgreSQL and of \
the kernel, no waiting, and no caches of the processor. What takes fewer is not always faster. The \
server runs on one thread, and is handed what it waits for once it waits: how often it does would else \
depend on the machine.

A revision is built in a git worktree in DIR/regress/builds, which is kept for the next one; \
`git worktree remove --force` removes it. Both builds run on the schema of this tree, or of the change \
if that has more.

The exit status is 1 if calls of a workload take more instructions: if the median of the rounds' ratios \
is beyond the tolerance by more than the ratios differ between rounds.")]
pub(crate) struct RegressCommand {
    /// What is compared with: an executable of byline, or a git revision, which is built; where HEAD
    /// has left `main` if left out
    #[arg(long, value_name = "PATH|REV")]
    base: Option<String>,

    /// What is compared: an executable of byline, or a git revision, which is built; the working
    /// tree, which is built too, if left out
    #[arg(long, value_name = "PATH|REV")]
    change: Option<String>,

    /// What is asked for; everything if left out
    #[arg(long, value_delimiter = ',', value_enum, value_name = "NAMES")]
    workloads: Vec<Workload>,

    /// Calls of each workload that are counted in a round; of imports and exports one in a hundred
    /// of that, and one at least
    #[arg(long, default_value_t = 100, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=100_000))]
    calls: u32,

    /// How often everything is counted, each time on servers that are started anew
    #[arg(long, default_value_t = 3, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,

    /// Users of the databases
    #[arg(long, default_value_t = 10_000, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    users: u32,

    /// Posts of the databases
    #[arg(long, default_value_t = 50_000, value_name = "M",
        value_parser = clap::value_parser!(u32).range(1_000..=5_000_000))]
    posts: u32,

    /// How many more instructions calls may take, in per cent; 2 if left out, and 20 with --short
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    tolerance: Option<f64>,

    /// A few calls of a few workloads: to see that this works rather than to measure
    #[arg(long, conflicts_with_all = ["workloads", "calls", "rounds", "users", "posts"])]
    short: bool,

    /// A page that the table is written to as well, as a part of it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    #[command(flatten)]
    data: DataOptions,
}

/// How much is counted, and over how much.
pub(crate) struct Plan {
    workloads: Vec<Workload>,
    calls: u32,
    /// Calls of each before any is counted, at most.
    warm_up: u64,
    /// For how long it is counted what a server does by itself.
    idle: Duration,
    rounds: u32,
    users: u32,
    posts: u32,
}

/// So many calls are counted where one stream is.
const CALLS_OF_A_STREAM: u32 = 100;

impl Plan {
    /// What is counted to see that it works: a read, a list and a write.
    fn short() -> Self {
        Self {
            workloads: vec![Workload::GetUser, Workload::ListUsers, Workload::CreatePost],
            calls: 10,
            warm_up: 5,
            idle: Duration::from_secs(1),
            rounds: 1,
            users: 1_000,
            posts: 1_000,
        }
    }

    /// How many calls of a workload are counted in a round.
    fn calls(&self, workload: Workload) -> u64 {
        let calls = if workload.streams() {
            (self.calls / CALLS_OF_A_STREAM).max(1)
        } else {
            self.calls
        };
        calls.into()
    }

    fn says(&self) -> String {
        format!(
            "{} calls of each workload one after another, rounds: {}; {} users, {} posts",
            self.calls,
            self.rounds,
            grouped(self.users.into()),
            grouped(self.posts.into()),
        )
    }
}

impl RegressCommand {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let valgrind = callgrind::version().await?;
        let plan = self.plan();
        let folder = std::path::absolute(self.data.dir("regress"))?;
        let builds = folder.join("builds");
        std::fs::create_dir_all(&builds)?;
        let base = Source::base(self.base.as_deref())?;
        let change = Source::change(self.change.as_deref())?;
        let base = base.build(&builds, "base")?;
        let change = change.build(&builds, "change")?;
        let base = Side::prepare("base", base, &folder, &plan).await?;
        let change = Side::prepare("change", change, &folder, &plan).await?;
        let counted = count(&base, &change, &plan).await;
        base.stop().await?;
        change.stop().await?;
        let (base, change) = counted?;
        let usual = if self.short { 20.0 } else { 2.0 };
        let tolerance = self.tolerance.unwrap_or(usual);
        let report = Report {
            base,
            change,
            tolerance: tolerance / 100.0,
            valgrind,
            how: plan.says(),
        };
        let text = report.text();
        print!("{text}");
        if let Some(out) = &self.out {
            page::write(out, &text)?;
        }
        report.verdict()
    }

    fn plan(&self) -> Plan {
        if self.short {
            return Plan::short();
        }
        let given = |it: &Workload| self.workloads.is_empty() || self.workloads.contains(it);
        let all = Workload::value_variants().iter().copied();
        Plan {
            workloads: all.filter(given).collect(),
            calls: self.calls,
            warm_up: 10,
            idle: Duration::from_secs(2),
            rounds: self.rounds,
            users: self.users,
            posts: self.posts,
        }
    }
}

/// Counts both in turn, round by round.
async fn count(base: &Side, change: &Side, plan: &Plan) -> Result<(Counts, Counts), Failure> {
    let mut counts = [base, change].map(|side| Counts::of(side.build.says.clone()));
    for round in 0..plan.rounds {
        for (side, counts) in [base, change].into_iter().zip(&mut counts) {
            counts.add(side.count(plan, round).await?);
        }
    }
    Ok(counts.into())
}

/// From none to a thousand of them.
fn percent(text: &str) -> Result<f64, &'static str> {
    let percent = text.parse().ok();
    let percent = percent.filter(|it| (0.0..=1_000.0).contains(it));
    percent.ok_or("expected a number from 0 to 1000, such as 2 or 0.5")
}
