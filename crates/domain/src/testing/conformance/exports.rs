//! Exports: all rows, as they are at one moment.

use super::Ports;
use super::heavy_posts::heavy;
use super::support::{
    BOTH_SIDES, deleted_post, deleted_user, name, numbers, posts_meeting, title, users_meeting,
    whole_post, whole_user,
};
use crate::export::{Export, MAX_ROWS, MAX_WEIGHT};
use crate::lifecycle::Retention;
use crate::order::{Direction, Order};
use crate::post::{Post, PostField, PostFilter, PostView};
use crate::selection::Fields;
use crate::testing::fixtures::{post, time, user, user_id};
use crate::trash::Trash;
use crate::user::{User, UserField, UserFilter, UserView};

/// More than come at a time.
const MANY_USERS: u64 = 2_345;
/// More than an adapter reads ahead.
const MANY_POSTS: u64 = 12_345;

static ALL_USERS: UserFilter = UserFilter::all(Trash::Include);
static ALL_POSTS: PostFilter = PostFilter::all(Trash::Include);

impl Ports {
    pub(super) async fn exported_users(
        &self,
        filter: &UserFilter,
        order: Option<&Order<UserField>>,
    ) -> Vec<User> {
        let export = self
            .exporter
            .users(filter, order.cloned(), &Fields::all())
            .await;
        let rows = rows_of(export.expect("users are exported")).await;
        rows.into_iter().map(whole_user).collect()
    }

    pub(super) async fn exported_posts(
        &self,
        filter: &PostFilter,
        order: Option<&Order<PostField>>,
    ) -> Vec<Post> {
        let export = self
            .exporter
            .posts(filter, order.cloned(), &Fields::all())
            .await;
        let rows = rows_of(export.expect("posts are exported")).await;
        rows.into_iter().map(whole_post).collect()
    }

    async fn export_of_users(&self) -> Box<dyn Export<UserView>> {
        let export = self.exporter.users(&ALL_USERS, None, &Fields::all()).await;
        export.expect("users are exported")
    }

    async fn export_of_posts(&self) -> Box<dyn Export<PostView>> {
        let export = self.exporter.posts(&ALL_POSTS, None, &Fields::all()).await;
        export.expect("posts are exported")
    }

    /// Adds the users from number 1 on.
    async fn insert_many_users(&self, users: u64) {
        let numbers: Vec<_> = (1..=users).collect();
        let mut unit = self.begin().await;
        for numbers in numbers.chunks(1_000) {
            let users: Vec<_> = numbers.iter().map(|number| user(*number)).collect();
            let done = unit.users().insert_many(&users).await;
            let done = done.expect("users are inserted");
            assert!(done.iter().all(Result::is_ok));
        }
        unit.commit().await.expect("users are committed");
    }

    /// Adds the posts from number 1 on, of user 1.
    async fn insert_many_posts(&self, posts: u64) {
        self.insert_users(&[&user(1)]).await;
        let numbers: Vec<_> = (1..=posts).collect();
        let mut unit = self.begin().await;
        for numbers in numbers.chunks(1_000) {
            let posts: Vec<_> = numbers
                .iter()
                .map(|number| post(*number, user_id(1)))
                .collect();
            let done = unit.posts().insert_many(&posts).await;
            let done = done.expect("posts are inserted");
            assert!(done.iter().all(Result::is_ok));
        }
        unit.commit().await.expect("posts are committed");
    }
}

/// The next rows of an export, no more than may come at a time.
async fn part<T: Send>(export: &mut Box<dyn Export<T>>) -> Option<Vec<T>> {
    let part = export.next().await.expect("an export goes on");
    if let Some(rows) = &part {
        assert!((1..=MAX_ROWS).contains(&rows.len()), "{}", rows.len());
    }
    part
}

/// All rows that an export has yet.
pub(super) async fn rows_of<T: Send>(mut export: Box<dyn Export<T>>) -> Vec<T> {
    let mut rows = Vec::new();
    while let Some(part) = part(&mut export).await {
        rows.extend(part);
    }
    rows
}

/// The numbers, the least first.
fn in_order(mut numbers: Vec<u64>) -> Vec<u64> {
    numbers.sort_unstable();
    numbers
}

pub async fn an_empty_store_has_nothing_to_export(ports: Ports) {
    assert!(part(&mut ports.export_of_users().await).await.is_none());
    assert!(part(&mut ports.export_of_posts().await).await.is_none());
}

pub async fn without_an_order_each_user_comes_once(ports: Ports) {
    ports.insert_many_users(MANY_USERS).await;
    let exported = ports.exported_users(&ALL_USERS, None).await;
    let all: Vec<_> = (1..=MANY_USERS).collect();
    assert_eq!(in_order(numbers(&exported)), all);
    let stored = exported.iter().find(|user| user.id == user_id(7));
    assert_eq!(stored, Some(&user(7)));
}

pub async fn without_an_order_each_post_comes_once(ports: Ports) {
    ports.insert_many_posts(MANY_POSTS).await;
    let exported = ports.exported_posts(&ALL_POSTS, None).await;
    let all: Vec<_> = (1..=MANY_POSTS).collect();
    assert_eq!(in_order(numbers(&exported)), all);
    let stored = exported
        .iter()
        .find(|other| other.id == post(7, user_id(1)).id);
    assert_eq!(stored, Some(&post(7, user_id(1))));
}

pub async fn only_what_the_filter_means_is_exported(ports: Ports) {
    ports
        .insert_users(&[
            &user(1),
            &user(2),
            &deleted_user(3, 50),
            &deleted_user(4, 60),
        ])
        .await;
    ports
        .insert_posts(&[&post(1, user_id(1)), &deleted_post(2, &user(2), 50)])
        .await;
    let users = async |trash, filter| {
        let filter = users_meeting(trash, filter);
        in_order(numbers(&ports.exported_users(&filter, None).await))
    };
    let posts = async |trash, filter| {
        let filter = posts_meeting(trash, filter);
        in_order(numbers(&ports.exported_posts(&filter, None).await))
    };
    let [living, both] = BOTH_SIDES;
    assert_eq!(users(living, "").await, [1, 2]);
    assert_eq!(users(both, "").await, [1, 2, 3, 4]);
    assert_eq!(users(both, "purge_at:*").await, [3, 4]);
    assert_eq!(users(living, "name = \"User 3\"").await, []);
    assert_eq!(users(both, "name = \"User 3\"").await, [3]);
    assert_eq!(users(living, "posts.title = \"Post 1\"").await, [1]);
    assert_eq!(users(living, "posts:*").await, [1]);
    assert_eq!(users(both, "posts:*").await, [1, 2]);
    assert_eq!(posts(living, "").await, [1]);
    assert_eq!(posts(both, "author.name = \"User 2\"").await, [2]);
}

pub async fn posts_come_a_bounded_weight_at_a_time(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    let [first, heavy, last] = [post(1, user_id(1)), heavy(2), post(3, user_id(1))];
    ports.insert_posts(&[&first, &heavy, &last]).await;
    let order = Order::by(PostField::Id, Direction::Ascending);
    let light = Fields::all().without(PostField::Content);
    for (fields, expected) in [
        (Fields::all(), vec![vec![1], vec![2], vec![3]]),
        (light, vec![vec![1, 2, 3]]),
    ] {
        let export = ports
            .exporter
            .posts(&ALL_POSTS, Some(order.clone()), &fields)
            .await;
        let mut export = export.expect("posts are exported");
        let mut parts = Vec::new();
        while let Some(part) = part(&mut export).await {
            let weight: u64 = part.iter().map(PostView::weight).sum();
            assert!(weight <= MAX_WEIGHT || part.len() == 1);
            parts.push(numbers(&part));
        }
        assert_eq!(parts, expected);
    }
}

pub async fn users_are_exported_as_they_were_whatever_changes_meanwhile(ports: Ports) {
    ports.insert_many_users(MANY_USERS).await;
    let mut export = ports.export_of_users().await;
    let mut met = part(&mut export).await.expect("there are users");

    let mut unit = ports.begin().await;
    for number in [1, MANY_USERS / 2, MANY_USERS] {
        let mut changed = user(number);
        changed.name = Some(name("Changed"));
        changed.lifecycle.touch(time(20_000));
        let done = unit
            .users()
            .update(&changed, user(number).lifecycle.version());
        done.await.expect("a user is updated");
    }
    for number in [2, MANY_USERS - 1] {
        let done = unit.users().purge(user_id(number)).await;
        assert!(done.expect("a user is purged"));
    }
    let mut deleted = user(MANY_USERS - 2);
    let version = deleted.lifecycle.version();
    deleted.lifecycle.delete(time(20_000), Retention::DEFAULT);
    let done = unit.users().update(&deleted, version).await;
    done.expect("a user is deleted");
    let done = unit.users().insert(&user(MANY_USERS + 1)).await;
    done.expect("a user is inserted");
    unit.commit().await.expect("changes are committed");

    met.extend(rows_of(export).await);
    met.sort_by_key(|view| view.id);
    let expected: Vec<UserView> = (1..=MANY_USERS).map(|number| user(number).into()).collect();
    assert!(met == expected, "all are as they were");
}

pub async fn posts_are_exported_as_they_were_whatever_changes_meanwhile(ports: Ports) {
    ports.insert_many_posts(MANY_POSTS).await;
    let mut export = ports.export_of_posts().await;
    let mut met = part(&mut export).await.expect("there are posts");

    let mut changed = post(MANY_POSTS, user_id(1));
    let version = changed.lifecycle.version();
    changed.title = title("Changed");
    changed.lifecycle.touch(time(20_000));
    ports.update_post(&changed, version).await;
    ports.purge_posts(&[post(1, user_id(1)).id]).await;
    ports
        .insert_posts(&[&post(MANY_POSTS + 1, user_id(1))])
        .await;
    ports.purge_users(&[user_id(1)]).await;

    met.extend(rows_of(export).await);
    met.sort_by_key(|view| view.id);
    let all = (1..=MANY_POSTS).map(|number| post(number, user_id(1)).into());
    let expected: Vec<PostView> = all.collect();
    assert!(met == expected, "all are as they were");
}

pub async fn exports_that_are_left_half_way_are_in_nobodys_way(ports: Ports) {
    ports.insert_many_posts(MANY_POSTS).await;
    for _ in 0..32 {
        let mut export = ports.export_of_posts().await;
        assert!(part(&mut export).await.is_some());
    }
    let exported = ports.exported_posts(&ALL_POSTS, None).await;
    assert_eq!(exported.len() as u64, MANY_POSTS);
    ports.purge_users(&[user_id(1)]).await;
}
