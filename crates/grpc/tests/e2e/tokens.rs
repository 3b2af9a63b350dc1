//! Page tokens: what they are good for, and what not.

use std::time::Duration;

use byline_grpc::pb;
use tonic::Status;

use crate::errors::shown;
use crate::support::{Server, World, mask, violations};

/// A world of users, and the request for the first of several pages of them.
async fn some_users() -> (World, pb::ListUsersRequest) {
    let world = World::new().await;
    for number in 1..=4 {
        world.user(&format!("user-{number}@example.com")).await;
    }
    let request = pb::ListUsersRequest {
        page_size: 1,
        filter: "email : example".into(),
        ..pb::ListUsersRequest::default()
    };
    (world, request)
}

impl World {
    async fn list(&self, request: &pb::ListUsersRequest) -> Result<pb::ListUsersResponse, Status> {
        let answer = self.users.clone().list_users(request.clone()).await;
        answer.map(tonic::Response::into_inner)
    }

    async fn search(
        &self,
        request: &pb::SearchUsersRequest,
    ) -> Result<pb::SearchUsersResponse, Status> {
        let answer = self.users.clone().search_users(request.clone()).await;
        answer.map(tonic::Response::into_inner)
    }
}

fn refused_as(reason: &str) -> Vec<(String, String)> {
    vec![("page_token".to_owned(), reason.to_owned())]
}

#[tokio::test]
async fn a_token_serves_only_the_list_that_it_came_from() {
    let (mut world, first) = some_users().await;
    let page_token = world.list(&first).await.unwrap().next_page_token;
    let next = pb::ListUsersRequest {
        page_token: page_token.clone(),
        ..first
    };
    for other in [
        pb::ListUsersRequest {
            filter: String::new(),
            ..next.clone()
        },
        pb::ListUsersRequest {
            filter: "email : Example".into(),
            ..next.clone()
        },
        pb::ListUsersRequest {
            order_by: "created_at".into(),
            ..next.clone()
        },
        pb::ListUsersRequest {
            order_by: "created_at desc, email".into(),
            ..next.clone()
        },
        pb::ListUsersRequest {
            show_deleted: true,
            ..next.clone()
        },
    ] {
        let status = world.list(&other).await.unwrap_err();
        assert_eq!(
            violations(&status),
            refused_as("PAGE_TOKEN_MISMATCH"),
            "{other:?}"
        );
    }
    let all = pb::ListUsersRequest {
        page_size: 1,
        ..pb::ListUsersRequest::default()
    };
    let posts = pb::ListPostsRequest {
        page_token: world.list(&all).await.unwrap().next_page_token,
        ..pb::ListPostsRequest::default()
    };
    let status = world.posts.list_posts(posts).await.unwrap_err();
    insta::assert_snapshot!("page_token_mismatch", shown(&status));
    let search = pb::SearchUsersRequest {
        query: "example".into(),
        page_token,
        ..pb::SearchUsersRequest::default()
    };
    let status = world.search(&search).await.unwrap_err();
    assert_eq!(violations(&status), refused_as("PAGE_TOKEN_MISMATCH"));

    world.list(&next).await.unwrap();
}

#[tokio::test]
async fn a_bad_token_is_told_beside_a_bad_order_or_query() {
    let world = World::new().await;
    let list = pb::ListUsersRequest {
        order_by: "shoe_size".into(),
        page_token: "zzz".into(),
        ..pb::ListUsersRequest::default()
    };
    let status = world.list(&list).await.unwrap_err();
    let told = [
        ("order_by", "UNKNOWN"),
        ("page_token", "PAGE_TOKEN_INVALID"),
    ];
    assert_eq!(
        violations(&status),
        told.map(|(field, reason)| (field.to_owned(), reason.to_owned()))
    );
    let search = pb::SearchUsersRequest {
        page_token: "zzz".into(),
        ..pb::SearchUsersRequest::default()
    };
    let status = world.search(&search).await.unwrap_err();
    let told = [("query", "REQUIRED"), ("page_token", "PAGE_TOKEN_INVALID")];
    assert_eq!(
        violations(&status),
        told.map(|(field, reason)| (field.to_owned(), reason.to_owned()))
    );
}

#[tokio::test]
async fn tokens_of_posts_are_bound_as_those_of_users_are() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    for number in 1..=2 {
        world.post(&ada, &format!("Post {number}")).await;
    }
    let list = pb::ListPostsRequest {
        page_size: 1,
        ..pb::ListPostsRequest::default()
    };
    let page = world.posts.list_posts(list.clone()).await.unwrap();
    let next = pb::ListPostsRequest {
        page_token: page.into_inner().next_page_token,
        ..list
    };
    for other in [
        pb::ListPostsRequest {
            filter: "title : post".into(),
            ..next.clone()
        },
        pb::ListPostsRequest {
            order_by: "title".into(),
            ..next.clone()
        },
        pb::ListPostsRequest {
            show_deleted: true,
            ..next.clone()
        },
    ] {
        let status = world.posts.list_posts(other).await.unwrap_err();
        assert_eq!(violations(&status), refused_as("PAGE_TOKEN_MISMATCH"));
    }
    world.posts.list_posts(next).await.unwrap();

    let search = pb::SearchPostsRequest {
        query: "post".into(),
        page_size: 1,
        ..pb::SearchPostsRequest::default()
    };
    let page = world.posts.search_posts(search.clone()).await.unwrap();
    let next = pb::SearchPostsRequest {
        page_token: page.into_inner().next_page_token,
        ..search
    };
    for other in [
        pb::SearchPostsRequest {
            query: "posts".into(),
            ..next.clone()
        },
        pb::SearchPostsRequest {
            filter: "title : post".into(),
            ..next.clone()
        },
        pb::SearchPostsRequest {
            show_deleted: true,
            ..next.clone()
        },
    ] {
        let status = world.posts.search_posts(other).await.unwrap_err();
        assert_eq!(violations(&status), refused_as("PAGE_TOKEN_MISMATCH"));
    }
    world.posts.search_posts(next).await.unwrap();
}

#[tokio::test]
async fn a_token_of_a_search_serves_that_search_alone() {
    let (world, _) = some_users().await;
    let first = pb::SearchUsersRequest {
        query: "user".into(),
        page_size: 1,
        ..pb::SearchUsersRequest::default()
    };
    let found = world.search(&first).await.unwrap();
    let next = pb::SearchUsersRequest {
        page_token: found.next_page_token,
        ..first
    };
    for other in [
        pb::SearchUsersRequest {
            query: "users".into(),
            ..next.clone()
        },
        pb::SearchUsersRequest {
            filter: "role = user".into(),
            ..next.clone()
        },
        pb::SearchUsersRequest {
            show_deleted: true,
            ..next.clone()
        },
    ] {
        let status = world.search(&other).await.unwrap_err();
        assert_eq!(
            violations(&status),
            refused_as("PAGE_TOKEN_MISMATCH"),
            "{other:?}"
        );
    }
    let otherwise = pb::SearchUsersRequest {
        page_size: 10,
        read_mask: mask(&["email", "post_count"]),
        ..next
    };
    let rest = world.search(&otherwise).await.unwrap();
    assert_eq!(rest.users.len(), 3);
    assert!(!rest.users.contains(&found.users[0]));
}

#[tokio::test]
async fn what_may_differ_from_page_to_page_does_no_harm() {
    let (world, first) = some_users().await;
    let page_token = world.list(&first).await.unwrap().next_page_token;
    let otherwise = pb::ListUsersRequest {
        page_size: 1_000_000,
        total: pb::TotalMode::Exact.into(),
        skip: 1,
        read_mask: mask(&["email", "posts"]),
        page_token,
        // The same list, written in another way.
        filter: format!("  {}\n", first.filter),
        order_by: " created_at  desc ".into(),
        ..first
    };
    let page = world.list(&otherwise).await.unwrap();
    let emails: Vec<_> = page.users.iter().map(|user| user.email.as_str()).collect();
    assert_eq!(emails, ["user-2@example.com", "user-1@example.com"]);
    assert_eq!(
        (page.total_size, page.next_page_token.as_str()),
        (Some(4), "")
    );
}

#[tokio::test]
async fn a_token_that_was_altered_or_made_up_is_refused() {
    let (world, first) = some_users().await;
    let token = world.list(&first).await.unwrap().next_page_token;
    assert!(!token.contains("user"));
    let mut altered = vec![
        "rubbish".to_owned(),
        format!("{token}A"),
        "A".repeat(100_000),
    ];
    for place in [0, token.len() / 2, token.len() - 2] {
        let mut bytes = token.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        altered.push(String::from_utf8(bytes).unwrap());
    }
    altered.push(token[1..].to_owned());
    for page_token in altered {
        let request = pb::ListUsersRequest {
            page_token,
            ..first.clone()
        };
        let status = world.list(&request).await.unwrap_err();
        assert_eq!(violations(&status), refused_as("PAGE_TOKEN_INVALID"));
    }
}

#[tokio::test]
async fn durations_count_from_the_first_page_on_all_pages() {
    const AGE: Duration = Duration::from_secs(4);
    let (world, first) = some_users().await;
    let recent = pb::ListUsersRequest {
        filter: format!("created_at > -{}s", AGE.as_secs()),
        ..first
    };
    let mut page = world.list(&recent).await.unwrap();
    tokio::time::sleep(AGE).await;
    let mut pages = 1;
    while !page.next_page_token.is_empty() {
        let next = pb::ListUsersRequest {
            page_token: page.next_page_token,
            ..recent.clone()
        };
        page = world.list(&next).await.unwrap();
        assert_eq!(page.users.len(), 1);
        pages += 1;
    }
    assert_eq!(pages, 4);
    assert_eq!(world.list(&recent).await.unwrap().users, []);
}

#[tokio::test]
async fn replicas_of_one_key_take_the_tokens_of_each_other() {
    let key = "00".repeat(32);
    let keys = format!("{},{key}", "11".repeat(32));
    let one = World::with(&["--page-token-key", &key]).await;
    for number in 1..=2 {
        one.user(&format!("user-{number}@example.com")).await;
    }
    let mut request = pb::ListUsersRequest {
        page_size: 1,
        ..pb::ListUsersRequest::default()
    };
    request.page_token = one.list(&request).await.unwrap().next_page_token;
    let url = one.database.service_url();
    for (options, reason) in [
        (&["--page-token-key", &keys][..], None),
        (&[], Some("PAGE_TOKEN_INVALID")),
    ] {
        let server = Server::serve(&url, options).await;
        let channel = server.channel().await;
        let mut users = pb::user_service_client::UserServiceClient::new(channel);
        let answer = users.list_users(request.clone()).await;
        match reason {
            None => assert_eq!(answer.unwrap().into_inner().users.len(), 1),
            Some(reason) => {
                assert_eq!(violations(&answer.unwrap_err()), refused_as(reason));
            }
        }
    }
}
