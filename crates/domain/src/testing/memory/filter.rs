//! Which users, posts and events a filter means: the logic of [`crate::filter`], literally.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::audit::{AuditEvent, AuditTest};
use crate::field::Field;
use crate::filter::{Comparison, FieldTest, Filter, Pattern, PostTest, UserTest, Value, ValueTest};
use crate::page::SortValue;
use crate::post::{Content, Post, PostField};
use crate::user::{User, UserField, UserName};

/// Whether `filter` means `user`. `posts` are those of the user that the caller
/// lets be seen.
pub fn meets_user<'a>(
    filter: &Filter<UserTest>,
    user: &User,
    posts: impl Iterator<Item = &'a Post> + Clone,
) -> bool {
    let name = user.name.as_ref().map(UserName::as_str);
    let truth = decide(filter, &move |test| match test {
        UserTest::Field(test) => meets_field(test, user_value(user, test.field)),
        UserTest::SomePost(None) => Some(posts.clone().next().is_some()),
        UserTest::SomePost(Some(test)) => Some(
            posts
                .clone()
                .any(|post| meets_field(test, post_value(post, test.field)) == Some(true)),
        ),
        UserTest::Mentions(pattern) => Some(mentions(pattern, [Some(user.email.as_str()), name])),
    });
    truth == Some(true)
}

/// Whether `filter` means `post`. `author` is who wrote it, if the caller lets that
/// user be seen.
pub fn meets_post(filter: &Filter<PostTest>, post: &Post, author: Option<&User>) -> bool {
    let content = post.content.as_ref().map(Content::as_str);
    let truth =
        decide(filter, &|test| match test {
            PostTest::Field(test) => meets_field(test, post_value(post, test.field)),
            PostTest::Author(None) => Some(author.is_some()),
            PostTest::Author(Some(test)) => Some(author.is_some_and(|author| {
                meets_field(test, user_value(author, test.field)) == Some(true)
            })),
            PostTest::Mentions(pattern) => {
                Some(mentions(pattern, [Some(post.title.as_str()), content]))
            }
        });
    truth == Some(true)
}

/// Whether `filter` means `event`.
pub fn meets_event(filter: &Filter<AuditTest>, event: &AuditEvent) -> bool {
    let truth = decide(filter, &|test: &AuditTest| {
        let value = event.sort_value(test.field);
        let held = match &value {
            SortValue::Text(text) => Some(Held::Text(text)),
            SortValue::Time(time) => Some(Held::Time(*time)),
            SortValue::Id(id) => Some(Held::Id(*id)),
            SortValue::Bool(truth) => Some(Held::Bool(*truth)),
            SortValue::Absent | SortValue::Rank(_) => None,
        };
        meets_field(test, held)
    });
    truth == Some(true)
}

/// `None` is unknown.
fn decide<T>(filter: &Filter<T>, test: &impl Fn(&T) -> Option<bool>) -> Option<bool> {
    match filter {
        Filter::All(filters) => unless(false, filters, test),
        Filter::Any(filters) => unless(true, filters, test),
        Filter::Not(filter) => decide(filter, test).map(|truth| !truth),
        Filter::Test(one) => test(one),
    }
}

/// `decisive` if one is that, else unknown if one is that, else the opposite.
fn unless<T>(
    decisive: bool,
    filters: &[Filter<T>],
    test: &impl Fn(&T) -> Option<bool>,
) -> Option<bool> {
    let mut truth = Some(!decisive);
    for filter in filters {
        match decide(filter, test) {
            Some(met) if met == decisive => return Some(decisive),
            Some(_) => {}
            None => truth = None,
        }
    }
    truth
}

fn mentions(pattern: &Pattern, texts: [Option<&str>; 2]) -> bool {
    let mut texts = texts.into_iter().flatten();
    texts.any(|text| pattern.matches(text))
}

/// What a field holds.
#[derive(Clone, Copy)]
enum Held<'a> {
    Text(&'a str),
    Bool(bool),
    Time(DateTime<Utc>),
    Id(Uuid),
}

fn user_value(user: &User, field: UserField) -> Option<Held<'_>> {
    Some(match field {
        UserField::Id => Held::Id(user.id.as_uuid()),
        UserField::Email => Held::Text(user.email.as_str()),
        UserField::Name => Held::Text(user.name.as_ref()?.as_str()),
        UserField::Role => Held::Text(user.role.as_str()),
        UserField::IsActive => Held::Bool(user.is_active),
        UserField::CreatedAt => Held::Time(user.lifecycle.created_at()),
        UserField::UpdatedAt => Held::Time(user.lifecycle.updated_at()?),
        UserField::DeletedAt => Held::Time(user.lifecycle.deleted_at()?),
        UserField::PurgeAt => Held::Time(user.lifecycle.purge_at()?),
    })
}

fn post_value(post: &Post, field: PostField) -> Option<Held<'_>> {
    Some(match field {
        PostField::Id => Held::Id(post.id.as_uuid()),
        PostField::Title => Held::Text(post.title.as_str()),
        PostField::Content => Held::Text(post.content.as_ref()?.as_str()),
        PostField::Published => Held::Bool(post.is_published()),
        PostField::PublishedAt => Held::Time(post.published_at?),
        PostField::AuthorId => Held::Id(post.author_id.as_uuid()),
        PostField::CreatedAt => Held::Time(post.lifecycle.created_at()),
        PostField::UpdatedAt => Held::Time(post.lifecycle.updated_at()?),
        PostField::DeletedAt => Held::Time(post.lifecycle.deleted_at()?),
        PostField::PurgeAt => Held::Time(post.lifecycle.purge_at()?),
    })
}

fn meets_field<F: Field>(test: &FieldTest<F>, held: Option<Held<'_>>) -> Option<bool> {
    let met = match &test.test {
        ValueTest::Present => held.is_some(),
        ValueTest::Compare(comparison, value) => {
            let order = order(held?, value, test.field.folds_case())?;
            match comparison {
                Comparison::Equal => order.is_eq(),
                Comparison::Less => order.is_lt(),
                Comparison::LessOrEqual => order.is_le(),
                Comparison::Greater => order.is_gt(),
                Comparison::GreaterOrEqual => order.is_ge(),
            }
        }
        ValueTest::Matches(pattern) => match held? {
            Held::Text(held) => pattern.matches(held),
            Held::Bool(_) | Held::Time(_) | Held::Id(_) => return None,
        },
    };
    Some(met != test.negated)
}

/// How a value compares with another; a value of another kind, which no filter
/// that was parsed holds, compares with nothing.
fn order(held: Held<'_>, value: &Value, folds_case: bool) -> Option<Ordering> {
    match (held, value) {
        (Held::Text(text), Value::Text(other)) if folds_case => {
            Some(text.to_lowercase().cmp(&other.to_lowercase()))
        }
        (Held::Text(text), Value::Text(other)) => Some(text.cmp(other)),
        (Held::Bool(held), Value::Bool(value)) => Some(held.cmp(value)),
        (Held::Time(held), Value::Time(value)) => Some(held.cmp(value)),
        (Held::Id(held), Value::Id(value)) => Some(held.cmp(value)),
        (Held::Text(_) | Held::Bool(_) | Held::Time(_) | Held::Id(_), _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{parse_posts, parse_users};
    use crate::testing::fixtures;

    fn users(filter: &str, user: &User, posts: &[Post]) -> bool {
        let filter = parse_users(filter, fixtures::time(0)).unwrap().unwrap();
        meets_user(&filter, user, posts.iter())
    }

    fn posts(filter: &str, post: &Post, author: Option<&User>) -> bool {
        let filter = parse_posts(filter, fixtures::time(0)).unwrap().unwrap();
        meets_post(&filter, post, author)
    }

    fn nameless() -> User {
        User {
            name: None,
            ..fixtures::user(1)
        }
    }

    #[test]
    fn an_absent_value_makes_a_test_unknown_and_so_its_opposite() {
        let user = nameless();
        for filter in [
            "name = a",
            "name != a",
            "name < a",
            "name : a",
            "name != a*",
        ] {
            assert!(!users(filter, &user, &[]), "{filter}");
            assert!(!users(&format!("NOT {filter}"), &user, &[]), "NOT {filter}");
        }
        assert!(users("NOT name:*", &user, &[]));
        assert!(users("name != *", &user, &[]));
        assert!(!users("name:*", &user, &[]));
    }

    #[test]
    fn unknown_gives_way_to_what_is_decided() {
        let user = nameless();
        assert!(users("name = a OR is_active = true", &user, &[]));
        assert!(!users("name = a OR is_active = false", &user, &[]));
        assert!(!users("NOT (name = a OR is_active = false)", &user, &[]));
        assert!(users("NOT (name = a AND is_active = false)", &user, &[]));
        assert!(!users("NOT (name = a AND is_active = true)", &user, &[]));
    }

    #[test]
    fn a_mention_is_never_unknown() {
        let user = nameless();
        assert!(users("USER-1@", &user, &[]));
        assert!(users("-ada", &user, &[]));
        let mut post = fixtures::post(1, user.id);
        assert!(posts("ontent", &post, None));
        post.content = None;
        assert!(posts("-ontent pOST", &post, None));
    }

    #[test]
    fn letter_case_counts_but_in_addresses_and_after_a_colon() {
        let user = fixtures::user(1);
        for (filter, met) in [
            ("name = 'User 1'", true),
            ("name = 'user 1'", false),
            ("name != 'user 1'", true),
            ("name = 'user *'", false),
            ("name : 'USER'", true),
            ("email = USER-1@example.com", true),
            ("email = USER-*", true),
            ("email != USER-*", false),
            ("email >= USER-1@example.com", true),
            ("email < USER-2", true),
            ("name < a", true),
        ] {
            assert_eq!(users(filter, &user, &[]), met, "{filter}");
        }
    }

    #[test]
    fn times_ids_and_flags_are_compared_by_value() {
        let user = fixtures::user(7);
        for (filter, met) in [
            ("created_at = 7s", true),
            ("created_at > 6.999999s", true),
            ("created_at < 7s", false),
            ("created_at <= 7s", true),
            ("is_active != false", true),
            ("updated_at > 0s", false),
        ] {
            assert_eq!(users(filter, &user, &[]), met, "{filter}");
        }
        assert!(users(&format!("id = {}", user.id), &user, &[]));
        assert!(users(&format!("id < {}", fixtures::user_id(8)), &user, &[]));
    }

    #[test]
    fn one_post_that_meets_the_test_is_enough() {
        let user = fixtures::user(1);
        let mut mute = fixtures::post(1, user.id);
        mute.content = None;
        let all = [mute, fixtures::post(2, user.id)];
        for (filter, none, one, both) in [
            ("posts:*", false, true, true),
            ("-posts:*", true, false, false),
            ("posts.content = 'Content 2'", false, false, true),
            // The content of the first is absent, so that nothing is known of it.
            ("posts.content != x", false, false, true),
            ("NOT posts.content = 'Content 2'", true, true, false),
            ("posts.title != 'Post 1'", false, false, true),
        ] {
            assert_eq!(users(filter, &user, &[]), none, "{filter}");
            assert_eq!(users(filter, &user, &all[..1]), one, "{filter}");
            assert_eq!(users(filter, &user, &all), both, "{filter}");
        }
    }

    #[test]
    fn an_author_who_is_not_seen_meets_nothing() {
        let user = fixtures::user(1);
        let post = fixtures::post(1, user.id);
        for (filter, unseen, seen) in [
            ("author:*", false, true),
            ("author.role = user", false, true),
            ("author.role != user", false, false),
            ("NOT author.role = user", true, false),
        ] {
            assert_eq!(posts(filter, &post, None), unseen, "{filter}");
            assert_eq!(posts(filter, &post, Some(&user)), seen, "{filter}");
        }
    }
}
