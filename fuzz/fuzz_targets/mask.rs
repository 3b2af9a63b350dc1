//! Holds the readers of masks to what they promise of any paths, one a line.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use byline_domain::error::{Reason, ValidationError, Violations};
use byline_domain::field::Field;
use byline_domain::post::PostField;
use byline_domain::selection::Fields;
use byline_domain::user::UserField;
use byline_fuzz::hold;
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
    let parts = [
        (
            "users",
            check_read(&paths, &USERS, read_mask::of_users, |mask| {
                let own = named("", &mask.fields);
                let posts = mask.posts.iter().flat_map(|fields| named("posts.", fields));
                let count = mask.post_count.then(|| "post_count".to_owned());
                own.into_iter().chain(posts).chain(count).collect()
            }),
        ),
        (
            "posts",
            check_read(&paths, &POSTS, read_mask::of_posts, |mask| {
                let own = named("", &mask.fields);
                let author = mask
                    .author
                    .iter()
                    .flat_map(|fields| named("author.", fields));
                own.into_iter().chain(author).collect()
            }),
        ),
        (
            "exported_users",
            check_read(
                &paths,
                &EXPORTED_USERS,
                read_mask::of_exported_users,
                |fields| named("", fields).into_iter().collect(),
            ),
        ),
        (
            "exported_posts",
            check_read(
                &paths,
                &EXPORTED_POSTS,
                read_mask::of_exported_posts,
                |fields| named("", fields).into_iter().collect(),
            ),
        ),
        ("update", check_update(&paths)),
    ];
    hold(bytes, &parts);
    Corpus::Keep
});

/// The paths of fields behind a relation, or of own ones.
fn named<F: Field>(relation: &str, fields: &Fields<F>) -> Vec<String> {
    let all = F::ALL.iter().filter(|field| fields.has(**field));
    let names = all.map(|field| field.name());
    let names = names.chain(fields.has_etag().then_some("etag"));
    names.map(|name| format!("{relation}{name}")).collect()
}

type Names = BTreeSet<String>;

/// What each path names.
type Paths = BTreeMap<String, Names>;

static USERS: LazyLock<Paths> = LazyLock::new(|| {
    let mut posts = behind::<PostField>("posts.");
    let mut paths = with_each(own::<UserField>(), &posts);
    posts.remove("posts.content");
    paths.insert("posts".to_owned(), posts);
    with_each(paths, &["post_count".to_owned()].into())
});

static POSTS: LazyLock<Paths> = LazyLock::new(|| {
    let author = behind::<UserField>("author.");
    let mut paths = with_each(own::<PostField>(), &author);
    paths.insert("author".to_owned(), author);
    paths
});

static EXPORTED_USERS: LazyLock<Paths> = LazyLock::new(own::<UserField>);
static EXPORTED_POSTS: LazyLock<Paths> = LazyLock::new(own::<PostField>);

fn own<F: Field>() -> Paths {
    let all = behind::<F>("");
    with_each([("*".to_owned(), all.clone())].into(), &all)
}

fn behind<F: Field>(relation: &str) -> Names {
    let names = F::ALL.iter().map(|field| field.name());
    let names = names.chain(["etag"]);
    names.map(|name| format!("{relation}{name}")).collect()
}

/// And those that name themselves.
fn with_each(mut paths: Paths, names: &Names) -> Paths {
    paths.extend(
        names
            .iter()
            .map(|name| (name.clone(), [name.clone()].into())),
    );
    paths
}

/// A mask that is taken reads what its paths name and nothing else, however often and in whichever
/// order they stand in it; of one that is not, as many paths are refused as name nothing.
fn check_read<M: PartialEq + std::fmt::Debug>(
    paths: &[String],
    known: &Paths,
    read: impl Fn(Option<&FieldMask>, &mut Violations) -> M,
    names: impl Fn(&M) -> Names,
) -> bool {
    let parse = |paths: Vec<String>| {
        let mut violations = Violations::new();
        let mask = read(Some(&FieldMask { paths }), &mut violations);
        violations.finish().map(|()| mask)
    };
    let meant: Vec<_> = paths.iter().map(|path| known.get(path)).collect();
    let unknown = meant.iter().filter(|names| names.is_none()).count();
    let mask = match parse(paths.to_vec()) {
        Ok(mask) => mask,
        Err(error) => {
            check_refusal(&error, "read_mask", unknown.min(10));
            return false;
        }
    };
    assert_eq!(unknown, 0, "{paths:?}");
    let mut meant: Names = meant.into_iter().flatten().flatten().cloned().collect();
    meant.insert("id".to_owned());
    let mut read = names(&mask);
    read.insert("id".to_owned());
    assert_eq!(read, meant, "{paths:?}");
    let reversed: Vec<_> = paths.iter().rev().cloned().collect();
    assert_eq!(parse(reversed).as_ref(), Ok(&mask));
    assert_eq!(parse([paths, paths].concat()).as_ref(), Ok(&mask));
    let again = parse(read.iter().cloned().collect());
    let mut again = again.map(|again| names(&again)).expect("they are names");
    again.insert("id".to_owned());
    assert_eq!(again, read);
    true
}

/// A mask of an update changes what it names, and names nothing else.
fn check_update(paths: &[String]) -> bool {
    const CHANGEABLE: [&str; 2] = ["email", "name"];
    let mut violations = Violations::new();
    let field_mask = FieldMask {
        paths: paths.to_vec(),
    };
    let is_all = matches!(paths, [path] if path == "*");
    let others = paths
        .iter()
        .filter(|path| !CHANGEABLE.contains(&path.as_str()));
    let wrong = if is_all { 0 } else { others.count() };
    let mask = Mask::parse(Some(field_mask), &CHANGEABLE, &["id"], &mut violations);
    if let Err(error) = violations.finish() {
        check_refusal(&error, "update_mask", wrong);
        return false;
    }
    assert_eq!(wrong, 0, "{paths:?}");
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
    true
}

/// What is refused is told in few words that are fit to be shown.
fn check_refusal(error: &ValidationError, field: &str, wrong: usize) {
    let violations = error.violations();
    assert!(wrong > 0 && violations.len() == wrong, "{violations:?}");
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
