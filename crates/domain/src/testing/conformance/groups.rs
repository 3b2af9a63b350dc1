//! Counting apart by a value.

use super::Ports;
use super::support::{deleted_post, deleted_user, posts_meeting, role, users_meeting};
use crate::count::{Counts, Group, MAX_GROUPS};
use crate::filter::Value;
use crate::post::{Post, PostFilter, PostGroup};
use crate::testing::fixtures::{post, time, user, user_id};
use crate::trash::Trash;
use crate::user::{User, UserFilter, UserGroup};

async fn users(ports: &Ports, filter: &UserFilter, group: UserGroup) -> Counts {
    let counts = ports.users.count_by(filter, group).await;
    counts.expect("users are counted")
}

async fn posts(ports: &Ports, filter: &PostFilter, group: PostGroup) -> Counts {
    let counts = ports.posts.count_by(filter, group).await;
    counts.expect("posts are counted")
}

/// The counts of those groups, which are all that there are.
fn counts<K>(groups: impl IntoIterator<Item = (K, u64)>, value: impl Fn(K) -> Value) -> Counts {
    let groups = groups.into_iter().map(|(key, count)| Group {
        key: value(key),
        count,
    });
    let groups: Vec<_> = groups.collect();
    Counts {
        total: groups.iter().map(|group| group.count).sum(),
        groups,
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn author(number: u64) -> Value {
    Value::Id(user_id(number).as_uuid())
}

fn of_role(number: u64, what: &str) -> User {
    User {
        role: role(what),
        ..user(number)
    }
}

pub async fn an_empty_store_has_no_groups(ports: Ports) {
    for group in [UserGroup::Role, UserGroup::IsActive] {
        let filter = UserFilter::all(Trash::Include);
        assert_eq!(users(&ports, &filter, group).await, Counts::default());
    }
    for group in [PostGroup::AuthorId, PostGroup::Published] {
        let filter = PostFilter::all(Trash::Include);
        assert_eq!(posts(&ports, &filter, group).await, Counts::default());
    }
}

/// Users of roles that are as frequent as others, across the trash too.
async fn insert_users(ports: &Ports) {
    let stored = [
        of_role(1, "user"),
        of_role(2, "é"),
        of_role(3, "Zoo"),
        of_role(4, "admin"),
        of_role(5, "user"),
        of_role(6, "é"),
        of_role(7, "user"),
        User {
            role: role("admin"),
            ..deleted_user(8, 50)
        },
        User {
            is_active: false,
            role: role("gone"),
            ..deleted_user(9, 50)
        },
    ];
    ports.insert_users(&stored.each_ref()).await;
}

pub async fn the_most_frequent_role_comes_first_and_then_the_lesser_one(ports: Ports) {
    insert_users(&ports).await;
    let met = users(&ports, &UserFilter::all(Trash::Exclude), UserGroup::Role).await;
    let expected = [("user", 3), ("é", 2), ("Zoo", 1), ("admin", 1)];
    assert_eq!(met, counts(expected, text));
    let met = users(&ports, &UserFilter::all(Trash::Include), UserGroup::Role).await;
    let expected = [("user", 3), ("admin", 2), ("é", 2), ("Zoo", 1), ("gone", 1)];
    assert_eq!(met, counts(expected, text));
}

pub async fn users_by_activity(ports: Ports) {
    insert_users(&ports).await;
    let living = UserFilter::all(Trash::Exclude);
    let met = users(&ports, &living, UserGroup::IsActive).await;
    assert_eq!(met, counts([(true, 7)], Value::Bool));
    let all = UserFilter::all(Trash::Include);
    let met = users(&ports, &all, UserGroup::IsActive).await;
    assert_eq!(met, counts([(true, 8), (false, 1)], Value::Bool));
    let filter = users_meeting(Trash::Include, "role = gone OR role = Zoo");
    let met = users(&ports, &filter, UserGroup::IsActive).await;
    assert_eq!(met, counts([(false, 1), (true, 1)], Value::Bool));
}

pub async fn only_users_that_the_filter_means_are_counted(ports: Ports) {
    insert_users(&ports).await;
    let filter = users_meeting(Trash::Exclude, "created_at > 2s role != user");
    let met = users(&ports, &filter, UserGroup::Role).await;
    assert_eq!(met, counts([("Zoo", 1), ("admin", 1), ("é", 1)], text));
    let filter = users_meeting(Trash::Exclude, "posts:*");
    assert_eq!(
        users(&ports, &filter, UserGroup::Role).await,
        Counts::default()
    );
}

/// Posts of authors who are as busy as others, across the trash too.
async fn insert_posts(ports: &Ports) {
    let published = |number, author| Post {
        published_at: Some(time(40)),
        ..post(number, user_id(author))
    };
    ports
        .insert_users(&[&user(1), &user(2), &user(3), &user(4)])
        .await;
    ports
        .insert_posts(&[
            &post(1, user_id(3)),
            &published(2, 2),
            &published(3, 1),
            &post(4, user_id(2)),
            &post(5, user_id(3)),
            &deleted_post(6, &user(1), 50),
            &deleted_post(7, &user(1), 50),
        ])
        .await;
}

pub async fn the_busiest_author_comes_first_and_then_the_lesser_id(ports: Ports) {
    insert_posts(&ports).await;
    let living = PostFilter::all(Trash::Exclude);
    let met = posts(&ports, &living, PostGroup::AuthorId).await;
    assert_eq!(met, counts([(2, 2), (3, 2), (1, 1)], author));
    let all = PostFilter::all(Trash::Include);
    let met = posts(&ports, &all, PostGroup::AuthorId).await;
    assert_eq!(met, counts([(1, 3), (2, 2), (3, 2)], author));
}

pub async fn posts_by_publication(ports: Ports) {
    insert_posts(&ports).await;
    let living = PostFilter::all(Trash::Exclude);
    let met = posts(&ports, &living, PostGroup::Published).await;
    assert_eq!(met, counts([(false, 3), (true, 2)], Value::Bool));
    let all = PostFilter::all(Trash::Include);
    let met = posts(&ports, &all, PostGroup::Published).await;
    assert_eq!(met, counts([(false, 5), (true, 2)], Value::Bool));
}

pub async fn only_posts_that_the_filter_means_are_counted(ports: Ports) {
    insert_posts(&ports).await;
    let filter = posts_meeting(Trash::Exclude, "author.name = 'User 2'");
    let met = posts(&ports, &filter, PostGroup::Published).await;
    assert_eq!(met, counts([(false, 1), (true, 1)], Value::Bool));
    let filter = posts_meeting(Trash::Include, "published = false");
    let met = posts(&ports, &filter, PostGroup::AuthorId).await;
    assert_eq!(met, counts([(1, 2), (3, 2), (2, 1)], author));
}

pub async fn a_thousand_groups_are_named_and_all_counted(ports: Ports) {
    let roles = 1..=MAX_GROUPS as u64 + 2;
    let mut stored: Vec<User> = roles
        .map(|number| of_role(number, &format!("role {number:04}")))
        .collect();
    // The last two roles are as frequent as no other.
    stored.extend([2_001, 2_002].map(|number| of_role(number, "role 1002")));
    stored.push(of_role(2_003, "role 1001"));
    ports.insert_users(&stored.iter().collect::<Vec<_>>()).await;
    let met = users(&ports, &UserFilter::all(Trash::Exclude), UserGroup::Role).await;
    assert_eq!(met.total, stored.len() as u64);
    let named = (1..=998).map(|number| (number, 1));
    let expected = [(1_002, 3), (1_001, 2)].into_iter().chain(named);
    let expected = counts(expected, |number| text(&format!("role {number:04}")));
    assert_eq!(met.groups.len(), MAX_GROUPS);
    assert_eq!(met.groups, expected.groups);
}
