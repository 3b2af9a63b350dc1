//! `byline search-language`: by which language's rules posts are searched.

use byline_persistence::search_language::set_search_language;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::CommandError;
use super::options::DatabaseOptions;
use super::shown::name_in_database;

#[derive(Args, Debug)]
pub(super) struct SearchLanguageCommand {
    /// One of PostgreSQL's languages, such as english, german or russian; `simple`, as it is at
    /// first, takes every word as it stands
    #[arg(value_parser = name_in_database)]
    language: String,

    #[command(flatten)]
    database: DatabaseOptions,
}

impl SearchLanguageCommand {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        let bar = ProgressBar::new_spinner().with_style(
            ProgressStyle::with_template("{spinner} {pos} posts indexed, {per_sec}")
                .expect("the template is fine"),
        );
        let server = self.database.server()?;
        let done = set_search_language(&server, &self.language, |done| bar.set_position(done));
        let done = done.await?;
        bar.finish_and_clear();
        println!("posts are searched in {}: {done} indexed", self.language);
        Ok(())
    }
}
