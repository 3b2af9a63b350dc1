//! A thousand changes by a few statements.

use byline_grpc::pb;
use byline_grpc::pb::post_result::Result as PostOutcome;
use byline_grpc::pb::user_result::Result as UserOutcome;
use tonic::Response;

use super::{creates, told};
use crate::support::{World, cost};

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
        let addresses: Vec<_> = made.iter().map(|user| user.email.as_str()).collect();
        assert_eq!(addresses, emails, "in the order of the requests");

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
        assert_eq!(told(&results), expected);
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
        assert_eq!(told(&answer.into_inner().results), expected);
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
