//! Transactions that wait for each other in a circle.

use byline_grpc::pb;
use byline_grpc::pb::operation::Operation as Change;
use byline_grpc::pb::operation_result::Result as Outcome;
use byline_grpc::pb::transaction_service_client::TransactionServiceClient;
use byline_grpc::pb::user_service_client::UserServiceClient;
use byline_persistence::testing::{TestDatabase, count, execute};
use tokio::task::JoinSet;
use tonic::Code;
use tonic::transport::Channel;

use crate::support::{Server, World};
use crate::transactions::operation;

const PAIRS: usize = 8;
const CALLERS: usize = 32;
/// How many deadlocks are forced.
const DEADLOCKS: i64 = 1_000;

const SOON: &str = "do $$ begin execute format('alter database %I set deadlock_timeout = ''10ms''', \
    current_database()); end $$";
const SO_FAR: &str = "select deadlocks from pg_stat_database where datname = current_database()";

fn rename(id: &str, name: &str) -> pb::Operation {
    operation(Change::UpdateUser(pb::UpdateUserRequest {
        user: Some(pb::User {
            id: id.to_owned(),
            name: Some(name.to_owned()),
            ..pb::User::default()
        }),
        ..pb::UpdateUserRequest::default()
    }))
}

async fn user(users: &mut UserServiceClient<Channel>, email: &str) -> String {
    let request = pb::CreateUserRequest {
        user: Some(address(email)),
        ..pb::CreateUserRequest::default()
    };
    let answer = users.create_user(request).await.unwrap();
    answer.into_inner().user.unwrap().id
}

fn address(email: &str) -> pb::User {
    pb::User {
        email: email.to_owned(),
        ..pb::User::default()
    }
}

/// A group of its own, so that it may fail.
fn create(email: &str) -> pb::Operation {
    let create = operation(Change::CreateUser(pb::CreateUserRequest {
        user: Some(address(email)),
        ..pb::CreateUserRequest::default()
    }));
    operation(Change::Nested(pb::NestedOperations {
        operations: vec![create],
    }))
}

/// Takes the first address, renames somebody whom nobody else renames, and takes the
/// second. What is not there yet cannot be held beforehand. Answers which it was given.
async fn take_both(
    mut transactions: TransactionServiceClient<Channel>,
    own: &str,
    [first, second]: [&str; 2],
) -> [bool; 2] {
    let mut operations = vec![create(first)];
    operations.extend((0..3).map(|step| rename(own, &format!("{first}, {step}"))));
    operations.push(create(second));
    let mut request = tonic::Request::new(pb::ExecuteTransactionRequest {
        operations,
        ..pb::ExecuteTransactionRequest::default()
    });
    request.set_timeout(std::time::Duration::from_secs(25));
    let answer = transactions.execute_transaction(request).await;
    let answer = answer.expect("a deadlock is the server's to deal with");
    let results = answer.into_inner().results;
    [&results[0], &results[4]].map(|result| match &result.result {
        Some(Outcome::Nested(_)) => true,
        Some(Outcome::Status(status)) => {
            assert_eq!(Code::from_i32(status.code), Code::AlreadyExists);
            false
        }
        other => panic!("{other:?}"),
    })
}

#[tokio::test]
async fn of_a_thousand_deadlocks_none_reaches_a_caller() {
    let database = TestDatabase::new().await;
    execute(&mut database.connection().await, SOON).await;
    let server = Server::serve(&database.service_url(), &[]).await;
    let channel = server.channel().await;
    let mut users = UserServiceClient::new(channel.clone());
    let transactions = TransactionServiceClient::new(channel);

    let mut pairs = Vec::new();
    for pair in 0..PAIRS {
        let own = [
            user(&mut users, &format!("a{pair}@x.org")).await,
            user(&mut users, &format!("b{pair}@x.org")).await,
        ];
        pairs.push(own);
    }
    let mut connection = database.connection().await;
    let mut rounds = 0;
    while count(&mut connection, SO_FAR).await < DEADLOCKS {
        assert!(rounds < 100, "they do not meet");
        rounds += 1;
        let mut tasks = JoinSet::new();
        for (pair, own) in pairs.iter().enumerate() {
            let (own, transactions) = (own.clone(), transactions.clone());
            tasks.spawn(async move {
                for step in 0..25 {
                    let [x, y] =
                        ["x", "y"].map(|name| format!("{name}{pair}-{rounds}-{step}@x.org"));
                    let (there, back) = tokio::join!(
                        take_both(transactions.clone(), &own[0], [&x, &y]),
                        take_both(transactions.clone(), &own[1], [&y, &x]),
                    );
                    // Each address has gone to one of them.
                    assert_ne!(there[0], back[1]);
                    assert_ne!(there[1], back[0]);
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    }
}

#[tokio::test]
async fn many_who_add_a_post_to_a_user_and_then_change_it_are_not_in_each_others_way() {
    let world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let mut transactions = world.transactions.clone();
        let post = pb::Post {
            title: format!("Post {caller}"),
            author_id: ada.id.clone(),
            ..pb::Post::default()
        };
        let create = Change::CreatePost(pb::CreatePostRequest {
            post: Some(post),
            ..pb::CreatePostRequest::default()
        });
        let mut operations = vec![
            operation(create),
            rename(&ada.id, &format!("Caller {caller}")),
        ];
        if caller % 2 == 0 {
            // A group is no other.
            let group = pb::NestedOperations { operations };
            operations = vec![operation(Change::Nested(group))];
        }
        let request = pb::ExecuteTransactionRequest {
            operations,
            ..pb::ExecuteTransactionRequest::default()
        };
        callers.spawn(async move { transactions.execute_transaction(request).await.unwrap() });
    }
    assert_eq!(callers.join_all().await.len(), CALLERS);

    let mut connection = world.database.connection().await;
    assert_eq!(count(&mut connection, SO_FAR).await, 0);
    let posts = count(&mut connection, "select count(*) from posts").await;
    assert_eq!(usize::try_from(posts).unwrap(), CALLERS);
    let versions = count(&mut connection, "select version from users").await;
    assert_eq!(usize::try_from(versions).unwrap(), CALLERS + 1);
}
