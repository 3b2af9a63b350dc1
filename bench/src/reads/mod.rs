//! `bench reads`: measures what every read method costs, over a small database and a
//! large one, and writes down the numbers.

mod cases;
mod measure;
mod report;
mod site;
pub(crate) mod walk;

use clap::Args;

use self::site::{Site, SiteOptions};
use crate::Failure;
use crate::options::Options;
use crate::world::World;

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

    #[command(flatten)]
    options: Options,
}

impl ReadsCommand {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let program = self.options.program()?;
        let start = |name: &str, users: u32| {
            Site::start(SiteOptions {
                data_dir: self.options.data_dir(name),
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
            self.options.write(&text)
        });
        small.stop().await?;
        large.stop().await?;
        written
    }
}
