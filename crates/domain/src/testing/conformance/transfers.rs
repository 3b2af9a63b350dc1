//! Giving posts of one user to another.

use super::Ports;
use super::support::{content, deleted_post, posts_meeting, precise, role, size};
use crate::ids::UserId;
use crate::lifecycle::Lifecycle;
use crate::post::{Given, Post, PostAge, PostFilter};
use crate::testing::fixtures::{post, time, user, user_id};
use crate::trash::Trash;
use crate::user::User;

const NOW: i64 = 50;

/// Posts 1 to 4 of user 1, the greater number the older, and 5 in the trash; 6 of user 2.
async fn populate(ports: &Ports) -> [Post; 6] {
    let author = User {
        role: role("admin"),
        ..user(1)
    };
    let aged = |number: u64| Post {
        content: Some(content(format!("needle {number}"))),
        published_at: number.is_multiple_of(2).then(|| time(30)),
        lifecycle: Lifecycle::born(time(20 - i64::try_from(number).expect("a small number"))),
        ..post(number, author.id)
    };
    let mut posts = [
        aged(1),
        aged(2),
        aged(3),
        aged(4),
        deleted_post(5, &author, 40),
        post(6, user_id(2)),
    ];
    // Ahead of the clock that the transfer goes by.
    posts[0].lifecycle.touch(precise(NOW + 3, 1));
    ports.insert_users(&[&author, &user(2)]).await;
    ports.insert_posts(&posts.each_ref()).await;
    posts
}

/// Gives at most so many posts of user 1 that meet the filter to `to`, from there on.
async fn part(ports: &Ports, to: UserId, text: &str, after: Option<PostAge>, limit: u32) -> Given {
    let filter = posts_meeting(Trash::Exclude, text);
    let mut unit = ports.begin().await;
    let meets = filter.meets.as_ref();
    let done = unit
        .posts()
        .transfer(user_id(1), to, meets, time(NOW), after, limit)
        .await;
    unit.commit().await.expect("a transfer is committed");
    done.expect("posts are given")
}

/// As [`part`] from the oldest on.
async fn transfer(ports: &Ports, to: UserId, text: &str, limit: u32) -> u64 {
    part(ports, to, text, None, limit).await.count
}

fn age(post: &Post) -> PostAge {
    PostAge {
        created_at: post.lifecycle.created_at(),
        id: post.id,
    }
}

async fn assert_given(ports: &Ports, posts: &[Post], given: &[usize]) {
    for (index, post) in posts.iter().enumerate() {
        let mut expected = post.clone();
        if given.contains(&index) {
            expected.author_id = user_id(2);
            expected.lifecycle.touch(time(NOW));
        }
        assert_eq!(ports.stored_post(post).await, Some(expected), "{index}");
    }
}

pub async fn all_living_posts_are_given_and_no_others(ports: Ports) {
    let posts = populate(&ports).await;
    assert_eq!(transfer(&ports, user_id(2), "", 100).await, 4);
    assert_given(&ports, &posts, &[0, 1, 2, 3]).await;
    assert_eq!(transfer(&ports, user_id(2), "", 100).await, 0);
}

pub async fn only_posts_that_the_filter_means_are_given(ports: Ports) {
    let posts = populate(&ports).await;
    for (filter, given) in [
        ("author.role = user", 0),
        ("deleted_at : *", 0),
        ("published = true title = 'Post 2' author.role = admin", 1),
        ("content : 'NEEDLE 4' OR created_at < 17s", 1),
    ] {
        let done = transfer(&ports, user_id(2), filter, 100).await;
        assert_eq!(done, given, "{filter}");
    }
    assert_given(&ports, &posts, &[1, 3]).await;
}

pub async fn the_oldest_are_given_first_and_no_more_than_the_limit(ports: Ports) {
    let posts = populate(&ports).await;
    assert_eq!(transfer(&ports, user_id(2), "", 0).await, 0);
    assert_eq!(transfer(&ports, user_id(2), "", 3).await, 3);
    assert_given(&ports, &posts, &[1, 2, 3]).await;
    assert_eq!(transfer(&ports, user_id(2), "", 3).await, 1);
    assert_given(&ports, &posts, &[0, 1, 2, 3]).await;
}

pub async fn a_transfer_goes_on_after_the_last_that_was_given(ports: Ports) {
    let mut posts = populate(&ports).await.to_vec();
    // Of the same time as the oldest.
    posts.push(Post {
        lifecycle: Lifecycle::born(posts[3].lifecycle.created_at()),
        ..post(7, user_id(1))
    });
    ports.insert_posts(&[&posts[6]]).await;
    let (mut after, mut walked) = (None, Vec::new());
    loop {
        let given = part(&ports, user_id(2), "", after, 1).await;
        after = given.last;
        walked.extend(given.last);
        if given.count == 0 {
            break;
        }
    }
    assert_eq!(walked, [3, 6, 2, 1, 0].map(|place| age(&posts[place])));
    assert_given(&ports, &posts, &[0, 1, 2, 3, 6]).await;
}

pub async fn what_comes_before_the_place_is_not_given(ports: Ports) {
    let posts = populate(&ports).await;
    let given = part(&ports, user_id(2), "", Some(age(&posts[2])), 9).await;
    let last = Some(age(&posts[0]));
    assert_eq!(given, Given { count: 2, last });
    assert_given(&ports, &posts, &[0, 1]).await;
    let none = part(&ports, user_id(2), "", last, 9).await;
    assert_eq!(none, Given::default());
}

pub async fn nothing_is_given_to_oneself(ports: Ports) {
    let posts = populate(&ports).await;
    assert_eq!(transfer(&ports, user_id(1), "", 100).await, 0);
    assert_given(&ports, &posts, &[]).await;
}

pub async fn what_was_given_is_found_as_before(ports: Ports) {
    let posts = populate(&ports).await;
    transfer(&ports, user_id(2), "", 2).await;
    let living = PostFilter::all(Trash::Exclude);
    let found = ports.walk_found("needle", &living, size(10)).await;
    assert_eq!(found.len(), 4);
    let given = posts_meeting(Trash::Exclude, &format!("author_id = {}", user_id(2)));
    let found = ports.walk_found("needle", &given, size(10)).await;
    let mut ids: Vec<_> = found.into_iter().map(|found| found.post.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, [posts[2].id, posts[3].id]);
}
