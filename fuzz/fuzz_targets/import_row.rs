//! Holds the readers of rows of an import, and of the times in them, to what they promise of any row.
#![no_main]

use byline_domain::error::ValidationError;
use byline_domain::ids::{PostId, UserId};
use byline_domain::import::{OnConflict, Times};
use byline_domain::post::{Content, Title};
use byline_domain::testing::fixtures::CountingIds;
use byline_domain::user::{Email, Role, UserName};
use byline_fuzz::hold;
use chrono::{DateTime, Utc};
use libfuzzer_sys::fuzz_target;
use prost::Message;
use prost_types::Timestamp;

use import::Part;

#[path = "../../crates/grpc/src/convert/import/row.rs"]
mod row;

/// What the program's own has of the parts of an import.
mod import {
    use byline_domain::error::ValidationError;
    use byline_domain::ids::IdGenerator;
    use byline_domain::import::OnConflict;

    use crate::pb;

    pub(crate) trait Part {
        const METHOD: &'static str;

        type One;
        type Row;
        type Answer;

        fn open(self) -> (Option<pb::ImportSettings>, Vec<Self::One>);

        fn read(
            number: u64,
            one: Self::One,
            on_conflict: OnConflict,
            ids: &dyn IdGenerator,
        ) -> Result<Self::Row, ValidationError>;
    }
}

mod convert {
    use byline_domain::error::Invalid;

    pub(crate) fn optional_id<T>(
        text: &str,
        parse: impl Fn(&str) -> Result<T, Invalid>,
    ) -> Result<Option<T>, Invalid> {
        (!text.is_empty()).then(|| parse(text)).transpose()
    }
}

mod pb {
    pub(crate) use byline_fuzz::pb::{Post, User};

    pub(crate) struct ImportSettings;

    pub(crate) struct ImportUsersRequest {
        pub(crate) settings: Option<ImportSettings>,
        pub(crate) users: Vec<User>,
    }

    pub(crate) struct ImportUsersResponse;

    pub(crate) struct ImportPostsRequest {
        pub(crate) settings: Option<ImportSettings>,
        pub(crate) posts: Vec<Post>,
    }

    pub(crate) struct ImportPostsResponse;
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, row)) = bytes.split_first() else {
        return;
    };
    let on_conflict = match first % 3 {
        0 => OnConflict::Fail,
        1 => OnConflict::Skip,
        _ => OnConflict::Update,
    };
    let user = pb::User::decode(row);
    let post = pb::Post::decode(row);
    let parts = [
        (
            "user",
            user.is_ok_and(|user| check_user(&user, on_conflict)),
        ),
        (
            "post",
            post.is_ok_and(|post| check_post(&post, on_conflict)),
        ),
    ];
    hold(bytes, &parts);
});

const NUMBER: u64 = 7;

/// Reads the only row of a part.
fn read<P: Part>(part: P, on_conflict: OnConflict) -> Result<P::Row, ValidationError> {
    let (settings, rows) = part.open();
    assert!(settings.is_none());
    assert_eq!(rows.len(), 1);
    let row = rows.into_iter().next().expect("the only one");
    P::read(NUMBER, row, on_conflict, &CountingIds::default())
}

/// A user is read as the row says, or refused where one of its fields is none.
fn check_user(user: &pb::User, on_conflict: OnConflict) -> bool {
    let may_change = on_conflict == OnConflict::Update && !user.id.is_empty();
    let stamps = [
        user.created_at,
        user.updated_at,
        user.deleted_at,
        user.purge_at,
    ];
    let is_good = (user.id.is_empty() || UserId::parse(&user.id).is_ok())
        && (user.email.is_empty() && may_change || Email::parse(&*user.email).is_ok())
        && user
            .name
            .as_ref()
            .is_none_or(|name| UserName::parse(name).is_ok())
        && (user.role.is_empty() || Role::parse(&*user.role).is_ok())
        && are_times(stamps);
    assert_eq!(
        pb::ImportUsersRequest::METHOD,
        "TransferService/ImportUsers"
    );
    let request = pb::ImportUsersRequest {
        settings: None,
        users: vec![user.clone()],
    };
    let read = read(request, on_conflict);
    assert_eq!(read.is_ok(), is_good, "{user:?}");
    let row = match read {
        Ok(row) => row,
        Err(error) => {
            check_refusal(&error, &["id", "email", "name", "role"]);
            return false;
        }
    };
    assert_eq!(row.number, NUMBER);
    assert_eq!(row.id.given(), UserId::parse(&user.id).ok());
    assert_eq!(row.email, Email::parse(&*user.email).ok());
    let name = user.name.as_ref();
    assert_eq!(row.name, name.and_then(|name| UserName::parse(name).ok()));
    assert_eq!(row.role, Role::parse(&*user.role).ok());
    assert_eq!(row.is_active, user.is_active);
    check_times(&row.times, stamps);
    true
}

/// A post, as a user is.
fn check_post(post: &pb::Post, on_conflict: OnConflict) -> bool {
    let may_change = on_conflict == OnConflict::Update && !post.id.is_empty();
    let stamps = [
        post.created_at,
        post.updated_at,
        post.deleted_at,
        post.purge_at,
    ];
    let is_published = post.published == Some(true);
    let content = post.content.as_ref();
    let author = UserId::parse(&post.author_id).ok();
    let is_good = (post.id.is_empty() || PostId::parse(&post.id).is_ok())
        && (post.title.is_empty() && may_change || Title::parse(&*post.title).is_ok())
        && content.is_none_or(|content| Content::parse(content).is_ok())
        && (post.author_id.is_empty() && may_change || author.is_some())
        && post
            .published_at
            .is_none_or(|since| is_published && micros(since).is_some())
        && are_times(stamps);
    assert_eq!(
        pb::ImportPostsRequest::METHOD,
        "TransferService/ImportPosts"
    );
    let request = pb::ImportPostsRequest {
        settings: None,
        posts: vec![post.clone()],
    };
    let read = read(request, on_conflict);
    assert_eq!(read.is_ok(), is_good, "{post:?}");
    let row = match read {
        Ok(row) => row,
        Err(error) => {
            let own = ["id", "title", "content", "author_id", "published_at"];
            check_refusal(&error, &own);
            return false;
        }
    };
    assert_eq!(row.number, NUMBER);
    assert_eq!(row.id.given(), PostId::parse(&post.id).ok());
    assert_eq!(row.title, Title::parse(&*post.title).ok());
    let content = content.and_then(|content| Content::parse(content).ok());
    assert_eq!(row.content, content);
    assert_eq!(row.author_id, author);
    assert_eq!(row.publication.published(), post.published);
    assert_same(row.publication.since(), post.published_at);
    check_times(&row.times, stamps);
    true
}

/// Microseconds since 1970, of a time that is one and in the years 1 to 9999.
fn micros(stamp: Timestamp) -> Option<i64> {
    let is_one = (0..1_000_000_000).contains(&stamp.nanos)
        && (-62_135_596_800..=253_402_300_799).contains(&stamp.seconds);
    is_one.then(|| stamp.seconds * 1_000_000 + i64::from(stamp.nanos) / 1_000)
}

/// Whether these can be when something was made, changed, deleted and may be removed.
fn are_times(stamps: [Option<Timestamp>; 4]) -> bool {
    let times = stamps.map(|stamp| stamp.map(micros));
    if times.contains(&Some(None)) {
        return false;
    }
    let [made, changed, deleted, removed] = times.map(Option::flatten);
    let is_later =
        |time: Option<i64>| time.is_none_or(|time| made.is_some_and(|made| made <= time));
    let is_kept = removed.is_none_or(|end| deleted.is_some_and(|begin| begin <= end));
    is_later(changed) && is_later(deleted) && is_kept
}

fn check_times(times: &Times, stamps: [Option<Timestamp>; 4]) {
    let read = [
        times.created_at(),
        times.updated_at(),
        times.deleted_at(),
        times.purge_at(),
    ];
    for (time, stamp) in read.into_iter().zip(stamps) {
        assert_same(time, stamp);
    }
}

fn assert_same(time: Option<DateTime<Utc>>, stamp: Option<Timestamp>) {
    let read = time.map(|time| {
        (
            time.timestamp_micros(),
            time.timestamp_subsec_nanos() % 1_000,
        )
    });
    assert_eq!(read, stamp.and_then(micros).map(|micros| (micros, 0)));
}

/// What is refused is told of the fields of the row, in words that are fit to be shown.
fn check_refusal(error: &ValidationError, own: &[&str]) {
    let times = ["created_at", "updated_at", "deleted_at", "purge_at"];
    assert!(!error.violations().is_empty());
    for violation in error.violations() {
        let field = violation.field.as_str();
        assert!(own.contains(&field) || times.contains(&field), "{field}");
        let message = &violation.message;
        assert!(!message.contains(char::is_control), "{message:?}");
    }
}
