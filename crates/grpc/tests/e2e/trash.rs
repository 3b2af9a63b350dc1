//! What is deleted, with whom, and what comes back.

use byline_grpc::pb;
use byline_persistence::testing::{count, execute};
use tonic::Code;

use crate::imports::{import_users, posts, settings, user};
use crate::support::{World, cost, get_by_id, reason, violations};

/// Posts of Ada, the oldest first: those of three statements.
const MANY_POSTS: &str = "insert into posts (id, title, author_id, created_at, version)
    select gen_random_uuid(), 'Post ' || n, users.id, '2026-01-01'::timestamptz + n * interval '1 s', 1
    from users cross join generate_series(1, 2500) n where users.email = 'ada@example.com'";

/// Has the second of these statements fail.
const REFUSE: &str = "create function refuse() returns trigger language plpgsql as
        $$ begin raise exception 'this one stays'; end $$;
    create trigger refuse before update on posts
        for each row when (old.title = 'Post 1500') execute function refuse()";

/// Posts that are as they were made, or given once, to each author.
const OF_ADA: &str = "select count(*) from posts join users on users.id = posts.author_id
    where users.email = 'ada@example.com' and posts.version = 1";
const OF_ALAN: &str = "select count(*) from posts join users on users.id = posts.author_id
    where users.email = 'alan@example.com' and posts.version = 2";

async fn get(world: &World, id: &str) -> Option<pb::Post> {
    let request = pb::GetPostRequest {
        id: id.to_owned(),
        show_deleted: true,
        ..pb::GetPostRequest::default()
    };
    let answer = world.posts.clone().get_post(request).await;
    answer.ok().and_then(|answer| answer.into_inner().post)
}

async fn is_living(world: &World, post: &pb::Post) -> bool {
    get(world, &post.id).await.unwrap().deleted_at.is_none()
}

async fn force(world: &World, id: &str) -> pb::User {
    let request = pb::DeleteUserRequest {
        id: id.to_owned(),
        force: true,
        ..pb::DeleteUserRequest::default()
    };
    let answer = world.users.clone().delete_user(request).await.unwrap();
    answer.into_inner().user.unwrap()
}

async fn undelete(world: &World, id: &str) -> Result<pb::User, tonic::Status> {
    let request = pb::UndeleteUserRequest {
        id: id.to_owned(),
        ..pb::UndeleteUserRequest::default()
    };
    let answer = world.users.clone().undelete_user(request).await?;
    Ok(answer.into_inner().user.unwrap())
}

#[tokio::test]
async fn posts_go_along_with_their_author_and_just_those_come_back() {
    let world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let before = world.post(&ada, "Deleted before").await;
    let along = world.post(&ada, "Goes along").await;
    world.delete_post(&before.id).await;

    let refused = world
        .users
        .clone()
        .delete_user(pb::DeleteUserRequest {
            id: ada.id.clone(),
            ..pb::DeleteUserRequest::default()
        })
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "USER_HAS_POSTS");

    let gone = force(&world, &ada.id).await;
    let deleted_at = gone.deleted_at.unwrap();
    let purge_at = gone.purge_at.unwrap();
    assert_eq!(purge_at.seconds - deleted_at.seconds, 30 * 24 * 3600);
    let post = get(&world, &along.id).await.unwrap();
    assert_eq!(post.purge_at, gone.purge_at);
    assert_ne!(post.etag, along.etag);

    let back = undelete(&world, &ada.id).await.unwrap();
    assert_eq!((back.deleted_at, back.purge_at), (None, None));
    assert!(is_living(&world, &along).await);
    assert!(!is_living(&world, &before).await);
}

#[tokio::test]
async fn an_address_that_was_taken_meanwhile_keeps_everything_in_the_trash() {
    let world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let post = world.post(&ada, "On engines").await;
    force(&world, &ada.id).await;
    world.user("ADA@example.com").await;
    let refused = undelete(&world, &ada.id).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert!(!is_living(&world, &post).await);
}

#[tokio::test]
async fn a_batch_takes_the_posts_of_many_along() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let alan = world.user("alan@example.com").await;
    let posts = [
        world.post(&ada, "One").await,
        world.post(&alan, "Two").await,
    ];
    let delete = |user: &pb::User, force| pb::DeleteUserRequest {
        id: user.id.clone(),
        force,
        ..pb::DeleteUserRequest::default()
    };
    let request = pb::BatchDeleteUsersRequest {
        requests: vec![delete(&ada, true), delete(&alan, false)],
        atomicity: pb::Atomicity::Each.into(),
        ..pb::BatchDeleteUsersRequest::default()
    };
    world.users.batch_delete_users(request).await.unwrap();
    assert!(!is_living(&world, &posts[0]).await);
    assert!(is_living(&world, &posts[1]).await);
    undelete(&world, &ada.id).await.unwrap();
    assert!(is_living(&world, &posts[0]).await);
}

#[tokio::test]
async fn a_thousand_take_their_posts_along_by_as_many_statements_as_one() {
    let mut world = World::new().await;
    for number in [1, 999] {
        let id = |n: u32| format!("00000000-0000-4000-8000-{number:06}{n:06}");
        let user = |n| pb::CreateUserRequest {
            user: Some(pb::User {
                id: id(n),
                email: format!("{n}@of-{number}.org"),
                ..pb::User::default()
            }),
            ..pb::CreateUserRequest::default()
        };
        let request = pb::BatchCreateUsersRequest {
            requests: (0..number).map(user).collect(),
            ..pb::BatchCreateUsersRequest::default()
        };
        world.users.batch_create_users(request).await.unwrap();
        let post = |n| pb::CreatePostRequest {
            post: Some(pb::Post {
                title: "On numbers".into(),
                author_id: id(n),
                ..pb::Post::default()
            }),
            ..pb::CreatePostRequest::default()
        };
        let request = pb::BatchCreatePostsRequest {
            requests: (0..number).map(post).collect(),
            ..pb::BatchCreatePostsRequest::default()
        };
        world.posts.batch_create_posts(request).await.unwrap();

        let delete = |n| pb::DeleteUserRequest {
            id: id(n),
            force: true,
            ..pb::DeleteUserRequest::default()
        };
        let request = pb::BatchDeleteUsersRequest {
            requests: (0..number).map(delete).collect(),
            ..pb::BatchDeleteUsersRequest::default()
        };
        let answer = world.users.batch_delete_users(request).await.unwrap();
        let spent = cost(&answer);
        assert_eq!(
            spent, 7,
            "begin, hold, authors, along, update, events, commit"
        );
        let mut beside = world.database.connection().await;
        let living = "select (select count(*) from users where deleted_at is null)
            + (select count(*) from posts where deleted_at is null)";
        assert_eq!(count(&mut beside, living).await, 0, "of {number}");
    }
}

#[tokio::test]
async fn more_posts_than_one_statement_gives_are_given_all_or_none() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let alan = world.user("alan@example.com").await;
    let mut beside = world.database.connection().await;
    execute(&mut beside, MANY_POSTS).await;
    execute(&mut beside, REFUSE).await;
    let request = pb::TransferPostsRequest {
        from_author_id: ada.id,
        to_author_id: alan.id,
        ..pb::TransferPostsRequest::default()
    };
    let refused = world.posts.transfer_posts(request.clone()).await;
    assert_eq!(refused.unwrap_err().code(), Code::Internal);
    assert_eq!(count(&mut beside, OF_ADA).await, 2_500);

    execute(&mut beside, "drop trigger refuse on posts").await;
    let given = world.posts.transfer_posts(request).await.unwrap();
    let spent = cost(&given);
    assert_eq!(
        spent, 7,
        "begin, hold, three times a thousand, events, commit"
    );
    assert_eq!(given.into_inner().transferred_count, 2_500);
    assert_eq!(count(&mut beside, OF_ALAN).await, 2_500);
}

#[tokio::test]
async fn posts_are_given_to_another_author_by_the_filter() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let alan = world.user("alan@example.com").await;
    let kept = world.post(&ada, "Draft").await;
    let given = world.post(&ada, "On engines").await;
    let deleted = world.post(&ada, "On engines, deleted").await;
    world.delete_post(&deleted.id).await;
    let mut request = pb::TransferPostsRequest {
        from_author_id: ada.id.clone(),
        to_author_id: alan.id.clone(),
        filter: r#"title : "engines""#.into(),
        validate_only: true,
        ..pb::TransferPostsRequest::default()
    };
    for validate_only in [true, false] {
        request.validate_only = validate_only;
        let answer = world.posts.transfer_posts(request.clone()).await.unwrap();
        assert_eq!(answer.into_inner().transferred_count, 1);
        let author = get(&world, &given.id).await.unwrap().author_id;
        assert_eq!(
            author,
            if validate_only { &ada.id } else { &alan.id }.clone()
        );
    }
    for post in [&kept, &deleted] {
        assert_eq!(get(&world, &post.id).await.unwrap().author_id, ada.id);
    }

    let wrong = pb::TransferPostsRequest {
        from_author_id: ada.id.clone(),
        to_author_id: ada.id.clone(),
        filter: "nothing = 1".into(),
        request_id: "x".into(),
        ..pb::TransferPostsRequest::default()
    };
    let status = world.posts.transfer_posts(wrong).await.unwrap_err();
    let named: Vec<_> = violations(&status)
        .into_iter()
        .map(|(field, _)| field)
        .collect();
    assert_eq!(named, ["to_author_id", "filter", "request_id"]);
}

#[tokio::test]
async fn what_is_purged_and_imported_again_never_has_the_same_etag() {
    let mut world = World::new().await;
    let birth = prost_types::Timestamp {
        seconds: 1_000_000_000,
        nanos: 0,
    };
    let author = world.user("ada@example.com").await;
    let row = pb::User {
        id: "0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01".into(),
        created_at: Some(birth),
        deleted_at: Some(birth),
        ..user("alan@example.com")
    };
    let post = pb::Post {
        id: "0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e02".into(),
        title: "On numbers".into(),
        author_id: author.id,
        created_at: Some(birth),
        deleted_at: Some(birth),
        ..pb::Post::default()
    };
    let mut etags = Vec::new();
    for _ in 0..2 {
        let rows = [row.clone()];
        let imported = import_users(&world.transfers, settings(), &[&rows]).await;
        assert!(imported.unwrap().into_inner().report.unwrap().applied);
        assert!(
            posts(&world, settings(), std::slice::from_ref(&post))
                .await
                .applied
        );
        let request = pb::GetUserRequest {
            show_deleted: true,
            ..get_by_id(&row.id)
        };
        let found = world.users.get_user(request).await.unwrap();
        let post = get(&world, &post.id).await.unwrap();
        etags.push((found.into_inner().user.unwrap().etag, post.etag));
        let purge = pb::PurgeUserRequest {
            id: row.id.clone(),
            ..pb::PurgeUserRequest::default()
        };
        world.users.purge_user(purge).await.unwrap();
        let purge = pb::PurgePostRequest {
            id: post.id,
            ..pb::PurgePostRequest::default()
        };
        world.posts.purge_post(purge).await.unwrap();
    }
    assert_ne!(etags[0].0, etags[1].0);
    assert_ne!(etags[0].1, etags[1].1);
}
