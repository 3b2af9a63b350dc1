//! Holds the readers of masks to what they promise of any paths, one a line.
#![no_main]

use byline_domain::error::{Reason, ValidationError, Violations};
use byline_domain::field::Field;
use byline_domain::selection::Fields;
use libfuzzer_sys::{Corpus, fuzz_target};
use prost_types::FieldMask;

use mask::Mask;

#[path = "../../crates/grpc/src/convert/mask.rs"]
mod mask;
#[path = "../../crates/grpc/src/convert/read_mask.rs"]
mod read_mask;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Corpus::Reject;
    };
    let paths: Vec<String> = text.split('\n').map(str::to_owned).collect();
    check_read(&paths, read_mask::of_users, |mask| {
        let mut paths = named("", &mask.fields);
        paths.extend(mask.post_count.then(|| "post_count".to_owned()));
        paths.extend(mask.posts.iter().flat_map(|fields| named("posts.", fields)));
        paths
    });
    check_read(&paths, read_mask::of_posts, |mask| {
        let mut paths = named("", &mask.fields);
        paths.extend(
            mask.author
                .iter()
                .flat_map(|fields| named("author.", fields)),
        );
        paths
    });
    check_read(&paths, read_mask::of_exported_users, |fields| {
        named("", fields)
    });
    check_read(&paths, read_mask::of_exported_posts, |fields| {
        named("", fields)
    });
    check_update(&paths);
    Corpus::Keep
});

/// The paths of fields behind a relation, or of own ones.
fn named<F: Field>(relation: &str, fields: &Fields<F>) -> Vec<String> {
    let all = F::ALL.iter().filter(|field| fields.has(**field));
    let names = all.map(|field| field.name());
    let names = names.chain(fields.has_etag().then_some("etag"));
    names.map(|name| format!("{relation}{name}")).collect()
}

/// A mask that is taken is the same however often and in whichever order its paths stand in it, and
/// is read again from the names of what it reads.
fn check_read<M: PartialEq + std::fmt::Debug>(
    paths: &[String],
    read: impl Fn(Option<&FieldMask>, &mut Violations) -> M,
    names: impl Fn(&M) -> Vec<String>,
) {
    let parse = |paths: Vec<String>| {
        let mut violations = Violations::new();
        let mask = read(Some(&FieldMask { paths }), &mut violations);
        violations.finish().map(|()| mask)
    };
    let mask = match parse(paths.to_vec()) {
        Ok(mask) => mask,
        Err(error) => return check_refusal(&error, "read_mask", 10),
    };
    let reversed: Vec<_> = paths.iter().rev().cloned().collect();
    assert_eq!(parse(reversed).as_ref(), Ok(&mask));
    assert_eq!(parse([paths, paths].concat()).as_ref(), Ok(&mask));
    // Without any, a mask would be none: the id alone is read.
    let written = [names(&mask), vec!["id".to_owned()]].concat();
    let again = parse(written).map(|again| names(&again));
    assert_eq!(again, Ok(sorted(names(&mask), "id")));
}

/// The names with one that may be missing, in the order in which they are written.
fn sorted(mut names: Vec<String>, first: &str) -> Vec<String> {
    if !names.iter().any(|name| name == first) {
        names.insert(0, first.to_owned());
    }
    names
}

/// A mask of an update changes what it names, and names nothing else.
fn check_update(paths: &[String]) {
    const CHANGEABLE: [&str; 2] = ["email", "name"];
    let mut violations = Violations::new();
    let field_mask = FieldMask {
        paths: paths.to_vec(),
    };
    let mask = Mask::parse(Some(field_mask), &CHANGEABLE, &["id"], &mut violations);
    if let Err(error) = violations.finish() {
        return check_refusal(&error, "update_mask", paths.len());
    }
    let is_all = matches!(paths, [path] if path == "*");
    for field in CHANGEABLE {
        let is_named = is_all || paths.iter().any(|path| path == field);
        for is_set in [false, true] {
            assert_eq!(
                mask.changes(field, is_set),
                is_named,
                "{field} of {paths:?}"
            );
        }
    }
    assert_eq!(mask.changes("id", true), is_all);
}

/// What is refused is told in few words that are fit to be shown.
fn check_refusal(error: &ValidationError, field: &str, most: usize) {
    let violations = error.violations();
    assert!(
        (1..=most).contains(&violations.len()),
        "{}",
        violations.len()
    );
    for violation in violations {
        assert_eq!(violation.field, field);
        let (reason, message) = (violation.reason, &violation.message);
        assert!(
            matches!(
                reason,
                Reason::Unknown | Reason::ReadOnly | Reason::Malformed
            ),
            "{reason:?} is no reason to refuse a mask"
        );
        assert!(!message.contains(char::is_control), "{message:?}");
        assert!(message.chars().count() < 800, "{message}");
    }
}
