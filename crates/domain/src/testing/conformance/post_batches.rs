//! Changing many posts at once.

use proptest::collection::vec;
use proptest::prelude::*;

use super::Ports;
use super::post_searches::assert_finds;
use super::support::{
    assert_author_missing, assert_exists, assert_stale, content, deleted_post, deleted_user,
    long_life, precise, title,
};
use super::user_batches::draw;
use crate::error::RepositoryError;
use crate::error::Resource::Post as KIND;
use crate::ids::PostId;
use crate::lifecycle::{Lifecycle, Version};
use crate::post::{Content, Post, PostHead, PostRewrite};
use crate::testing::fixtures::{post, post_id, time, user, user_id};
use crate::unit_of_work::UnitOfWork;
use crate::user::User;

type Outcome = Result<(), RepositoryError>;

async fn insert_many(unit: &mut dyn UnitOfWork, posts: &[Post]) -> Vec<Outcome> {
    let outcomes = unit.posts().insert_many(posts).await;
    let outcomes = outcomes.expect("each post is answered for");
    assert_eq!(outcomes.len(), posts.len());
    outcomes
}

/// Sorted by id.
async fn heads(unit: &mut dyn UnitOfWork, ids: &[PostId]) -> Vec<PostHead> {
    let found = unit.posts().find_heads_for_update(ids).await;
    let found = found.expect("posts are held").into_iter();
    let mut found: Vec<PostHead> = found.map(|head| head.expect("they are read")).collect();
    found.sort_by_key(|head| head.id);
    found
}

async fn already_say(
    unit: &mut dyn UnitOfWork,
    contents: &[(PostId, Option<Content>)],
) -> Vec<bool> {
    let said = unit.posts().already_say(contents).await;
    said.expect("posts are compared")
}

/// The post as it is after a touch.
fn touched(post: &Post) -> PostRewrite {
    let before = PostHead::from(post);
    let mut after = before.clone();
    after.lifecycle.touch(time(60));
    PostRewrite::of(&before, after, None)
}

/// The post as it is after a touch, with another text, or none.
fn saying(post: &Post, text: Option<&str>) -> PostRewrite {
    PostRewrite {
        content: Some(text.map(content)),
        ..touched(post)
    }
}

fn rewritten(post: Post, rewrite: &PostRewrite) -> Post {
    Post {
        title: rewrite.head.title.clone(),
        published_at: rewrite.head.published_at,
        content: rewrite.content.clone().unwrap_or(post.content),
        lifecycle: rewrite.head.lifecycle,
        ..post
    }
}

/// One post of each kind, by either of them.
pub(super) fn of_each_kind(author: &User, other: &User) -> [Post; 4] {
    [
        Post {
            id: post_id(3),
            title: title("L'été — \"¡Olé!\" {,} NULL 😀 100% \\o/"),
            content: Some(content("First\n\tsecond\r\n\n  {\"fourth\"} 👩‍🚀 ça\n")),
            published_at: Some(precise(15, 654_321)),
            author_id: author.id,
            lifecycle: long_life(),
        },
        Post {
            content: None,
            ..post(1, other.id)
        },
        Post {
            content: Some(content("")),
            ..post(2, author.id)
        },
        Post {
            content: Some(content("NULL")),
            ..post(4, author.id)
        },
    ]
}

pub async fn insert_many_keeps_every_field(ports: Ports) {
    let (author, other) = (user(1), deleted_user(2, 50));
    ports.insert_users(&[&author, &other]).await;
    let posts = of_each_kind(&author, &other);
    let mut unit = ports.begin().await;
    let outcomes = insert_many(&mut *unit, &posts).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    unit.commit().await.expect("a sound unit is committed");
    for post in posts {
        assert_eq!(ports.stored_post(&post).await, Some(post));
    }
}

pub async fn insert_many_tells_of_each_what_is_wrong_and_leaves_the_unit_usable(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&[&deleted_post(1, &author, 50)]).await;
    let mut unit = ports.begin().await;
    let posts = [
        post(5, author.id),
        post(1, author.id),
        post(4, user_id(9)),
        post(1, user_id(9)),
        post(2, author.id),
    ];
    let outcomes = insert_many(&mut *unit, &posts).await;
    outcomes[0].as_ref().expect("nothing is wrong");
    assert_exists(&outcomes[1], KIND, "id");
    assert_author_missing(&outcomes[2]);
    assert_exists(&outcomes[3], KIND, "id");
    outcomes[4].as_ref().expect("nothing is wrong");
    let done = unit.posts().insert(&post(6, author.id)).await;
    done.expect("the unit is usable");
    unit.commit().await.expect("a sound unit is committed");
    for kept in [5, 2, 6] {
        let kept = post(kept, author.id);
        assert_eq!(ports.stored_post(&kept).await, Some(kept));
    }
    assert_eq!(ports.stored_post(&posts[2]).await, None);
}

/// Of few ids and authors, so that they meet.
fn posts_that_meet() -> impl Strategy<Value = Vec<Post>> {
    let post = (1..=5_u64, 1..=3_u64, any::<u8>()).prop_map(|(number, author, says)| Post {
        content: Some(content(says.to_string())),
        ..post(number, user_id(author))
    });
    vec(post, 0..=12)
}

pub async fn insert_many_means_what_inserting_one_by_one_means(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author, &user(2)]).await;
    ports.insert_posts(&[&deleted_post(1, &author, 50)]).await;
    let ids: Vec<_> = (1..=5).map(post_id).collect();
    for posts in draw(posts_that_meet()) {
        let mut unit = ports.begin().await;
        let mut one_by_one = Vec::new();
        for post in &posts {
            one_by_one.push(unit.posts().insert(post).await);
        }
        let expected = stored(&mut *unit, &ids).await;
        unit.rollback().await.expect("a unit is rolled back");

        let mut unit = ports.begin().await;
        let at_once = insert_many(&mut *unit, &posts).await;
        assert_eq!(
            format!("{at_once:?}"),
            format!("{one_by_one:?}"),
            "{posts:?}"
        );
        assert_eq!(stored(&mut *unit, &ids).await, expected, "{posts:?}");
        unit.rollback().await.expect("a unit is rolled back");
    }
}

async fn stored(unit: &mut dyn UnitOfWork, ids: &[PostId]) -> Vec<Option<Post>> {
    let mut posts = Vec::new();
    for id in ids {
        let found = unit.posts().find_for_update(*id).await;
        posts.push(found.expect("posts are read"));
    }
    posts
}

pub async fn a_thousand_are_inserted_found_and_updated(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author]).await;
    let posts: Vec<_> = (1..=1_000).map(|number| post(number, author.id)).collect();
    let ids: Vec<_> = posts.iter().map(|post| post.id).collect();
    let mut unit = ports.begin().await;
    let outcomes = insert_many(&mut *unit, &posts).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let expected: Vec<_> = posts.iter().map(PostHead::from).collect();
    assert_eq!(heads(&mut *unit, &ids).await, expected);
    let says = posts.iter().map(|post| (post.id, post.content.clone()));
    let said = already_say(&mut *unit, &says.collect::<Vec<_>>()).await;
    assert_eq!(said, [true; 1_000]);
    // Every other one says something else.
    let rewrites = posts.iter().rev().enumerate();
    let rewrites: Vec<_> = rewrites
        .map(|(place, post)| match place % 2 {
            0 => saying(post, Some("New")),
            _ => touched(post),
        })
        .collect();
    let done = unit.posts().update_many(&rewrites).await;
    done.expect("posts are updated");
    unit.commit().await.expect("a sound unit is committed");
    for (post, rewrite) in posts.into_iter().rev().zip(&rewrites).step_by(99) {
        let expected = rewritten(post, rewrite);
        assert_eq!(ports.stored_post(&expected).await, Some(expected));
    }
}

pub async fn find_heads_finds_each_once_and_sees_the_trash_and_the_changes_of_the_unit(
    ports: Ports,
) {
    let author = user(1);
    let mut deleted = deleted_post(1, &author, 50);
    deleted.published_at = Some(precise(15, 654_321));
    ports.insert_users(&[&author]).await;
    ports
        .insert_posts(&[&deleted, &post(4, author.id), &post(2, author.id)])
        .await;
    let mut unit = ports.begin().await;
    let inserted = post(3, author.id);
    let done = unit.posts().insert(&inserted).await;
    done.expect("a post is inserted");
    let ids = [3, 9, 1, 3, 2, 1].map(post_id);
    let expected = [&deleted, &post(2, author.id), &inserted].map(PostHead::from);
    assert_eq!(heads(&mut *unit, &ids).await, expected);
}

pub async fn nothing_is_done_for_none(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&[&post(1, author.id)]).await;
    let mut unit = ports.begin().await;
    assert!(insert_many(&mut *unit, &[]).await.is_empty());
    assert_eq!(heads(&mut *unit, &[]).await, []);
    assert_eq!(already_say(&mut *unit, &[]).await, [false; 0]);
    let done = unit.posts().insert_fresh(&[]).await;
    done.expect("nothing is inserted");
    let done = unit.posts().update_many(&[]).await;
    done.expect("nothing is updated");
    unit.commit().await.expect("a sound unit is committed");
}

pub async fn already_say_compares_to_the_last_character(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author]).await;
    let long = "word ".repeat(10_000);
    let contents = [
        Some(content("L'été 😀")),
        None,
        Some(content("")),
        Some(content(format!("{long}1"))),
        Some(content("A")),
    ];
    let posts: Vec<_> = (1..)
        .zip(&contents)
        .map(|(number, content)| Post {
            content: content.clone(),
            ..post(number, author.id)
        })
        .collect();
    ports.insert_posts(&posts.iter().collect::<Vec<_>>()).await;
    let mut unit = ports.begin().await;
    let ids = (1..=6).map(post_id);
    let same: Vec<_> = ids.clone().zip(contents.clone()).collect();
    assert_eq!(already_say(&mut *unit, &same).await, [true; 5]);
    let other = [
        Some(content("L'ete 😀")),
        Some(content("")),
        None,
        Some(content(format!("{long}2"))),
        Some(content("a")),
        // Of nothing.
        None,
    ];
    let other: Vec<_> = ids.zip(other).collect();
    assert_eq!(already_say(&mut *unit, &other).await, [false; 6]);
    // In the order given, and of one as often as it is asked.
    let mixed = other.into_iter().zip(same);
    let mixed: Vec<_> = mixed.flat_map(|(other, same)| [other, same]).collect();
    assert_eq!(
        already_say(&mut *unit, &mixed).await,
        [false, true].repeat(5)
    );
}

pub async fn update_many_replaces_what_is_given_but_no_author_and_no_birth(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author, &user(2)]).await;
    let posts: Vec<_> = (1..=6).map(|number| post(number, author.id)).collect();
    ports.insert_posts(&posts.iter().collect::<Vec<_>>()).await;

    let mut full = saying(&posts[0], Some("{,} NULL\r\n👩‍🚀\n"));
    full.head.title = title("L'été {,} NULL \\ \" 😀");
    full.retitled = true;
    full.head.published_at = Some(precise(15, 654_321));
    full.head.lifecycle = Lifecycle::from_stored(
        posts[0].lifecycle.created_at(),
        Some(precise(20, 123_457)),
        Some(precise(30, 999_999)),
        Some(precise(40, 1)),
        Version::from_stored(i64::MAX).expect("a version"),
    );
    let mut published = touched(&posts[1]);
    published.head.published_at = Some(precise(16, 1));
    let mut retitled = touched(&posts[2]);
    retitled.head.title = title("Another");
    retitled.retitled = true;
    let silenced = saying(&posts[3], None);
    let rewrites = [silenced, retitled, published, full];

    let sent = rewrites.clone().map(|mut rewrite| {
        rewrite.head.author_id = user_id(2);
        let life = rewrite.head.lifecycle;
        rewrite.head.lifecycle = Lifecycle::from_stored(
            time(0),
            life.updated_at(),
            life.deleted_at(),
            life.purge_at(),
            life.version(),
        );
        rewrite
    });
    let mut unit = ports.begin().await;
    let done = unit.posts().update_many(&sent).await;
    done.expect("posts are updated");
    unit.commit().await.expect("a sound unit is committed");
    for (post, rewrite) in posts[..4].iter().rev().zip(&rewrites) {
        let expected = rewritten(post.clone(), rewrite);
        assert_eq!(ports.stored_post(&expected).await, Some(expected));
    }
    for neighbour in &posts[4..] {
        assert_eq!(ports.stored_post(neighbour).await.as_ref(), Some(neighbour));
    }
}

pub async fn update_many_of_one_stale_version_changes_none_and_leaves_the_unit_usable(
    ports: Ports,
) {
    let author = user(1);
    let mut changed = post(2, author.id);
    changed.lifecycle.touch(time(50));
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&[&post(1, author.id), &changed]).await;
    let mut unit = ports.begin().await;
    // Each of a kind of its own: with a text, and without.
    let fine = touched(&post(1, author.id));
    let stale = saying(&post(2, author.id), None);
    let gone = touched(&post(9, author.id));
    for rewrites in [
        [fine.clone(), stale.clone()],
        [stale, fine.clone()],
        [fine.clone(), gone],
    ] {
        let done = unit.posts().update_many(&rewrites).await;
        assert_stale(&done, KIND);
    }
    let unchanged = [&post(1, author.id), &changed].map(PostHead::from);
    let ids = [1, 2].map(post_id);
    assert_eq!(heads(&mut *unit, &ids).await, unchanged);
    let done = unit.posts().update_many(std::slice::from_ref(&fine)).await;
    done.expect("the unit is usable");
    unit.commit().await.expect("a sound unit is committed");
    let kept = rewritten(post(1, author.id), &fine);
    assert_eq!(ports.stored_post(&kept).await, Some(kept));
    assert_eq!(ports.stored_post(&changed).await, Some(changed));
}

pub async fn what_a_rewritten_post_says_is_found(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author]).await;
    let (first, second) = (post(1, author.id), post(2, author.id));
    ports.insert_posts(&[&first, &second]).await;
    let mut retitled = touched(&first);
    retitled.head.title = title("Walrus");
    retitled.retitled = true;
    let reworded = saying(&second, Some("A walrus"));
    let mut unit = ports.begin().await;
    let done = unit.posts().update_many(&[retitled, reworded]).await;
    done.expect("posts are updated");
    unit.commit().await.expect("a sound unit is committed");
    // What stays as it was is found as before.
    let expectations: [(_, &[u64]); 3] = [("walrus", &[1, 2]), ("content", &[1]), ("post", &[2])];
    assert_finds(&ports, &expectations).await;
}
