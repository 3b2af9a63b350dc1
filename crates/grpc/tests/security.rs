//! Holds `docs/security.md` to the sources: the tests that it names are there, and the limits
//! that it tells are those of the program.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// What the page says of limits that are no options which help shows, and where the program has them.
const CONSTANTS: &[(&str, &str, &str)] = &[
    (
        "10 s; of health and reflection 5 s",
        "server.rs",
        "REQUEST_TIMEOUT: Duration = Duration::from_secs(10)",
    ),
    (
        "for one host; 5 s each",
        "server.rs",
        "ANYBODYS_TIMEOUT: Duration = Duration::from_secs(5)",
    ),
    (
        "`--max-connections` and 100 at least",
        "cli/options/connections.rs",
        "LEAST_CHECKS: usize = 100",
    ),
    (
        "| 4 MiB, ",
        "server.rs",
        "MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024",
    ),
    (
        "10,000 entries in all",
        "codec/mod.rs",
        "MAX_ENTRIES: usize = 10_000",
    ),
    (
        ", 12 KiB;",
        "server.rs",
        "MAX_HEADER_BYTES: u32 = 12 * 1024",
    ),
    (
        "to health 1 KiB",
        "server.rs",
        "MAX_HEALTH_MESSAGE_BYTES: usize = 1024",
    ),
    (
        "to reflection 4 KiB",
        "server.rs",
        "MAX_REFLECTION_MESSAGE_BYTES: usize = 4 * 1024",
    ),
    (
        "calls at once on a connection | 100 |",
        "server.rs",
        "MAX_STREAMS_PER_CONNECTION: u32 = 100",
    ),
    (
        // Help does not show it.
        "`--max-connection-age`, an hour,",
        "cli/options/connections.rs",
        "env = \"BYLINE_MAX_CONNECTION_AGE\", default_value = \"1h\"",
    ),
    (
        "| 600 a minute |",
        "cli/options/auth.rs",
        "default_value_t = 600,",
    ),
    (
        "10 s in which calls may still begin",
        "transport/mod.rs",
        "GRACE: Duration = Duration::from_secs(10)",
    ),
    (
        "a quarter of `--pool-size`, 4 at most",
        "cli/options.rs",
        "(self.pool_size / 4).clamp(1, 4)",
    ),
    (
        "50 at once and",
        "rates/lines.rs",
        "OF_ALL: NonZeroU32 = NonZeroU32::new(50)",
    ),
    (
        "and 5 a second",
        "rates/lines.rs",
        "OF_ALL_A_SECOND: NonZeroU32 = NonZeroU32::new(5)",
    ),
    (
        "of an address 10,",
        "rates/lines.rs",
        "OF_A_HOST: NonZeroU32 = NonZeroU32::new(10)",
    ),
    (
        "and one every 10 seconds",
        "rates/lines.rs",
        "OF_A_HOST_EVERY: Duration = Duration::from_secs(10)",
    ),
];

fn page() -> String {
    fs::read_to_string(Path::new(WORKSPACE).join("docs/security.md")).unwrap()
}

/// The rows below that head, by their cells.
fn table<'p>(page: &'p str, head: &str) -> Vec<Vec<&'p str>> {
    let lines = page.lines().skip_while(|line| *line != head);
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// What stands in backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The tests of a folder, and the modules in which tests are, by their last names.
fn add_tests(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add_tests(&path, names);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let mut is_test = false;
            for line in fs::read_to_string(&path).unwrap().lines() {
                let line = line.trim();
                is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
                let words = line.trim_start_matches("async ");
                let function = words.strip_prefix("fn ").filter(|_| is_test);
                if let Some(named) = function.or_else(|| line.strip_prefix("mod ")) {
                    let end = named.find(|it: char| !it.is_alphanumeric() && it != '_');
                    names.insert(named[..end.unwrap_or(named.len())].to_owned());
                    is_test = false;
                }
            }
        }
    }
}

#[test]
fn each_threat_names_tests_that_there_are() {
    let mut tests = BTreeSet::new();
    for krate in fs::read_dir(Path::new(WORKSPACE).join("crates")).unwrap() {
        for folder in ["src", "tests"] {
            let folder = krate.as_ref().unwrap().path().join(folder);
            if folder.is_dir() {
                add_tests(&folder, &mut tests);
            }
        }
    }
    let page = page();
    let rows = table(&page, "| threat | control | test |");
    assert!(rows.len() > 40, "{} threats", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        let [threat, _, named] = row[..] else {
            panic!("no threat, control and test: {row:?}");
        };
        // A step of the gates, which is a function of theirs.
        if let [".ci/run", step] = quoted(named)[..] {
            let gates = fs::read_to_string(Path::new(WORKSPACE).join(".ci/run")).unwrap();
            assert!(gates.contains(&format!("\n{step}() {{")), "{named}");
            continue;
        }
        let named = quoted(named);
        if named.is_empty() {
            wrong.push(format!("none: {threat}"));
        }
        for name in named {
            let last = name.rsplit("::").next().unwrap();
            if !tests.contains(last) {
                wrong.push(format!("{name}: {threat}"));
            }
        }
    }
    assert!(wrong.is_empty(), "there are no such tests: {wrong:#?}");
}

/// What `byline serve --help` says that options are where nobody gives them.
fn defaults() -> BTreeMap<String, String> {
    let help = Command::new(env!("CARGO_BIN_EXE_byline"))
        .args(["serve", "--help"])
        .output()
        .unwrap();
    let mut defaults = BTreeMap::new();
    let mut option = None;
    for line in String::from_utf8(help.stdout).unwrap().lines() {
        let line = line.trim();
        if line.starts_with("--") {
            option = line.split_whitespace().next().map(str::to_owned);
        }
        let default = line.strip_prefix("[default: ");
        if let Some(default) = default.and_then(|rest| rest.strip_suffix(']')) {
            defaults.insert(option.clone().unwrap(), default.to_owned());
        }
    }
    defaults
}

/// As the program would be given it: `5,000 a second` is 5000, and `3 s` in milliseconds 3000.
/// None where it is no value of the option, or what the option bounds has another bound as well.
fn given(option: &str, said: &str) -> Option<String> {
    let (value, unit) = said.split_once([' ', ';']).unwrap_or((said, ""));
    let value = value.trim_end_matches(',').replace(',', "");
    let is_number = value.starts_with(|it: char| it.is_ascii_digit());
    if !is_number || unit.starts_with("at most") {
        return None;
    }
    let is_seconds = unit == "s" || unit.starts_with("s,");
    let is_to_be_milliseconds = is_seconds && option.ends_with("-ms");
    Some(if is_to_be_milliseconds {
        format!("{value}000")
    } else {
        value
    })
}

#[test]
fn the_limits_that_are_told_are_those_of_the_program() {
    let (page, defaults) = (page(), defaults());
    let mut told = BTreeMap::new();
    for row in table(&page, "| what | how much | beyond it |") {
        for part in row[1].split("`--").skip(1) {
            let (name, rest) = part.split_once('`').unwrap();
            let option = format!("--{name}");
            let said = rest.strip_prefix(", ");
            if let Some(value) = said.and_then(|said| given(&option, said)) {
                told.insert(option, value);
            }
        }
    }
    assert!(told.len() >= 8, "{told:?}");
    for (option, value) in &told {
        assert_eq!(defaults.get(option), Some(value), "{option}");
    }
}

#[test]
fn the_limits_that_nobody_sets_are_those_of_the_program() {
    let page = page();
    let (_, limits) = page.split_once("\n## Limits\n").unwrap();
    let (limits, _) = limits.split_once("\n## Threats\n").unwrap();
    for (said, file, constant) in CONSTANTS {
        assert!(limits.contains(said), "the page does not say {said:?}");
        let path = Path::new(WORKSPACE).join("crates/grpc/src").join(file);
        let source = fs::read_to_string(path).unwrap();
        let is_there = source.lines().any(|line| line.contains(constant));
        assert!(
            is_there,
            "{file} has no {constant:?}, of which the page says {said:?}"
        );
    }
}
