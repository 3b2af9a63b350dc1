//! What the contract says of batches and transactions.

use byline_grpc::pb;
use byline_grpc::pb::operation::Operation as Kind;

use crate::model::calls::{Change, Wishes};
use crate::model::checks::Checks;
use crate::model::outcome::{Expected, Made};
use crate::model::refusal::{Refusal, Violation};
use crate::model::state::Model;

/// How many requests or operations there may be.
pub(crate) const MOST: usize = 1_000;
/// How deep groups may be nested.
pub(crate) const DEEPEST: usize = 8;

/// Whether what fails of a batch is undone alone.
fn each_is_made(atomicity: i32) -> bool {
    atomicity == i32::from(pb::Atomicity::Each)
}

fn wrong_of_one(request: &(impl Change + Wishes)) -> Vec<Violation> {
    let mut checks = Checks::default();
    checks.inner(request);
    [request.violations(), checks.finish()].concat()
}

fn wrong_of_batch(requests: &[impl Change + Wishes], atomicity: i32) -> Vec<Violation> {
    let mut checks = Checks::default();
    let is_unknown = pb::Atomicity::try_from(atomicity).is_err();
    checks.check("atomicity", is_unknown.then_some("UNKNOWN"));
    if requests.is_empty() || requests.len() > MOST {
        checks.check("requests", Some("OUT_OF_RANGE"));
    } else if !each_is_made(atomicity) {
        for (index, request) in requests.iter().enumerate() {
            checks.within(&format!("requests[{index}]"), wrong_of_one(request));
        }
    }
    checks.finish()
}

fn make_batch(requests: &[impl Change + Wishes], atomicity: i32, model: &mut Model) -> Made {
    let mut done = Vec::new();
    for (index, request) in requests.iter().enumerate() {
        let wrong = wrong_of_one(request);
        let outcome = if wrong.is_empty() {
            model.attempt(|model| request.make(model))
        } else {
            Err(Refusal::invalid(wrong))
        };
        done.push(match outcome {
            Ok(made) => made.brief(),
            Err(refusal) if each_is_made(atomicity) => Expected::Refused(refusal),
            Err(refusal) => return Err(refusal.of_item(format!("requests[{index}]"))),
        });
    }
    Ok(Expected::Many(done))
}

macro_rules! batches {
    ($($request:ident)*) => {
        $(
            impl Change for pb::$request {
                fn fill(&mut self, model: &Model) {
                    for request in &mut self.requests {
                        request.fill(model);
                    }
                }

                fn violations(&self) -> Vec<Violation> {
                    wrong_of_batch(&self.requests, self.atomicity)
                }

                fn make(&self, model: &mut Model) -> Made {
                    make_batch(&self.requests, self.atomicity, model)
                }
            }
        )*
    };
}

batches! {
    BatchCreateUsersRequest BatchUpdateUsersRequest BatchDeleteUsersRequest
    BatchCreatePostsRequest BatchUpdatePostsRequest BatchDeletePostsRequest
}

macro_rules! operations {
    ($($kind:ident $name:literal,)*) => {
        /// What an operation is called.
        fn name(kind: &Kind) -> &'static str {
            match kind {
                $(Kind::$kind(_) => $name,)*
                Kind::Nested(_) => "nested",
            }
        }

        fn wrong_of_operation(kind: &Kind, depth: usize) -> Vec<Violation> {
            match kind {
                $(Kind::$kind(request) => wrong_of_one(request),)*
                Kind::Nested(group) => wrong_of_operations(&group.operations, depth),
            }
        }

        fn make_operation(kind: &Kind, model: &mut Model) -> Made {
            match kind {
                $(Kind::$kind(request) => request.make(model),)*
                Kind::Nested(group) => {
                    let made = model.attempt(|model| make_operations(&group.operations, model));
                    Ok(made.unwrap_or_else(Expected::Refused))
                }
            }
        }

        fn fill_operation(kind: &mut Kind, model: &Model) {
            match kind {
                $(Kind::$kind(request) => request.fill(model),)*
                Kind::Nested(group) => fill_operations(&mut group.operations, model),
            }
        }
    };
}

operations! {
    CreateUser "create_user",
    UpdateUser "update_user",
    DeleteUser "delete_user",
    UndeleteUser "undelete_user",
    CreatePost "create_post",
    UpdatePost "update_post",
    PublishPost "publish_post",
    UnpublishPost "unpublish_post",
    DeletePost "delete_post",
    UndeletePost "undelete_post",
    TransferPosts "transfer_posts",
}

fn fill_operations(operations: &mut [pb::Operation], model: &Model) {
    let kinds = operations.iter_mut();
    for kind in kinds.filter_map(|operation| operation.operation.as_mut()) {
        fill_operation(kind, model);
    }
}

fn count(operations: &[pb::Operation]) -> usize {
    let groups = operations
        .iter()
        .map(|operation| match &operation.operation {
            Some(Kind::Nested(group)) => count(&group.operations),
            _ => 0,
        });
    operations.len() + groups.sum::<usize>()
}

fn wrong_of_operations(operations: &[pb::Operation], depth: usize) -> Vec<Violation> {
    let mut checks = Checks::default();
    if operations.is_empty() {
        checks.check("operations", Some("REQUIRED"));
    }
    for (index, operation) in operations.iter().enumerate() {
        let path = format!("operations[{index}]");
        match &operation.operation {
            None => checks.check(&path, Some("REQUIRED")),
            Some(Kind::Nested(_)) if depth == DEEPEST => {
                checks.check(&format!("{path}.nested"), Some("OUT_OF_RANGE"));
            }
            Some(kind) => {
                let path = format!("{path}.{}", name(kind));
                checks.within(&path, wrong_of_operation(kind, depth + 1));
            }
        }
    }
    checks.finish()
}

fn make_operations(operations: &[pb::Operation], model: &mut Model) -> Made {
    let mut done = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        let kind = operation.operation.as_ref().unwrap();
        let item = || format!("operations[{index}].{}", name(kind));
        let made = make_operation(kind, model);
        done.push(made.map_err(|refusal| refusal.of_item(item()))?.brief());
    }
    Ok(Expected::Many(done))
}

impl Change for pb::ExecuteTransactionRequest {
    fn fill(&mut self, model: &Model) {
        fill_operations(&mut self.operations, model);
    }

    fn violations(&self) -> Vec<Violation> {
        if count(&self.operations) > MOST {
            let mut checks = Checks::default();
            checks.check("operations", Some("OUT_OF_RANGE"));
            return checks.finish();
        }
        wrong_of_operations(&self.operations, 0)
    }

    fn make(&self, model: &mut Model) -> Made {
        make_operations(&self.operations, model)
    }
}
