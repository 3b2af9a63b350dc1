//! What a doctor says mends what it finds: each of its statements and commands is run as it is
//! printed, and has to.

mod damage;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::{Duration, Instant};

use byline_persistence::doctor::CHECKS;
use byline_persistence::embedded::EmbeddedPostgres;
use byline_persistence::schema::{Catalog, differences};
use byline_persistence::testing::{run_on, try_on};
use serde::Deserialize;

use self::damage::{ALL, Damage, Seen, UNBROKEN};
use super::{byline, postgres_of_its_own, said, url_as};
use crate::migrations::page::words;
use crate::support::{PROGRAM, stop_postgres};

/// What is for people to do, by how it begins, and the statement that it comes to, if any.
const PEOPLE: &[(&str, &str)] = &[
    (
        "set a new one with psql's `\\password byline_service`",
        "alter role byline_service password 'swordfish';",
    ),
    (
        "give whoever calls with one another, with `byline keys create",
        "",
    ),
    ("run a server with a --sweep-interval", ""),
    ("run the service as ", ""),
    ("as is said of `role`", ""),
];

#[derive(Debug, Deserialize)]
struct Found {
    check: String,
    grade: String,
    says: String,
    mend: Vec<String>,
}

#[derive(Deserialize)]
struct Document {
    checks: Vec<Found>,
}

/// A server with a database that two roles share, as docs/database-roles.md sets it up.
struct Site {
    postgres: EmbeddedPostgres,
    _folder: tempfile::TempDir,
}

impl Site {
    async fn new() -> Self {
        let (postgres, folder) = postgres_of_its_own().await;
        let admin = postgres.connect_options("postgres");
        for statement in [
            "create role byline_owner login",
            "create role byline_service login",
            "create database byline owner byline_owner template template0 encoding 'UTF8' \
             locale 'C.UTF-8'",
        ] {
            run_on(&admin, statement).await;
        }
        let site = Self {
            postgres,
            _folder: folder,
        };
        site.run("byline migrate up --service-role byline_service --database-url OWNER_URL")
            .await;
        site
    }

    /// Runs a statement or a command as it is printed.
    async fn run(&self, line: &str) {
        let url = |role| url_as(&self.postgres, role);
        let superuser = self.postgres.connect_options("byline");
        if line.ends_with(';') {
            // It is the owner's to run, or a superuser's where that may not.
            let owner = superuser.clone().username("byline_owner");
            if try_on(&owner, line).await.is_err() {
                let done = try_on(&superuser, line).await;
                assert_eq!(done, Ok(()), "{line}");
            }
        } else if line.starts_with("byline ") {
            let words = words(line).into_iter().skip(1);
            let arguments = words.map(|word| match word.as_str() {
                "OWNER_URL" => url("byline_owner"),
                "SERVICE_URL" => url("byline_service"),
                _ => word,
            });
            let done = tokio::process::Command::new(PROGRAM)
                .args(arguments)
                .kill_on_drop(true)
                .output()
                .await
                .unwrap();
            assert!(done.status.success(), "{line}: {}", said(&done));
        } else {
            let known = PEOPLE.iter().find(|(begins, _)| line.starts_with(begins));
            let (_, comes_to) = known.unwrap_or_else(|| panic!("nobody knows how to: {line}"));
            run_on(&superuser, comes_to).await;
        }
    }

    /// What is found that is neither fine nor skipped.
    async fn findings(&self, seen: Seen) -> Vec<Found> {
        let (role, of_service) = match seen {
            Seen::Service => ("byline_service", false),
            Seen::Owner => ("byline_owner", true),
            Seen::Superuser => ("byline", true),
        };
        let mut doctor = vec!["doctor", "--json"];
        if of_service {
            doctor.extend(["--service-role", "byline_service"]);
        }
        self.findings_by(role, &doctor).await
    }

    async fn findings_by(&self, role: &str, doctor: &[&str]) -> Vec<Found> {
        let output = byline(&url_as(&self.postgres, role), doctor).await;
        let document = serde_json::from_slice::<Document>(&output.stdout);
        let checks = document.unwrap_or_else(|_| panic!("{}", said(&output)));
        let checks = checks.checks.into_iter();
        checks
            .filter(|check| !["fine", "skipped"].contains(&check.grade.as_str()))
            .collect()
    }

    /// Until it is so: a server takes its time to read its settings anew.
    async fn settle(&self, seen: Seen, is_so: impl Fn(&[Found]) -> bool, what: &str) -> Vec<Found> {
        let began = Instant::now();
        loop {
            let found = self.findings(seen).await;
            if is_so(&found) {
                return found;
            }
            assert!(began.elapsed().as_secs() < 30, "{what}: {found:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn is_broken_and_mended(&self, damage: &Damage, made: &Catalog) {
        let what = damage.by.join(" ");
        for line in damage.by {
            if line.ends_with(';') {
                run_on(&self.postgres.connect_options("byline"), line).await;
            } else {
                self.run(line).await;
            }
        }
        let found = self
            .settle(damage.seen, |found| !found.is_empty(), &what)
            .await;
        for found in &found {
            assert_eq!(found.check, damage.check, "{what}: {found:?}");
            assert!(!found.says.contains("hunter2"), "{found:?}");
            assert!(!found.mend.is_empty(), "{what}: {found:?}");
        }
        for line in found.iter().flat_map(|found| &found.mend) {
            self.run(line).await;
        }
        self.settle(damage.seen, <[Found]>::is_empty, &what).await;
        for line in damage.clear {
            self.run(line).await;
        }
        // As it was before, to the last letter.
        let now = self.postgres.connect_options("byline");
        let now = Catalog::read(&now).await.unwrap();
        assert_same(&differences(&now, made), &what);
    }
}

fn assert_same(differences: &[impl Debug], what: &str) {
    assert!(differences.is_empty(), "{what}: {differences:#?}");
}

#[test]
fn each_check_is_broken_below_or_said_why_not() {
    let broken = ALL.iter().map(|damage| damage.check);
    let broken: BTreeSet<_> = broken.collect();
    let unbroken = UNBROKEN.iter().map(|(check, _)| *check);
    let unbroken: BTreeSet<_> = unbroken.collect();
    assert!(broken.is_disjoint(&unbroken), "{broken:?}, {unbroken:?}");
    let all: BTreeSet<_> = broken.union(&unbroken).copied().collect();
    assert_eq!(all, CHECKS.into());
}

#[tokio::test]
async fn what_is_wrong_is_found_by_its_check_and_mended_by_what_that_says() {
    let site = Site::new().await;
    assert_same(&site.findings(Seen::Service).await, "as it was set up");
    let superuser = site.postgres.connect_options("byline");
    let made = Catalog::read(&superuser).await.unwrap();
    for damage in ALL {
        site.is_broken_and_mended(damage, &made).await;
    }
    assert_same(&site.findings(Seen::Service).await, "in the end");
    site.run("byline migrate check --database-url OWNER_URL")
        .await;
    stop_postgres(site.postgres).await;
}

#[tokio::test]
async fn a_service_that_is_what_its_own_role_would_be_called_gets_one_of_another_name() {
    let site = Site::new().await;
    site.run("alter role byline_service superuser;").await;
    let found = site.findings(Seen::Service).await;
    let checks: Vec<_> = found.iter().map(|found| found.check.as_str()).collect();
    assert_eq!(checks, ["role", "ownership"], "{found:#?}");
    for line in found.iter().flat_map(|found| &found.mend) {
        site.run(line).await;
    }
    let left = site.findings_by("byline_app", &["doctor", "--json"]).await;
    assert_same(&left, "as byline_app");

    // One that is there is not made again.
    let found = site
        .findings_by("byline_owner", &["doctor", "--json"])
        .await;
    site.run("alter role byline_service nosuperuser;").await;
    for line in found.iter().flat_map(|found| &found.mend) {
        site.run(line).await;
    }
    stop_postgres(site.postgres).await;
}
