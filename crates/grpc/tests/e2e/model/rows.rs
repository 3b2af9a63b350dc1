//! Random imports.

use byline_grpc::pb;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use prost_types::Timestamp;

use crate::model::imports::Import;
use crate::model::placeholders::{of_author, post_id, user_id};
use crate::model::requests::{Wrong, id, own_id, post, user};

const fn time(seconds: i64, nanos: i32) -> Timestamp {
    Timestamp { seconds, nanos }
}

/// Times in their order, but for a difference that is not kept. None is of these days, so
/// that they are told from those that the service chooses.
const TIMES: [Timestamp; 4] = [
    time(-1, 999_999_999),
    time(1_000_000_000, 123_456_999),
    time(1_000_000_000, 123_456_789),
    time(1_500_000_000, 0),
];

/// Of what is in the future nothing is known but that it can be told.
const LAST: Timestamp = time(253_402_300_799, 999_999_999);

const WRONG: [Timestamp; 4] = [
    time(0, -1),
    time(0, 1_000_000_000),
    time(-62_135_596_801, 0),
    time(253_402_300_800, 0),
];

/// When it was made, changed and deleted, and may be removed for good.
type Times = [Option<Timestamp>; 4];

fn times(deleted: BoxedStrategy<Timestamp>, wrong: Wrong) -> impl Strategy<Value = Times> {
    let made = select(&TIMES[..2]).prop_map(Some);
    let changed = option::of(select(&TIMES[1..]));
    let purged = option::of(select(vec![TIMES[3], LAST]));
    let deleted = deleted.prop_map(Some);
    let any_time = || {
        let all = [&TIMES[..], &WRONG, &[LAST]].concat();
        option::of(prop_oneof![4 => select(&TIMES[..]), 1 => select(all)])
    };
    prop_oneof![
        12 => Just([None; 4]),
        4 => (made.clone(), changed.clone()).prop_map(|(made, changed)| [made, changed, None, None]),
        4 => (made, changed, deleted, purged)
            .prop_map(|(made, changed, deleted, purged)| [made, changed, deleted, purged]),
        4 * wrong => [any_time(), any_time(), any_time(), any_time()],
    ]
}

/// Of something that is stored, in the trash or not, an own one, or none.
fn any_id(pool: fn(usize) -> String, wrong: Wrong) -> BoxedStrategy<String> {
    prop_oneof![
        3 => own_id(pool, wrong),
        3 => id(false, wrong),
        1 => id(true, wrong),
    ]
    .boxed()
}

pub(crate) fn user_row(wrong: Wrong) -> BoxedStrategy<pb::User> {
    let deleted = select(&TIMES[2..]).boxed();
    let row = (
        user(any_id(user_id, wrong), 0.8, wrong),
        times(deleted, wrong),
    );
    row.prop_map(
        |(user, [created_at, updated_at, deleted_at, purge_at])| pb::User {
            created_at,
            updated_at,
            deleted_at,
            purge_at,
            ..user
        },
    )
    .boxed()
}

pub(crate) fn post_row(wrong: Wrong) -> BoxedStrategy<pb::Post> {
    let deleted = prop_oneof![2 => select(&TIMES[2..]), 1 => Just(of_author())].boxed();
    let since = option::of(select(vec![TIMES[0], LAST]));
    let any_since = prop_oneof![1 => Just(None), wrong => select(WRONG.to_vec()).prop_map(Some)];
    let author = prop_oneof![
        6 => id(false, wrong),
        2 => id(true, wrong),
        4 => Just(String::new()),
    ];
    let row = (
        post(any_id(post_id, wrong), 0.8, wrong),
        times(deleted, wrong),
        (
            since,
            prop_oneof![9 => Just(None), wrong => any_since.prop_map(Some)],
        ),
        author,
    );
    row.prop_map(|(post, times, (since, any_since), author_id)| {
        let [created_at, updated_at, deleted_at, purge_at] = times;
        let since = since.filter(|_| post.published == Some(true));
        pb::Post {
            published_at: any_since.unwrap_or(since),
            author_id,
            created_at,
            updated_at,
            deleted_at,
            purge_at,
            ..post
        }
    })
    .boxed()
}

/// Where the rows of an import are divided.
pub(crate) fn cuts() -> impl Strategy<Value = Vec<Index>> {
    prop::collection::vec(any::<Index>(), 0..3)
}

/// More rows than are told of.
const MANY: usize = 103;

pub(crate) fn import<R: Clone + std::fmt::Debug + Default + 'static>(
    row: fn(Wrong) -> BoxedStrategy<R>,
) -> impl Strategy<Value = Import<R>> {
    let rows = prop_oneof![
        30 => prop::collection::vec(row(0), 1..7),
        15 => prop::collection::vec(row(1), 1..7),
        1 => Just(Vec::new()),
        1 => Just(vec![R::default(); MANY]),
    ];
    let settings = (
        prop_oneof![20 => 0..4, 10 => Just(3), 1 => Just(4)],
        prop_oneof![12 => 0..2, 12 => Just(2), 1 => Just(3)],
        prop::bool::weighted(0.04),
    );
    let import = (rows, settings, cuts());
    let import = import.prop_map(|(rows, (on_conflict, atomicity, says_twice), cuts)| {
        let mut import = Import {
            on_conflict,
            atomicity,
            rows,
            says_twice,
            ..Import::default()
        };
        import.divide(&cuts);
        import
    });
    prop_oneof![60 => import, 1 => Just(Import::default())]
}
