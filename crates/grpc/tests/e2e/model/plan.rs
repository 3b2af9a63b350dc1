//! Random moves. They are made up before anything is sent, so that they can be shrunk:
//! what only the service knows stands in them as a placeholder.

use byline_grpc::pb;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::model::calls::Call;
use crate::model::groups::{batch, many, moves_of_addresses, operations};
use crate::model::letters::ADDRESSES;
use crate::model::placeholders::{post_id, user_id};
use crate::model::requests::{
    create_post, create_user, delete_post, delete_user, publish_post, purge_post, purge_user,
    transfer_posts, undelete_post, undelete_user, unpublish_post, update_post, update_user,
};
use crate::model::rows::{cuts, import, post_row, user_row};

/// A move in a case.
#[derive(Clone, Debug)]
pub(crate) enum Move {
    /// Sends a request.
    Ask {
        call: Box<Call>,
        id: RequestId,
        trial: bool,
    },
    /// Sends an earlier request again, as it was or only to be tried: the last one, or any. The
    /// rows of an import come in other messages.
    Again {
        which: Option<Index>,
        trial: bool,
        cuts: Vec<Index>,
    },
}

/// The id of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RequestId {
    None,
    New,
    /// One that an earlier request has.
    Used(Index),
    Malformed,
}

/// The moves of a case, which find a few users and posts.
pub(crate) fn moves() -> impl Strategy<Value = Vec<Move>> {
    let first = |call| Move::Ask {
        call: Box::new(call),
        id: RequestId::None,
        trial: false,
    };
    let users = (0..3).map(|number| pb::CreateUserRequest {
        user: Some(pb::User {
            id: user_id(number),
            email: ADDRESSES[2 * number].to_owned(),
            ..pb::User::default()
        }),
        ..pb::CreateUserRequest::default()
    });
    let posts = (0..5).map(|number| pb::CreatePostRequest {
        post: Some(pb::Post {
            id: post_id(number),
            title: "One".to_owned(),
            author_id: user_id(number % 3),
            ..pb::Post::default()
        }),
        ..pb::CreatePostRequest::default()
    });
    // One goes into the trash by itself, and one along with its author.
    let post = pb::DeletePostRequest {
        id: post_id(0),
        ..pb::DeletePostRequest::default()
    };
    let user = pb::DeleteUserRequest {
        id: user_id(0),
        force: true,
        ..pb::DeleteUserRequest::default()
    };
    let found = [
        first(Call::BatchCreateUsers(batch(users.collect(), 0))),
        first(Call::BatchCreatePosts(batch(posts.collect(), 0))),
        first(Call::DeletePost(post)),
        first(Call::DeleteUser(user)),
    ];
    prop::collection::vec(one_move(), 1..40)
        .prop_map(move |moves| found.iter().cloned().chain(moves).collect())
}

fn one_move() -> impl Strategy<Value = Move> {
    let id = prop_oneof![
        10 => Just(RequestId::None),
        8 => Just(RequestId::New),
        2 => any::<Index>().prop_map(RequestId::Used),
        1 => Just(RequestId::Malformed),
    ];
    let ask = (call(), id, rarely(0.15)).prop_map(|(call, id, trial)| Move::Ask {
        call: Box::new(call),
        id,
        trial,
    });
    let again = (option::of(any::<Index>()), rarely(0.2), cuts());
    prop_oneof![
        8 => ask,
        2 => again.prop_map(|(which, trial, cuts)| Move::Again { which, trial, cuts }),
    ]
}

fn rarely(chance: f64) -> impl Strategy<Value = bool> {
    prop::bool::weighted(chance)
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        2 => create_user(1).prop_map(Call::CreateUser),
        2 => update_user(1).prop_map(Call::UpdateUser),
        2 => delete_user(1).prop_map(Call::DeleteUser),
        3 => undelete_user(1).prop_map(Call::UndeleteUser),
        2 => purge_user(1).prop_map(Call::PurgeUser),
        2 => create_post(1).prop_map(Call::CreatePost),
        2 => update_post(1).prop_map(Call::UpdatePost),
        1 => publish_post(1).prop_map(Call::PublishPost),
        1 => unpublish_post(1).prop_map(Call::UnpublishPost),
        2 => delete_post(1).prop_map(Call::DeletePost),
        3 => undelete_post(1).prop_map(Call::UndeletePost),
        2 => purge_post(1).prop_map(Call::PurgePost),
        2 => transfer_posts(1).prop_map(Call::TransferPosts),
        2 => many(create_user).prop_map(Call::BatchCreateUsers),
        2 => many(update_user).prop_map(Call::BatchUpdateUsers),
        5 => moves_of_addresses().prop_map(Call::BatchUpdateUsers),
        2 => many(delete_user).prop_map(Call::BatchDeleteUsers),
        2 => many(create_post).prop_map(Call::BatchCreatePosts),
        2 => many(update_post).prop_map(Call::BatchUpdatePosts),
        2 => many(delete_post).prop_map(Call::BatchDeletePosts),
        7 => import(user_row).prop_map(Call::ImportUsers),
        7 => import(post_row).prop_map(Call::ImportPosts),
        8 => operations().prop_map(|operations| Call::ExecuteTransaction(
            pb::ExecuteTransactionRequest { operations, ..pb::ExecuteTransactionRequest::default() }
        )),
    ]
}
