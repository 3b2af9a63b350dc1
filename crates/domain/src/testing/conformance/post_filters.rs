//! Which posts a filter means.

use super::Ports;
use super::support::{content, deleted_post, deleted_user, name, numbers, posts_meeting, role};
use super::support::{size, title};
use super::walks::SIZES;
use crate::count::CountMode;
use crate::order::{Direction, Order};
use crate::post::{Post, PostField, PostFilter};
use crate::testing::fixtures::{post, post_id, time, user, user_id};
use crate::trash::Trash;
use crate::user::User;

const OLDEST_FIRST: Order<PostField> = Order::by(PostField::CreatedAt, Direction::Ascending);

/// Posts of Ada (1), an admin, of user 2, who has no name, and of user 3, who is in the
/// trash, though one post (4) is not.
async fn insert(ports: &Ports) {
    let ada = User {
        name: Some(name("Ada Lovelace")),
        role: role("admin"),
        ..user(1)
    };
    let nameless = User {
        name: None,
        ..user(2)
    };
    let said = |number, author, named, said: &str| Post {
        title: title(named),
        content: Some(content(said)),
        ..post(number, user_id(author))
    };
    let posts = [
        Post {
            published_at: Some(time(10)),
            ..said(1, 1, "Notes", "On the Analytical Engine")
        },
        Post {
            content: None,
            ..said(2, 1, "Draft", "")
        },
        said(3, 2, "notes, again", "100%_ \\ of it\nand more"),
        said(4, 3, "Left behind", ""),
        deleted_post(5, &user(2), 50),
    ];
    ports
        .insert_users(&[&ada, &nameless, &deleted_user(3, 50)])
        .await;
    ports.insert_posts(&posts.each_ref()).await;
}

async fn assert_means(ports: &Ports, filter: &PostFilter, expected: &[u64], what: &str) {
    for rows in SIZES {
        let met = ports.walk_posts(filter, &OLDEST_FIRST, size(rows)).await;
        assert_eq!(numbers(&met), expected, "{what} {rows}");
    }
    for mode in [CountMode::Exact, CountMode::Estimate] {
        let count = ports.posts.count(filter, mode).await;
        let count = count.expect("posts are counted");
        assert_eq!(count, expected.len() as u64, "{what} {mode:?}");
    }
}

async fn assert_mean(ports: &Ports, trash: Trash, expectations: &[(&str, &[u64])]) {
    for (text, expected) in expectations {
        let filter = posts_meeting(trash, text);
        assert_means(ports, &filter, expected, text).await;
    }
}

pub async fn fields_are_compared_with_values(ports: Ports) {
    insert(&ports).await;
    let (first, author) = (post_id(1), user_id(1));
    assert_mean(
        &ports,
        Trash::Exclude,
        &[
            ("title = Notes", &[1]),
            ("title : NOTES", &[1, 3]),
            ("title = 'notes*'", &[3]),
            ("title < a", &[1, 2, 4]),
            ("content = ''", &[4]),
            ("content = '*Engine'", &[1]),
            ("content : '%_'", &[3]),
            (r"content : '\\ OF'", &[3]),
            (r"content = '*\nand*'", &[3]),
            ("published = true", &[1]),
            ("published != true", &[2, 3, 4]),
            ("published_at <= 10s", &[1]),
            ("created_at > 1s created_at < 4s", &[2, 3]),
            (&format!("id <= {first}"), &[1]),
            (&format!("author_id = {author}"), &[1, 2]),
            (&format!("author_id != {author}"), &[3, 4]),
        ],
    )
    .await;
}

pub async fn an_absent_value_meets_neither_a_test_nor_its_opposite(ports: Ports) {
    insert(&ports).await;
    assert_mean(
        &ports,
        Trash::Exclude,
        &[
            ("content : *", &[1, 3, 4]),
            ("content != *", &[2]),
            ("content : engine", &[1]),
            ("NOT content : engine", &[3, 4]),
            ("content != ''", &[1, 3]),
            ("NOT published_at < 5s", &[1]),
            ("NOT (content : engine OR title = Draft)", &[3, 4]),
            ("-published_at : *", &[2, 3, 4]),
        ],
    )
    .await;
}

pub async fn an_author_in_the_trash_is_seen_only_where_that_is_meant(ports: Ports) {
    insert(&ports).await;
    assert_mean(
        &ports,
        Trash::Exclude,
        &[
            ("author : *", &[1, 2, 3]),
            ("NOT author : *", &[4]),
            ("author.name : lovelace", &[1, 2]),
            ("author.name != 'Ada Lovelace'", &[]),
            ("NOT author.name = 'Ada Lovelace'", &[3, 4]),
            ("author.name != *", &[3]),
            ("author.role = user", &[3]),
            ("author.email = 'USER-2@example.com'", &[3]),
            ("author.role = admin published = false", &[2]),
        ],
    )
    .await;
    assert_mean(
        &ports,
        Trash::Include,
        &[
            ("author : *", &[1, 2, 3, 4, 5]),
            ("author.deleted_at : *", &[4]),
            ("author.purge_at > 0s", &[4]),
            ("author.role = user", &[3, 4, 5]),
            ("deleted_at : * OR author.deleted_at : *", &[4, 5]),
        ],
    )
    .await;
}

pub async fn a_mention_is_looked_for_in_titles_and_contents(ports: Ports) {
    insert(&ports).await;
    assert_mean(
        &ports,
        Trash::Exclude,
        &[
            ("NOTES", &[1, 3]),
            ("engine", &[1]),
            ("-engine", &[2, 3, 4]),
            ("'0%_ '", &[3]),
            ("ada", &[]),
            ("'the*engine'", &[1]),
        ],
    )
    .await;
}

pub async fn any_order_goes_with_a_filter(ports: Ports) {
    insert(&ports).await;
    let filter = posts_meeting(Trash::Include, "author.role = user");
    let order = Order::by(PostField::AuthorId, Direction::Descending)
        .then(PostField::Title, Direction::Ascending);
    for rows in SIZES {
        let met = ports.walk_posts(&filter, &order, size(rows)).await;
        assert_eq!(numbers(&met), [4, 5, 3], "{rows}");
    }
}

pub async fn a_search_finds_only_what_the_filter_means(ports: Ports) {
    insert(&ports).await;
    for (text, expected) in [
        ("author.role = admin", &[1][..]),
        ("published = false", &[3]),
        ("title = Draft", &[]),
    ] {
        let filter = posts_meeting(Trash::Exclude, text);
        for rows in SIZES {
            let met = ports.walk_found("notes", &filter, size(rows)).await;
            assert_eq!(numbers(&met), expected, "{text} {rows}");
        }
    }
}
