//! `byline migrate`: the schema, up, down, and where it is.

use byline_persistence::migrate;
use clap::{Args, Subcommand};

use super::CommandError;
use super::options::DatabaseOptions;

#[derive(Args)]
pub(super) struct MigrateCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Apply all migrations that the database does not have
    Up {
        #[command(flatten)]
        database: DatabaseOptions,
    },
    /// Take back the newest migrations, and what is kept in their tables
    Down {
        /// How many
        #[arg(default_value_t = 1, value_name = "N")]
        steps: usize,
        #[command(flatten)]
        database: DatabaseOptions,
    },
    /// Show which migrations the database has
    Current {
        #[command(flatten)]
        database: DatabaseOptions,
    },
}

impl MigrateCommand {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        match self.verb {
            Verb::Up { database } => {
                tell(
                    "applied",
                    "nothing to apply",
                    &migrate::up(&database.server()?).await?,
                );
            }
            Verb::Down { steps, database } => {
                let undone = migrate::down(&database.server()?, steps).await?;
                tell("took back", "nothing to take back", &undone);
            }
            Verb::Current { database } => {
                for state in migrate::states(&database.server()?).await? {
                    let mark = if state.applied { "applied" } else { "missing" };
                    println!("{:04}  {mark}  {}", state.version, state.description);
                }
            }
        }
        Ok(())
    }
}

fn tell(done: &str, nothing: &str, versions: &[i64]) {
    if versions.is_empty() {
        println!("{nothing}");
    }
    for version in versions {
        println!("{done} {version:04}");
    }
}
