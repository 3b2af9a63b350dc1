//! What every measurement is told: what to measure, where, and where to write it.

use std::path::PathBuf;

use clap::Args;

use crate::{Failure, page, program};

#[derive(Args)]
pub(crate) struct Options {
    /// The file that a part is written of
    #[arg(long, default_value = "docs/performance.md", value_name = "FILE")]
    out: PathBuf,

    #[command(flatten)]
    data: DataOptions,

    /// A release build of byline to measure; built if left out
    #[arg(long, value_name = "FILE")]
    byline: Option<PathBuf>,
}

impl Options {
    /// The program to measure.
    pub(crate) fn program(&self) -> Result<PathBuf, Failure> {
        program::find(self.byline.as_deref())
    }

    /// Where the database of that name is kept.
    pub(crate) fn data_dir(&self, name: &str) -> PathBuf {
        self.data.dir(name)
    }

    /// Where the plots of the page are kept: in a folder of its name beside it.
    pub(crate) fn plots(&self) -> PathBuf {
        self.out.with_extension("")
    }

    /// Writes a part.
    pub(crate) fn write(&self, part: &str) -> Result<(), Failure> {
        page::write(&self.out, part)
    }
}

/// Where a measurement keeps what it makes.
#[derive(Args)]
pub(crate) struct DataOptions {
    /// Where databases are kept; a million users and their posts take 10 GB
    #[arg(long, default_value = "target/bench", value_name = "DIR")]
    data_dir: PathBuf,
}

impl DataOptions {
    /// Where the database of that name is kept.
    pub(crate) fn dir(&self, name: &str) -> PathBuf {
        self.data_dir.join(name)
    }
}
