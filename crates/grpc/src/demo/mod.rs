//! Demo data: 1,000 users and 5,000 posts, readable and the same every time.

mod words;

use byline_domain::count::CountMode;
use byline_domain::error::RepositoryError;
use byline_domain::ids::{PostId, UserId};
use byline_domain::lifecycle::{Lifecycle, Retention};
use byline_domain::post::{Content, Post, Title};
use byline_domain::trash::Trash;
use byline_domain::user::{Email, Role, User, UserFilter, UserName, UserReader};
use chrono::{DateTime, TimeDelta, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use uuid::Uuid;

use self::words::{ADJECTIVES, FIRST_NAMES, LAST_NAMES, SENTENCES, TOPICS};
use crate::bootstrap::App;

const USERS: u64 = 1_000;
const POSTS: u64 = 5_000;
/// The last users have no posts, so that there are users to delete.
const AUTHORS: u64 = 980;

/// Fills an empty database, all or nothing; leaves one with users alone.
pub(crate) async fn fill(app: &App) -> Result<(), RepositoryError> {
    let everybody = UserFilter::all(Trash::Include);
    if UserReader::count(&app.database, &everybody, CountMode::Estimate).await? > 0 {
        return Ok(());
    }
    let bar = ProgressBar::new(USERS + POSTS).with_style(
        ProgressStyle::with_template("demo data {wide_bar} {pos}/{len}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let mut unit = app.units.begin().await?;
    for number in 0..USERS {
        unit.users().insert(&user(number)).await?;
        bar.inc(1);
    }
    for number in 0..POSTS {
        unit.posts().insert(&post(number)).await?;
        bar.inc(1);
    }
    unit.commit().await?;
    bar.finish_and_clear();
    Ok(())
}

/// A user to show calls with.
pub(crate) fn example_user() -> User {
    user(0)
}

/// `list[number % length]`, and what is left of the number: a digit of a counter
/// whose bases are the lengths of lists.
fn pick<T: Copy>(list: &[T], number: u64) -> (T, u64) {
    let length = list.len() as u64;
    let index = usize::try_from(number % length).unwrap_or_default();
    (list[index], number / length)
}

fn user(number: u64) -> User {
    let (first, rest) = pick(FIRST_NAMES, number);
    // Shifted by the first name, so that neighbours in a list differ in both.
    let (last, _) = pick(LAST_NAMES, rest + number);
    let born = start() + TimeDelta::hours(6 * signed(number));
    let mut lifecycle = Lifecycle::born(born);
    if number >= AUTHORS && number % 5 == 4 {
        lifecycle.delete(born + TimeDelta::days(30), retention());
    } else if number % 7 == 3 {
        lifecycle.touch(born + TimeDelta::days(2));
    }
    let role = match number {
        n if n % 50 == 0 => Role::parse("admin").unwrap_or_default(),
        n if n % 10 == 0 => Role::parse("editor").unwrap_or_default(),
        _ => Role::default(),
    };
    let email = format!(
        "{}.{}@example.com",
        first.to_lowercase(),
        last.to_lowercase()
    );
    User {
        id: UserId::from_uuid(id(born, number)),
        email: Email::parse(email).expect("names are plain words"),
        name: (number % 40 != 39)
            .then(|| UserName::parse(format!("{first} {last}")).expect("names are short")),
        role,
        is_active: number % 12 != 11,
        lifecycle,
    }
}

fn post(number: u64) -> Post {
    let author = user(number % AUTHORS);
    let born = author.lifecycle.created_at() + TimeDelta::minutes(24 * 60 + 30 * signed(number));
    let (adjective, rest) = pick(ADJECTIVES, number);
    let (topic, rest) = pick(TOPICS, rest + number);
    let (one, rest) = pick(SENTENCES, rest + number);
    let (other, _) = pick(SENTENCES, rest + 3 * number + 1);
    let mut lifecycle = Lifecycle::born(born);
    if number % 97 == 96 {
        lifecycle.delete(born + TimeDelta::days(7), retention());
    }
    let mut post = Post {
        id: PostId::from_uuid(id(born, number)),
        title: Title::parse(format!("{adjective} {topic}")).expect("titles are short"),
        content: Some(Content::parse(format!("{one}\n\n{other}")).expect("content is short")),
        published_at: None,
        author_id: author.id,
        lifecycle,
    };
    post.set_published(number % 4 != 3, born);
    post
}

/// 2025-01-01.
/// So long that no sweep ever empties the trash that is shown.
fn retention() -> Retention {
    Retention::new(TimeDelta::days(Retention::MAX_DAYS)).unwrap_or(Retention::DEFAULT)
}

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_735_689_600, 0).unwrap_or_default()
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A UUID of version 7 with a number where others have randomness.
fn id(born: DateTime<Utc>, number: u64) -> Uuid {
    let millis = u64::try_from(born.timestamp_millis()).unwrap_or_default();
    Uuid::from_u64_pair(millis << 16 | 0x7000, 1 << 63 | number)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_user_and_post_is_another_and_valid() {
        let users: HashSet<_> = (0..USERS).map(|n| user(n).email.folded()).collect();
        assert_eq!(users.len() as u64, USERS);
        let posts: HashSet<_> = (0..POSTS).map(|n| post(n).id).collect();
        assert_eq!(posts.len() as u64, POSTS);
        assert_eq!(user(7).id.as_uuid().get_version_num(), 7);
    }

    #[test]
    fn no_living_post_has_an_author_in_the_trash() {
        for number in 0..POSTS {
            let deleted = user(number % AUTHORS).lifecycle.is_deleted();
            assert!(
                !deleted || post(number).lifecycle.is_deleted(),
                "post {number}"
            );
        }
    }
}
