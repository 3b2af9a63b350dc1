//! `bench reads`: measures what every read method costs, over a small database and a
//! large one, and writes down the numbers.

mod call;
mod cases;
mod measure;
mod report;
mod site;
mod walk;

use std::path::PathBuf;

use clap::Args;

use self::site::{Site, SiteOptions};
use crate::world::World;
use crate::{Failure, page, program};

/// So many posts for each user.
const POSTS_EACH: u32 = 5;

#[derive(Args)]
pub(crate) struct ReadsCommand {
    /// Users of the small database; it has five times as many posts
    #[arg(long, default_value_t = 10_000, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1_000..=100_000_000))]
    small: u32,

    /// Users of the large database; it has five times as many posts
    #[arg(long, default_value_t = 1_000_000, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1_000..=100_000_000))]
    large: u32,

    /// Calls of each case; those that take long get fewer
    #[arg(long, default_value_t = 300, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=100_000))]
    calls: u32,

    /// The file that is written
    #[arg(long, default_value = "docs/performance.md", value_name = "FILE")]
    out: PathBuf,

    /// Where the databases are kept, filled, for the next time; the large one takes 10 GB
    #[arg(long, default_value = "target/bench", value_name = "DIR")]
    data_dir: PathBuf,

    /// A release build of byline to measure; built if left out
    #[arg(long, value_name = "FILE")]
    byline: Option<PathBuf>,
}

impl ReadsCommand {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let program = program::find(self.byline.as_deref())?;
        let start = |name: &str, users: u32| {
            Site::start(SiteOptions {
                data_dir: self.data_dir.join(name),
                world: World::new(users, users * POSTS_EACH),
                program: program.clone(),
                deep_pages: u64::from(self.calls),
            })
        };
        let mut small = start("small", self.small).await?;
        let mut large = start("large", self.large).await?;
        let measured = measure::measure(&mut small, &mut large, self.calls).await;
        let written = measured.and_then(|measured| {
            let text = report::write(&small, &large, &measured);
            page::write(&self.out, &text)
        });
        small.stop().await?;
        large.stop().await?;
        written
    }
}
