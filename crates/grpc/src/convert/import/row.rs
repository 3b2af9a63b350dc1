//! Rows of imports: each with all that is wrong with it.

use byline_domain::error::{Invalid, Reason, ValidationError, Violations};
use byline_domain::ids::{IdGenerator, NewId, PostId, UserId};
use byline_domain::import::{self, OnConflict, PostRow, Publication, Times, UserRow};
use byline_domain::post::{Content, Title};
use byline_domain::user::{Email, Role, UserName};
use chrono::{DateTime, Utc};
use prost_types::Timestamp;

use super::Part;
use crate::convert::optional_id;
use crate::pb;

impl Part for pb::ImportUsersRequest {
    const METHOD: &'static str = "TransferService/ImportUsers";

    type One = pb::User;
    type Row = UserRow;
    type Answer = pb::ImportUsersResponse;

    fn open(self) -> (Option<pb::ImportSettings>, Vec<pb::User>) {
        (self.settings, self.users)
    }

    fn read(
        number: u64,
        user: pb::User,
        on_conflict: OnConflict,
        ids: &dyn IdGenerator,
    ) -> Result<UserRow, ValidationError> {
        let mut violations = Violations::new();
        let may_change = may_change(&user.id, on_conflict);
        let id = violations.check("id", optional_id(&user.id, UserId::parse));
        let email = optional(user.email, may_change, Email::parse);
        let email = violations.check("email", email);
        let name = violations.check("name", user.name.map(UserName::parse).transpose());
        let role = violations.check("role", optional(user.role, true, Role::parse));
        let times = Stamps {
            created_at: user.created_at,
            updated_at: user.updated_at,
            deleted_at: user.deleted_at,
            purge_at: user.purge_at,
        };
        let times = times.read(&mut violations);
        violations.finish_with((|| {
            Some(UserRow {
                number,
                id: NewId::of(id?, || UserId::from_uuid(ids.generate())),
                email: email?,
                name: name?,
                role: role?,
                is_active: user.is_active,
                times: times?,
            })
        })())
    }
}

impl Part for pb::ImportPostsRequest {
    const METHOD: &'static str = "TransferService/ImportPosts";

    type One = pb::Post;
    type Row = PostRow;
    type Answer = pb::ImportPostsResponse;

    fn open(self) -> (Option<pb::ImportSettings>, Vec<pb::Post>) {
        (self.settings, self.posts)
    }

    fn read(
        number: u64,
        post: pb::Post,
        on_conflict: OnConflict,
        ids: &dyn IdGenerator,
    ) -> Result<PostRow, ValidationError> {
        let mut violations = Violations::new();
        let may_change = may_change(&post.id, on_conflict);
        let id = violations.check("id", optional_id(&post.id, PostId::parse));
        let title = optional(post.title, may_change, Title::parse);
        let title = violations.check("title", title);
        let content = violations.check("content", post.content.map(Content::parse).transpose());
        let author_id = optional(post.author_id, may_change, |text| UserId::parse(&text));
        let author_id = violations.check("author_id", author_id);
        let since = post.published_at.map(moment).transpose();
        let publication = since.and_then(|since| Publication::new(post.published, since));
        let publication = violations.check("published_at", publication);
        let times = Stamps {
            created_at: post.created_at,
            updated_at: post.updated_at,
            deleted_at: post.deleted_at,
            purge_at: post.purge_at,
        };
        let times = times.read(&mut violations);
        violations.finish_with((|| {
            Some(PostRow {
                number,
                id: NewId::of(id?, || PostId::from_uuid(ids.generate())),
                title: title?,
                content: content?,
                publication: publication?,
                author_id: author_id?,
                times: times?,
            })
        })())
    }
}

/// Whether a row may be about a stored resource, of which it need not say everything.
fn may_change(id: &str, on_conflict: OnConflict) -> bool {
    on_conflict == OnConflict::Update && !id.is_empty()
}

/// A text that may be left out, or may not.
fn optional<T>(
    text: String,
    may_be_absent: bool,
    parse: impl FnOnce(String) -> Result<T, Invalid>,
) -> Result<Option<T>, Invalid> {
    if text.is_empty() && may_be_absent {
        Ok(None)
    } else {
        parse(text).map(Some)
    }
}

/// The times of a row, as they are sent.
#[expect(
    clippy::struct_field_names,
    reason = "the fields are named as in the contract"
)]
struct Stamps {
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    deleted_at: Option<Timestamp>,
    purge_at: Option<Timestamp>,
}

impl Stamps {
    fn read(self, violations: &mut Violations) -> Option<Times> {
        let mut read = |field, stamp: Option<Timestamp>| {
            violations.check(field, stamp.map(moment).transpose())
        };
        let created_at = read("created_at", self.created_at);
        let updated_at = read("updated_at", self.updated_at);
        let deleted_at = read("deleted_at", self.deleted_at);
        let purge_at = read("purge_at", self.purge_at);
        violations.gather(Times::new(created_at?, updated_at?, deleted_at?, purge_at?))
    }
}

/// Refuses what is no timestamp of protobuf.
fn moment(stamp: Timestamp) -> Result<DateTime<Utc>, Invalid> {
    let nanos = u32::try_from(stamp.nanos).ok();
    let nanos = nanos.filter(|nanos| *nanos < 1_000_000_000);
    let moment = nanos.and_then(|nanos| DateTime::from_timestamp(stamp.seconds, nanos));
    let moment = moment.ok_or_else(|| Invalid::new(Reason::Malformed, "is no timestamp"))?;
    import::moment(moment)
}

#[cfg(test)]
mod tests {
    use byline_domain::testing::fixtures::CountingIds;

    use super::*;

    const ID: &str = "0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01";

    fn user() -> pb::User {
        pb::User {
            email: "ada@example.com".into(),
            ..pb::User::default()
        }
    }

    fn read(user: pb::User, on_conflict: OnConflict) -> Result<UserRow, Vec<String>> {
        let ids = CountingIds::default();
        let read = pb::ImportUsersRequest::read(1, user, on_conflict, &ids);
        read.map_err(|error| {
            let named = error.violations().iter();
            named.map(|violation| violation.field.clone()).collect()
        })
    }

    #[test]
    fn a_row_names_every_field_that_is_wrong() {
        let stamp = |seconds, nanos| Some(Timestamp { seconds, nanos });
        let wrong = pb::User {
            id: "x".into(),
            email: "y".into(),
            name: Some(String::new()),
            role: "r".repeat(51),
            created_at: stamp(0, -1),
            updated_at: stamp(i64::MAX, 0),
            deleted_at: stamp(0, 1_000_000_000),
            ..pb::User::default()
        };
        let fields = [
            "id",
            "email",
            "name",
            "role",
            "created_at",
            "updated_at",
            "deleted_at",
        ];
        assert_eq!(
            read(wrong, OnConflict::Fail),
            Err(fields.map(String::from).into())
        );
        let early = pb::User {
            created_at: stamp(5, 0),
            updated_at: stamp(4, 0),
            ..user()
        };
        assert_eq!(
            read(early, OnConflict::Fail),
            Err(vec!["updated_at".into()])
        );
    }

    #[test]
    fn only_a_row_that_may_change_a_user_needs_no_address() {
        let bare = || pb::User {
            id: ID.into(),
            ..pb::User::default()
        };
        assert!(read(bare(), OnConflict::Update).is_ok());
        assert!(read(bare(), OnConflict::Skip).is_err());
        assert!(read(pb::User::default(), OnConflict::Update).is_err());
    }
}
