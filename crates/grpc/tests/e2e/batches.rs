//! A thousand changes by a few statements.

use byline_grpc::pb;
use byline_grpc::pb::post_result::Result as PostOutcome;
use byline_grpc::pb::user_result::Result as UserOutcome;
use byline_persistence::testing::count;
use tonic::{Code, Response};
use tonic_types::StatusExt;

use crate::support::{World, cost, mask, reason, violations};

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

fn users(answer: Response<pb::BatchCreateUsersResponse>) -> Vec<pb::User> {
    let results = answer.into_inner().results.into_iter();
    let users = results.map(|result| match result.result {
        Some(UserOutcome::User(user)) => user,
        other => panic!("{other:?}"),
    });
    users.collect()
}

fn heads(results: Vec<pb::PostResult>) -> Vec<pb::Post> {
    let heads = results.into_iter().map(|result| match result.result {
        Some(PostOutcome::Post(post)) => post,
        other => panic!("{other:?}"),
    });
    heads.collect()
}

async fn count_users(world: &World) -> i64 {
    let mut connection = world.database.connection().await;
    count(&mut connection, "select count(*) from users").await
}

#[tokio::test]
async fn a_thousand_users_cost_as_many_statements_as_one() {
    let mut world = World::new().await;
    for number in [1, 999] {
        let emails: Vec<_> = (0..number)
            // Letters whose case only the database knows are nothing special.
            .map(|n| format!("É{n}@of-{number}.org"))
            .collect();
        let emails: Vec<&str> = emails.iter().map(String::as_str).collect();
        let request = creates(&emails, pb::Atomicity::All);
        let made = world.users.batch_create_users(request).await.unwrap();
        assert_eq!(cost(&made), 4, "begin, insert, events, commit");
        let made = users(made);
        let told: Vec<_> = made.iter().map(|user| user.email.as_str()).collect();
        assert_eq!(told, emails, "in the order of the requests");

        let update = |user: &pb::User| pb::UpdateUserRequest {
            user: Some(pb::User {
                id: user.id.clone(),
                etag: user.etag.clone(),
                email: format!("new-{}", user.email),
                ..pb::User::default()
            }),
            ..pb::UpdateUserRequest::default()
        };
        // Whoever is there twice is not either.
        let again = pb::UpdateUserRequest {
            user: Some(pb::User {
                id: made[0].id.clone(),
                email: "again@x.org".into(),
                ..pb::User::default()
            }),
            ..pb::UpdateUserRequest::default()
        };
        let request = pb::BatchUpdateUsersRequest {
            requests: made.iter().map(update).chain([again]).collect(),
            request_id: uuid(number),
            ..pb::BatchUpdateUsersRequest::default()
        };
        let answer = world.users.batch_update_users(request).await.unwrap();
        assert_eq!(
            cost(&answer),
            8,
            "begin, claim, hold, holders, update, events, answer, commit"
        );
        let results = answer.into_inner().results;
        let mut expected: Vec<_> = emails.iter().map(|email| format!("new-{email}")).collect();
        expected.push("again@x.org".into());
        assert_eq!(self::told(&results), expected);
        expected[0] = expected.pop().unwrap();

        let request = pb::BatchDeleteUsersRequest {
            requests: made
                .iter()
                .map(|user| delete_user(&user.id, false))
                .collect(),
            ..pb::BatchDeleteUsersRequest::default()
        };
        let answer = world.users.batch_delete_users(request).await.unwrap();
        assert_eq!(
            cost(&answer),
            6,
            "begin, hold, authors, update, events, commit"
        );
        assert_eq!(self::told(&answer.into_inner().results), expected);
    }
}

fn uuid(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn delete_user(id: &str, force: bool) -> pb::DeleteUserRequest {
    pb::DeleteUserRequest {
        id: id.to_owned(),
        force,
        ..pb::DeleteUserRequest::default()
    }
}

#[tokio::test]
async fn a_thousand_posts_cost_as_many_statements_as_one() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let alan = world.user("alan@example.com").await;
    for number in [1, 999] {
        let create = |n: u32| pb::CreatePostRequest {
            post: Some(pb::Post {
                title: format!("{n} of {number}"),
                content: Some("What it says.".into()),
                author_id: if n.is_multiple_of(2) {
                    ada.id.clone()
                } else {
                    alan.id.clone()
                },
                ..pb::Post::default()
            }),
            ..pb::CreatePostRequest::default()
        };
        let request = pb::BatchCreatePostsRequest {
            requests: (0..number).map(create).collect(),
            ..pb::BatchCreatePostsRequest::default()
        };
        let answer = world.posts.batch_create_posts(request).await.unwrap();
        assert_eq!(cost(&answer), 5, "begin, authors, insert, events, commit");
        let made = heads(answer.into_inner().results);
        let titles: Vec<_> = made.iter().map(|post| post.title.clone()).collect();
        let expected: Vec<_> = (0..number).map(|n| format!("{n} of {number}")).collect();
        assert_eq!(titles, expected);
        assert_eq!(made[0].content, None, "it is not told again");

        let update = |post: &pb::Post| pb::UpdatePostRequest {
            post: Some(pb::Post {
                id: post.id.clone(),
                content: Some("Something else.".into()),
                published: Some(true),
                ..pb::Post::default()
            }),
            ..pb::UpdatePostRequest::default()
        };
        let request = pb::BatchUpdatePostsRequest {
            // The first of them twice.
            requests: made.iter().chain(&made[..1]).map(update).collect(),
            ..pb::BatchUpdatePostsRequest::default()
        };
        let answer = world
            .posts
            .batch_update_posts(request.clone())
            .await
            .unwrap();
        assert_eq!(
            cost(&answer),
            6,
            "begin, hold, compare, update, events, commit"
        );
        let changed = heads(answer.into_inner().results);
        assert!(changed.iter().all(|post| post.published == Some(true)));
        let again = world.posts.batch_update_posts(request).await.unwrap();
        assert_eq!(
            heads(again.into_inner().results),
            changed,
            "nothing is different"
        );

        let get = pb::GetPostRequest {
            id: made[0].id.clone(),
            ..pb::GetPostRequest::default()
        };
        let stored = world
            .posts
            .get_post(get)
            .await
            .unwrap()
            .into_inner()
            .post
            .unwrap();
        assert_eq!(stored.content.as_deref(), Some("Something else."));

        let delete = |post: &pb::Post| pb::DeletePostRequest {
            id: post.id.clone(),
            ..pb::DeletePostRequest::default()
        };
        let request = pb::BatchDeletePostsRequest {
            requests: made.iter().map(delete).collect(),
            ..pb::BatchDeletePostsRequest::default()
        };
        let answer = world.posts.batch_delete_posts(request).await.unwrap();
        assert_eq!(cost(&answer), 5, "begin, hold, update, events, commit");
        let gone = heads(answer.into_inner().results);
        assert!(gone.iter().all(|post| post.deleted_at.is_some()));
    }
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
