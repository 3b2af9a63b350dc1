//! Batches on the wire.

use byline_app::{Atomicity, Batch, Outcomes};
use byline_domain::error::{Invalid, Reason, ValidationError, Violations, join};
use byline_domain::post::PostHead;
use byline_domain::user::User;
use tonic_types::Status;

use super::check_key_count;
use super::intent::{Mutating, refuse_inner};
use crate::pb;
use crate::status;

/// A request that holds many of one kind.
pub(crate) trait Many: Mutating {
    /// What it holds.
    type One: Mutating + Send;

    /// What it holds, and what becomes of the others when one fails.
    fn open(self) -> (Vec<Self::One>, i32);
}

macro_rules! many {
    ($($many:ident of $one:ident,)*) => {
        $(
            impl Many for pb::$many {
                type One = pb::$one;

                fn open(self) -> (Vec<pb::$one>, i32) {
                    (self.requests, self.atomicity)
                }
            }
        )*
    };
}

many! {
    BatchCreateUsersRequest of CreateUserRequest,
    BatchUpdateUsersRequest of UpdateUserRequest,
    BatchDeleteUsersRequest of DeleteUserRequest,
    BatchCreatePostsRequest of CreatePostRequest,
    BatchUpdatePostsRequest of UpdatePostRequest,
    BatchDeletePostsRequest of DeletePostRequest,
}

/// What is wrong with each request of a batch that is not even tried.
pub(crate) struct Refused(Vec<Option<ValidationError>>);

/// Reads a batch. Where each stands for itself, so does what is wrong with it; else it is
/// wrong of the batch.
pub(crate) fn read<Q: Many, M>(
    request: Q,
    convert: impl Fn(Q::One) -> Result<M, ValidationError>,
) -> Result<(Batch<M>, Refused), ValidationError> {
    let (requests, atomicity) = request.open();
    let mut violations = Violations::new();
    let atomicity = violations.check("atomicity", read_atomicity(atomicity));
    // Of too many, nothing else is told.
    let requests = if check_key_count(&mut violations, "requests", requests.len()) {
        requests
    } else {
        Vec::new()
    };
    let each = atomicity == Some(Atomicity::Each);
    let mut items = Vec::with_capacity(requests.len());
    let mut refused = Vec::with_capacity(requests.len());
    for (index, mut one) in requests.into_iter().enumerate() {
        let inner = refuse_inner(&mut one);
        match join(convert(one), inner) {
            Ok((item, ())) => {
                items.push(item);
                refused.push(None);
            }
            Err(error) if each => refused.push(Some(error)),
            Err(error) => {
                violations.gather::<()>(Err(error.within(&format!("requests[{index}]"))));
            }
        }
    }
    let batch = atomicity.map(|atomicity| Batch { items, atomicity });
    Ok((violations.finish_with(batch)?, Refused(refused)))
}

/// All or nothing, unless the caller says otherwise.
pub(super) fn read_atomicity(number: i32) -> Result<Atomicity, Invalid> {
    match pb::Atomicity::try_from(number) {
        Ok(pb::Atomicity::Unspecified | pb::Atomicity::All) => Ok(Atomicity::All),
        Ok(pb::Atomicity::Each) => Ok(Atomicity::Each),
        Err(_) => Err(Invalid::new(
            Reason::Unknown,
            "must be ATOMICITY_ALL or ATOMICITY_EACH",
        )),
    }
}

impl Refused {
    /// What became of each request, in their order.
    pub(crate) fn beside<T, R: From<Result<T, Status>>>(&self, outcomes: Outcomes<T>) -> Vec<R> {
        let mut outcomes = outcomes.into_iter();
        let results = self.0.iter().filter_map(|refused| match refused {
            Some(error) => Some(Err(status::invalid_item(error))),
            None => Some(outcomes.next()?.map_err(status::of_item)),
        });
        results.map(R::from).collect()
    }
}

impl From<Result<User, Status>> for pb::UserResult {
    fn from(outcome: Result<User, Status>) -> Self {
        use pb::user_result::Result as One;
        Self {
            result: Some(match outcome {
                Ok(user) => One::User(user.into()),
                Err(status) => One::Status(status),
            }),
        }
    }
}

impl From<Result<PostHead, Status>> for pb::PostResult {
    fn from(outcome: Result<PostHead, Status>) -> Self {
        use pb::post_result::Result as One;
        Self {
            result: Some(match outcome {
                Ok(head) => One::Post(head.into()),
                Err(status) => One::Status(status),
            }),
        }
    }
}
