//! What reads cost: as many statements for a thousand rows as for one.

use std::collections::BTreeMap;

use byline_grpc::pb;
use byline_persistence::testing::execute;
use tonic::{Code, Response};

use crate::support::{World, cost, get_by_id, mask};

/// What each method sends to the database, with all relations and without any.
const COSTS: &[(&str, u32)] = &[
    ("BatchGetPosts", 1),
    ("BatchGetPosts author", 2),
    ("BatchGetUsers ids", 1),
    ("BatchGetUsers ids, emails", 2),
    ("BatchGetUsers ids, emails post_count, posts", 4),
    ("CountPosts", 1),
    ("CountPosts by author", 1),
    ("CountUsers", 1),
    ("CountUsers by role", 1),
    ("GetPost", 1),
    ("GetPost author", 2),
    ("GetUser by email", 1),
    ("GetUser by email post_count, posts", 3),
    ("GetUser by id", 1),
    ("GetUser by id post_count", 2),
    ("GetUser by id posts", 2),
    ("ListPosts", 1),
    ("ListPosts author", 2),
    (
        "ListPosts author, filtered by author, in title order, total",
        3,
    ),
    ("ListUsers", 1),
    ("ListUsers post_count, posts", 3),
    (
        "ListUsers posts, filtered by posts, in name order, estimate",
        3,
    ),
    ("SearchPosts", 1),
    ("SearchPosts author", 2),
    ("SearchUsers", 1),
    ("SearchUsers post_count, posts", 3),
];

/// Of so many users the best are told, by one statement; of more the newest, by another one.
const RANKED: usize = 200;

/// Costs by what was called.
#[derive(Default)]
struct Costs(BTreeMap<String, u32>);

impl Costs {
    /// Notes what a call cost that answered `rows` of them.
    fn note<T>(&mut self, what: &str, answer: &Response<T>, rows: usize, expected: usize) {
        assert_eq!(rows, expected, "{what}");
        self.0.insert(what.to_owned(), cost(answer));
    }
}

/// The ids and addresses of all users, and the ids of all posts.
struct Rows {
    users: Vec<String>,
    emails: Vec<String>,
    posts: Vec<String>,
}

impl Rows {
    async fn of(world: &World) -> Self {
        let list = pb::ListUsersRequest {
            page_size: 1_000,
            ..pb::ListUsersRequest::default()
        };
        let users = world.users.clone().list_users(list).await.unwrap();
        let users = users.into_inner().users;
        let list = pb::ListPostsRequest {
            page_size: 1_000,
            ..pb::ListPostsRequest::default()
        };
        let posts = world.posts.clone().list_posts(list).await.unwrap();
        Self {
            emails: users.iter().map(|user| user.email.clone()).collect(),
            users: users.into_iter().map(|user| user.id).collect(),
            posts: posts
                .into_inner()
                .posts
                .into_iter()
                .map(|post| post.id)
                .collect(),
        }
    }
}

async fn get_users(world: &World, rows: &Rows, costs: &mut Costs) {
    let mut users = world.users.clone();
    let by_id = get_by_id(&rows.users[0]);
    let by_email = pb::GetUserRequest {
        key: Some(pb::get_user_request::Key::Email(rows.emails[0].clone())),
        ..pb::GetUserRequest::default()
    };
    for (what, key, paths) in [
        ("GetUser by id", &by_id, &[][..]),
        ("GetUser by id post_count", &by_id, &["post_count"]),
        ("GetUser by id posts", &by_id, &["posts"]),
        ("GetUser by email", &by_email, &[]),
        (
            "GetUser by email post_count, posts",
            &by_email,
            &["*", "post_count", "posts"],
        ),
    ] {
        let request = pb::GetUserRequest {
            read_mask: mask(paths),
            ..key.clone()
        };
        let answer = users.get_user(request).await.unwrap();
        costs.note(what, &answer, 1, 1);
    }
    let half = rows.users.len() / 2;
    for (what, emails, paths) in [
        ("BatchGetUsers ids", &[][..], &[][..]),
        ("BatchGetUsers ids, emails", &rows.emails[half..], &["name"]),
        (
            "BatchGetUsers ids, emails post_count, posts",
            &rows.emails[half..],
            &["post_count", "posts"],
        ),
    ] {
        // A thousand keys in all.
        let ids = rows.users[..rows.users.len() - emails.len()].to_vec();
        let keys = ids.len() + emails.len();
        let request = pb::BatchGetUsersRequest {
            // A single user is asked for by both.
            ids: if ids.is_empty() {
                rows.users.clone()
            } else {
                ids
            },
            emails: emails.to_vec(),
            read_mask: mask(paths),
            ..pb::BatchGetUsersRequest::default()
        };
        let answer = users.batch_get_users(request).await.unwrap();
        let got = answer.get_ref().users.len();
        costs.note(what, &answer, got, keys.max(1 + emails.len()));
    }
}

async fn list_users(world: &World, rows: &Rows, costs: &mut Costs) {
    let mut users = world.users.clone();
    let all = rows.users.len();
    let list = pb::ListUsersRequest {
        page_size: 1_000,
        ..pb::ListUsersRequest::default()
    };
    for (what, request) in [
        ("ListUsers", list.clone()),
        (
            "ListUsers post_count, posts",
            pb::ListUsersRequest {
                read_mask: mask(&["*", "post_count", "posts"]),
                ..list.clone()
            },
        ),
        (
            "ListUsers posts, filtered by posts, in name order, estimate",
            pb::ListUsersRequest {
                read_mask: mask(&["posts.title"]),
                filter: "posts.title : * AND role = user".into(),
                order_by: "name desc, email".into(),
                total: pb::TotalMode::Estimate.into(),
                show_deleted: true,
                ..list
            },
        ),
    ] {
        let answer = users.list_users(request).await.unwrap();
        let got = answer.get_ref().users.len();
        costs.note(what, &answer, got, all);
    }
    for (what, paths) in [
        ("SearchUsers", &[][..]),
        ("SearchUsers post_count, posts", &["post_count", "posts"]),
    ] {
        let request = pb::SearchUsersRequest {
            query: "user".into(),
            page_size: 1_000,
            read_mask: mask(paths),
            ..pb::SearchUsersRequest::default()
        };
        let answer = users.search_users(request).await.unwrap();
        let got = answer.get_ref().users.len();
        costs.note(what, &answer, got, all);
    }
    for (what, group_by) in [("CountUsers", ""), ("CountUsers by role", "role")] {
        let request = pb::CountUsersRequest {
            group_by: group_by.into(),
            ..pb::CountUsersRequest::default()
        };
        let answer = users.count_users(request).await.unwrap();
        let got = usize::try_from(answer.get_ref().count).unwrap();
        costs.note(what, &answer, got, all);
    }
}

async fn get_posts(world: &World, rows: &Rows, costs: &mut Costs) {
    let mut posts = world.posts.clone();
    for (what, paths) in [("GetPost", &[][..]), ("GetPost author", &["*", "author"])] {
        let request = pb::GetPostRequest {
            id: rows.posts[0].clone(),
            read_mask: mask(paths),
            ..pb::GetPostRequest::default()
        };
        let answer = posts.get_post(request).await.unwrap();
        costs.note(what, &answer, 1, 1);
    }
    for (what, paths) in [
        ("BatchGetPosts", &[][..]),
        ("BatchGetPosts author", &["title", "author"]),
    ] {
        let request = pb::BatchGetPostsRequest {
            ids: rows.posts.clone(),
            read_mask: mask(paths),
            ..pb::BatchGetPostsRequest::default()
        };
        let answer = posts.batch_get_posts(request).await.unwrap();
        let got = answer.get_ref().posts.len();
        costs.note(what, &answer, got, rows.posts.len());
    }
}

async fn list_posts(world: &World, rows: &Rows, costs: &mut Costs) {
    let mut posts = world.posts.clone();
    let all = rows.posts.len();
    let list = pb::ListPostsRequest {
        page_size: 1_000,
        ..pb::ListPostsRequest::default()
    };
    for (what, request) in [
        ("ListPosts", list.clone()),
        (
            "ListPosts author",
            pb::ListPostsRequest {
                read_mask: mask(&["author"]),
                ..list.clone()
            },
        ),
        (
            "ListPosts author, filtered by author, in title order, total",
            pb::ListPostsRequest {
                read_mask: mask(&["*", "author.name"]),
                filter: "author.role = user".into(),
                order_by: "title".into(),
                total: pb::TotalMode::Exact.into(),
                ..list
            },
        ),
    ] {
        let answer = posts.list_posts(request).await.unwrap();
        let got = answer.get_ref().posts.len();
        costs.note(what, &answer, got, all);
    }
    for (what, paths) in [
        ("SearchPosts", &[][..]),
        ("SearchPosts author", &["title", "author"]),
    ] {
        let request = pb::SearchPostsRequest {
            query: "post".into(),
            page_size: 1_000,
            read_mask: mask(paths),
            ..pb::SearchPostsRequest::default()
        };
        let answer = posts.search_posts(request).await.unwrap();
        let page = answer.get_ref();
        costs.note(what, &answer, page.results.len(), all);
    }
    for (what, group_by) in [("CountPosts", ""), ("CountPosts by author", "author_id")] {
        let request = pb::CountPostsRequest {
            group_by: group_by.into(),
            ..pb::CountPostsRequest::default()
        };
        let answer = posts.count_posts(request).await.unwrap();
        let got = usize::try_from(answer.get_ref().count).unwrap();
        costs.note(what, &answer, got, all);
    }
}

#[tokio::test]
async fn every_read_costs_the_same_at_1_at_10_and_at_1000_rows() {
    let world = World::new().await;
    let mut behind = world.database.connection().await;
    let pinned: BTreeMap<_, _> = COSTS
        .iter()
        .map(|(what, cost)| ((*what).to_owned(), *cost))
        .collect();
    assert_eq!(pinned.len(), COSTS.len());
    for (size, fill) in [
        (
            1,
            "create function fill(first int, last int) returns void language sql begin atomic \
             insert into users (id, email, name, role, is_active, created_at, version) \
             select lpad(to_hex(n), 32, '70004000')::uuid, 'user-' || n || '@example.com', \
             'User ' || n, 'user', true, timestamptz '2026-01-01' + n * interval '1 s', 1 \
             from generate_series(first, last) n; \
             insert into posts (id, title, content, author_id, created_at, version) \
             select id, 'Post of ' || name, 'Content', id, created_at, 1 from users \
             where not exists (select from posts where author_id = users.id); end; \
             select fill(1, 1)",
        ),
        (10, "select fill(2, 10)"),
        (1_000, "select fill(11, 1000)"),
    ] {
        execute(&mut behind, fill).await;
        let rows = Rows::of(&world).await;
        assert_eq!((rows.users.len(), rows.posts.len()), (size, size));
        let mut costs = Costs::default();
        get_users(&world, &rows, &mut costs).await;
        list_users(&world, &rows, &mut costs).await;
        get_posts(&world, &rows, &mut costs).await;
        list_posts(&world, &rows, &mut costs).await;
        let mut pinned = pinned.clone();
        if size > RANKED {
            let searches = pinned.iter_mut();
            let searches = searches.filter(|(what, _)| what.starts_with("SearchUsers"));
            searches.for_each(|(_, cost)| *cost += 1);
        }
        assert_eq!(costs.0, pinned, "at {size} rows");
    }
}

#[tokio::test]
async fn a_call_that_fails_tells_what_it_cost_too() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let told = |status: &tonic::Status| {
        let told = status.metadata().get("byline-db-queries").unwrap();
        told.to_str().unwrap().to_owned()
    };
    let refused = pb::ListUsersRequest {
        filter: "role =".into(),
        ..pb::ListUsersRequest::default()
    };
    let status = world.users.list_users(refused).await.unwrap_err();
    assert_eq!(
        (status.code(), told(&status)),
        (Code::InvalidArgument, "0".into())
    );
    // Nobody's relations are not looked for.
    world.delete_user(&ada.id).await;
    let missing = pb::GetUserRequest {
        read_mask: mask(&["post_count", "posts"]),
        ..get_by_id(&ada.id)
    };
    let status = world.users.get_user(missing).await.unwrap_err();
    assert_eq!((status.code(), told(&status)), (Code::NotFound, "1".into()));
}
