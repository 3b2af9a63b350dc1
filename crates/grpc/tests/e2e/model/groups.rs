//! Random requests for many changes: batches and transactions.

use byline_grpc::pb;
use byline_grpc::pb::operation::Operation as Kind;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::model::letters::ALIKE;
use crate::model::many::{DEEPEST, MOST};
use crate::model::placeholders::{address_of, living};
use crate::model::requests::{
    Wrong, create_post, create_user, delete_post, delete_user, publish_post, transfer_posts,
    undelete_post, undelete_user, unpublish_post, update_post, update_user,
};

/// A request for many.
pub(crate) trait Batch {
    type One: Clone + std::fmt::Debug + Default;

    fn of(requests: Vec<Self::One>, atomicity: i32) -> Self;
}

macro_rules! batches {
    ($($batch:ident of $one:ident,)*) => {
        $(
            impl Batch for pb::$batch {
                type One = pb::$one;

                fn of(requests: Vec<pb::$one>, atomicity: i32) -> Self {
                    Self { requests, atomicity, ..Self::default() }
                }
            }
        )*
    };
}

batches! {
    BatchCreateUsersRequest of CreateUserRequest,
    BatchUpdateUsersRequest of UpdateUserRequest,
    BatchDeleteUsersRequest of DeleteUserRequest,
    BatchCreatePostsRequest of CreatePostRequest,
    BatchUpdatePostsRequest of UpdatePostRequest,
    BatchDeletePostsRequest of DeletePostRequest,
}

pub(crate) fn batch<B: Batch>(requests: Vec<B::One>, atomicity: i32) -> B {
    B::of(requests, atomicity)
}

pub(crate) fn many<B: Batch + std::fmt::Debug, S: Strategy<Value = B::One> + 'static>(
    one: fn(Wrong) -> S,
) -> impl Strategy<Value = B> {
    let requests = prop_oneof![
        30 => prop::collection::vec(one(0), 1..6),
        10 => prop::collection::vec(one(1), 1..6),
        1 => Just(Vec::new()),
        1 => Just(vec![B::One::default(); MOST + 1]),
    ];
    let atomicity = prop_oneof![8 => 0..2, 12 => Just(2), 1 => Just(3)];
    (requests, atomicity).prop_map(|(requests, atomicity)| batch(requests, atomicity))
}

/// Addresses that a batch gives to users who may have them from one another, or may both
/// be given the same one in other letters.
pub(crate) fn moves_of_addresses() -> impl Strategy<Value = pb::BatchUpdateUsersRequest> {
    let one = (0..9usize, any::<Index>(), option::weighted(0.3, 0..9usize));
    let all = (select(ALIKE), prop::collection::vec(one, 2..6), 0..3);
    all.prop_map(|(alike, moves, atomicity)| {
        let requests = moves
            .into_iter()
            .map(|(number, which, of_other)| pb::UpdateUserRequest {
                user: Some(pb::User {
                    id: living(number),
                    email: of_other.map_or_else(|| (*which.get(alike)).to_owned(), address_of),
                    ..pb::User::default()
                }),
                ..pb::UpdateUserRequest::default()
            });
        batch(requests.collect(), atomicity)
    })
}

fn operation(kind: Kind) -> pb::Operation {
    pb::Operation {
        operation: Some(kind),
    }
}

fn group(operations: Vec<pb::Operation>) -> pb::Operation {
    operation(Kind::Nested(pb::NestedOperations { operations }))
}

fn tree(wrong: Wrong) -> BoxedStrategy<pb::Operation> {
    let one = prop_oneof![
        create_user(wrong).prop_map(Kind::CreateUser),
        update_user(wrong).prop_map(Kind::UpdateUser),
        delete_user(wrong).prop_map(Kind::DeleteUser),
        undelete_user(wrong).prop_map(Kind::UndeleteUser),
        create_post(wrong).prop_map(Kind::CreatePost),
        update_post(wrong).prop_map(Kind::UpdatePost),
        publish_post(wrong).prop_map(Kind::PublishPost),
        unpublish_post(wrong).prop_map(Kind::UnpublishPost),
        delete_post(wrong).prop_map(Kind::DeletePost),
        undelete_post(wrong).prop_map(Kind::UndeletePost),
        transfer_posts(wrong).prop_map(Kind::TransferPosts),
    ];
    let none = pb::Operation { operation: None };
    let leaf = prop_oneof![60 => one.prop_map(operation), wrong => Just(none)].boxed();
    let groups = |inner: BoxedStrategy<pb::Operation>| {
        prop_oneof![
            20 => prop::collection::vec(inner, 1..4).prop_map(group),
            wrong => Just(group(Vec::new())),
        ]
    };
    let inner = prop_oneof![4 => leaf.clone(), 1 => groups(leaf.clone())].boxed();
    prop_oneof![5 => leaf, 2 => groups(inner)].boxed()
}

pub(crate) fn operations() -> impl Strategy<Value = Vec<pb::Operation>> {
    let deep = publish_post(0).prop_map(|request| operation(Kind::PublishPost(request)));
    let deep = (deep, DEEPEST..=DEEPEST + 1)
        .prop_map(|(leaf, groups)| vec![(0..groups).fold(leaf, |inner, _| group(vec![inner]))]);
    prop_oneof![
        30 => prop::collection::vec(tree(0), 1..4),
        10 => prop::collection::vec(tree(1), 1..4),
        1 => deep,
        1 => Just(Vec::new()),
        1 => Just(vec![pb::Operation::default(); MOST + 1]),
    ]
}
