//! Several changes in one transaction.

use byline_grpc::pb;
use byline_grpc::pb::operation::Operation as Change;
use byline_grpc::pb::operation_result::Result as Outcome;
use byline_persistence::testing::count;
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{World, get_by_id, reason, violations};

const ADA: &str = "00000000-0000-4000-8000-00000000000a";
const BOB: &str = "00000000-0000-4000-8000-00000000000b";
const POST: &str = "00000000-0000-4000-8000-0000000000aa";
const REQUEST: &str = "00000000-0000-4000-8000-0000000000ff";

pub(crate) fn operation(change: Change) -> pb::Operation {
    pb::Operation {
        operation: Some(change),
    }
}

fn create_user(id: &str, email: &str) -> pb::Operation {
    operation(Change::CreateUser(pb::CreateUserRequest {
        user: Some(pb::User {
            id: id.to_owned(),
            email: email.to_owned(),
            ..pb::User::default()
        }),
        ..pb::CreateUserRequest::default()
    }))
}

fn create_post(id: &str, author: &str) -> pb::Operation {
    operation(Change::CreatePost(pb::CreatePostRequest {
        post: Some(pb::Post {
            id: id.to_owned(),
            title: "On engines".into(),
            content: Some("They weave.".into()),
            author_id: author.to_owned(),
            ..pb::Post::default()
        }),
        ..pb::CreatePostRequest::default()
    }))
}

fn nested(operations: Vec<pb::Operation>) -> pb::Operation {
    operation(Change::Nested(pb::NestedOperations { operations }))
}

fn transaction(operations: Vec<pb::Operation>) -> pb::ExecuteTransactionRequest {
    pb::ExecuteTransactionRequest {
        operations,
        ..pb::ExecuteTransactionRequest::default()
    }
}

/// The classic: a user, a group that fails, a post of the user.
fn classic() -> pb::ExecuteTransactionRequest {
    transaction(vec![
        create_user(ADA, "ada@example.com"),
        nested(vec![create_user(BOB, "ADA@example.com")]),
        create_post(POST, ADA),
    ])
}

async fn counts(world: &World) -> (i64, i64, i64) {
    let mut connection = world.database.connection().await;
    (
        count(&mut connection, "select count(*) from users").await,
        count(&mut connection, "select count(*) from posts").await,
        count(&mut connection, "select count(*) from request_records").await,
    )
}

#[tokio::test]
async fn a_group_that_fails_is_undone_alone_and_the_rest_is_kept() {
    let mut world = World::new().await;
    let answer = world.transactions.execute_transaction(classic()).await;
    let results = answer.unwrap().into_inner().results;
    let [user, group, post] = <[_; 3]>::try_from(results)
        .unwrap()
        .map(|one| one.result.unwrap());
    assert!(matches!(user, Outcome::User(user) if user.id == ADA));
    let Outcome::Status(status) = group else {
        panic!("{group:?}");
    };
    assert_eq!(Code::from_i32(status.code), Code::AlreadyExists);
    assert_eq!(
        status.message,
        "operations[0].create_user: a user with this email already exists"
    );
    let Outcome::Post(post) = post else {
        panic!("{post:?}");
    };
    assert_eq!((post.id.as_str(), post.content), (POST, None));
    assert_eq!(counts(&world).await, (1, 1, 0));
    let found = world.users.get_user(get_by_id(ADA)).await.unwrap();
    assert_eq!(found.into_inner().user.unwrap().email, "ada@example.com");
}

#[tokio::test]
async fn a_change_that_fails_outside_a_group_undoes_all_and_is_named() {
    let mut world = World::new().await;
    let mut request = classic();
    request
        .operations
        .push(nested(vec![create_user(BOB, "bob@example.com")]));
    request.operations.push(create_post(POST, ADA));
    let answer = world.transactions.execute_transaction(request).await;
    let status = answer.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!(reason(&status), "POST_ALREADY_EXISTS");
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(info.metadata["item"], "operations[4].create_post");
    assert_eq!(counts(&world).await, (0, 0, 0));
}

#[tokio::test]
async fn every_change_sees_those_before_it() {
    let mut world = World::new().await;
    let update = |etag: &str| {
        operation(Change::UpdateUser(pb::UpdateUserRequest {
            user: Some(pb::User {
                id: ADA.into(),
                name: Some("Ada".into()),
                etag: etag.to_owned(),
                ..pb::User::default()
            }),
            ..pb::UpdateUserRequest::default()
        }))
    };
    let publish = operation(Change::PublishPost(pb::PublishPostRequest {
        id: POST.into(),
        ..pb::PublishPostRequest::default()
    }));
    let unpublish = operation(Change::UnpublishPost(pb::UnpublishPostRequest {
        id: POST.into(),
        ..pb::UnpublishPostRequest::default()
    }));
    let update_post = operation(Change::UpdatePost(pb::UpdatePostRequest {
        post: Some(pb::Post {
            id: POST.into(),
            title: "On looms".into(),
            ..pb::Post::default()
        }),
        ..pb::UpdatePostRequest::default()
    }));
    let delete_post = operation(Change::DeletePost(pb::DeletePostRequest {
        id: POST.into(),
        ..pb::DeletePostRequest::default()
    }));
    let undelete_post = operation(Change::UndeletePost(pb::UndeletePostRequest {
        id: POST.into(),
        ..pb::UndeletePostRequest::default()
    }));
    let transfer = operation(Change::TransferPosts(pb::TransferPostsRequest {
        from_author_id: ADA.into(),
        to_author_id: BOB.into(),
        ..pb::TransferPostsRequest::default()
    }));
    let delete = operation(Change::DeleteUser(pb::DeleteUserRequest {
        id: BOB.into(),
        force: true,
        ..pb::DeleteUserRequest::default()
    }));
    let undelete = operation(Change::UndeleteUser(pb::UndeleteUserRequest {
        id: BOB.into(),
        ..pb::UndeleteUserRequest::default()
    }));
    let request = transaction(vec![
        create_user(ADA, "ada@example.com"),
        create_user(BOB, "bob@example.com"),
        update(""),
        create_post(POST, ADA),
        publish,
        update_post,
        unpublish,
        delete_post,
        undelete_post,
        transfer,
        delete,
        undelete,
        nested(vec![nested(vec![update("stale")]), update("")]),
    ]);
    let answer = world
        .transactions
        .execute_transaction(request)
        .await
        .unwrap();
    let results = answer.into_inner().results;
    assert!(
        matches!(&results[9].result, Some(Outcome::Transfer(given)) if given.transferred_count == 1)
    );
    let Some(Outcome::Nested(group)) = &results[12].result else {
        panic!("{results:?}");
    };
    assert!(matches!(&group.results[0].result, Some(Outcome::Status(_))));
    assert!(matches!(&group.results[1].result, Some(Outcome::User(_))));
    let get = pb::GetPostRequest {
        id: POST.into(),
        ..pb::GetPostRequest::default()
    };
    let post = world
        .posts
        .get_post(get)
        .await
        .unwrap()
        .into_inner()
        .post
        .unwrap();
    assert_eq!(post.title, "On looms");
    assert_eq!(post.author_id, BOB);
    assert_eq!(post.content.as_deref(), Some("They weave."));
    assert_eq!((post.deleted_at, post.published), (None, Some(false)));
}

#[tokio::test]
async fn a_transaction_is_retried_and_tried_out_like_any_change() {
    let mut world = World::new().await;
    let request = pb::ExecuteTransactionRequest {
        request_id: REQUEST.into(),
        ..classic()
    };
    let tried = pb::ExecuteTransactionRequest {
        validate_only: true,
        ..request.clone()
    };
    let answer = world.transactions.execute_transaction(tried).await.unwrap();
    assert_eq!(answer.into_inner().results.len(), 3);
    assert_eq!(counts(&world).await, (0, 0, 0));
    let first = world
        .transactions
        .execute_transaction(request.clone())
        .await
        .unwrap();
    let retry = world
        .transactions
        .execute_transaction(request)
        .await
        .unwrap();
    assert_eq!(retry.into_inner(), first.into_inner());
    assert_eq!(counts(&world).await, (1, 1, 1));
}

#[tokio::test]
async fn every_wrong_field_is_named_by_its_path() {
    let mut world = World::new().await;
    let mut inner = create_user("x", "y");
    if let Some(Change::CreateUser(request)) = &mut inner.operation {
        request.request_id = REQUEST.into();
    }
    let request = transaction(vec![
        create_user(ADA, "ada@example.com"),
        nested(vec![inner, nested(vec![])]),
        pb::Operation { operation: None },
    ]);
    let answer = world.transactions.execute_transaction(request).await;
    let named: Vec<_> = violations(&answer.unwrap_err())
        .into_iter()
        .map(|(field, _)| field)
        .collect();
    assert_eq!(
        named,
        [
            "operations[1].nested.operations[0].create_user.user.id",
            "operations[1].nested.operations[0].create_user.user.email",
            "operations[1].nested.operations[0].create_user.request_id",
            "operations[1].nested.operations[1].nested.operations",
            "operations[2]",
        ]
    );
    assert_eq!(counts(&world).await, (0, 0, 0));
}

#[tokio::test]
async fn groups_go_eight_deep_and_operations_are_a_thousand_at_most() {
    let mut world = World::new().await;
    let deep = |levels: usize| {
        (0..levels).fold(create_user(ADA, "ada@example.com"), |inner, _| {
            nested(vec![inner])
        })
    };
    let answer = world
        .transactions
        .execute_transaction(transaction(vec![deep(9)]))
        .await;
    let status = answer.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(violations(&status)[0].1, "OUT_OF_RANGE");
    let answer = world
        .transactions
        .execute_transaction(transaction(vec![deep(8)]))
        .await;
    answer.unwrap();
    assert_eq!(counts(&world).await, (1, 0, 0));

    let many = |number: usize| {
        let inner = (1..number).map(|n| create_user("", &format!("{n}@x.org")));
        transaction(vec![nested(inner.collect())])
    };
    let answer = world.transactions.execute_transaction(many(1_001)).await;
    let expected = ("operations".to_owned(), "OUT_OF_RANGE".to_owned());
    assert_eq!(violations(&answer.unwrap_err()), [expected]);
    let answer = world.transactions.execute_transaction(many(1_000)).await;
    answer.unwrap();
    assert_eq!(counts(&world).await.0, 1_000);
}
