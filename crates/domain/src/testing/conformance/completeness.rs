//! Catches a case that was written and not listed: it would never run.

use std::collections::BTreeSet;

const MODULE: &str = include_str!("mod.rs");

/// What follows `prefix` on the lines that start with it, up to `end`.
fn names<'a>(source: &'a str, prefix: &str, end: char) -> BTreeSet<&'a str> {
    source
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix(prefix)?.split(end).next())
        .collect()
}

#[test]
fn every_subject_is_listed() {
    let listed = crate::conformance_suite!(@listed);
    let listed: Vec<_> = listed.into_iter().map(|(subject, _, _)| subject).collect();
    let subjects = names(MODULE, "pub mod ", ';');
    assert_eq!(subjects, listed.iter().copied().collect());
    assert_eq!(subjects.len(), listed.len());
}

#[test]
fn every_case_is_listed_once() {
    for (subject, cases, source) in crate::conformance_suite!(@listed) {
        let listed: BTreeSet<_> = cases.iter().copied().collect();
        assert_eq!(listed.len(), cases.len(), "in {subject}");
        assert_eq!(names(source, "pub async fn ", '('), listed, "in {subject}");
    }
}
