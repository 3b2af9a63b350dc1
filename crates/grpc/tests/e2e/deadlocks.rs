//! Transactions that wait for each other in a circle.

use std::sync::Arc;

use byline_grpc::pb;
use byline_grpc::pb::operation::Operation as Change;
use byline_grpc::pb::transaction_service_client::TransactionServiceClient;
use byline_grpc::pb::user_service_client::UserServiceClient;
use byline_persistence::testing::{TestDatabase, count, execute};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tonic::transport::Channel;

use crate::support::Server;
use crate::transactions::operation;

const PAIRS: usize = 8;
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
    let user = pb::User {
        email: email.to_owned(),
        ..pb::User::default()
    };
    let request = pb::CreateUserRequest {
        user: Some(user),
        ..pb::CreateUserRequest::default()
    };
    let answer = users.create_user(request).await.unwrap();
    answer.into_inner().user.unwrap().id
}

/// Renames the first, then somebody whom nobody else renames, then the second.
async fn rename_both(
    mut transactions: TransactionServiceClient<Channel>,
    [first, own, second]: [&str; 3],
    name: &str,
) {
    let mut operations = vec![rename(first, name)];
    operations.extend((0..3).map(|step| rename(own, &format!("{name}, {step}"))));
    operations.push(rename(second, name));
    let mut request = tonic::Request::new(pb::ExecuteTransactionRequest {
        operations,
        ..pb::ExecuteTransactionRequest::default()
    });
    request.set_timeout(std::time::Duration::from_secs(25));
    let answer = transactions.execute_transaction(request).await;
    answer.expect("a deadlock is the server's to deal with");
}

#[tokio::test]
async fn of_a_thousand_deadlocks_none_reaches_a_caller() {
    let database = TestDatabase::new().await;
    execute(&mut database.connection().await, SOON).await;
    let server = Server::serve(&database.url(), &[]).await;
    let channel = server.channel().await;
    let mut users = UserServiceClient::new(channel.clone());
    let transactions = TransactionServiceClient::new(channel);

    let mut rounds = 0;
    let mut pairs = Vec::new();
    for pair in 0..PAIRS {
        let mut ids = Vec::new();
        for name in ["a", "b", "c", "d"] {
            ids.push(user(&mut users, &format!("{name}{pair}@x.org")).await);
        }
        pairs.push(Arc::new(<[String; 4]>::try_from(ids).unwrap()));
    }
    let mut connection = database.connection().await;
    while count(&mut connection, SO_FAR).await < DEADLOCKS {
        assert!(rounds < 100, "they do not meet");
        rounds += 1;
        let mut tasks = JoinSet::new();
        for ids in &pairs {
            let start = Arc::new(Barrier::new(2));
            for turned in [false, true] {
                let (ids, start) = (Arc::clone(ids), Arc::clone(&start));
                let transactions = transactions.clone();
                tasks.spawn(async move {
                    let [a, b, c, d] = ids.each_ref().map(String::as_str);
                    let order = if turned { [b, d, a] } else { [a, c, b] };
                    for step in 0..25 {
                        start.wait().await;
                        let name = format!("{rounds} {step} {turned}");
                        rename_both(transactions.clone(), order, &name).await;
                    }
                });
            }
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    }
}
