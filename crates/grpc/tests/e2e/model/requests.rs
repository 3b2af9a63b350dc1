//! Random requests for single changes.

use byline_grpc::pb;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use prost_types::{FieldMask, Timestamp};

use crate::model::filters;
use crate::model::letters::ADDRESSES;
use crate::model::placeholders::{
    NOBODY, living, post_id, right_etag, stale_etag, trashed, user_id,
};

fn text(texts: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(texts).prop_map(str::to_owned)
}

/// How often a field is wrong: a weight, 0 for never. A request for many in which
/// each had wrong fields now and then would hardly ever be right as a whole.
pub(crate) type Wrong = u32;

/// Of something outside the trash, mostly, or `in_trash`; now and then of nobody or none at all.
pub(crate) fn id(in_trash: bool, wrong: Wrong) -> BoxedStrategy<String> {
    let (living, trashed) = (
        (0..9usize).prop_map(living).boxed(),
        (0..9usize).prop_map(trashed).boxed(),
    );
    let (usual, unusual) = if in_trash {
        (trashed, living)
    } else {
        (living, trashed)
    };
    let malformed = &[
        "",
        "nobody",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "019000000000700080000000000000a0",
    ];
    prop_oneof![
        30 => usual.clone(),
        2 => usual.prop_map(|id| id.to_uppercase()),
        4 => unusual,
        2 => Just(NOBODY.to_owned()),
        wrong => text(malformed),
    ]
    .boxed()
}

/// An id of the caller's own, or none.
pub(crate) fn own_id(pool: fn(usize) -> String, wrong: Wrong) -> impl Strategy<Value = String> {
    prop_oneof![
        12 => (0..7usize).prop_map(pool),
        8 => Just(String::new()),
        1 => (0..7usize).prop_map(move |number| pool(number).to_uppercase()),
        1 => id(false, wrong),
    ]
}

fn etag() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => Just(String::new()),
        4 => Just(right_etag()),
        1 => Just(stale_etag()),
        1 => Just("never".to_owned()),
    ]
}

fn email(wrong: Wrong) -> impl Strategy<Value = String> {
    let long = format!("{}@x.org", "a".repeat(251));
    prop_oneof![
        40 => text(&ADDRESSES[..6]),
        20 => text(ADDRESSES),
        wrong => text(&["", "nobody", "@x.org", "a@b@c", "a b@x.org", "a\u{7}@x.org"]),
        wrong => Just(long),
    ]
}

fn line(
    texts: &'static [&'static str],
    most: usize,
    wrong: Wrong,
) -> impl Strategy<Value = String> {
    prop_oneof![
        30 => text(texts),
        1 => Just("e\u{301}".repeat(most)),
        wrong => Just("é".repeat(most + 1)),
        wrong => text(&["", "a\u{0}b", "a\nb"]),
    ]
}

/// What is output only, and ignored.
fn ignored() -> impl Strategy<Value = Option<Timestamp>> {
    let time = Timestamp {
        seconds: 1,
        nanos: 0,
    };
    option::weighted(0.1, Just(time))
}

fn some_or_none<T: Clone + std::fmt::Debug>(
    some: impl Strategy<Value = T>,
    wrong: Wrong,
) -> impl Strategy<Value = Option<T>> {
    prop_oneof![40 => some.prop_map(Some), wrong => Just(None)]
}

/// A user whose address is set that often.
pub(crate) fn user(
    id: BoxedStrategy<String>,
    set: f64,
    wrong: Wrong,
) -> impl Strategy<Value = pb::User> {
    let user = (
        (id, etag(), option::weighted(set, email(wrong))),
        (
            option::weighted(0.5, line(&["Ada", "e\u{301}", "É"], 100, wrong)),
            ignored(),
        ),
        option::weighted(0.4, line(&["user", "admin"], 50, wrong)),
        option::weighted(0.4, any::<bool>()),
    );
    user.prop_map(
        |((id, etag, email), (name, time), role, is_active)| pb::User {
            id,
            etag,
            email: email.unwrap_or_default(),
            name,
            role: role.unwrap_or_default(),
            is_active,
            created_at: time,
            deleted_at: time,
            post_count: time.map(|_| 7),
            ..pb::User::default()
        },
    )
}

/// A post whose title is set that often.
pub(crate) fn post(
    own: BoxedStrategy<String>,
    set: f64,
    wrong: Wrong,
) -> impl Strategy<Value = pb::Post> {
    let content = prop_oneof![
        20 => text(&["", "Words", "e\u{301}\t\r\n"]),
        wrong => Just("a\u{1b}b".to_owned()),
    ];
    let post = (
        (own, etag(), ignored()),
        option::weighted(set, line(&["One", "Two", "e\u{301}", "Three"], 200, wrong)),
        option::weighted(0.4, content),
        option::weighted(0.4, any::<bool>()),
        id(false, wrong),
    );
    post.prop_map(
        |((id, etag, time), title, content, published, author_id)| pb::Post {
            id,
            etag,
            title: title.unwrap_or_default(),
            content,
            published,
            author_id,
            created_at: time,
            published_at: time,
            purge_at: time,
            ..pb::Post::default()
        },
    )
}

fn mask(fields: &'static [&'static str], wrong: Wrong) -> impl Strategy<Value = Option<FieldMask>> {
    let some =
        |paths: BoxedStrategy<Vec<String>>| paths.prop_map(|paths| Some(FieldMask { paths }));
    let fields = text(fields).boxed();
    let others = text(&[
        "etag",
        "created_at",
        "id",
        "nothing",
        "*",
        "posts",
        "author",
        "name.first",
    ]);
    prop_oneof![
        6 => Just(None),
        4 => some(prop::collection::vec(fields.clone(), 0..3).boxed()),
        2 => some(Just(vec!["*".to_owned()]).boxed()),
        wrong => some((fields, others).prop_map(|(one, other)| vec![one, other]).boxed()),
    ]
}

/// What a request in a batch or a transaction must not say, now and then.
fn inner(wrong: Wrong) -> impl Strategy<Value = (String, bool)> {
    prop_oneof![
        60 => Just((String::new(), false)),
        wrong => Just((NOBODY.to_owned(), false)),
        wrong => Just((String::new(), true)),
    ]
}

fn filter(wrong: Wrong) -> impl Strategy<Value = String> {
    let all = filters::all().map(str::to_owned);
    let (refused, read): (Vec<_>, Vec<_>) = all.partition(|text| filters::wrong(text).is_some());
    prop_oneof![10 => select(read), wrong => select(refused)]
}

/// A strategy for each kind of request.
macro_rules! requests {
    ($wrong:ident: $($name:ident -> $request:ident { $($field:ident: $make:expr),* $(,)? })*) => {
        $(
            pub(crate) fn $name($wrong: Wrong) -> impl Strategy<Value = pb::$request> {
                ($($make,)* inner($wrong)).prop_map(|($($field,)* (request_id, validate_only))| {
                    pb::$request { $($field,)* request_id, validate_only }
                })
            }
        )*
    };
}

requests! { wrong:
    create_user -> CreateUserRequest {
        user: some_or_none(user(own_id(user_id, wrong).boxed(), 0.95, wrong), wrong),
    }
    update_user -> UpdateUserRequest {
        user: some_or_none(user(id(false, wrong), 0.5, wrong), wrong),
        update_mask: mask(&["email", "name", "role", "is_active"], wrong),
    }
    delete_user -> DeleteUserRequest { id: id(false, wrong), etag: etag(), force: any::<bool>() }
    undelete_user -> UndeleteUserRequest { id: id(true, wrong), etag: etag() }
    purge_user -> PurgeUserRequest { id: id(true, wrong), etag: etag() }
    create_post -> CreatePostRequest {
        post: some_or_none(post(own_id(post_id, wrong).boxed(), 0.95, wrong), wrong),
    }
    update_post -> UpdatePostRequest {
        post: some_or_none(post(id(false, wrong), 0.5, wrong), wrong),
        update_mask: mask(&["title", "content", "published"], wrong),
    }
    publish_post -> PublishPostRequest { id: id(false, wrong), etag: etag() }
    unpublish_post -> UnpublishPostRequest { id: id(false, wrong), etag: etag() }
    delete_post -> DeletePostRequest { id: id(false, wrong), etag: etag() }
    undelete_post -> UndeletePostRequest { id: id(true, wrong), etag: etag() }
    purge_post -> PurgePostRequest { id: id(true, wrong), etag: etag() }
    transfer_posts -> TransferPostsRequest {
        from_author_id: id(false, wrong),
        to_author_id: id(false, wrong),
        filter: filter(wrong),
    }
}
