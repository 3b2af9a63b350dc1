//! The trash, where others are at work at the same time.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

mod along;
mod sweep;

use byline_domain::post::Post;
use byline_domain::testing::fixtures::{post, time, user, user_id};
use byline_domain::unit_of_work::UnitOfWorkFactory;
use byline_domain::user::User;
use byline_persistence::Database;

async fn insert(database: &Database, users: &[User], posts: &[Post]) {
    let mut unit = database.begin().await.unwrap();
    for user in users {
        unit.users().insert(user).await.unwrap();
    }
    for post in posts {
        unit.posts().insert(post).await.unwrap();
    }
    unit.commit().await.unwrap();
}
