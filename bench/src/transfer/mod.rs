//! `bench transfer`: measures imports and exports against COPY of the same rows, side by
//! side, and the memory that the server takes for them.

mod measure;
mod report;
mod rows;
mod site;
mod wire;

use clap::Args;

use self::site::Site;
use crate::Failure;
use crate::options::Options;

#[derive(Args)]
pub(crate) struct TransferCommand {
    /// Users that are imported and exported; a tenth of them is, too, to see what grows
    #[arg(long, default_value_t = 1_000_000, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    users: u32,

    /// Posts that are imported and exported; a tenth of them is, too
    #[arg(long, default_value_t = 300_000, value_name = "M",
        value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    posts: u32,

    /// How often each is done
    #[arg(long, default_value_t = 3, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,

    #[command(flatten)]
    options: Options,
}

impl TransferCommand {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let program = self.options.program()?;
        let site = Site::start(self.options.data_dir("transfer"), program).await?;
        let measured = self.measure(&site).await;
        let version = site.postgres_version();
        site.stop().await?;
        self.options
            .write(&report::write(&version, self.rounds, &measured?))
    }

    async fn measure(&self, site: &Site) -> Result<Vec<measure::Measured>, Failure> {
        let mut measured = Vec::new();
        for part in [10, 1] {
            let (users, posts) = (self.users / part, self.posts / part);
            measured.push(measure::measure(site, users, posts, self.rounds).await?);
        }
        Ok(measured)
    }
}
