//! Batches that meet a row which somebody has edited by hand into what no call would write.

use byline_grpc::pb;
use byline_persistence::testing::execute;
use tonic::Code;

use crate::support::{World, get_by_id};

/// What became of each: `None` where it was done.
trait Codes {
    fn codes(self) -> Vec<Option<i32>>;
}

impl Codes for Vec<pb::UserResult> {
    fn codes(self) -> Vec<Option<i32>> {
        let codes = self.into_iter().map(|result| match result.result.unwrap() {
            pb::user_result::Result::User(_) => None,
            pb::user_result::Result::Status(status) => Some(status.code),
        });
        codes.collect()
    }
}

impl Codes for Vec<pb::PostResult> {
    fn codes(self) -> Vec<Option<i32>> {
        let codes = self.into_iter().map(|result| match result.result.unwrap() {
            pb::post_result::Result::Post(_) => None,
            pb::post_result::Result::Status(status) => Some(status.code),
        });
        codes.collect()
    }
}

const INTERNAL: Option<i32> = Some(Code::Internal as i32);

/// Two users, of whom the second cannot be read.
async fn users() -> (World, [pb::User; 2]) {
    let world = World::new().await;
    let users = [
        world.user("ada@example.com").await,
        world.user("bad@example.com").await,
    ];
    let edit = r"update users set role = E'two\nlines' where email = 'bad@example.com'";
    execute(&mut world.database.connection().await, edit).await;
    (world, users)
}

/// Two posts, of which the second cannot be read.
async fn posts() -> (World, [pb::Post; 2]) {
    let world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let posts = [
        world.post(&ada, "Good").await,
        world.post(&ada, "Bad").await,
    ];
    let edit = r"update posts set title = E'two\nlines' where title = 'Bad'";
    execute(&mut world.database.connection().await, edit).await;
    (world, posts)
}

#[tokio::test]
async fn a_user_who_cannot_be_read_fails_no_change_of_another() {
    let (world, users) = users().await;
    let rename = async |atomicity: pb::Atomicity| {
        // The same one twice fails twice.
        let requests = [&users[1], &users[0], &users[1]].map(|user| pb::UpdateUserRequest {
            user: Some(pb::User {
                id: user.id.clone(),
                name: Some("Ada".into()),
                ..pb::User::default()
            }),
            ..pb::UpdateUserRequest::default()
        });
        let update = pb::BatchUpdateUsersRequest {
            requests: requests.into(),
            atomicity: atomicity.into(),
            ..pb::BatchUpdateUsersRequest::default()
        };
        world.users.clone().batch_update_users(update).await
    };
    let status = rename(pb::Atomicity::All).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    let get = || get_by_id(&users[0].id);
    let found = world.users.clone().get_user(get()).await.unwrap();
    assert_eq!(found.into_inner().user.unwrap().name, None);

    let answer = rename(pb::Atomicity::Each).await.unwrap().into_inner();
    assert_eq!(answer.results.codes(), [INTERNAL, None, INTERNAL]);
    let found = world.users.clone().get_user(get()).await.unwrap();
    assert_eq!(found.into_inner().user.unwrap().name(), "Ada");

    let requests = users.clone().map(|user| pb::DeleteUserRequest {
        id: user.id,
        ..pb::DeleteUserRequest::default()
    });
    let delete = pb::BatchDeleteUsersRequest {
        requests: requests.into(),
        atomicity: pb::Atomicity::Each.into(),
        ..pb::BatchDeleteUsersRequest::default()
    };
    let answer = world.users.clone().batch_delete_users(delete).await;
    let answer = answer.unwrap().into_inner();
    assert_eq!(answer.results.codes(), [None, INTERNAL]);
}

#[tokio::test]
async fn an_author_who_cannot_be_read_fails_no_post_of_another() {
    let (world, users) = users().await;
    let requests = users.map(|user| pb::CreatePostRequest {
        post: Some(pb::Post {
            title: "First".into(),
            author_id: user.id,
            ..pb::Post::default()
        }),
        ..pb::CreatePostRequest::default()
    });
    let create = pb::BatchCreatePostsRequest {
        requests: requests.into(),
        atomicity: pb::Atomicity::Each.into(),
        ..pb::BatchCreatePostsRequest::default()
    };
    let answer = world.posts.clone().batch_create_posts(create).await;
    let answer = answer.unwrap().into_inner();
    assert_eq!(answer.results.codes(), [None, INTERNAL]);
}

#[tokio::test]
async fn a_post_that_cannot_be_read_fails_no_change_of_another() {
    let (world, posts) = posts().await;
    let requests = posts.clone().map(|post| pb::UpdatePostRequest {
        post: Some(pb::Post {
            id: post.id,
            title: "Better".into(),
            ..pb::Post::default()
        }),
        ..pb::UpdatePostRequest::default()
    });
    let update = pb::BatchUpdatePostsRequest {
        requests: requests.into(),
        atomicity: pb::Atomicity::Each.into(),
        ..pb::BatchUpdatePostsRequest::default()
    };
    let answer = world.posts.clone().batch_update_posts(update).await;
    let answer = answer.unwrap().into_inner();
    assert_eq!(answer.results.codes(), [None, INTERNAL]);

    let requests = posts.map(|post| pb::DeletePostRequest {
        id: post.id,
        ..pb::DeletePostRequest::default()
    });
    let delete = pb::BatchDeletePostsRequest {
        requests: requests.into(),
        atomicity: pb::Atomicity::Each.into(),
        ..pb::BatchDeletePostsRequest::default()
    };
    let answer = world.posts.clone().batch_delete_posts(delete).await;
    let answer = answer.unwrap().into_inner();
    assert_eq!(answer.results.codes(), [None, INTERNAL]);
}
