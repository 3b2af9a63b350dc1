//! A change and its event are kept together, or neither is.

use byline_grpc::pb;
use byline_persistence::testing::execute;
use tokio_stream::iter;
use tonic::Code;

use super::{FULL, NOT_FULL};
use crate::changes::{contents, every, request_id};
use crate::imports;
use crate::support::World;

#[tokio::test]
async fn a_change_whose_event_cannot_be_kept_is_not_made() {
    let world = World::new().await;
    let every = every(&world, "a").await;
    let author = world.user("b-author@example.com").await;
    let channel = world.server.channel().await;
    let mut beside = world.database.connection().await;
    let stored = contents(&world.database).await;
    let unchanged = async |path: &str| {
        assert_eq!(contents(&world.database).await, stored, "{path}");
    };
    execute(&mut beside, FULL).await;
    for (number, change) in every.iter().enumerate() {
        let refused = change.send(&channel, &request_id(number)).await;
        assert_eq!(refused.unwrap_err().code(), Code::Internal);
        unchanged(change.path).await;
    }
    let users = [imports::user("imported@example.com")];
    let posts = [pb::Post {
        title: "Imported".into(),
        author_id: author.id,
        ..pb::Post::default()
    }];
    for settings in [imports::settings(), imports::each(imports::settings())] {
        let imported = imports::import_users(&world.transfers, settings.clone(), &[&users]).await;
        assert_eq!(imported.unwrap_err().code(), Code::Internal);
        unchanged("ImportUsers").await;
        let messages = iter([pb::ImportPostsRequest {
            settings: Some(settings),
            posts: posts.to_vec(),
        }]);
        let imported = world.transfers.clone().import_posts(messages).await;
        assert_eq!(imported.unwrap_err().code(), Code::Internal);
        unchanged("ImportPosts").await;
    }

    // Nothing else was in the way, and no id is taken.
    execute(&mut beside, NOT_FULL).await;
    for (number, change) in every.iter().enumerate() {
        let before = contents(&world.database).await;
        change.send(&channel, &request_id(number)).await.unwrap();
        assert_ne!(contents(&world.database).await, before, "{}", change.path);
    }
    let imported = imports::users(&world, imports::settings(), &users).await;
    assert_eq!(imports::counts(&imported), [1, 0, 0, 0, 0]);
    let imported = imports::posts(&world, imports::settings(), &posts).await;
    assert_eq!(imports::counts(&imported), [1, 0, 0, 0, 0]);
}
