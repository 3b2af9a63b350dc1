//! `bench compare`: measures Byline beside the limits of the wire and of the database, and beside
//! other servers of the same contract: on one machine in one run, in turn, over the same data, by
//! the same load.

mod arena;
mod contender;
mod parity;
mod pgbench;
mod report;
mod run;
mod window;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum as _};

use self::arena::{Arena, Shape, answers_in};
use self::contender::{Contender, Programs};
use self::report::{
    About, CROWD, Callers, Further, Level, ONE_BY_ONE, SideBySide, Sizes, one_by_one,
};
use self::run::Measured;
use crate::Failure;
use crate::load::workload::Workload;
use crate::options::Options;
use crate::site::Site;
use crate::world::World;

#[derive(Args)]
pub(crate) struct CompareCommand {
    /// Who takes part, besides Byline; all if left out
    #[arg(long, value_delimiter = ',', value_enum, value_name = "NAMES")]
    contenders: Vec<Contender>,

    /// What is asked for; everything if left out
    #[arg(long, value_delimiter = ',', value_enum, value_name = "NAMES")]
    workloads: Vec<Workload>,

    /// Users of the database
    #[arg(long, default_value_t = 100_000, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1_000..=100_000_000))]
    users: u32,

    /// Posts of the database
    #[arg(long, default_value_t = 500_000, value_name = "M",
        value_parser = clap::value_parser!(u32).range(1_000..=500_000_000))]
    posts: u32,

    /// How often everything is measured
    #[arg(long, default_value_t = 5, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,

    /// How long each is measured in a round, in seconds
    #[arg(long, default_value_t = 3, value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,

    /// Connections of the client
    #[arg(long, default_value_t = 4, value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..=256))]
    connections: u16,

    /// Calls in flight on each connection
    #[arg(long, default_value_t = 16, value_name = "M",
        value_parser = clap::value_parser!(u16).range(1..=100))]
    in_flight: u16,

    /// Calls that are begun in a second, whether or not others were answered (an open loop); as many
    /// as are answered if left out
    #[arg(long, value_name = "CALLS", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,

    /// Measures how GetUser grows with calls in flight instead, such as 1,8,64,512
    #[arg(long, value_delimiter = ',', value_name = "NUMBERS", conflicts_with_all = ["sizes", "workloads"],
        value_parser = clap::value_parser!(u16).range(1..=2_000))]
    callers: Vec<u16>,

    /// Measures how cost grows with users instead, such as 10000,100000,1000000; with five posts for each
    #[arg(long, value_delimiter = ',', value_name = "NUMBERS", conflicts_with = "workloads",
        value_parser = clap::value_parser!(u32).range(1_000..=100_000_000))]
    sizes: Vec<u32>,

    /// Where the peers in other languages are installed
    #[arg(long, default_value = "target/bench/peers", value_name = "DIR")]
    peers: PathBuf,

    #[command(flatten)]
    options: Options,
}

/// What shows how cost grows with rows, and on whom.
const GROWING: [Workload; 3] = [
    Workload::GetUser,
    Workload::ListUsers,
    Workload::ListUsersDeep,
];
const GROWN: [Contender; 2] = [Contender::Byline, Contender::Rust];

/// So many posts for each user, where databases grow.
const POSTS_EACH: u32 = 5;

/// Calls in flight on a connection at most: Byline lets 100 be.
const ON_A_CONNECTION: usize = 64;

impl CompareCommand {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        if !self.callers.is_empty() {
            return self.grow_callers().await;
        }
        if !self.sizes.is_empty() {
            return self.grow_rows().await;
        }
        let contenders = self.contenders();
        let workloads = self.workloads();
        let mut arena = self
            .open(self.users, self.posts, &contenders, &workloads)
            .await?;
        let shape = self.shape();
        let about = self.about(&arena, contenders, shape);
        let measured = self.measure_all(&mut arena, &workloads, &about).await;
        arena.close().await?;
        let (measured, further) = measured?;
        let report = SideBySide {
            about,
            workloads,
            measured,
            further,
        };
        print!("{}", report.summary());
        report.write(&self.options)
    }

    async fn measure_all(
        &self,
        arena: &mut Arena,
        workloads: &[Workload],
        about: &About,
    ) -> Result<(Measured, Option<Further>), Failure> {
        let (all, rounds, shape) = (&about.contenders, self.rounds, about.shape);
        let measured = Measured::measure(arena, workloads, all, rounds, shape).await?;
        // Nothing is promised of a rate that was asked for.
        if shape.rate.is_some() {
            return Ok((measured, None));
        }
        let crowd = arena
            .measure(Contender::Byline, Workload::GetUser, CROWD)
            .await?;
        let further = Further {
            first_answer: arena.first_answer,
            crowd_peak: crowd.peak.unwrap_or_default(),
            one_by_one: self.one_by_one(arena, workloads).await?,
            level: self.level(arena, &measured).await?,
        };
        Ok((measured, Some(further)))
    }

    async fn one_by_one(
        &self,
        arena: &mut Arena,
        workloads: &[Workload],
    ) -> Result<Measured, Failure> {
        let pairs = ONE_BY_ONE.iter();
        let pairs = pairs.filter(|pair| pair.iter().all(|it| workloads.contains(it)));
        let all: Vec<_> = pairs.copied().flatten().collect();
        let (byline, shape) = ([Contender::Byline], one_by_one(self.shape().length));
        Measured::measure(arena, &all, &byline, self.rounds, shape).await
    }

    async fn level(
        &self,
        arena: &mut Arena,
        measured: &Measured,
    ) -> Result<Option<Level>, Failure> {
        let Some(rate) = Level::rate(measured) else {
            return Ok(None);
        };
        let shape = Shape {
            rate: Some(rate),
            ..self.shape()
        };
        let (asked, who, rounds) = ([Level::WORKLOAD], Level::WHO, self.rounds);
        let measured = Measured::measure(arena, &asked, &who, rounds, shape).await?;
        Ok(Some(Level { rate, measured }))
    }

    async fn grow_callers(self) -> Result<(), Failure> {
        let contenders = self.contenders();
        let workload = Workload::GetUser;
        let mut arena = self
            .open(self.users, self.posts, &contenders, &[workload])
            .await?;
        let about = self.about(&arena, contenders, self.shape());
        let mut steps = Vec::new();
        for callers in self.callers.iter().copied().map(usize::from) {
            let shape = self.shape_of(callers);
            let (all, rounds) = (&about.contenders, self.rounds);
            let measured = Measured::measure(&mut arena, &[workload], all, rounds, shape).await?;
            steps.push((shape, measured));
        }
        arena.close().await?;
        let report = Callers {
            about,
            workload,
            steps,
        };
        print!("{}", report.table());
        report.write(&self.options)
    }

    async fn grow_rows(self) -> Result<(), Failure> {
        let (mut steps, mut last) = (Vec::new(), None);
        for users in self.sizes.iter().copied() {
            let mut arena = self
                .open(users, users.saturating_mul(POSTS_EACH), &GROWN, &GROWING)
                .await?;
            let (rounds, shape) = (self.rounds, self.shape());
            let measured = Measured::measure(&mut arena, &GROWING, &GROWN, rounds, shape).await?;
            steps.push((users, measured));
            last = Some(About {
                users: 0,
                ..self.about(&arena, GROWN.into(), shape)
            });
            arena.close().await?;
        }
        let report = Sizes {
            about: last.ok_or("--sizes names no size")?,
            workloads: GROWING.into(),
            steps,
        };
        print!("{}", report.table());
        report.write(&self.options)
    }

    fn contenders(&self) -> Vec<Contender> {
        let given = |it: &Contender| self.contenders.is_empty() || self.contenders.contains(it);
        let all = Contender::value_variants().iter().copied();
        all.filter(|it| *it == Contender::Byline || given(it))
            .collect()
    }

    fn workloads(&self) -> Vec<Workload> {
        let given = |it: &Workload| self.workloads.is_empty() || self.workloads.contains(it);
        let all = Workload::value_variants().iter().copied();
        all.filter(given).collect()
    }

    fn shape(&self) -> Shape {
        Shape {
            connections: self.connections.into(),
            in_flight: self.in_flight.into(),
            rate: self.rate.map(f64::from),
            length: Duration::from_secs(self.seconds),
        }
    }

    /// Of so many calls in flight, or a few more where they do not divide evenly.
    fn shape_of(&self, callers: usize) -> Shape {
        let fewest = callers.min(self.connections.into());
        let connections = callers.div_ceil(ON_A_CONNECTION).max(fewest);
        Shape {
            connections,
            in_flight: callers.div_ceil(connections),
            ..self.shape()
        }
    }

    fn about(&self, arena: &Arena, contenders: Vec<Contender>, shape: Shape) -> About {
        About {
            postgres_version: arena.site.database.version().to_owned(),
            users: arena.site.world.users(),
            posts: arena.site.world.posts(),
            rounds: self.rounds,
            shape,
            contenders,
        }
    }

    async fn open(
        &self,
        users: u32,
        posts: u32,
        contenders: &[Contender],
        workloads: &[Workload],
    ) -> Result<Arena, Failure> {
        let byline = self.options.program()?;
        let folder = self.options.data_dir(&format!("compare-{users}-{posts}"));
        let site = Site::start(folder.clone(), World::new(users, posts)).await?;
        let programs = Programs {
            byline,
            peers: std::path::absolute(&self.peers)?,
            answers: answers_in(&folder),
            database_url: site.database.url(),
        };
        if contenders.iter().any(|it| it.is_foreign()) {
            programs.install().await?;
        }
        Arena::open(site, &programs, contenders, workloads).await
    }
}
