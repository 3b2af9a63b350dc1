//! Transactions on the wire.

use byline_app::transaction::{Done, Operation, Transaction};
use byline_domain::error::{Invalid, Reason, ValidationError, Violations, join};

use super::intent::{Mutating, refuse_inner};
use super::{Lists, post, user};
use crate::pb;
use crate::pb::operation::Operation as Wire;
use crate::pb::operation_result::Result as Outcome;
use crate::status;
use byline_domain::ids::IdGenerator;

/// What it takes to read operations.
pub(crate) struct Reader<'r> {
    pub(crate) ids: &'r dyn IdGenerator,
    pub(crate) lists: &'r Lists,
}

impl Reader<'_> {
    /// Reads a transaction, and names all that is wrong with it.
    pub(crate) fn transaction(
        &self,
        request: pb::ExecuteTransactionRequest,
    ) -> Result<Transaction, ValidationError> {
        let count = count(&request.operations);
        if count > Transaction::MAX_OPERATIONS {
            let most = Transaction::MAX_OPERATIONS;
            let message = format!("must be {most} at most, in groups or not, not {count}");
            return Err(Invalid::new(Reason::OutOfRange, message)
                .at("operations")
                .into());
        }
        let operations = self.operations(request.operations, 0)?;
        Ok(Transaction { operations })
    }

    fn operations(
        &self,
        operations: Vec<pb::Operation>,
        depth: usize,
    ) -> Result<Vec<Operation>, ValidationError> {
        if operations.is_empty() {
            return Err(Invalid::required().at("operations").into());
        }
        let mut violations = Violations::new();
        let mut read = Vec::with_capacity(operations.len());
        for (index, operation) in operations.into_iter().enumerate() {
            let path = format!("operations[{index}]");
            let operation = match operation.operation {
                Some(operation) => self
                    .operation(operation, depth)
                    .map_err(|error| error.within(&path)),
                None => Err(Invalid::required().at(path).into()),
            };
            read.extend(violations.gather(operation));
        }
        violations.finish()?;
        Ok(read)
    }

    fn operation(&self, operation: Wire, depth: usize) -> Result<Operation, ValidationError> {
        match operation {
            Wire::CreateUser(request) => {
                let convert = |request| user::create(request, self.ids);
                one("create_user", request, convert).map(Operation::CreateUser)
            }
            Wire::UpdateUser(request) => {
                one("update_user", request, user::update).map(Operation::UpdateUser)
            }
            Wire::DeleteUser(request) => {
                one("delete_user", request, user::delete).map(Operation::DeleteUser)
            }
            Wire::UndeleteUser(request) => {
                one("undelete_user", request, user::undelete).map(Operation::UndeleteUser)
            }
            Wire::CreatePost(request) => {
                let convert = |request| post::create(request, self.ids);
                one("create_post", request, convert).map(Operation::CreatePost)
            }
            Wire::UpdatePost(request) => {
                one("update_post", request, post::update).map(Operation::UpdatePost)
            }
            Wire::PublishPost(request) => {
                one("publish_post", request, post::publish).map(Operation::PublishPost)
            }
            Wire::UnpublishPost(request) => {
                one("unpublish_post", request, post::unpublish).map(Operation::UnpublishPost)
            }
            Wire::DeletePost(request) => {
                one("delete_post", request, post::delete).map(Operation::DeletePost)
            }
            Wire::UndeletePost(request) => {
                one("undelete_post", request, post::undelete).map(Operation::UndeletePost)
            }
            Wire::TransferPosts(request) => {
                let convert = |request| post::transfer(&request, self.lists);
                one("transfer_posts", request, convert).map(Operation::TransferPosts)
            }
            Wire::Nested(group) => {
                let depth = depth + 1;
                if depth > Transaction::MAX_DEPTH {
                    let most = Transaction::MAX_DEPTH;
                    let message = format!("must not be a group in {most} others");
                    return Err(Invalid::new(Reason::OutOfRange, message)
                        .at("nested")
                        .into());
                }
                let operations = self.operations(group.operations, depth);
                let operations = operations.map_err(|error| error.within("nested"))?;
                Ok(Operation::Nested(operations))
            }
        }
    }
}

/// Reads a request that stands in the field of that name.
fn one<R: Mutating, M>(
    name: &str,
    mut request: R,
    convert: impl FnOnce(R) -> Result<M, ValidationError>,
) -> Result<M, ValidationError> {
    let inner = refuse_inner(&mut request);
    let (mutation, ()) = join(convert(request), inner).map_err(|error| error.within(name))?;
    Ok(mutation)
}

/// How many operations there are, those in groups and the groups counted.
fn count(operations: &[pb::Operation]) -> usize {
    let inner = operations
        .iter()
        .map(|operation| match &operation.operation {
            Some(Wire::Nested(group)) => count(&group.operations),
            _ => 0,
        });
    operations.len() + inner.sum::<usize>()
}

/// What became of each operation, in their order.
pub(crate) fn results(done: Vec<Done>) -> Vec<pb::OperationResult> {
    done.into_iter().map(Into::into).collect()
}

impl From<Done> for pb::OperationResult {
    fn from(done: Done) -> Self {
        let result = match done {
            Done::User(user) => Outcome::User(user.into()),
            Done::Post(head) => Outcome::Post(head.into()),
            Done::Transferred(count) => Outcome::Transfer(post::transferred(count)),
            Done::Nested(done) => Outcome::Nested(pb::NestedResults {
                results: results(done),
            }),
            Done::Undone(error) => Outcome::Status(status::of_item(error)),
        };
        Self {
            result: Some(result),
        }
    }
}
