//! Every row of the error table: its code, its message, its details.

use std::collections::BTreeMap;
use std::time::Duration;

use byline_grpc::pb;
use byline_persistence::testing::{count, execute};
use tonic::{Code, Request, Status};
use tonic_types::{ErrorDetail, StatusExt};

use crate::support::{World, eventually, get_by_id, mask};

/// A status as a caller sees it, without what differs from run to run.
pub(crate) fn shown(status: &Status) -> String {
    let mut lines = vec![format!("{:?}: {}", status.code(), status.message())];
    for detail in status.get_error_details_vec() {
        lines.push(if let ErrorDetail::RequestInfo(info) = detail {
            assert!(!info.request_id.is_empty());
            "RequestInfo { request_id: [id] }".to_owned()
        } else if let ErrorDetail::ErrorInfo(info) = detail {
            let metadata: BTreeMap<_, _> = info.metadata.iter().collect();
            let (reason, domain) = (info.reason, info.domain);
            format!(
                "ErrorInfo(ErrorInfo {{ reason: {reason:?}, domain: {domain:?}, \
                 metadata: {metadata:?} }})"
            )
        } else {
            format!("{detail:?}")
        });
    }
    let text = lines.join("\n");
    // UUIDs of version 7 that the server made.
    let mut out = String::new();
    for word in text.split_inclusive(|c: char| !(c.is_ascii_hexdigit() || c == '-')) {
        let body = word.trim_end_matches(|c: char| !(c.is_ascii_hexdigit() || c == '-'));
        if body.len() == 36 && body.as_bytes()[14] == b'7' {
            out.push_str("[id]");
            out.push_str(&word[body.len()..]);
        } else {
            out.push_str(word);
        }
    }
    out
}

const NOBODY: &str = "00000000-0000-4000-8000-000000000001";

#[tokio::test]
async fn bad_input_names_every_wrong_field() {
    let mut world = World::new().await;
    let user = pb::User {
        id: "x".into(),
        email: "a b".into(),
        name: Some("\u{7}".into()),
        role: "r".repeat(51),
        ..pb::User::default()
    };
    let status = world
        .users
        .create_user(pb::CreateUserRequest {
            user: Some(user),
            ..pb::CreateUserRequest::default()
        })
        .await;
    insta::assert_snapshot!("bad_user", shown(&status.unwrap_err()));

    let list = pb::ListUsersRequest {
        order_by: "shoe_size".into(),
        page_size: -1,
        skip: -1,
        total: 9,
        filter: "shoe_size > 40".into(),
        read_mask: mask(&["shoe_size"]),
        ..pb::ListUsersRequest::default()
    };
    let status = world.users.list_users(list).await;
    insta::assert_snapshot!("bad_list", shown(&status.unwrap_err()));

    let list = pb::ListUsersRequest {
        page_token: "rubbish".into(),
        ..pb::ListUsersRequest::default()
    };
    let status = world.users.list_users(list).await;
    insta::assert_snapshot!("bad_page_token", shown(&status.unwrap_err()));

    let update = pb::UpdatePostRequest {
        post: Some(pb::Post::default()),
        update_mask: mask(&["title", "author_id", "nonsense", "*"]),
        ..pb::UpdatePostRequest::default()
    };
    let status = world.posts.update_post(update).await;
    insta::assert_snapshot!("bad_mask", shown(&status.unwrap_err()));

    let batch = pb::BatchGetUsersRequest::default();
    let status = world.users.batch_get_users(batch).await;
    insta::assert_snapshot!("empty_batch", shown(&status.unwrap_err()));
}

#[tokio::test]
async fn of_a_thousand_wrong_fields_as_many_are_named_as_reach_the_caller() {
    let mut world = World::new().await;
    let batch = pb::BatchGetUsersRequest {
        ids: (0..1_000).map(|number| format!("no-id-{number}")).collect(),
        ..pb::BatchGetUsersRequest::default()
    };
    let status = world.users.batch_get_users(batch).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_error_details();
    let named = &details.bad_request().unwrap().field_violations;
    assert!(named.len() > 10, "{}", named.len());
    assert_eq!(named[9].field, "ids[9]");
    let rest = format!("and {} more", 1_000 - named.len());
    assert!(status.message().ends_with(&rest), "{}", status.message());
}

#[tokio::test]
async fn what_is_missing_taken_or_in_the_way_is_named() {
    let mut world = World::new().await;
    let status = world.users.get_user(get_by_id(NOBODY)).await;
    insta::assert_snapshot!("user_not_found", shown(&status.unwrap_err()));

    let ada = world.user("ada@example.com").await;
    let taken = pb::User {
        email: "ADA@example.com".into(),
        ..pb::User::default()
    };
    let status = world
        .users
        .create_user(pb::CreateUserRequest {
            user: Some(taken),
            ..pb::CreateUserRequest::default()
        })
        .await;
    insta::assert_snapshot!("email_taken", shown(&status.unwrap_err()));

    let orphan = pb::Post {
        title: "t".into(),
        author_id: NOBODY.into(),
        ..pb::Post::default()
    };
    let status = world
        .posts
        .create_post(pb::CreatePostRequest {
            post: Some(orphan),
            ..pb::CreatePostRequest::default()
        })
        .await;
    insta::assert_snapshot!("author_not_found", shown(&status.unwrap_err()));

    let post = world.post(&ada, "first").await;
    let delete = pb::DeleteUserRequest {
        id: ada.id.clone(),
        ..pb::DeleteUserRequest::default()
    };
    let status = world.users.delete_user(delete.clone()).await;
    insta::assert_snapshot!("user_has_posts", shown(&status.unwrap_err()));

    let purge = pb::PurgePostRequest {
        id: post.id.clone(),
        ..pb::PurgePostRequest::default()
    };
    let status = world.posts.purge_post(purge).await;
    insta::assert_snapshot!("post_not_in_trash", shown(&status.unwrap_err()));

    let undelete = pb::UndeletePostRequest {
        id: post.id.clone(),
        ..pb::UndeletePostRequest::default()
    };
    let status = world.posts.undelete_post(undelete.clone()).await;
    insta::assert_snapshot!("post_not_deleted", shown(&status.unwrap_err()));

    let remove = pb::DeletePostRequest {
        id: post.id.clone(),
        etag: "stale".into(),
        ..pb::DeletePostRequest::default()
    };
    let status = world.posts.delete_post(remove).await;
    insta::assert_snapshot!("etag_mismatch", shown(&status.unwrap_err()));

    let remove = pb::DeletePostRequest {
        id: post.id.clone(),
        etag: post.etag,
        ..pb::DeletePostRequest::default()
    };
    world.posts.delete_post(remove).await.unwrap();
    world.users.delete_user(delete).await.unwrap();
    let status = world.posts.undelete_post(undelete).await;
    insta::assert_snapshot!("author_in_trash", shown(&status.unwrap_err()));
}

#[tokio::test]
async fn an_answer_that_would_be_too_large_is_refused() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let mut ids = Vec::new();
    for number in 0..4 {
        let post = pb::Post {
            title: format!("{number}"),
            content: Some("x".repeat(1024 * 1024)),
            author_id: ada.id.clone(),
            ..pb::Post::default()
        };
        let made = world
            .posts
            .create_post(pb::CreatePostRequest {
                post: Some(post),
                ..pb::CreatePostRequest::default()
            })
            .await;
        ids.push(made.unwrap().into_inner().post.unwrap().id);
    }
    let batch = pb::BatchGetPostsRequest {
        ids,
        ..pb::BatchGetPostsRequest::default()
    };
    let status = world.posts.batch_get_posts(batch).await;
    insta::assert_snapshot!("response_too_large", shown(&status.unwrap_err()));

    // A list ends its page early instead, and goes on.
    let mut list = pb::ListPostsRequest::default();
    let first = world
        .posts
        .list_posts(list.clone())
        .await
        .unwrap()
        .into_inner();
    assert!(first.posts.len() < 4);
    list.page_token = first.next_page_token;
    let second = world.posts.list_posts(list).await.unwrap().into_inner();
    assert_eq!(first.posts.len() + second.posts.len(), 4);
    assert_eq!(second.next_page_token, "");
}

#[tokio::test]
async fn what_only_a_defect_explains_is_told_to_nobody_but_the_log() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let mut behind = world.database.connection().await;
    execute(&mut behind, "update users set email = 'secret-and-broken'").await;
    let status = world.users.get_user(get_by_id(&ada.id)).await.unwrap_err();
    insta::assert_snapshot!("internal", shown(&status));
    let details = status.get_error_details();
    let id = &details.request_info().unwrap().request_id;
    let log = world.server.log();
    let line = log
        .lines()
        .find(|l| l.contains(id) && l.contains("internal error"))
        .unwrap();
    assert!(line.contains("users.email"), "{line}");
    assert!(!log.contains("secret-and-broken"), "{log}");
}

#[tokio::test]
async fn contention_is_told_after_a_few_tries() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let mut other = world.database.connection().await;
    execute(&mut other, "begin; select from users for update").await;
    let mut request = Request::new(pb::DeleteUserRequest {
        id: ada.id,
        ..pb::DeleteUserRequest::default()
    });
    request.set_timeout(Duration::from_secs(20));
    let status = world.users.delete_user(request).await;
    insta::assert_snapshot!("contention", shown(&status.unwrap_err()));
}

#[tokio::test]
async fn a_late_call_is_ended_and_the_database_stops_working_for_it() {
    let mut world = World::with(&["--default-deadline-ms", "300"]).await;
    let ada = world.user("ada@example.com").await;
    let mut other = world.database.connection().await;
    execute(
        &mut other,
        "begin; lock table users in access exclusive mode",
    )
    .await;
    let status = world.users.get_user(get_by_id(&ada.id)).await;
    insta::assert_snapshot!("deadline_exceeded", shown(&status.unwrap_err()));

    // This client also gives up by itself, perhaps before the answer reaches it: the
    // server's word is in its log. Perhaps even before the server, which is told to cancel then.
    eventually("a hurried call is over", || async {
        let mut request = Request::new(get_by_id(&ada.id));
        let id = "hurried".parse().unwrap();
        request.metadata_mut().insert("x-request-id", id);
        request.set_timeout(Duration::from_millis(100));
        world.users.clone().get_user(request).await.unwrap_err();
        let log = world.server.log();
        let mut lines = log.lines().filter(|line| line.contains("hurried"));
        lines.any(|line| line.contains("\"code\":\"DeadlineExceeded\""))
    })
    .await;
    let watching = tokio::sync::Mutex::new(world.database.connection().await);
    eventually("nobody waits for the lock any more", || async {
        let mut watching = watching.lock().await;
        count(
            &mut watching,
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' \
             and datname = current_database()",
        )
        .await
            == 0
    })
    .await;
    execute(&mut other, "commit").await;
    world.users.get_user(get_by_id(&ada.id)).await.unwrap();

    let mut request = Request::new(get_by_id(&ada.id));
    request
        .metadata_mut()
        .insert("grpc-timeout", "soon".parse().unwrap());
    let status = world.users.get_user(request).await;
    insta::assert_snapshot!("invalid_deadline", shown(&status.unwrap_err()));
}

#[tokio::test]
async fn calls_beyond_the_bound_are_refused_at_once() {
    let world = World::with(&["--max-calls", "1"]).await;
    let ada = world.user("ada@example.com").await;
    let mut other = world.database.connection().await;
    execute(
        &mut other,
        "begin; lock table users in access exclusive mode",
    )
    .await;
    let mut first = world.users.clone();
    let id = ada.id.clone();
    let waiting = tokio::spawn(async move { first.get_user(get_by_id(&id)).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let began = std::time::Instant::now();
    let status = world.users.clone().get_user(get_by_id(&ada.id)).await;
    assert!(began.elapsed() < Duration::from_secs(1));
    insta::assert_snapshot!("too_many_calls", shown(&status.unwrap_err()));
    execute(&mut other, "commit").await;
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_message_over_four_mebibytes_is_refused() {
    let mut world = World::new().await;
    let post = pb::Post {
        content: Some("x".repeat(5 * 1024 * 1024)),
        ..pb::Post::default()
    };
    let status = world
        .posts
        .create_post(pb::CreatePostRequest {
            post: Some(post),
            ..pb::CreatePostRequest::default()
        })
        .await;
    assert_eq!(status.unwrap_err().code(), Code::OutOfRange);
}
