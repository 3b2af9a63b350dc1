//! Which fields and relations a read answers (AIP-157).

use std::mem;

use byline_domain::error::{Invalid, Reason, Violations};
use byline_domain::field::Field;
use byline_domain::post::{PostField, PostMask};
use byline_domain::selection::Fields;
use byline_domain::user::{UserField, UserMask};
use prost_types::FieldMask;

use super::mask::quoted;

/// How many unknown paths are named at most. An error travels in headers, which
/// clients bound.
const MAX_REFUSALS: usize = 10;

/// Reads what of users is asked for.
pub(super) fn of_users(mask: Option<&FieldMask>, violations: &mut Violations) -> UserMask {
    let Some(paths) = paths(mask) else {
        return UserMask::own();
    };
    let mut read = UserMask {
        fields: Fields::none(),
        post_count: false,
        posts: None,
    };
    let known = Known {
        own: names::<UserField>(),
        relations: "post_count, posts",
        behind: ("posts", names::<PostField>()),
        example: "posts.title",
    };
    known.refuse_others(paths, violations, |path| match path.split_once('.') {
        None if path == "*" => add_all(&mut read.fields, |_| true),
        None if path == "post_count" => {
            read.post_count = true;
            true
        }
        // With all that their posts say, few users would fit into an answer.
        None if path == "posts" => add_all(read.posts.get_or_insert_with(Fields::none), |field| {
            field != PostField::Content
        }),
        None => add(&mut read.fields, path),
        Some(("posts", field)) => add(read.posts.get_or_insert_with(Fields::none), field),
        Some(_) => false,
    });
    read
}

/// Reads what of posts is asked for.
pub(super) fn of_posts(mask: Option<&FieldMask>, violations: &mut Violations) -> PostMask {
    let Some(paths) = paths(mask) else {
        return PostMask::own();
    };
    let mut read = PostMask {
        fields: Fields::none(),
        author: None,
    };
    let known = Known {
        own: names::<PostField>(),
        relations: "author",
        behind: ("author", names::<UserField>()),
        example: "author.email",
    };
    known.refuse_others(paths, violations, |path| match path.split_once('.') {
        None if path == "*" => add_all(&mut read.fields, |_| true),
        None if path == "author" => add_all(read.author.get_or_insert_with(Fields::none), |_| true),
        None => add(&mut read.fields, path),
        Some(("author", field)) => add(read.author.get_or_insert_with(Fields::none), field),
        Some(_) => false,
    });
    read
}

/// Reads what of users is exported: no relations.
pub(super) fn of_exported_users(
    mask: Option<&FieldMask>,
    violations: &mut Violations,
) -> Fields<UserField> {
    own(mask, violations)
}

/// Reads what of posts is exported: no relations.
pub(super) fn of_exported_posts(
    mask: Option<&FieldMask>,
    violations: &mut Violations,
) -> Fields<PostField> {
    own(mask, violations)
}

/// Reads a mask of own fields.
fn own<F: Field>(mask: Option<&FieldMask>, violations: &mut Violations) -> Fields<F> {
    let Some(paths) = paths(mask) else {
        return Fields::all();
    };
    let mut read = Fields::none();
    refuse_others(
        paths,
        violations,
        |path| match path {
            "*" => add_all(&mut read, |_| true),
            name => add(&mut read, name),
        },
        |path| {
            format!(
                "names {}, which cannot be exported: expected {} or *, and no relations",
                quoted(path),
                names::<F>()
            )
        },
    );
    read
}

/// The paths, if there are any.
fn paths(mask: Option<&FieldMask>) -> Option<&[String]> {
    mask.map(|mask| mask.paths.as_slice())
        .filter(|paths| !paths.is_empty())
}

/// The paths that can be named, to tell those who name another.
struct Known {
    own: String,
    relations: &'static str,
    /// A relation, and the fields that can be named behind it.
    behind: (&'static str, String),
    /// How one of them is named.
    example: &'static str,
}

impl Known {
    /// Adds each path, and refuses those that cannot be added.
    fn refuse_others(
        &self,
        paths: &[String],
        violations: &mut Violations,
        add: impl FnMut(&str) -> bool,
    ) {
        refuse_others(paths, violations, add, |path| self.refusal(path));
    }

    fn refusal(&self, path: &str) -> String {
        let quoted = quoted(path);
        let (relation, fields) = &self.behind;
        if path
            .split_once('.')
            .is_some_and(|(first, _)| first == *relation)
        {
            return format!(
                "names {quoted}, which is unknown: expected {relation}. before one of {fields}"
            );
        }
        format!(
            "names {quoted}, which is unknown: expected {}, {}, a field of {relation} as in {}, \
             or *",
            self.own, self.relations, self.example
        )
    }
}

/// Adds each path, and refuses those that cannot be added.
fn refuse_others(
    paths: &[String],
    violations: &mut Violations,
    mut add: impl FnMut(&str) -> bool,
    refusal: impl Fn(&str) -> String,
) {
    let unknown = paths.iter().filter(|path| !add(path));
    for path in unknown.take(MAX_REFUSALS) {
        violations.push(Invalid::new(Reason::Unknown, refusal(path)).at("read_mask"));
    }
}

/// Adds the own field of that name, or says that there is none.
fn add<F: Field>(fields: &mut Fields<F>, name: &str) -> bool {
    let taken = mem::replace(fields, Fields::none());
    let (with, is_known) = match F::by_name(name) {
        Some(field) => (taken.with(field), true),
        None if name == "etag" => (taken.with_etag(), true),
        None => (taken, false),
    };
    *fields = with;
    is_known
}

/// Adds all own fields that `wanted` wants, and the etag. There always are some.
fn add_all<F: Field>(fields: &mut Fields<F>, wanted: impl Fn(F) -> bool) -> bool {
    let taken = mem::replace(fields, Fields::none()).with_etag();
    let all = F::ALL.iter().copied().filter(|field| wanted(*field));
    *fields = all.fold(taken, Fields::with);
    true
}

fn names<F: Field>() -> String {
    let mut names: Vec<_> = F::ALL.iter().map(|field| field.name()).collect();
    names.push("etag");
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(paths: &[&str]) -> FieldMask {
        FieldMask {
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        }
    }

    fn users(paths: &[&str]) -> UserMask {
        let mut violations = Violations::new();
        let read = of_users(Some(&mask(paths)), &mut violations);
        violations.finish().unwrap();
        read
    }

    fn posts(paths: &[&str]) -> PostMask {
        let mut violations = Violations::new();
        let read = of_posts(Some(&mask(paths)), &mut violations);
        violations.finish().unwrap();
        read
    }

    #[test]
    fn nothing_and_a_star_are_all_own_fields_and_no_relation() {
        let mut violations = Violations::new();
        assert_eq!(of_users(None, &mut violations), UserMask::own());
        assert_eq!(of_posts(None, &mut violations), PostMask::own());
        violations.finish().unwrap();
        assert_eq!(users(&[]), UserMask::own());
        assert_eq!(posts(&[]), PostMask::own());
        assert_eq!(users(&["*"]), UserMask::own());
        assert_eq!(posts(&["*", "title"]), PostMask::own());
    }

    #[test]
    fn every_own_field_can_be_named_and_no_other_is_read() {
        for field in UserField::ALL {
            let read = users(&[field.name()]);
            assert_eq!(read.fields, Fields::none().with(*field));
            assert_eq!((read.post_count, read.posts), (false, None));
        }
        for field in PostField::ALL {
            let read = posts(&[field.name(), field.name()]);
            assert_eq!(read.fields, Fields::none().with(*field));
            assert_eq!(read.author, None);
        }
        assert_eq!(users(&["etag"]).fields, Fields::none().with_etag());
        assert_eq!(posts(&["etag"]).fields, Fields::none().with_etag());
    }

    #[test]
    fn a_relation_is_read_without_own_fields_or_beside_them() {
        let read = users(&["post_count"]);
        assert_eq!((read.fields, read.post_count), (Fields::none(), true));
        let read = users(&["posts.title", "*", "posts.etag"]);
        assert_eq!(read.fields, Fields::all());
        let fields = Fields::none().with(PostField::Title).with_etag();
        assert_eq!(read.posts, Some(fields));
        let read = posts(&["author.email", "title"]);
        assert_eq!(read.fields, Fields::none().with(PostField::Title));
        assert_eq!(read.author, Some(Fields::none().with(UserField::Email)));
        assert_eq!(posts(&["author"]).author, Some(Fields::all()));
    }

    #[test]
    fn posts_come_without_content_unless_it_is_named() {
        let light = Fields::all().without(PostField::Content);
        assert_eq!(users(&["posts"]).posts, Some(light));
        for paths in [["posts", "posts.content"], ["posts.content", "posts"]] {
            assert_eq!(users(&paths).posts, Some(Fields::all()));
        }
    }

    #[test]
    fn unknown_paths_are_refused_each() {
        let mut violations = Violations::new();
        let paths = [
            "shoe_size",
            "email",
            "posts.",
            "posts.author",
            "posts.*",
            "posts.title.x",
            ".email",
            "email.x",
            "",
            "Email",
        ];
        of_users(Some(&mask(&paths)), &mut violations);
        let error = violations.finish().unwrap_err();
        assert_eq!(error.violations().len(), paths.len() - 1);
        for violation in error.violations() {
            assert_eq!(violation.field, "read_mask");
            assert_eq!(violation.reason, Reason::Unknown);
        }

        let mut violations = Violations::new();
        let paths = ["author.posts", "post_count", "author.*", "posts"];
        of_posts(Some(&mask(&paths)), &mut violations);
        let error = violations.finish().unwrap_err();
        assert_eq!(error.violations().len(), paths.len());
        let messages = error
            .violations()
            .iter()
            .map(|violation| &violation.message);
        assert_eq!(
            messages.take(2).collect::<Vec<_>>(),
            [
                "names \"author.posts\", which is unknown: expected author. before one of id, email, \
             name, role, is_active, created_at, updated_at, deleted_at, purge_at, etag",
                "names \"post_count\", which is unknown: expected id, title, content, published, \
             published_at, author_id, created_at, updated_at, deleted_at, purge_at, etag, author, a \
             field of author as in author.email, or *"
            ]
        );
    }

    #[test]
    fn a_hostile_mask_is_not_repeated_at_length() {
        let mut violations = Violations::new();
        let long = "\u{1}".repeat(1 << 20);
        let paths: Vec<_> = std::iter::repeat_n(long.as_str(), 100).collect();
        of_users(Some(&mask(&paths)), &mut violations);
        let error = violations.finish().unwrap_err();
        assert_eq!(error.violations().len(), MAX_REFUSALS);
        assert!(error.to_string().len() < 6_000);
    }

    #[test]
    fn an_export_has_own_fields_alone() {
        let mut violations = Violations::new();
        let none = of_exported_users(None, &mut violations);
        assert_eq!(none, Fields::all());
        let all = of_exported_users(Some(&mask(&["*"])), &mut violations);
        assert_eq!(all, Fields::all());
        let some = of_exported_posts(Some(&mask(&["title", "etag"])), &mut violations);
        assert_eq!(some, Fields::none().with(PostField::Title).with_etag());
        violations.finish().unwrap();

        let mut violations = Violations::new();
        let relations = ["post_count", "posts", "posts.title"];
        of_exported_users(Some(&mask(&relations)), &mut violations);
        of_exported_posts(Some(&mask(&["author", "author.email"])), &mut violations);
        let error = violations.finish().unwrap_err();
        assert_eq!(error.violations().len(), 5);
        assert_eq!(
            error.violations()[0].message,
            "names \"post_count\", which cannot be exported: expected id, email, name, role, \
             is_active, created_at, updated_at, deleted_at, purge_at, etag or *, and no relations"
        );
    }
}
