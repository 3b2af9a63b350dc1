//! The service against a model of its contract: whatever is asked, in whatever order, is
//! answered as the comments of the protos, docs/writing.md and docs/transfer.md say.
#![allow(
    clippy::large_enum_variant,
    clippy::result_large_err,
    reason = "a test has few of them"
)]

mod calls;
mod checks;
mod coverage;
mod drive;
mod filters;
mod groups;
mod history;
mod imports;
mod letters;
mod linearizable;
mod many;
mod outcome;
mod placeholders;
mod plan;
mod player;
mod posts;
mod refusal;
mod report;
mod requests;
mod rows;
mod state;
mod times;
mod users;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::model::drive::Stage;

/// How many cases are played unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 80;

/// For how long a case that fails is made smaller, in milliseconds.
const SHRINKING: u32 = 120_000;

fn config() -> Config {
    let config = Config::default();
    // What proptest has where nothing is said.
    let is_default = config.cases == 256;
    Config {
        cases: if is_default { CASES } else { config.cases },
        max_shrink_time: SHRINKING,
        // Where the seed of a case that failed is kept, and printed.
        source_file: Some(file!()),
        ..config
    }
}

#[test]
fn the_service_does_what_the_contract_says() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stage = runtime.block_on(Stage::new());
    let mut runner = TestRunner::new(config());
    let outcome = runner.run(&plan::moves(), |moves| {
        let played = runtime.block_on(stage.play(&moves));
        played.map_err(TestCaseError::fail)
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
