//! The audit log: who did what to which id.

mod callers;
mod reads;
mod silent;
mod together;

use byline_grpc::pb;
use byline_grpc::pb::audit_service_client::AuditServiceClient;
use tonic::{Code, Request};

use crate::support::World;

/// Has no event be kept.
pub(crate) const FULL: &str =
    "alter table audit_events add constraint full_up check (false) not valid;
    alter table audit_batches add constraint full_up check (false) not valid";
pub(crate) const NOT_FULL: &str = "alter table audit_events drop constraint full_up;
    alter table audit_batches drop constraint full_up";

impl World {
    /// A page of events, the newest first.
    async fn page_of_events(
        &self,
        request: pb::ListAuditEventsRequest,
    ) -> pb::ListAuditEventsResponse {
        let mut audit = AuditServiceClient::new(self.server.channel().await);
        let answer = audit.list_audit_events(request).await.unwrap();
        answer.into_inner()
    }

    /// The events that the filter means, the newest first.
    async fn events(&self, filter: &str) -> Vec<pb::AuditEvent> {
        let request = pb::ListAuditEventsRequest {
            filter: filter.to_owned(),
            page_size: 1_000,
            ..pb::ListAuditEventsRequest::default()
        };
        self.page_of_events(request).await.events
    }
}

/// What was done to which, in the order in which it was done.
fn deeds(events: &[pb::AuditEvent]) -> Vec<(&str, &str)> {
    let events = events.iter().rev();
    events
        .map(|event| (event.action.as_str(), event.resource_id.as_str()))
        .collect()
}

fn renamed(id: &str, name: &str) -> pb::UpdateUserRequest {
    pb::UpdateUserRequest {
        user: Some(pb::User {
            id: id.to_owned(),
            name: Some(name.to_owned()),
            ..pb::User::default()
        }),
        ..pb::UpdateUserRequest::default()
    }
}

fn operation(operation: pb::operation::Operation) -> pb::Operation {
    pb::Operation {
        operation: Some(operation),
    }
}

#[tokio::test]
async fn what_is_undone_and_what_makes_no_difference_leaves_no_event() {
    use pb::operation::Operation::{Nested, UpdateUser};
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let alan = world.user("alan@example.com").await;
    let nobody = "0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01";
    let mut expected = vec![
        ("user.created", ada.id.as_str()),
        ("user.created", alan.id.as_str()),
    ];

    // No difference.
    let rename = renamed(&ada.id, "Ada");
    for _ in 0..2 {
        world.users.update_user(rename.clone()).await.unwrap();
    }
    expected.push(("user.updated", ada.id.as_str()));
    assert_eq!(deeds(&world.events("").await), expected);
    // A refusal.
    let refused = world.users.update_user(renamed(nobody, "X")).await;
    assert_eq!(refused.unwrap_err().code(), Code::NotFound);
    // A batch of which all are undone, and one of which each stands for itself.
    for atomicity in [pb::Atomicity::All, pb::Atomicity::Each] {
        let batch = pb::BatchUpdateUsersRequest {
            requests: vec![renamed(&ada.id, "B"), renamed(nobody, "B")],
            atomicity: atomicity.into(),
            ..pb::BatchUpdateUsersRequest::default()
        };
        let answer = world.users.batch_update_users(batch).await;
        assert_eq!(answer.is_ok(), atomicity == pb::Atomicity::Each);
    }
    expected.push(("user.updated", ada.id.as_str()));
    assert_eq!(deeds(&world.events("").await), expected);
    // There and back, which is two differences.
    let batch = pb::BatchUpdateUsersRequest {
        requests: vec![renamed(&ada.id, "C"), renamed(&ada.id, "B")],
        ..pb::BatchUpdateUsersRequest::default()
    };
    world.users.batch_update_users(batch).await.unwrap();
    expected.extend([("user.updated", ada.id.as_str()); 2]);
    assert_eq!(deeds(&world.events("").await), expected);
    // A group that is undone alone, inside one that is not.
    let undone = pb::NestedOperations {
        operations: vec![
            operation(UpdateUser(renamed(&ada.id, "undone"))),
            operation(UpdateUser(renamed(nobody, "undone"))),
        ],
    };
    let group = pb::NestedOperations {
        operations: vec![
            operation(Nested(undone)),
            operation(UpdateUser(renamed(&alan.id, "kept"))),
        ],
    };
    let transaction = pb::ExecuteTransactionRequest {
        operations: vec![
            operation(Nested(group)),
            operation(UpdateUser(renamed(&ada.id, "kept"))),
        ],
        ..pb::ExecuteTransactionRequest::default()
    };
    let done = world.transactions.execute_transaction(transaction).await;
    done.unwrap();
    expected.push(("user.updated", alan.id.as_str()));
    expected.push(("user.updated", ada.id.as_str()));
    assert_eq!(deeds(&world.events("").await), expected);
}

#[tokio::test]
async fn what_is_done_to_many_is_told_with_their_count() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let alan = world.user("alan@example.com").await;
    for title in ["One", "Two", "Three"] {
        world.post(&ada, title).await;
    }
    let given = pb::TransferPostsRequest {
        from_author_id: ada.id.clone(),
        to_author_id: alan.id.clone(),
        ..pb::TransferPostsRequest::default()
    };
    world.posts.transfer_posts(given.clone()).await.unwrap();
    // There is nothing more to give.
    world.posts.transfer_posts(given).await.unwrap();
    let deleted = pb::DeleteUserRequest {
        id: alan.id.clone(),
        force: true,
        ..pb::DeleteUserRequest::default()
    };
    world.users.delete_user(deleted).await.unwrap();
    let undeleted = pb::UndeleteUserRequest {
        id: alan.id.clone(),
        ..pb::UndeleteUserRequest::default()
    };
    world.users.undelete_user(undeleted).await.unwrap();
    let events = world.events("action : 'posts.'").await;
    let expected = [
        ("posts.given", ada.id.as_str()),
        ("posts.received", alan.id.as_str()),
        ("posts.deleted", alan.id.as_str()),
        ("posts.undeleted", alan.id.as_str()),
    ];
    assert_eq!(deeds(&events), expected);
    for event in &events {
        assert_eq!((event.count, &*event.resource_kind), (Some(3), "user"));
    }
    let of_alan = world.events(&format!("resource_id = {}", alan.id)).await;
    let expected = [
        ("user.created", alan.id.as_str()),
        ("posts.received", alan.id.as_str()),
        ("user.deleted", alan.id.as_str()),
        ("posts.deleted", alan.id.as_str()),
        ("user.undeleted", alan.id.as_str()),
        ("posts.undeleted", alan.id.as_str()),
    ];
    assert_eq!(deeds(&of_alan), expected);
}

#[tokio::test]
async fn fields_are_named_and_the_call_is_the_callers() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let update = pb::UpdateUserRequest {
        user: Some(pb::User {
            id: ada.id.clone(),
            email: "ada@byron.org".into(),
            role: "editor".into(),
            is_active: Some(true),
            ..pb::User::default()
        }),
        ..pb::UpdateUserRequest::default()
    };
    let mut request = Request::new(update);
    let id = "deploy-7.a_b".parse().unwrap();
    request.metadata_mut().insert("x-request-id", id);
    world.users.update_user(request).await.unwrap();
    let [event] = &world.events("request_id = \"deploy-7.a_b\"").await[..] else {
        panic!("one call leaves one event");
    };
    // Whether she is active was named in the request, and is as it was.
    assert_eq!(event.fields, ["email", "role"]);
    assert_eq!(event.resource_id, ada.id);
}
