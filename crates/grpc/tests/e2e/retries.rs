//! A request that is sent again.

use byline_grpc::pb;
use byline_persistence::testing::count;
use prost::Message;
use tokio::task::JoinSet;
use tonic::Code;
use tonic_types::StatusExt;

use crate::changes::{Change, Told, contents, create_post, create_user, empty, every, request_id};
use crate::support::{Server, World, get_by_id, violations};

#[tokio::test]
async fn a_retry_is_answered_byte_for_byte_and_changes_nothing_again() {
    let world = World::new().await;
    let channel = world.server.channel().await;
    for (number, change) in every(&world, "a").await.iter().enumerate() {
        let id = request_id(number);
        let first = change.send(&channel, &id).await.unwrap();
        let after = contents(&world.database).await;
        // However the id is written.
        for id in [&id, &id, &id.to_uppercase()] {
            let again = change.send(&channel, id).await.unwrap();
            assert_eq!(again, first, "{}", change.path);
        }
        assert_eq!(contents(&world.database).await, after, "{}", change.path);
    }
}

#[tokio::test]
async fn a_client_reads_the_same_message_from_a_retry() {
    let world = World::new().await;
    let request = pb::CreateUserRequest {
        user: Some(pb::User {
            email: "ada@example.com".into(),
            name: Some("Ada".into()),
            ..pb::User::default()
        }),
        request_id: request_id(1),
        ..pb::CreateUserRequest::default()
    };
    let mut answers = Vec::new();
    for _ in 0..2 {
        let answer = world.users.clone().create_user(request.clone()).await;
        answers.push(answer.unwrap().into_inner());
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].encode_to_vec(), answers[1].encode_to_vec());
}

#[tokio::test]
async fn without_an_id_every_request_is_another_change() {
    let world = World::new().await;
    let channel = world.server.channel().await;
    let ada = world.user("ada@example.com").await;
    let change = create_post(&ada.id, "again");
    let first = change.send(&channel, "").await.unwrap();
    assert_ne!(change.send(&channel, "").await.unwrap(), first);
    let mut connection = world.database.connection().await;
    assert_eq!(count(&mut connection, POSTS).await, 2);
    assert_eq!(count(&mut connection, RECORDS).await, 0);
}

const USERS: &str = "select count(*) from users";
const POSTS: &str = "select count(*) from posts";
const RECORDS: &str = "select count(*) from request_records where response is not null";

#[tokio::test]
async fn another_server_answers_the_same_and_so_does_one_that_was_started_since() {
    let mut world = World::new().await;
    let channel = world.server.channel().await;
    let changes = every(&world, "a").await;
    let mut first = Vec::new();
    for (number, change) in changes.iter().enumerate() {
        first.push(change.send(&channel, &request_id(number)).await.unwrap());
    }
    let after = contents(&world.database).await;

    let beside = Server::serve(&world.database.service_url(), &[]).await;
    world.server.terminate();
    assert!(world.server.child.wait().await.unwrap().success());
    let since = Server::serve(&world.database.service_url(), &[]).await;
    for server in [beside, since] {
        let channel = server.channel().await;
        for (number, change) in changes.iter().enumerate() {
            let again = change.send(&channel, &request_id(number)).await.unwrap();
            assert_eq!(again, first[number], "{}", change.path);
        }
    }
    assert_eq!(contents(&world.database).await, after);
}

#[tokio::test]
async fn of_32_same_requests_at_once_over_two_servers_one_makes_the_change() {
    let world = World::new().await;
    let other = Server::serve(&world.database.service_url(), &[]).await;
    let channels = [world.server.channel().await, other.channel().await];
    let changes = every(&world, "a").await;
    let mut connection = world.database.connection().await;
    let users = count(&mut connection, USERS).await;
    let posts = count(&mut connection, POSTS).await;
    for (number, change) in changes.iter().enumerate() {
        let mut calls = JoinSet::new();
        for caller in 0..32 {
            let (change, channel) = (change.clone(), channels[caller % 2].clone());
            calls.spawn(async move { change.send(&channel, &request_id(number)).await });
        }
        let answers: Vec<_> = calls.join_all().await;
        let first = answers[0].as_ref().unwrap();
        for answer in &answers {
            assert_eq!(answer.as_ref().unwrap(), first, "{}", change.path);
        }
        // Made once: a second time would have made another version of it.
        match change.told(first) {
            Told::User(user) => {
                let mut get = get_by_id(&user.id);
                get.show_deleted = true;
                let found = world.users.clone().get_user(get).await.unwrap();
                assert_eq!(found.into_inner().user, Some(user));
            }
            Told::Post(post) => {
                let get = pb::GetPostRequest {
                    id: post.id.clone(),
                    show_deleted: true,
                    ..pb::GetPostRequest::default()
                };
                let found = world.posts.clone().get_post(get).await.unwrap();
                assert_eq!(found.into_inner().post, Some(post));
            }
            Told::Nothing => {}
        }
    }
    // Of each, one is made, another one in a batch, and one is purged.
    assert_eq!(count(&mut connection, USERS).await, users + 1);
    assert_eq!(count(&mut connection, POSTS).await, posts + 1);
    assert_eq!(
        count(&mut connection, RECORDS).await,
        i64::try_from(changes.len()).unwrap()
    );
}

#[tokio::test]
async fn of_two_requests_that_share_an_id_at_once_one_is_refused() {
    let world = World::new().await;
    let channel = world.server.channel().await;
    let mut calls = JoinSet::new();
    for caller in 0..32 {
        let channel = channel.clone();
        let change = create_user(["ada@example.com", "alan@example.com"][caller % 2]);
        calls.spawn(async move { change.send(&channel, &request_id(1)).await });
    }
    let (made, refused): (Vec<_>, Vec<_>) =
        calls.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (16, 16));
    for status in refused {
        assert_reused(&status.unwrap_err());
    }
    assert_eq!(
        count(&mut world.database.connection().await, USERS).await,
        1
    );
}

fn assert_reused(status: &tonic::Status) {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "REQUEST_ID_REUSED");
    let named = &details.bad_request().unwrap().field_violations;
    assert_eq!(named[0].field, "request_id");
}

#[tokio::test]
async fn an_id_that_was_given_to_another_body_or_method_is_refused() {
    let world = World::new().await;
    let channel = world.server.channel().await;
    let (given, others) = (every(&world, "a").await, every(&world, "b").await);
    for (number, change) in given.iter().enumerate() {
        change.send(&channel, &request_id(number)).await.unwrap();
    }
    let after = contents(&world.database).await;
    for (number, change) in others.iter().enumerate() {
        for used in [number, (number + 1) % others.len()] {
            let refused = change.send(&channel, &request_id(used)).await;
            assert_reused(&refused.unwrap_err());
            let refused = change.try_out(&channel, &request_id(used)).await;
            assert_reused(&refused.unwrap_err());
        }
    }
    assert_eq!(contents(&world.database).await, after);
}

#[tokio::test]
async fn an_id_that_is_none_is_named_beside_what_else_is_wrong() {
    let world = World::new().await;
    let channel = world.server.channel().await;
    for change in empty() {
        let status = change.send(&channel, "again").await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let named = violations(&status);
        let malformed = ("request_id".to_owned(), "MALFORMED".to_owned());
        assert!(named.contains(&malformed), "{}: {named:?}", change.path);
        assert!(named.len() > 1, "{}: {named:?}", change.path);
    }
    let status = create_user("a b").send(&channel, "again").await;
    let fields: Vec<_> = violations(&status.unwrap_err())
        .into_iter()
        .map(|(field, _)| field)
        .collect();
    assert_eq!(fields, ["user.email", "request_id"]);
}

#[tokio::test]
async fn a_failure_is_not_kept_and_the_same_request_succeeds_once_nothing_is_in_the_way() {
    let world = World::new().await;
    let channel = world.server.channel().await;
    let ada = world.user("ada@example.com").await;
    let change = create_user("ada@example.com");
    let mut connection = world.database.connection().await;
    for _ in 0..2 {
        let status = change.send(&channel, &request_id(1)).await.unwrap_err();
        assert_eq!(status.code(), Code::AlreadyExists);
        assert_eq!(count(&mut connection, RECORDS).await, 0);
    }
    world.delete_user(&ada.id).await;
    let made = change.send(&channel, &request_id(1)).await.unwrap();
    assert_eq!(change.send(&channel, &request_id(1)).await.unwrap(), made);
    assert_eq!(count(&mut connection, USERS).await, 2);
}

#[tokio::test]
async fn a_retry_is_answered_although_what_it_made_was_purged_since() {
    let world = World::new().await;
    let channel = world.server.channel().await;
    let change = create_user("ada@example.com");
    let made = change.send(&channel, &request_id(1)).await.unwrap();
    let Told::User(ada) = change.told(&made) else {
        panic!("it answers the user");
    };
    world.delete_user(&ada.id).await;
    let purge = pb::PurgeUserRequest {
        id: ada.id,
        ..pb::PurgeUserRequest::default()
    };
    world.users.clone().purge_user(purge).await.unwrap();

    assert_eq!(change.send(&channel, &request_id(1)).await.unwrap(), made);
    assert_eq!(
        count(&mut world.database.connection().await, USERS).await,
        0
    );
}

#[tokio::test]
async fn an_update_that_makes_no_difference_is_kept_too() {
    let world = World::new().await;
    let channel = world.server.channel().await;
    let ada = world.user("ada@example.com").await;
    let rename = |name: &str| {
        Change::of(pb::UpdateUserRequest {
            user: Some(pb::User {
                id: ada.id.clone(),
                name: Some(name.to_owned()),
                ..pb::User::default()
            }),
            ..pb::UpdateUserRequest::default()
        })
    };
    rename("Ada").send(&channel, "").await.unwrap();
    let same = rename("Ada").send(&channel, &request_id(1)).await.unwrap();
    rename("Augusta").send(&channel, "").await.unwrap();

    let after = contents(&world.database).await;
    let again = rename("Ada").send(&channel, &request_id(1)).await.unwrap();
    assert_eq!(again, same);
    assert_eq!(contents(&world.database).await, after);
}
