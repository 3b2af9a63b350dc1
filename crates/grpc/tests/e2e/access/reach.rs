//! What a scope does not give a way around to.

use byline_grpc::pb;
use byline_grpc::pb::operation::Operation;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{guarded, with_token};
use crate::support::{get_by_id, mask, reason, violations};

#[track_caller]
fn assert_lacks<T>(answer: Result<T, Status>, scopes: &str) {
    let Err(status) = answer else {
        panic!("it was let in");
    };
    assert_eq!(status.code(), Code::PermissionDenied, "{status}");
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(info.reason, "SCOPE_MISSING");
    assert_eq!(info.metadata["scopes"], scopes);
}

#[tokio::test]
async fn authors_are_read_by_those_alone_who_may_read_users() {
    let (world, [posts, both]) = guarded(["posts.read", "posts.read, users.read"]).await;
    let mut client = world.posts.clone();
    let id = "0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01";
    for (filter, paths) in [
        ("", &["title", "author.email"][..]),
        ("", &["author"]),
        ("author.email = \"ada@example.com\"", &["title"]),
        (
            "title : a OR NOT (published = true author.role = x)",
            &["title"],
        ),
        ("-author : *", &["title"]),
    ] {
        let list = pb::ListPostsRequest {
            filter: filter.to_owned(),
            read_mask: mask(paths),
            ..pb::ListPostsRequest::default()
        };
        let search = pb::SearchPostsRequest {
            query: "light".to_owned(),
            filter: filter.to_owned(),
            read_mask: mask(paths),
            ..pb::SearchPostsRequest::default()
        };
        assert_lacks(
            client.list_posts(with_token(list.clone(), &posts)).await,
            "users.read",
        );
        assert_lacks(
            client
                .search_posts(with_token(search.clone(), &posts))
                .await,
            "users.read",
        );
        client.list_posts(with_token(list, &both)).await.unwrap();
        client
            .search_posts(with_token(search, &both))
            .await
            .unwrap();
        if filter.is_empty() {
            let get = pb::GetPostRequest {
                id: id.to_owned(),
                read_mask: mask(paths),
                ..pb::GetPostRequest::default()
            };
            let many = pb::BatchGetPostsRequest {
                ids: vec![id.to_owned()],
                read_mask: mask(paths),
                ..pb::BatchGetPostsRequest::default()
            };
            assert_lacks(client.get_post(with_token(get, &posts)).await, "users.read");
            assert_lacks(
                client.batch_get_posts(with_token(many, &posts)).await,
                "users.read",
            );
        } else {
            let count = pb::CountPostsRequest {
                filter: filter.to_owned(),
                ..pb::CountPostsRequest::default()
            };
            assert_lacks(
                client.count_posts(with_token(count, &posts)).await,
                "users.read",
            );
        }
    }
    let own = pb::ListPostsRequest {
        filter: "title : author".to_owned(),
        ..pb::ListPostsRequest::default()
    };
    client.list_posts(with_token(own, &posts)).await.unwrap();
}

#[tokio::test]
async fn posts_of_users_are_read_by_those_alone_who_may_read_posts() {
    let (world, [users, export]) = guarded(["users.read", "users.read, transfer"]).await;
    let mut client = world.users.clone();
    let id = "0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01";
    for paths in [&["email", "post_count"][..], &["posts"], &["posts.title"]] {
        let get = pb::GetUserRequest {
            read_mask: mask(paths),
            ..get_by_id(id)
        };
        let many = pb::BatchGetUsersRequest {
            ids: vec![id.to_owned()],
            read_mask: mask(paths),
            ..pb::BatchGetUsersRequest::default()
        };
        let list = pb::ListUsersRequest {
            read_mask: mask(paths),
            ..pb::ListUsersRequest::default()
        };
        let search = pb::SearchUsersRequest {
            query: "ada".to_owned(),
            read_mask: mask(paths),
            ..pb::SearchUsersRequest::default()
        };
        assert_lacks(client.get_user(with_token(get, &users)).await, "posts.read");
        assert_lacks(
            client.batch_get_users(with_token(many, &users)).await,
            "posts.read",
        );
        assert_lacks(
            client.list_users(with_token(list, &users)).await,
            "posts.read",
        );
        assert_lacks(
            client.search_users(with_token(search, &users)).await,
            "posts.read",
        );
    }
    let filter = "posts.title : secret".to_owned();
    let count = pb::CountUsersRequest {
        filter: filter.clone(),
        ..pb::CountUsersRequest::default()
    };
    assert_lacks(
        client.count_users(with_token(count, &users)).await,
        "posts.read",
    );
    let exported = pb::ExportUsersRequest {
        filter,
        ..pb::ExportUsersRequest::default()
    };
    let mut transfers = world.transfers.clone();
    assert_lacks(
        transfers.export_users(with_token(exported, &export)).await,
        "posts.read",
    );
}

#[tokio::test]
async fn an_operation_needs_what_its_own_method_needs() {
    let (world, [users, both]) = guarded(["users.write", "users.write, posts.write"]).await;
    let operation = |operation| pb::Operation {
        operation: Some(operation),
    };
    let transaction = |operations| pb::ExecuteTransactionRequest {
        operations,
        validate_only: true,
        ..pb::ExecuteTransactionRequest::default()
    };
    let create_user = operation(Operation::CreateUser(pb::CreateUserRequest {
        user: Some(pb::User {
            email: "ada@example.com".to_owned(),
            ..pb::User::default()
        }),
        ..pb::CreateUserRequest::default()
    }));
    let forced = operation(Operation::DeleteUser(pb::DeleteUserRequest {
        force: true,
        ..pb::DeleteUserRequest::default()
    }));
    let create_post = operation(Operation::CreatePost(pb::CreatePostRequest::default()));
    let transfer = operation(Operation::TransferPosts(pb::TransferPostsRequest {
        filter: "author.email : x".to_owned(),
        ..pb::TransferPostsRequest::default()
    }));
    let nested = |operations| operation(Operation::Nested(pb::NestedOperations { operations }));

    let mut client = world.transactions.clone();
    let mut execute = async |operations: Vec<pb::Operation>, token: &str| {
        let request = with_token(transaction(operations), token);
        client.execute_transaction(request).await
    };
    execute(vec![create_user.clone()], &users).await.unwrap();
    for hidden in [create_post, forced] {
        let deep = nested(vec![nested(vec![hidden.clone()])]);
        for operations in [vec![hidden.clone()], vec![create_user.clone(), deep]] {
            assert_lacks(execute(operations.clone(), &users).await, "posts.write");
            // Whoever may is told what else is wrong.
            let status = execute(operations, &both).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument, "{status}");
        }
    }
    assert_lacks(
        execute(vec![transfer], &both).await,
        "users.read, posts.read",
    );
}

#[tokio::test]
async fn posts_go_along_for_those_alone_who_may_delete_them() {
    let (world, [users, posts]) = guarded(["users.write", "posts.write"]).await;
    let mut client = world.users.clone();
    let delete = |force| pb::DeleteUserRequest {
        id: "0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01".to_owned(),
        force,
        ..pb::DeleteUserRequest::default()
    };
    let batch = pb::BatchDeleteUsersRequest {
        requests: vec![delete(false), delete(true)],
        ..pb::BatchDeleteUsersRequest::default()
    };
    assert_lacks(
        client.delete_user(with_token(delete(true), &users)).await,
        "posts.write",
    );
    assert_lacks(
        client.batch_delete_users(with_token(batch, &users)).await,
        "posts.write",
    );
    let status = client.delete_user(with_token(delete(false), &users)).await;
    assert_eq!(status.unwrap_err().code(), Code::NotFound);

    let mut client = world.posts.clone();
    for (filter, lacks) in [
        ("author.role = admin", "users.read, posts.read"),
        // Too long ago to be a time, counted from 1970, and one counted from now.
        (
            "author.role = admin AND created_at > -62200000000s",
            "users.read, posts.read",
        ),
        ("content : secret", "posts.read"),
    ] {
        let transfer = pb::TransferPostsRequest {
            filter: filter.to_owned(),
            ..pb::TransferPostsRequest::default()
        };
        let answer = client.transfer_posts(with_token(transfer, &posts)).await;
        assert_lacks(answer, lacks);
    }
}

#[tokio::test]
async fn what_one_caller_was_given_is_of_no_use_to_another() {
    let (world, [one, other]) = guarded(["users.read, users.write"; 2]).await;
    let mut client = world.users.clone();
    let create = |email: &str, request_id: &str| pb::CreateUserRequest {
        user: Some(pb::User {
            email: email.to_owned(),
            ..pb::User::default()
        }),
        request_id: request_id.to_owned(),
        ..pb::CreateUserRequest::default()
    };
    let id = "0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e0f";
    let request = create("ada@example.com", id);
    let first = client
        .create_user(with_token(request.clone(), &one))
        .await
        .unwrap();
    let again = client
        .create_user(with_token(request.clone(), &one))
        .await
        .unwrap();
    assert_eq!(first.into_inner(), again.into_inner());
    // Another caller's is another request: neither answered from the first nor refused for it.
    let refused = client
        .create_user(with_token(request, &other))
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "USER_ALREADY_EXISTS");
    let request = create("grace@example.com", id);
    client
        .create_user(with_token(request, &other))
        .await
        .unwrap();

    let request = create("alan@example.com", "");
    client.create_user(with_token(request, &one)).await.unwrap();
    let page = |page_token: String| pb::ListUsersRequest {
        page_size: 1,
        page_token,
        ..pb::ListUsersRequest::default()
    };
    let first = client
        .list_users(with_token(page(String::new()), &one))
        .await;
    let token = first.unwrap().into_inner().next_page_token;
    client
        .list_users(with_token(page(token.clone()), &one))
        .await
        .unwrap();
    let stolen = client
        .list_users(with_token(page(token), &other))
        .await
        .unwrap_err();
    let refused = ("page_token".to_owned(), "PAGE_TOKEN_INVALID".to_owned());
    assert_eq!(violations(&stolen), [refused]);
}
