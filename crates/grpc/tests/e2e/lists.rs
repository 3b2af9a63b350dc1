//! Lists, walked from end to end.

use std::time::{Duration, Instant};

use byline_grpc::pb;
use byline_persistence::testing::execute;

use crate::support::World;

async fn walk(world: &mut World, mut request: pb::ListUsersRequest) -> Vec<String> {
    let mut emails = Vec::new();
    loop {
        let page = world
            .users
            .list_users(request.clone())
            .await
            .unwrap()
            .into_inner();
        emails.extend(page.users.into_iter().map(|user| user.email));
        if page.next_page_token.is_empty() {
            return emails;
        }
        request.page_token = page.next_page_token;
    }
}

#[tokio::test]
async fn a_list_is_walked_in_order_with_totals_skips_and_the_trash() {
    let mut world = World::new().await;
    for name in ["d", "B", "a", "C", "e"] {
        world.user(&format!("{name}@example.com")).await;
    }
    let first = pb::ListUsersRequest {
        order_by: "email".into(),
        page_size: 2,
        ..pb::ListUsersRequest::default()
    };
    let all = [
        "a@example.com",
        "B@example.com",
        "C@example.com",
        "d@example.com",
        "e@example.com",
    ];
    assert_eq!(walk(&mut world, first.clone()).await, all);

    let backwards = pb::ListUsersRequest {
        order_by: "email desc".into(),
        skip: 1,
        page_size: 10,
        total: pb::TotalMode::Exact.into(),
        ..pb::ListUsersRequest::default()
    };
    let page = world
        .users
        .list_users(backwards)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(page.total_size, Some(5));
    assert_eq!(page.users[0].email, "d@example.com");
    assert_eq!(page.users.len(), 4);

    let gone = page.users[0].id.clone();
    world.delete_user(&gone).await;
    assert_eq!(walk(&mut world, first.clone()).await.len(), 4);
    let with_trash = pb::ListUsersRequest {
        show_deleted: true,
        ..first
    };
    assert_eq!(walk(&mut world, with_trash).await, all);
    let recent = pb::ListUsersRequest {
        order_by: "updated_at desc".into(),
        show_deleted: true,
        page_size: 1,
        ..pb::ListUsersRequest::default()
    };
    assert_eq!(walk(&mut world, recent).await[0], "d@example.com");
}

#[tokio::test]
async fn a_page_at_the_end_costs_what_one_at_the_start_does() {
    let mut world = World::new().await;
    let mut behind = world.database.connection().await;
    execute(
        &mut behind,
        "insert into users (id, email, role, is_active, created_at, version) \
         select gen_random_uuid(), 'user-' || n || '@example.com', 'user', true, \
         timestamptz '2026-01-01' + n * interval '1 second', 1 \
         from generate_series(1, 100000) n; analyze users",
    )
    .await;
    let list = pb::ListUsersRequest {
        page_size: 100,
        ..pb::ListUsersRequest::default()
    };
    let mut tokens = vec![String::new()];
    loop {
        let request = pb::ListUsersRequest {
            page_token: tokens[tokens.len() - 1].clone(),
            ..list.clone()
        };
        let page = world.users.list_users(request).await.unwrap().into_inner();
        assert_eq!(page.users.len(), 100);
        if page.next_page_token.is_empty() {
            break;
        }
        tokens.push(page.next_page_token);
    }
    assert_eq!(tokens.len(), 1_000);

    // In turn, so that whatever else the machine does meets both alike.
    let (mut firsts, mut lasts) = (Vec::new(), Vec::new());
    for _ in 0..200 {
        for (token, times) in [(&tokens[0], &mut firsts), (&tokens[999], &mut lasts)] {
            let request = pb::ListUsersRequest {
                page_token: token.clone(),
                ..list.clone()
            };
            let began = Instant::now();
            world.users.list_users(request).await.unwrap();
            times.push(began.elapsed());
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let (early, late) = (median(&mut firsts), median(&mut lasts));
    let ratio = late.as_secs_f64() / early.as_secs_f64();
    println!("the last of 1,000 pages costs {ratio:.2} of the first ({late:?}, {early:?})");
    // OFFSET would cost a hundred times as much; what is left is noise.
    assert!(ratio < 2.0, "{ratio}");
}
