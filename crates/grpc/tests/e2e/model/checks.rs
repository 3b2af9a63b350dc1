//! What may be wrong with a field.

use byline_grpc::pb;
use prost_types::FieldMask;

use crate::model::calls::Wishes;
use crate::model::letters::nfc;
use crate::model::refusal::Violation;

/// Collects what is wrong.
#[derive(Default)]
pub(crate) struct Checks(Vec<Violation>);

impl Checks {
    pub(crate) fn finish(self) -> Vec<Violation> {
        self.0
    }

    pub(crate) fn check(&mut self, field: &str, reason: Option<&str>) {
        let reason = reason.map(|reason| (field.to_owned(), reason.to_owned()));
        self.0.extend(reason);
    }

    /// All that is wrong with a part, under its path.
    pub(crate) fn within(&mut self, path: &str, violations: Vec<Violation>) {
        let inner = violations.into_iter();
        self.0
            .extend(inner.map(|(field, reason)| (format!("{path}.{field}"), reason)));
    }

    /// A request inside another one says nothing of itself.
    pub(crate) fn inner(&mut self, request: &impl Wishes) {
        let is_set = |set: bool| set.then_some("MALFORMED");
        self.check("request_id", is_set(!request.request_id().is_empty()));
        self.check("validate_only", is_set(request.validate_only()));
    }
}

/// The id of a resource.
pub(crate) fn id(given: &str) -> Option<&'static str> {
    let of_shape = given.len() == 36
        && given.char_indices().all(|(at, char)| match at {
            8 | 13 | 18 | 23 => char == '-',
            _ => char.is_ascii_hexdigit(),
        });
    let digits = |digit: &str| given.replace('-', "").to_lowercase() == digit.repeat(32);
    if given.is_empty() {
        Some("REQUIRED")
    } else if !of_shape || digits("0") || digits("f") {
        Some("MALFORMED")
    } else {
        None
    }
}

/// A request that names no more than a resource and its state.
pub(crate) fn only_id(given: &str) -> Vec<Violation> {
    let mut checks = Checks::default();
    checks.check("id", id(given));
    checks.finish()
}

/// An id that may be left out.
pub(crate) fn optional_id(given: &str) -> Option<&'static str> {
    if given.is_empty() { None } else { id(given) }
}

/// A text on one line.
pub(crate) fn line(given: &str, most: usize) -> Option<&'static str> {
    let text = nfc(given);
    if text.is_empty() {
        Some("REQUIRED")
    } else if text.chars().count() > most {
        Some("TOO_LONG")
    } else if text.contains(char::is_control) {
        Some("FORBIDDEN_CHARACTER")
    } else {
        None
    }
}

fn email(given: &str) -> Option<&'static str> {
    let parts: Vec<_> = given.split('@').collect();
    match line(given, 256) {
        None if given.contains(char::is_whitespace) => Some("FORBIDDEN_CHARACTER"),
        None if parts.len() != 2 || parts.contains(&"") => Some("MALFORMED"),
        wrong => wrong,
    }
}

fn role(given: &str) -> Option<&'static str> {
    if given.is_empty() {
        None
    } else {
        line(given, 50)
    }
}

fn name(given: Option<&String>) -> Option<&'static str> {
    given.and_then(|name| line(name, 100))
}

fn content(given: Option<&String>) -> Option<&'static str> {
    let is_forbidden = |char: char| char.is_control() && !matches!(char, '\t' | '\n' | '\r');
    given
        .filter(|content| content.contains(is_forbidden))
        .map(|_| "FORBIDDEN_CHARACTER")
}

/// Which fields an update changes.
pub(crate) struct Mask<'m>(&'m [String]);

impl<'m> Mask<'m> {
    pub(crate) fn of(mask: Option<&'m FieldMask>) -> Self {
        Self(mask.map_or(&[], |mask| mask.paths.as_slice()))
    }

    pub(crate) fn changes(&self, field: &str, is_set: bool) -> bool {
        match self.0 {
            [] => is_set,
            [all] if all == "*" => true,
            paths => paths.iter().any(|path| path == field),
        }
    }

    fn check(&self, changeable: &[&str], read_only: &[&str], checks: &mut Checks) {
        let is_all = self.0 == ["*"];
        for path in self.0.iter().filter(|_| !is_all) {
            let path = path.as_str();
            let wrong = if changeable.contains(&path) {
                None
            } else if path == "*" {
                Some("MALFORMED")
            } else if read_only.contains(&path) {
                Some("READ_ONLY")
            } else {
                Some("UNKNOWN")
            };
            checks.check("update_mask", wrong);
        }
    }
}

pub(crate) fn new_user(user: &pb::User, checks: &mut Checks) {
    let mut fields = Checks::default();
    user_row(user, false, &mut fields);
    checks.within("user", fields.finish());
}

/// A user of whom all is said that a new one needs, unless a stored one may be meant.
pub(crate) fn user_row(user: &pb::User, may_be_stored: bool, checks: &mut Checks) {
    checks.check("id", optional_id(&user.id));
    if !(may_be_stored && user.email.is_empty()) {
        checks.check("email", email(&user.email));
    }
    checks.check("name", name(user.name.as_ref()));
    checks.check("role", role(&user.role));
}

pub(crate) fn changed_user(user: &pb::User, mask: &Mask<'_>, checks: &mut Checks) {
    let read_only = [
        "id",
        "created_at",
        "updated_at",
        "deleted_at",
        "purge_at",
        "etag",
        "post_count",
        "posts",
    ];
    mask.check(&["email", "name", "role", "is_active"], &read_only, checks);
    checks.check("user.id", id(&user.id));
    if mask.changes("email", !user.email.is_empty()) {
        checks.check("user.email", email(&user.email));
    }
    if mask.changes("name", user.name.is_some()) {
        checks.check("user.name", name(user.name.as_ref()));
    }
    if mask.changes("role", !user.role.is_empty()) {
        checks.check("user.role", role(&user.role));
    }
}

pub(crate) fn new_post(post: &pb::Post, checks: &mut Checks) {
    let mut fields = Checks::default();
    post_row(post, false, &mut fields);
    checks.within("post", fields.finish());
}

/// A post of which all is said that a new one needs, unless a stored one may be meant.
pub(crate) fn post_row(post: &pb::Post, may_be_stored: bool, checks: &mut Checks) {
    checks.check("id", optional_id(&post.id));
    if !(may_be_stored && post.title.is_empty()) {
        checks.check("title", line(&post.title, 200));
    }
    checks.check("content", content(post.content.as_ref()));
    if !(may_be_stored && post.author_id.is_empty()) {
        checks.check("author_id", id(&post.author_id));
    }
}

pub(crate) fn changed_post(post: &pb::Post, mask: &Mask<'_>, checks: &mut Checks) {
    let read_only = [
        "id",
        "published_at",
        "author_id",
        "created_at",
        "updated_at",
        "deleted_at",
        "purge_at",
        "etag",
        "author",
    ];
    mask.check(&["title", "content", "published"], &read_only, checks);
    checks.check("post.id", id(&post.id));
    if mask.changes("title", !post.title.is_empty()) {
        checks.check("post.title", line(&post.title, 200));
    }
    if mask.changes("content", post.content.is_some()) {
        checks.check("post.content", content(post.content.as_ref()));
    }
}
