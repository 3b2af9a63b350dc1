//! Imports: what becomes of rows, and what is told of them.

use byline_grpc::pb;
use byline_grpc::pb::transfer_service_client::TransferServiceClient;
use tokio_stream::iter;
use tonic::transport::Channel;
use tonic::{Code, Response, Status};

use crate::changes::{contents, request_id};
use crate::errors::shown;
use crate::exports::{posts_of, users_of};
use crate::support::{World, mask, reason};

pub(crate) type Transfers = TransferServiceClient<Channel>;

/// Imports users, in a message each.
pub(crate) async fn import_users(
    transfers: &Transfers,
    settings: pb::ImportSettings,
    messages: &[&[pb::User]],
) -> Result<Response<pb::ImportUsersResponse>, Status> {
    let mut settings = Some(settings);
    let messages: Vec<_> = messages
        .iter()
        .map(|users| pb::ImportUsersRequest {
            settings: settings.take(),
            users: users.to_vec(),
        })
        .collect();
    transfers.clone().import_users(iter(messages)).await
}

/// Imports users in one message.
pub(crate) async fn users(
    world: &World,
    settings: pb::ImportSettings,
    users: &[pb::User],
) -> pb::ImportReport {
    let answer = import_users(&world.transfers, settings, &[users]).await;
    answer.unwrap().into_inner().report.unwrap()
}

/// Imports posts in one message.
pub(crate) async fn posts(
    world: &World,
    settings: pb::ImportSettings,
    posts: &[pb::Post],
) -> pb::ImportReport {
    let message = pb::ImportPostsRequest {
        settings: Some(settings),
        posts: posts.to_vec(),
    };
    let answer = world.transfers.clone().import_posts(iter([message])).await;
    answer.unwrap().into_inner().report.unwrap()
}

pub(crate) fn settings() -> pb::ImportSettings {
    pb::ImportSettings::default()
}

pub(crate) fn on(on_conflict: pb::OnConflict) -> pb::ImportSettings {
    pb::ImportSettings {
        on_conflict: on_conflict.into(),
        ..settings()
    }
}

pub(crate) fn each(settings: pb::ImportSettings) -> pb::ImportSettings {
    pb::ImportSettings {
        atomicity: pb::Atomicity::Each.into(),
        ..settings
    }
}

pub(crate) fn user(email: &str) -> pb::User {
    pb::User {
        email: email.to_owned(),
        ..pb::User::default()
    }
}

/// Created, updated, unchanged, skipped and wrong ones.
pub(crate) fn counts(report: &pb::ImportReport) -> [i64; 5] {
    let counts = [
        report.created_count,
        report.updated_count,
        report.unchanged_count,
        report.skipped_count,
        report.problem_count,
    ];
    assert_eq!(report.row_count, counts.iter().sum::<i64>());
    counts
}

/// The row of each problem, and its reason.
fn problems(report: &pb::ImportReport) -> Vec<(i64, String)> {
    let told = report.problems.iter().map(|problem| {
        let status = status_of(problem);
        (problem.row, reason(&status))
    });
    told.collect()
}

/// A problem as a single call would have failed with it.
fn status_of(problem: &pb::ImportProblem) -> Status {
    use prost::Message as _;
    let status = problem.status.as_ref().unwrap();
    let details = status.encode_to_vec();
    Status::with_details(Code::from(status.code), &status.message, details.into())
}

/// All problems, as a caller sees them.
fn all_shown(report: &pb::ImportReport) -> Vec<String> {
    let shown = |problem: &pb::ImportProblem| {
        let (row, status) = (problem.row, status_of(problem));
        format!("row {row}: {}", shown(&status))
    };
    report.problems.iter().map(shown).collect()
}

async fn all_users(world: &World) -> Vec<pb::User> {
    let request = pb::ExportUsersRequest {
        show_deleted: true,
        order_by: "email, id".into(),
        ..pb::ExportUsersRequest::default()
    };
    let stream = world.transfers.clone().export_users(request).await;
    users_of(stream.unwrap().into_inner()).await.unwrap()
}

async fn all_posts(world: &World) -> Vec<pb::Post> {
    let request = pb::ExportPostsRequest {
        show_deleted: true,
        order_by: "title, id".into(),
        ..pb::ExportPostsRequest::default()
    };
    let stream = world.transfers.clone().export_posts(request).await;
    posts_of(stream.unwrap().into_inner()).await.unwrap()
}

/// A world with all there can be of users and posts; `bob` and his post are in the trash.
pub(crate) async fn populated() -> (World, pb::User) {
    let world = World::new().await;
    let named = pb::User {
        name: Some("Ada Ünï \"x\"".into()),
        role: "admin".into(),
        is_active: Some(false),
        ..pb::User::default()
    };
    let ada = world.user_like("Ada@example.com", named).await;
    let bob = world.user("bob@example.com").await;
    let update = pb::UpdateUserRequest {
        user: Some(pb::User {
            name: None,
            ..ada.clone()
        }),
        update_mask: mask(&["name"]),
        ..pb::UpdateUserRequest::default()
    };
    let ada = world.users.clone().update_user(update).await.unwrap();
    let ada = ada.into_inner().user.unwrap();
    let said = world
        .post_saying(&ada, "A", Some("a\tb\\N\r\n".into()))
        .await;
    let publish = pb::PublishPostRequest {
        id: said.id,
        ..pb::PublishPostRequest::default()
    };
    world.posts.clone().publish_post(publish).await.unwrap();
    world.post_saying(&ada, "B", Some(String::new())).await;
    let gone = world.post(&ada, "C").await;
    world.delete_post(&gone.id).await;
    world.post(&bob, "D").await;
    let delete = pb::DeleteUserRequest {
        id: bob.id.clone(),
        force: true,
        ..pb::DeleteUserRequest::default()
    };
    world.users.clone().delete_user(delete).await.unwrap();
    (world, bob)
}

#[tokio::test]
async fn what_was_exported_is_brought_back_as_it_was() {
    let (first, bob) = populated().await;
    let second = World::new().await;
    let (exported_users, exported_posts) = (all_users(&first).await, all_posts(&first).await);
    let report = users(&second, settings(), &exported_users).await;
    assert!(report.applied);
    assert_eq!(counts(&report), [2, 0, 0, 0, 0]);
    let report = posts(&second, settings(), &exported_posts).await;
    assert!(report.applied);
    assert_eq!(counts(&report), [4, 0, 0, 0, 0]);

    // Their versions begin anew.
    let etagless = |user: pb::User| pb::User {
        etag: String::new(),
        ..user
    };
    let brought: Vec<_> = all_users(&second).await.into_iter().map(etagless).collect();
    let exported: Vec<_> = exported_users.into_iter().map(etagless).collect();
    assert_eq!(brought, exported);
    let etagless = |post: pb::Post| pb::Post {
        etag: String::new(),
        ..post
    };
    let brought: Vec<_> = all_posts(&second).await.into_iter().map(etagless).collect();
    let exported: Vec<_> = exported_posts.into_iter().map(etagless).collect();
    assert_eq!(brought, exported);

    // What went along comes back along.
    let undelete = pb::UndeleteUserRequest {
        id: bob.id.clone(),
        ..pb::UndeleteUserRequest::default()
    };
    second.users.clone().undelete_user(undelete).await.unwrap();
    let living = all_posts(&second).await.into_iter();
    let of_bob = living.filter(|post| post.author_id == bob.id && post.deleted_at.is_none());
    assert_eq!(of_bob.count(), 1);
}

#[tokio::test]
async fn a_row_that_meets_a_user_is_a_problem_passed_over_or_a_change() {
    let world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let rows = [
        pb::User {
            name: Some("Ada".into()),
            ..user("ADA@example.com")
        },
        user("bob@example.com"),
    ];
    let before = contents(&world.database).await;
    let report = users(&world, settings(), &rows).await;
    assert!(!report.applied);
    assert_eq!(counts(&report), [1, 0, 0, 0, 1]);
    assert_eq!(problems(&report), [(1, "USER_ALREADY_EXISTS".into())]);
    assert_eq!(contents(&world.database).await, before);

    let report = users(&world, on(pb::OnConflict::Skip), &rows).await;
    assert!(report.applied);
    assert_eq!(counts(&report), [1, 0, 0, 1, 0]);
    assert_eq!(all_users(&world).await[0], ada);

    let report = users(&world, on(pb::OnConflict::Update), &rows).await;
    assert!(report.applied);
    assert_eq!(counts(&report), [0, 1, 1, 0, 0]);
    let changed = &all_users(&world).await[0];
    assert_eq!(
        (changed.id.as_str(), changed.email.as_str()),
        (ada.id.as_str(), "ADA@example.com")
    );
    assert_eq!(changed.name.as_deref(), Some("Ada"));
    assert!(changed.updated_at.is_some());

    // Nothing is left to change.
    let report = users(&world, on(pb::OnConflict::Update), &rows).await;
    assert_eq!(counts(&report), [0, 0, 2, 0, 0]);
    assert_eq!(&all_users(&world).await[0], changed);
}

#[tokio::test]
async fn with_each_for_itself_rows_with_problems_are_left_out() {
    let world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let by = |title: &str, author: &str| pb::Post {
        title: title.into(),
        author_id: author.into(),
        ..pb::Post::default()
    };
    let rows = [
        by("A", &ada.id),
        by("", &ada.id),
        by("B", &request_id(7)),
        by("C", &ada.id),
    ];
    let report = posts(&world, settings(), &rows).await;
    assert!(!report.applied);
    assert_eq!(counts(&report), [2, 0, 0, 0, 2]);
    assert!(all_posts(&world).await.is_empty());

    let report = posts(&world, each(settings()), &rows).await;
    assert!(report.applied);
    assert_eq!(counts(&report), [2, 0, 0, 0, 2]);
    let told = [(2, "INVALID_FIELDS"), (3, "USER_NOT_FOUND")];
    assert_eq!(
        problems(&report),
        told.map(|(row, why)| (row, why.to_owned()))
    );
    let titles: Vec<_> = all_posts(&world)
        .await
        .into_iter()
        .map(|post| post.title)
        .collect();
    assert_eq!(titles, ["A", "C"]);
}

#[tokio::test]
async fn each_problem_is_told_as_a_single_change_would_fail() {
    let (world, bob) = populated().await;
    let ada = all_users(&world).await.swap_remove(0);
    let stamp = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let rows = [
        pb::User {
            id: "x".into(),
            created_at: stamp(9),
            updated_at: stamp(8),
            ..user("y")
        },
        pb::User {
            id: bob.id.clone(),
            ..user("bob@example.com")
        },
        pb::User {
            created_at: stamp(7),
            deleted_at: stamp(8),
            ..ada.clone()
        },
        pb::User {
            id: ada.id.clone(),
            role: "user".into(),
            ..user("")
        },
        pb::User {
            id: request_id(7),
            ..user("ada@EXAMPLE.com")
        },
    ];
    let report = users(&world, on(pb::OnConflict::Update), &rows).await;
    assert_eq!(counts(&report), [0, 0, 0, 0, 5]);
    let mut told = all_shown(&report);
    let stored = all_posts(&world).await;
    let by = |id: &str, author: &str| pb::Post {
        id: id.into(),
        title: "T".into(),
        author_id: author.into(),
        ..pb::Post::default()
    };
    let rows = [
        by("", &bob.id),
        by(&stored[0].id, &bob.id),
        by(&stored[2].id, &ada.id),
        pb::Post {
            published_at: stamp(5),
            ..by("", &ada.id)
        },
    ];
    let report = posts(&world, on(pb::OnConflict::Update), &rows).await;
    assert_eq!(counts(&report), [0, 0, 0, 0, 4]);
    told.extend(all_shown(&report));
    insta::assert_snapshot!("problems_of_rows", told.join("\n"));
}

#[tokio::test]
async fn of_many_problems_the_first_hundred_are_told_by_their_rows() {
    let world = World::new().await;
    let mut rows = Vec::new();
    for number in 1..=120 {
        rows.push(user(&format!("user-{number}@example.com")));
        // Wrong in itself, and then wrong beside the one before it.
        rows.push(user("nowhere"));
        rows.push(user(&format!("USER-{number}@example.com")));
    }
    let parts: Vec<&[pb::User]> = rows.chunks(50).collect();
    let answer = import_users(&world.transfers, settings(), &parts).await;
    let report = answer.unwrap().into_inner().report.unwrap();
    assert_eq!(counts(&report), [120, 0, 0, 0, 240]);
    let expected: Vec<_> = (1..)
        .flat_map(|number| {
            let row = number * 3;
            [
                (row - 1, "INVALID_FIELDS".to_owned()),
                (row, "ROW_REPEATED".to_owned()),
            ]
        })
        .take(100)
        .collect();
    assert_eq!(problems(&report), expected);
}
