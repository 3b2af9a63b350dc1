//! Units of work at once, each in a task of its own.

use std::future::Future;
use std::ops::RangeInclusive;
use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::{JoinSet, yield_now};

use super::Ports;
use super::support::{assert_exists, assert_stale, title, user_at};
use crate::count::CountMode;
use crate::error::{RepositoryError, Resource};
use crate::lifecycle::{Retention, Version};
use crate::post::Post;
use crate::testing::fixtures::{post, post_id, replacing, time, user, user_id};
use crate::unit_of_work::UnitOfWork;
use crate::user::{Role, User, UserFilter};

pub(super) type Outcome = Result<(), RepositoryError>;

/// Runs `attempt` once for each of `numbers`, all at once.
pub(super) async fn at_once<F>(
    ports: &Ports,
    numbers: RangeInclusive<u64>,
    attempt: impl Fn(Ports, u64) -> F,
) -> Vec<Outcome>
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let start = Arc::new(Barrier::new(numbers.clone().count()));
    let mut tasks = JoinSet::new();
    for number in numbers {
        let attempt = attempt(ports.clone(), number);
        let start = Arc::clone(&start);
        tasks.spawn(async move {
            start.wait().await;
            attempt.await
        });
    }
    tasks.join_all().await
}

/// Gives way to the other tasks, as [`commit`] does: a unit of work over memory
/// would else be over before another began, and never meet one.
pub(super) async fn begin(ports: &Ports) -> Result<Box<dyn UnitOfWork>, RepositoryError> {
    let unit = ports.units.begin().await?;
    yield_now().await;
    Ok(unit)
}

pub(super) async fn commit(unit: Box<dyn UnitOfWork>) -> Outcome {
    yield_now().await;
    unit.commit().await
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
        let mut unit = begin(&ports).await?;
        unit.users().insert(&user_at(number, address)).await?;
        commit(unit).await
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
        let mut unit = begin(&ports).await?;
        unit.users().insert(&user).await?;
        commit(unit).await
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
        let mut unit = begin(&ports).await?;
        let users = unit.users();
        users.update(&changed, Version::FIRST).await?;
        commit(unit).await
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
        let mut unit = begin(&ports).await?;
        let users = unit.users();
        users.update(&changed, Version::FIRST).await?;
        commit(unit).await
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
        let mut unit = begin(&ports).await?;
        let found = unit.users().find_for_update(user_id(1)).await?;
        let mut user = found.expect("it is kept");
        let expected = user.lifecycle.version();
        yield_now().await;
        user.role = Role::parse(incremented(user.role.as_str())).expect("a valid role");
        user.lifecycle.touch(time(50 + i64::from(number % 2 == 0)));
        unit.users().update(&user, expected).await?;
        commit(unit).await
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
        let mut unit = begin(&ports).await?;
        let found = unit.posts().find_for_update(post_id(1)).await?;
        let mut post = found.expect("it is kept");
        let expected = post.lifecycle.version();
        yield_now().await;
        post.title = title(&incremented(post.title.as_str()));
        post.lifecycle.touch(time(50));
        unit.posts()
            .update_many(&[replacing(&post, expected)])
            .await?;
        commit(unit).await
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
    let mut unit = begin(ports).await?;
    let found = unit.users().find_for_update(user_id(number)).await?;
    let mut author = found.expect("it is kept");
    if unit.posts().has_living(author.id).await? {
        return unit.rollback().await;
    }
    yield_now().await;
    let expected = author.lifecycle.version();
    author.lifecycle.delete(time(50), Retention::DEFAULT);
    unit.users().update(&author, expected).await?;
    commit(unit).await
}

async fn write_if_alive(ports: &Ports, author: u64, number: u64) -> Outcome {
    let mut unit = begin(ports).await?;
    let found = unit.users().find_for_share(user_id(author)).await?;
    if found.expect("it is kept").lifecycle.is_deleted() {
        return unit.rollback().await;
    }
    yield_now().await;
    unit.posts().insert(&post(number, user_id(author))).await?;
    commit(unit).await
}

/// An author who goes while a post is being written may be told as contention:
/// the next try misses the author.
pub async fn of_an_author_purged_meanwhile_no_post_is_kept(ports: Ports) {
    ports.insert_users(&[&user(BYSTANDER)]).await;
    for round in 1..=8 {
        let author = user(round);
        ports.insert_users(&[&author]).await;
        let outcomes = at_once(&ports, 1..=6, |ports, number| async move {
            if number == 3 {
                purge(&ports, round).await
            } else {
                write_unless_missing(&ports, round, round * 100 + number).await
            }
        })
        .await;
        assert!(
            outcomes
                .iter()
                .all(|one| matches!(one, Ok(()) | Err(RepositoryError::Contention(_)))),
            "{outcomes:?}"
        );
        assert_eq!(ports.stored_user(&author).await, None);
        for number in 1..=6 {
            let written = post(round * 100 + number, author.id);
            if let Some(kept) = ports.stored_post(&written).await {
                assert_eq!(kept.author_id, user_id(BYSTANDER));
            }
        }
    }
}

/// Writes instead of an author who is gone.
const BYSTANDER: u64 = 99;

async fn purge(ports: &Ports, number: u64) -> Outcome {
    let mut unit = begin(ports).await?;
    let done = unit.users().purge(user_id(number)).await?;
    assert!(done, "the author was there");
    commit(unit).await
}

async fn write_unless_missing(ports: &Ports, author: u64, number: u64) -> Outcome {
    let mut unit = begin(ports).await?;
    match unit.posts().insert(&post(number, user_id(author))).await {
        Err(RepositoryError::ReferenceMissing { .. }) => {
            let instead = post(number, user_id(BYSTANDER));
            let done = unit.posts().insert(&instead).await;
            done.expect("the unit is usable");
        }
        done => done?,
    }
    commit(unit).await
}

fn incremented(number: &str) -> String {
    let number: u64 = number.parse().expect("a number");
    (number + 1).to_string()
}
