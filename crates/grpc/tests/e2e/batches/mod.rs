//! Many changes by one call.

mod costs;

use byline_grpc::pb;
use byline_grpc::pb::user_result::Result as UserOutcome;
use byline_persistence::testing::count;
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{World, mask, reason, violations};

const ID: &str = "0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01";

fn create(email: &str) -> pb::CreateUserRequest {
    pb::CreateUserRequest {
        user: Some(pb::User {
            email: email.to_owned(),
            ..pb::User::default()
        }),
        ..pb::CreateUserRequest::default()
    }
}

fn creates(emails: &[&str], atomicity: pb::Atomicity) -> pb::BatchCreateUsersRequest {
    pb::BatchCreateUsersRequest {
        requests: emails.iter().map(|email| create(email)).collect(),
        atomicity: atomicity.into(),
        ..pb::BatchCreateUsersRequest::default()
    }
}

/// What became of each: the address of the user, or the code of the status.
fn told(results: &[pb::UserResult]) -> Vec<String> {
    let told = results.iter().map(|result| match &result.result {
        Some(UserOutcome::User(user)) => user.email.clone(),
        Some(UserOutcome::Status(status)) => format!("{:?}", Code::from_i32(status.code)),
        None => "nothing".to_owned(),
    });
    told.collect()
}

async fn count_users(world: &World) -> i64 {
    let mut connection = world.database.connection().await;
    count(&mut connection, "select count(*) from users").await
}

#[tokio::test]
async fn each_keeps_the_good_ones_and_tells_of_the_others_in_their_places() {
    let mut world = World::new().await;
    world.user("taken@example.com").await;
    let emails = [
        "a@x.org",
        "no address",
        "TAKEN@example.com",
        "A@X.org",
        "b@x.org",
    ];
    let request = creates(&emails, pb::Atomicity::Each);
    let answer = world.users.batch_create_users(request).await.unwrap();
    let results = answer.into_inner().results;
    assert_eq!(
        told(&results),
        [
            "a@x.org",
            "InvalidArgument",
            "AlreadyExists",
            "AlreadyExists",
            "b@x.org"
        ]
    );
    let Some(UserOutcome::Status(status)) = &results[1].result else {
        panic!("{results:?}");
    };
    assert!(
        status.message.starts_with("user.email "),
        "{}",
        status.message
    );
    assert_eq!(status.details.len(), 2, "why, and which fields");
    assert_eq!(count_users(&world).await, 3);
}

#[tokio::test]
async fn all_or_nothing_names_the_first_that_fails() {
    let mut world = World::new().await;
    world.user("taken@example.com").await;
    let emails = ["a@x.org", "taken@example.com", "A@x.org"];
    for atomicity in [pb::Atomicity::Unspecified, pb::Atomicity::All] {
        let request = creates(&emails, atomicity);
        let status = world.users.batch_create_users(request).await.unwrap_err();
        assert_eq!(status.code(), Code::AlreadyExists);
        assert_eq!(reason(&status), "USER_ALREADY_EXISTS");
        assert!(
            status.message().starts_with("requests[1]: "),
            "{}",
            status.message()
        );
        let details = status.get_error_details();
        let told = &details.error_info().unwrap().metadata;
        assert_eq!(told["item"], "requests[1]");
        assert_eq!(told["field"], "email");
    }
    assert_eq!(count_users(&world).await, 1);
}

#[tokio::test]
async fn all_or_nothing_names_every_wrong_field_of_every_request() {
    let mut world = World::new().await;
    let mut request = creates(&["x", "a@x.org", ""], pb::Atomicity::All);
    request.requests[1].request_id = ID.into();
    request.requests[2].validate_only = true;
    request.request_id = "again".into();
    let status = world.users.batch_create_users(request).await.unwrap_err();
    let named: Vec<_> = violations(&status)
        .into_iter()
        .map(|(field, _)| field)
        .collect();
    assert_eq!(
        named,
        [
            "requests[0].user.email",
            "requests[1].request_id",
            "requests[2].user.email",
            "requests[2].validate_only",
            "request_id",
        ]
    );
    for number in [0, 1_001] {
        let request = creates(&vec!["a@x.org"; number], pb::Atomicity::Each);
        let status = world.users.batch_create_users(request).await.unwrap_err();
        let expected = ("requests".to_owned(), "OUT_OF_RANGE".to_owned());
        assert_eq!(violations(&status), [expected]);
    }
}

#[tokio::test]
async fn a_batch_is_retried_and_tried_out_like_any_change() {
    let mut world = World::new().await;
    let request = pb::BatchCreateUsersRequest {
        request_id: ID.into(),
        ..creates(&["a@x.org", "no address", "b@x.org"], pb::Atomicity::Each)
    };
    let tried = pb::BatchCreateUsersRequest {
        validate_only: true,
        ..request.clone()
    };
    let answer = world.users.batch_create_users(tried).await.unwrap();
    let results = answer.into_inner().results;
    assert_eq!(told(&results), ["a@x.org", "InvalidArgument", "b@x.org"]);
    assert_eq!(count_users(&world).await, 0);

    let first = world
        .users
        .batch_create_users(request.clone())
        .await
        .unwrap();
    let retry = world
        .users
        .batch_create_users(request.clone())
        .await
        .unwrap();
    assert_eq!(retry.into_inner(), first.into_inner());
    assert_eq!(count_users(&world).await, 2);

    let other = pb::BatchCreateUsersRequest {
        atomicity: pb::Atomicity::All.into(),
        requests: vec![create("c@x.org")],
        ..request
    };
    let status = world.users.batch_create_users(other).await.unwrap_err();
    assert_eq!(reason(&status), "REQUEST_ID_REUSED");
    assert_eq!(count_users(&world).await, 2);
}

#[tokio::test]
async fn what_is_wrong_with_a_thousand_requests_fits_into_one_answer() {
    let mut world = World::new().await;
    // As many entries as the lists of a request may have.
    let unknown = |n| format!("{}{n}", "unknown_".repeat(20));
    let paths: Vec<String> = (0..9).map(unknown).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let one = pb::UpdateUserRequest {
        user: Some(pb::User {
            id: "x".into(),
            ..pb::User::default()
        }),
        update_mask: mask(&paths),
        ..pb::UpdateUserRequest::default()
    };
    let request = pb::BatchUpdateUsersRequest {
        requests: vec![one; 1_000],
        atomicity: pb::Atomicity::Each.into(),
        ..pb::BatchUpdateUsersRequest::default()
    };
    let answer = world.users.batch_update_users(request).await.unwrap();
    assert_eq!(answer.into_inner().results.len(), 1_000);
}

#[tokio::test]
async fn users_who_exchange_addresses_are_changed_one_after_the_other() {
    let mut world = World::new().await;
    let ada = world.user("ada@x.org").await;
    let alan = world.user("alan@x.org").await;
    let to = |user: &pb::User, email: &str| pb::UpdateUserRequest {
        user: Some(pb::User {
            id: user.id.clone(),
            email: email.to_owned(),
            ..pb::User::default()
        }),
        ..pb::UpdateUserRequest::default()
    };
    let request = pb::BatchUpdateUsersRequest {
        requests: vec![
            to(&ada, "alan@x.org"),
            to(&ada, "free@x.org"),
            to(&alan, "ada@x.org"),
            to(&ada, "alan@x.org"),
        ],
        atomicity: pb::Atomicity::Each.into(),
        ..pb::BatchUpdateUsersRequest::default()
    };
    let answer = world.users.batch_update_users(request).await.unwrap();
    assert_eq!(
        told(&answer.into_inner().results),
        ["AlreadyExists", "free@x.org", "ada@x.org", "alan@x.org"]
    );
}
