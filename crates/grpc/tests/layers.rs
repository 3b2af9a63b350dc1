//! Holds the layers: which crate of the workspace may know which other, and which
//! may know the database and the wire. `deny.toml` says the same to cargo-deny;
//! this needs nothing but cargo.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};

use serde_json::Value;

const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Each crate of the workspace, and those of the workspace that it builds on.
const ARROWS: &[(&str, &[&str])] = &[
    ("bench", &["byline", "byline-domain", "byline-persistence"]),
    (
        "byline",
        &["byline-app", "byline-domain", "byline-persistence"],
    ),
    ("byline-app", &["byline-domain", "byline-lanes"]),
    ("byline-domain", &[]),
    ("byline-lanes", &[]),
    ("byline-persistence", &["byline-domain", "byline-lanes"]),
];

#[test]
fn the_domain_knows_no_database_no_wire_no_runtime_and_no_mocks() {
    assert_builds_without(
        "byline-domain",
        &["sqlx", "tonic", "prost", "tokio", "mockall"],
    );
}

#[test]
fn the_lanes_know_the_runtime_alone() {
    assert_builds_without("byline-lanes", &["sqlx", "tonic", "prost", "mockall"]);
}

#[test]
fn the_use_cases_know_no_database_and_no_wire() {
    assert_builds_without("byline-app", &["sqlx", "tonic", "prost", "mockall"]);
}

#[test]
fn the_adapters_of_the_database_know_no_wire() {
    assert_builds_without("byline-persistence", &["tonic", "prost", "mockall"]);
}

#[test]
fn the_persistence_alone_names_sqlx() {
    assert_named_only_by("byline-persistence", &["sqlx"]);
}

#[test]
fn the_edge_alone_names_tonic_and_prost() {
    assert_named_only_by("byline", &["tonic", "prost"]);
}

#[test]
fn the_crates_build_on_one_another_in_one_direction() {
    let members = members();
    let expected: BTreeMap<_, BTreeSet<_>> = ARROWS
        .iter()
        .map(|(from, to)| (*from, to.iter().copied().collect()))
        .collect();
    let actual: BTreeMap<_, BTreeSet<_>> = members
        .iter()
        .map(|member| (member.name.as_str(), arrows(member, &members, false)))
        .collect();
    assert_eq!(
        actual, expected,
        "the arrows between the crates of the workspace have changed (left: the manifests, \
         right: ARROWS in this test)"
    );
}

#[test]
fn tests_open_no_direction_that_the_build_has_not() {
    let members = members();
    for member in &members {
        let mut allowed: BTreeSet<_> = arrows(member, &members, false);
        allowed.insert(&member.name);
        let more: Vec<_> = arrows(member, &members, true)
            .difference(&allowed)
            .copied()
            .collect();
        assert!(
            more.is_empty(),
            "the tests of {} depend on {more:?}, on which it does not build",
            member.name
        );
    }
}

#[test]
fn only_tests_ask_for_what_is_made_for_tests() {
    let members = members();
    for member in &members {
        for dependency in member.dependencies.iter().filter(|it| !it.is_dev) {
            let is_member = members.iter().any(|it| it.name == dependency.name);
            assert!(
                !(is_member && dependency.features.contains("testing")),
                "{} asks for the feature `testing` of {} outside of [dev-dependencies]",
                member.name,
                dependency.name
            );
        }
        for (feature, enables) in &member.features {
            assert!(
                feature == "testing" || !enables.iter().any(|it| it.ends_with("testing")),
                "the feature `{feature}` of {} turns on the feature `testing`: {enables:?}",
                member.name
            );
        }
    }
}

#[test]
fn mocks_are_declared_for_tests_alone() {
    for member in members() {
        for dependency in member.dependencies.iter().filter(|it| it.name == "mockall") {
            assert!(
                dependency.is_dev || (member.name == "byline-domain" && dependency.is_optional),
                "{} depends on mockall outside of [dev-dependencies]; byline-domain alone may, \
                 and as an optional dependency",
                member.name
            );
        }
    }
}

#[test]
fn mocks_never_reach_a_normal_build() {
    // Metadata unites the features of tests with those of the build, so that it
    // shows mockall below byline-domain always; the tree tells them apart.
    let tree = cargo(&[
        "tree",
        "--locked",
        "--color",
        "never",
        "--edges",
        "normal,build",
        "--invert",
        "mockall",
        "--package",
        "byline",
    ]);
    let stdout = String::from_utf8_lossy(&tree.stdout);
    let stderr = String::from_utf8_lossy(&tree.stderr);
    assert!(
        stdout.trim().is_empty(),
        "mockall is part of the normal build of byline:\n{stdout}"
    );
    assert!(
        stderr.contains("nothing to print") || stderr.contains("did not match any packages"),
        "cargo tree neither found mockall nor said that there is none:\n{stderr}"
    );
}

#[test]
fn cargo_run_is_the_server() {
    let metadata = metadata();
    let default: Vec<_> = array(&metadata["workspace_default_members"]).collect();
    let binaries = array(&metadata["packages"])
        .filter(|package| default.contains(&&package["id"]))
        .flat_map(|package| array(&package["targets"]))
        .filter(|target| array(&target["kind"]).any(|kind| kind == "bin"))
        .map(|target| text(&target["name"]));
    assert_eq!(binaries.collect::<Vec<_>>(), ["byline"]);
}

/// A crate of the workspace, as its manifest declares it.
struct Member {
    name: String,
    dependencies: Vec<Dependency>,
    features: BTreeMap<String, Vec<String>>,
}

struct Dependency {
    name: String,
    is_dev: bool,
    is_optional: bool,
    features: BTreeSet<String>,
}

/// What the manifests of the workspace say. No others are read, so that nothing has to
/// be downloaded for another system.
fn metadata() -> Value {
    let output = successful(&[
        "metadata",
        "--format-version",
        "1",
        "--no-deps",
        "--locked",
        "--offline",
    ]);
    serde_json::from_slice(&output).expect("cargo metadata prints JSON")
}

fn members() -> Vec<Member> {
    let metadata = metadata();
    let members: Vec<_> = array(&metadata["packages"]).map(member).collect();
    assert!(!members.is_empty(), "cargo metadata names no crate");
    members
}

fn member(package: &Value) -> Member {
    Member {
        name: text(&package["name"]),
        dependencies: array(&package["dependencies"]).map(dependency).collect(),
        features: package["features"]
            .as_object()
            .expect("the features of a crate are a map")
            .iter()
            .map(|(name, enables)| (name.clone(), array(enables).map(text).collect()))
            .collect(),
    }
}

fn dependency(declared: &Value) -> Dependency {
    Dependency {
        name: text(&declared["name"]),
        is_dev: declared["kind"] == "dev",
        is_optional: declared["optional"] == true,
        features: array(&declared["features"]).map(text).collect(),
    }
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().expect("a list in the metadata").iter()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text in the metadata").to_owned()
}

/// The crates of the workspace that one names, for its tests or for its build.
fn arrows<'a>(member: &'a Member, members: &[Member], dev: bool) -> BTreeSet<&'a str> {
    member
        .dependencies
        .iter()
        .filter(|dependency| dependency.is_dev == dev)
        .map(|dependency| dependency.name.as_str())
        .filter(|name| members.iter().any(|it| it.name == *name))
        .collect()
}

/// Fills databases and calls servers from outside: no layer, and nothing builds on it.
const OUTSIDE: &str = "bench";

/// No crate but `owner` declares a dependency of one of the families, not even for
/// its tests.
fn assert_named_only_by(owner: &str, families: &[&str]) {
    let members = members();
    let (owners, others): (Vec<_>, Vec<_>) = members
        .iter()
        .filter(|it| it.name != OUTSIDE)
        .partition(|it| it.name == owner);
    for family in families {
        let of_family = |member: &&Member| {
            member
                .dependencies
                .iter()
                .map(|it| it.name.clone())
                .filter(|name| is_of(name, family))
                .collect::<Vec<_>>()
        };
        assert!(
            owners.iter().any(|it| !of_family(it).is_empty()),
            "{owner} does not depend on {family}: this test looks for the wrong name"
        );
        for other in &others {
            let named = of_family(other);
            assert!(
                named.is_empty(),
                "{} depends on {named:?}; only {owner} may know {family}",
                other.name
            );
        }
    }
}

/// A normal build of the crate alone, with its default features, has none of the
/// families in it, however far down.
fn assert_builds_without(package: &str, families: &[&str]) {
    let output = successful(&[
        "tree",
        "--locked",
        "--color",
        "never",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--package",
        package,
    ]);
    let listed = String::from_utf8(output).expect("cargo tree prints UTF-8");
    let built: BTreeSet<_> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(
        built.contains(package) && built.len() > 1,
        "cargo tree does not show what {package} is built of:\n{listed}"
    );
    let unwelcome: Vec<_> = built
        .iter()
        .filter(|name| families.iter().any(|family| is_of(name, family)))
        .collect();
    assert!(
        unwelcome.is_empty(),
        "{package} is built of {unwelcome:?}; see who brings one in with \
         `cargo tree -e normal -p {package} -i NAME`"
    );
}

/// `sqlx` and `sqlx-core` are of the family `sqlx`.
fn is_of(name: &str, family: &str) -> bool {
    name.strip_prefix(family)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

fn successful(arguments: &[&str]) -> Vec<u8> {
    let output = cargo(arguments);
    assert!(
        output.status.success(),
        "cargo {} failed:\n{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn cargo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(WORKSPACE)
        .output()
        .expect("cargo can be run")
}
