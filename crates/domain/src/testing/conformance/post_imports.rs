//! Imports of posts.

use super::Ports;
use super::importing::{brought_in, import, now, only_problems, post_row, problem, repeated};
use super::support::{content, deleted_post, deleted_user, long_life, precise, title};
use crate::ids::NewId;
use crate::import::OnConflict::{Fail, Skip, Update};
use crate::import::{PostRow, ProblemKind, Publication, Settled, Times};
use crate::lifecycle::{Lifecycle, Retention};
use crate::post::{Content, Post};
use crate::testing::fixtures::{post, post_id, time, user, user_id};

/// A row that says an id and nothing else.
fn bare(number: u64, id: u64) -> PostRow {
    PostRow {
        number,
        id: NewId::Given(post_id(id)),
        title: None,
        content: None,
        publication: Publication::Unsaid,
        author_id: None,
        times: Times::default(),
    }
}

fn as_new(post: &Post) -> Post {
    Post {
        lifecycle: brought_in(&post.lifecycle),
        ..post.clone()
    }
}

pub async fn what_meets_nothing_is_made_as_it_was(ports: Ports) {
    ports.insert_users(&[&user(1), &deleted_user(2, 40)]).await;
    let posts = [
        Post {
            title: title("\"Ünï\\cödé\", 'née' \\N"),
            content: Some(content("a\tb\r\nc\\.\n\u{1f600}")),
            published_at: Some(precise(15, 3)),
            lifecycle: long_life(),
            ..post(1, user_id(1))
        },
        Post {
            content: None,
            ..post(2, user_id(1))
        },
        Post {
            content: Some(content("")),
            ..post(3, user_id(1))
        },
        Post {
            content: Some(content("x".repeat(Content::MAX_BYTES))),
            ..post(4, user_id(1))
        },
        deleted_post(5, &user(1), 41),
        deleted_post(6, &user(2), 41),
    ];
    let rows: Vec<PostRow> = (1..)
        .zip(&posts)
        .map(|(n, post)| post_row(n, post))
        .collect();
    let settled = import(&ports, Fail, &rows).await;
    assert_eq!(settled, only_problems(6, Vec::new()));
    for post in &posts {
        assert_eq!(ports.stored_post(post).await, Some(as_new(post)));
    }
    // What it says is found.
    let found = ports
        .walk_found(
            "née",
            &crate::post::PostFilter::all(crate::trash::Trash::Include),
            super::support::size(10),
        )
        .await;
    assert_eq!(found.len(), 1);
}

pub async fn what_is_missing_is_as_if_it_were_made_now(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    let row = |number| PostRow {
        title: Some(title("New")),
        author_id: Some(user_id(1)),
        ..bare(number, number)
    };
    let published = PostRow {
        id: NewId::Fresh(post_id(2)),
        publication: Publication::Published(None),
        ..row(2)
    };
    import(&ports, Fail, &[row(1), published]).await;
    let expected = |number| Post {
        title: title("New"),
        content: None,
        lifecycle: Lifecycle::born(now()),
        ..post(number, user_id(1))
    };
    assert_eq!(
        ports.stored_post(&post(1, user_id(1))).await,
        Some(expected(1))
    );
    let published = Post {
        published_at: Some(now()),
        ..expected(2)
    };
    assert_eq!(ports.stored_post(&published).await, Some(published));
}

pub async fn what_went_into_the_trash_with_its_author_comes_back_with_the_author(ports: Ports) {
    let author = deleted_user(1, 40);
    ports.insert_users(&[&author]).await;
    let (along, alone) = (deleted_post(1, &author, 40), deleted_post(2, &author, 39));
    let rows = [post_row(1, &along), post_row(2, &alone)];
    import(&ports, Fail, &rows).await;
    let mut unit = ports.begin().await;
    let back = unit.posts().undelete_along(author.id, time(60)).await;
    assert_eq!(back.expect("posts come back"), 1);
    unit.commit().await.expect("it is committed");
    let stored = ports.stored_post(&along).await.expect("it is kept");
    assert!(!stored.lifecycle.is_deleted());
    assert_eq!(ports.stored_post(&alone).await, Some(as_new(&alone)));
}

pub async fn a_post_that_is_met_is_a_problem_or_passed_over(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author]).await;
    let (living, trash) = (post(1, author.id), deleted_post(2, &author, 40));
    ports.insert_posts(&[&living, &trash]).await;
    let renamed = |row: PostRow| PostRow {
        title: Some(title("Other")),
        ..row
    };
    let rows = [
        renamed(post_row(1, &living)),
        renamed(post_row(2, &trash)),
        renamed(post_row(3, &living)),
        post_row(4, &post(3, author.id)),
    ];
    let settled = import(&ports, Skip, &rows).await;
    let expected = Settled {
        skipped: 3,
        ..only_problems(1, Vec::new())
    };
    assert_eq!(settled, expected);
    let settled = import(&ports, Fail, &rows).await;
    let taken = ProblemKind::Taken { field: "id" };
    let expected = vec![
        problem(1, taken),
        problem(2, taken),
        problem(3, repeated("id", 1)),
        problem(4, taken),
    ];
    assert_eq!(settled, only_problems(0, expected));
    assert_eq!(ports.stored_post(&living).await, Some(living));
    assert_eq!(ports.stored_post(&trash).await, Some(trash));
}

pub async fn what_the_row_has_is_changed_now_and_nothing_else(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author]).await;
    let published = Post {
        published_at: Some(time(9)),
        ..post(2, author.id)
    };
    let posts = [post(1, author.id), published, post(3, author.id)];
    ports.insert_posts(&posts.each_ref()).await;
    let rows = [
        PostRow {
            title: Some(title("Other")),
            publication: Publication::Published(Some(time(3))),
            author_id: Some(author.id),
            ..bare(1, 1)
        },
        PostRow {
            publication: Publication::Unpublished,
            ..bare(2, 2)
        },
        PostRow {
            content: Some(content("")),
            ..bare(3, 3)
        },
    ];
    let settled = import(&ports, Update, &rows).await;
    let expected = Settled {
        updated: 3,
        ..Settled::default()
    };
    assert_eq!(settled, expected);
    let mut expected = posts.clone();
    for post in &mut expected {
        post.lifecycle.touch(now());
    }
    expected[0].title = title("Other");
    expected[0].published_at = Some(now());
    expected[1].published_at = None;
    expected[2].content = Some(content(""));
    for post in expected {
        assert_eq!(ports.stored_post(&post).await, Some(post));
    }
}

pub async fn what_is_as_the_row_says_already_is_left_unchanged(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author]).await;
    let posts = [
        Post {
            published_at: Some(time(9)),
            ..post(1, author.id)
        },
        Post {
            content: None,
            ..post(2, author.id)
        },
    ];
    ports.insert_posts(&posts.each_ref()).await;
    let rows = [
        PostRow {
            publication: Publication::Published(Some(time(1))),
            ..post_row(1, &posts[0])
        },
        post_row(2, &posts[1]),
        bare(3, 2),
    ];
    let settled = import(&ports, Update, &rows).await;
    let expected = Settled {
        unchanged: 2,
        ..only_problems(0, vec![problem(3, repeated("id", 2))])
    };
    assert_eq!(settled, expected);
    for post in posts {
        assert_eq!(ports.stored_post(&post).await, Some(post));
    }
}

pub async fn neither_an_author_nor_the_trash_is_changed(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author, &user(2)]).await;
    let trash = deleted_post(1, &author, 40);
    let posts = [post(2, author.id), post(3, author.id)];
    ports.insert_posts(&[&trash, &posts[0], &posts[1]]).await;
    let rows = [
        bare(1, 1),
        post_row(2, &deleted_post(2, &author, 40)),
        PostRow {
            author_id: Some(user_id(2)),
            ..bare(3, 3)
        },
    ];
    let settled = import(&ports, Update, &rows).await;
    let expected = vec![
        problem(
            1,
            ProblemKind::InTrash {
                id: post_id(1).as_uuid(),
            },
        ),
        problem(
            2,
            ProblemKind::NotInTrash {
                id: post_id(2).as_uuid(),
            },
        ),
        problem(3, ProblemKind::OtherAuthor),
    ];
    assert_eq!(settled, only_problems(0, expected));
    assert_eq!(ports.stored_post(&trash).await, Some(trash));
    for post in posts {
        assert_eq!(ports.stored_post(&post).await, Some(post));
    }
}

pub async fn a_post_needs_a_title_and_an_author_who_lives_if_it_does(ports: Ports) {
    let trash = deleted_user(2, 40);
    ports.insert_users(&[&user(1), &trash]).await;
    let by = |number, author| post_row(number, &post(number, user_id(author)));
    let missing = |field| ProblemKind::Missing { field };
    for on_conflict in [Fail, Skip, Update] {
        let rows = [
            PostRow {
                title: None,
                ..by(1, 1)
            },
            PostRow {
                author_id: None,
                ..by(2, 1)
            },
            by(3, 3),
            by(4, 2),
            post_row(5, &deleted_post(5, &user(3), 41)),
        ];
        let settled = import(&ports, on_conflict, &rows).await;
        let expected = vec![
            problem(1, missing("title")),
            problem(2, missing("author_id")),
            problem(3, ProblemKind::AuthorMissing { author: user_id(3) }),
            problem(4, ProblemKind::AuthorInTrash { author: user_id(2) }),
            problem(5, ProblemKind::AuthorMissing { author: user_id(3) }),
        ];
        assert_eq!(settled, only_problems(0, expected), "{on_conflict:?}");
    }
    // What is in the trash may have an author there.
    let mut kept = post(6, user_id(2));
    kept.lifecycle.delete(time(41), Retention::DEFAULT);
    let settled = import(&ports, Fail, &[post_row(1, &kept)]).await;
    assert_eq!(settled, only_problems(1, Vec::new()));
    assert_eq!(ports.stored_post(&kept).await, Some(as_new(&kept)));
}
