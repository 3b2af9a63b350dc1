//! Which posts a transfer means: a few filters, since filters have tests of their own.

use crate::model::state::Post;

/// A filter, and what it means; or why it means nothing.
type Means = Result<fn(&Post) -> bool, &'static str>;

const FILTERS: &[(&str, Means)] = &[
    ("", Ok(|_| true)),
    ("published = true", Ok(|post| post.published_at.is_some())),
    (
        "NOT published = true",
        Ok(|post| post.published_at.is_none()),
    ),
    (
        "title = One OR title = Two",
        Ok(|post| post.title == "One" || post.title == "Two"),
    ),
    ("content : \"*\"", Ok(|post| post.content.is_some())),
    (
        "updated_at > 2000-01-01T00:00:00Z",
        Ok(|post| post.stamps.updated_at.is_some()),
    ),
    ("titel = One", Err("UNKNOWN")),
    ("title =", Err("MALFORMED")),
];

pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    FILTERS.iter().map(|(filter, _)| *filter)
}

fn means(filter: &str) -> Means {
    let found = FILTERS.iter().find(|(text, _)| *text == filter);
    found.expect("one of these filters").1
}

/// Why the filter cannot be read.
pub(crate) fn wrong(filter: &str) -> Option<&'static str> {
    means(filter).err()
}

pub(crate) fn meets(filter: &str, post: &Post) -> bool {
    means(filter).is_ok_and(|meets| meets(post))
}
