//! Units of work at once, each in a task of its own.

use std::future::Future;
use std::ops::RangeInclusive;

use tokio::task::JoinSet;

use super::Ports;
use super::support::{assert_exists, assert_stale, title, user_at};
use crate::error::{RepositoryError, Resource};
use crate::lifecycle::Version;
use crate::page::CountMode;
use crate::post::Post;
use crate::testing::fixtures::{post, post_id, time, user, user_id};
use crate::user::{Role, User, UserFilter};

type Outcome = Result<(), RepositoryError>;

/// Runs `attempt` once for each of `numbers`, all at once.
async fn at_once<F>(
    ports: &Ports,
    numbers: RangeInclusive<u64>,
    attempt: impl Fn(Ports, u64) -> F,
) -> Vec<Outcome>
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for number in numbers {
        tasks.spawn(attempt(ports.clone(), number));
    }
    tasks.join_all().await
}

fn is_email_taken(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Err(RepositoryError::AlreadyExists {
            resource: Resource::User,
            field: "email"
        })
    )
}

pub async fn of_64_inserts_of_one_email_one_wins(ports: Ports) {
    let outcomes = at_once(&ports, 1..=64, |ports, number| async move {
        let address = if number % 2 == 0 { "a@b.c" } else { "A@B.C" };
        let mut unit = ports.units.begin().await?;
        unit.users().insert(&user_at(number, address)).await?;
        unit.commit().await
    })
    .await;
    assert_eq!(outcomes.iter().filter(|one| one.is_ok()).count(), 1);
    let refused = outcomes.iter().filter(|one| is_email_taken(one)).count();
    assert_eq!(refused, 63, "{outcomes:?}");
    let count = ports
        .users
        .count(&UserFilter::default(), CountMode::Exact)
        .await;
    assert_eq!(count.expect("users are counted"), 1);
}

pub async fn of_8_inserts_of_one_id_one_wins(ports: Ports) {
    let outcomes = at_once(&ports, 1..=8, |ports, number| async move {
        let user = User {
            id: user_id(1),
            ..user(number)
        };
        let mut unit = ports.units.begin().await?;
        unit.users().insert(&user).await?;
        unit.commit().await
    })
    .await;
    assert_eq!(outcomes.iter().filter(|one| one.is_ok()).count(), 1);
    for outcome in outcomes.iter().filter(|one| one.is_err()) {
        assert_exists(outcome, Resource::User, "id");
    }
}

/// A holder who appears while the address is being claimed may be told as
/// contention: the next try meets the holder.
pub async fn of_8_updates_to_one_email_one_wins(ports: Ports) {
    let users: Vec<User> = (1..=8).map(user).collect();
    ports.insert_users(&users.iter().collect::<Vec<_>>()).await;
    let outcomes = at_once(&ports, 1..=8, |ports, number| async move {
        let mut changed = user_at(number, "a@b.c");
        changed.lifecycle.touch(time(50));
        let mut unit = ports.units.begin().await?;
        let users = unit.users();
        users.update(&changed, Version::FIRST).await?;
        unit.commit().await
    })
    .await;
    assert_eq!(outcomes.iter().filter(|one| one.is_ok()).count(), 1);
    assert!(
        outcomes.iter().all(|one| one.is_ok()
            || is_email_taken(one)
            || matches!(one, Err(RepositoryError::Contention(_)))),
        "{outcomes:?}"
    );
}

pub async fn of_8_updates_of_one_version_one_wins(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    let outcomes = at_once(&ports, 1..=8, |ports, number| async move {
        let mut changed = user_at(1, &format!("a{number}@b.c"));
        changed.lifecycle.touch(time(50));
        let mut unit = ports.units.begin().await?;
        let users = unit.users();
        users.update(&changed, Version::FIRST).await?;
        unit.commit().await
    })
    .await;
    assert_eq!(outcomes.iter().filter(|one| one.is_ok()).count(), 1);
    for outcome in outcomes.iter().filter(|one| one.is_err()) {
        assert_stale(outcome, Resource::User);
    }
}

pub async fn of_8_increments_of_a_user_none_is_lost(ports: Ports) {
    let start = User {
        role: Role::parse("0").expect("a valid role"),
        ..user(1)
    };
    ports.insert_users(&[&start]).await;
    let outcomes = at_once(&ports, 1..=8, |ports, number| async move {
        let mut unit = ports.units.begin().await?;
        let found = unit.users().find_for_update(user_id(1)).await?;
        let mut user = found.expect("it is kept");
        let expected = user.lifecycle.version();
        user.role = Role::parse(incremented(user.role.as_str())).expect("a valid role");
        user.lifecycle.touch(time(50 + i64::from(number % 2 == 0)));
        unit.users().update(&user, expected).await?;
        unit.commit().await
    })
    .await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let stored = ports.stored_user(&start).await.expect("it is kept");
    assert_eq!(stored.role.as_str(), "8");
    assert_eq!(stored.lifecycle.version().get(), 9);
}

pub async fn of_8_increments_of_a_post_none_is_lost(ports: Ports) {
    let author = user(1);
    let start = Post {
        title: title("0"),
        ..post(1, author.id)
    };
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&[&start]).await;
    let outcomes = at_once(&ports, 1..=8, |ports, _| async move {
        let mut unit = ports.units.begin().await?;
        let found = unit.posts().find_for_update(post_id(1)).await?;
        let mut post = found.expect("it is kept");
        let expected = post.lifecycle.version();
        post.title = title(&incremented(post.title.as_str()));
        post.lifecycle.touch(time(50));
        unit.posts().update(&post, expected).await?;
        unit.commit().await
    })
    .await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let stored = ports.stored_post(&start).await.expect("it is kept");
    assert_eq!(stored.title.as_str(), "8");
    assert_eq!(stored.lifecycle.version().get(), 9);
}

/// Whoever writes a post holds the author for share, so that the deletion of an
/// author without living posts never overlooks one.
pub async fn an_author_held_for_share_is_not_deleted_meanwhile(ports: Ports) {
    for round in 1..=8 {
        let author = user(round);
        ports.insert_users(&[&author]).await;
        let outcomes = at_once(&ports, 1..=6, |ports, number| async move {
            if number == 3 {
                delete_if_without_posts(&ports, round).await
            } else {
                write_if_alive(&ports, round, round * 100 + number).await
            }
        })
        .await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        let deleted = ports.stored_user(&author).await.expect("it is kept");
        let mut unit = ports.begin().await;
        let living = unit.posts().has_living(author.id).await;
        let living = living.expect("posts are read");
        assert_ne!(living, deleted.lifecycle.is_deleted());
    }
}

async fn delete_if_without_posts(ports: &Ports, number: u64) -> Outcome {
    let mut unit = ports.units.begin().await?;
    let found = unit.users().find_for_update(user_id(number)).await?;
    let mut author = found.expect("it is kept");
    if unit.posts().has_living(author.id).await? {
        return unit.rollback().await;
    }
    let expected = author.lifecycle.version();
    author.lifecycle.delete(time(50));
    unit.users().update(&author, expected).await?;
    unit.commit().await
}

async fn write_if_alive(ports: &Ports, author: u64, number: u64) -> Outcome {
    let mut unit = ports.units.begin().await?;
    let found = unit.users().find_for_share(user_id(author)).await?;
    if found.expect("it is kept").lifecycle.is_deleted() {
        return unit.rollback().await;
    }
    unit.posts().insert(&post(number, user_id(author))).await?;
    unit.commit().await
}

fn incremented(number: &str) -> String {
    let number: u64 = number.parse().expect("a number");
    (number + 1).to_string()
}
