use std::collections::{HashMap, HashSet};

use super::*;

const USERS: u32 = 2_000;
const POSTS: u32 = 10_000;

fn world() -> World {
    World::new(USERS, POSTS)
}

fn users(world: &World) -> Vec<User> {
    (0..world.users()).map(|n| world.user(n)).collect()
}

fn posts(world: &World) -> Vec<Post> {
    (0..world.posts()).map(|n| world.post(n)).collect()
}

/// Whether so many of them are about so many in a thousand.
fn are_about(share: usize, many: usize, of: usize) -> bool {
    let expected = many * share / 1_000;
    let slack = expected / 3 + 5;
    (expected - slack.min(expected)..=expected + slack).contains(&of)
}

#[test]
fn the_same_world_is_made_twice() {
    let (one, other) = (world(), world());
    assert_eq!(one.user(7), other.user(7));
    assert_eq!(one.post(7), other.post(7));
}

#[test]
fn the_first_rows_are_pinned() {
    let (user, post) = (world().user(1), world().post(1));
    let seen = [
        user.id.to_string(),
        user.email.as_str().to_owned(),
        post.id.to_string(),
        post.title.as_str().to_owned(),
        post.content.unwrap().as_str().to_owned(),
    ];
    // Whoever changes them counts GENERATION up, so that old databases are not taken
    // for new ones.
    assert_eq!(GENERATION, 2);
    assert_eq!(
        seen,
        [
            "016f641f-07aa-7e71-aea7-0ed400000001",
            "maria.knuth1@example.net",
            "0173c758-7825-7126-ada5-c66e00000001",
            "Toplin flilen druck",
            "Braist rir brairt shen dust floum nilgea.",
        ]
    );
}

#[test]
fn every_id_and_address_is_another() {
    let world = world();
    let users = users(&world);
    let emails: HashSet<_> = users.iter().map(|user| user.email.folded()).collect();
    let ids: HashSet<_> = users.iter().map(|user| user.id).collect();
    assert_eq!((emails.len(), ids.len()), (users.len(), users.len()));
    let ids: HashSet<_> = posts(&world).iter().map(|post| post.id).collect();
    assert_eq!(ids.len(), POSTS as usize);
}

#[test]
fn ids_grow_with_time_and_are_of_version_7() {
    let world = world();
    let ids: Vec<_> = users(&world).iter().map(|user| user.id).collect();
    assert!(ids.is_sorted());
    let ids: Vec<_> = posts(&world).iter().map(|post| post.id).collect();
    assert!(ids.is_sorted());
    assert_eq!(ids[5].as_uuid().get_version_num(), 7);
}

#[test]
fn roles_names_and_the_trash_have_their_shares() {
    let users = users(&world());
    let share = |of: usize, holds: &dyn Fn(&User) -> bool| {
        let many = users.iter().filter(|user| holds(user)).count();
        assert!(are_about(of, users.len(), many), "{of}: {many}");
    };
    share(970, &|user| user.role == Role::default());
    share(29, &|user| user.role.as_str() == "editor");
    share(1, &|user| user.role.as_str() == "admin");
    share(950, &|user| user.is_active);
    share(20, &|user| user.lifecycle.is_deleted());
    share(333, &|user| user.lifecycle.updated_at().is_none());
    share(10, &|user| {
        let name = user.name.as_ref().map_or("", |name| name.as_str());
        name.ends_with(" Turing")
    });
}

#[test]
fn posts_have_their_shares() {
    let posts = posts(&world());
    let share = |of: usize, holds: &dyn Fn(&Post) -> bool| {
        let many = posts.iter().filter(|post| holds(post)).count();
        assert!(are_about(of, posts.len(), many), "{of}: {many}");
    };
    share(700, &Post::is_published);
    // Those deleted themselves, and those of deleted authors.
    share(40, &|post| post.lifecycle.is_deleted());
    share(333, &|post| post.lifecycle.updated_at().is_none());
    let words = |post: &Post| {
        let content = post.content.as_ref().unwrap();
        content.as_str().split_whitespace().count()
    };
    assert!(posts.iter().all(|post| (6..=61).contains(&words(post))));
    assert!(posts.iter().any(|post| words(post) > 50));
}

#[test]
fn some_write_much_and_some_nothing() {
    let mut written: HashMap<UserId, u32> = HashMap::new();
    for post in posts(&world()) {
        *written.entry(post.author_id).or_default() += 1;
    }
    assert!(written.len() < USERS as usize * 95 / 100);
    assert!(written.values().max() > Some(&100));
}

#[test]
fn a_post_is_no_older_than_its_author_and_in_the_trash_if_its_author_is() {
    let world = world();
    let authors: HashMap<_, _> = users(&world).into_iter().map(|it| (it.id, it)).collect();
    for post in posts(&world) {
        let (post, author) = (post.lifecycle, authors[&post.author_id].lifecycle);
        assert!(post.created_at() >= author.created_at());
        if let Some(deleted_at) = author.deleted_at() {
            assert!(post.deleted_at().is_some_and(|at| at <= deleted_at));
        }
    }
}

#[test]
fn nothing_is_changed_before_it_is_made_nor_deleted_before_it_was_changed() {
    let world = world();
    let lives = users(&world).into_iter().map(|user| user.lifecycle);
    let lives = lives.chain(posts(&world).into_iter().map(|post| post.lifecycle));
    for life in lives {
        assert!(life.updated_at().is_none_or(|at| at >= life.created_at()));
        assert!(
            life.deleted_at()
                .is_none_or(|at| Some(at) == life.updated_at())
        );
        assert_eq!(life.version().get() > 1, life.updated_at().is_some());
    }
    for post in posts(&world) {
        let at = post.published_at.unwrap_or(post.lifecycle.created_at());
        assert!(at >= post.lifecycle.created_at());
    }
}

#[test]
fn a_rare_word_is_as_rare_in_a_large_world_as_in_a_small_one() {
    assert_eq!(World::new(1_000, 50_000).rare_words(), 50);
    assert_eq!(World::new(1_000, 5_000_000).rare_words(), 5_000);
}

#[test]
fn the_smallest_worlds_can_be_made() {
    assert_eq!(World::new(0, 9).posts(), 0);
    let world = World::new(1, 3);
    assert!(
        posts(&world)
            .iter()
            .all(|it| it.author_id == world.user(0).id)
    );
}
