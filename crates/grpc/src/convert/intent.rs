//! What a request wants beside its change: an id to be sent again under, or only to try.

use std::mem;

use byline_app::Intent;
use byline_domain::access::{Caller, Scopes};
use byline_domain::error::{Invalid, Reason, ValidationError, Violations};
use byline_domain::ids::RequestId;
use byline_domain::request::{Digest, Request};
use prost::Message;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::optional_id;
use crate::access::reach;
use crate::pb;

/// A request that changes something.
pub(crate) trait Mutating: Message + Default {
    /// The method that takes it.
    const METHOD: &'static str;

    /// Where its id is.
    fn request_id(&mut self) -> &mut String;

    /// Where it says whether it is only to be tried.
    fn validate_only(&mut self) -> &mut bool;

    /// The scopes that it needs beside those of its method, for what it reaches for.
    fn reach(&self) -> Scopes;
}

macro_rules! mutating {
    ($($method:literal $request:ident $(reaching $reach:expr)?,)*) => {
        $(
            impl Mutating for pb::$request {
                const METHOD: &'static str = $method;

                fn request_id(&mut self) -> &mut String {
                    &mut self.request_id
                }

                fn validate_only(&mut self) -> &mut bool {
                    &mut self.validate_only
                }

                fn reach(&self) -> Scopes {
                    let reached = Scopes::NONE;
                    $(let reached = reached.and($reach(self));)?
                    reached
                }
            }
        )*
    };
}

mutating! {
    "CredentialService/SetPassword" SetPasswordRequest reaching reach::of_setting,
    "CredentialService/ImportPasswordHash" ImportPasswordHashRequest,
    "UserService/CreateUser" CreateUserRequest,
    "UserService/UpdateUser" UpdateUserRequest,
    "UserService/DeleteUser" DeleteUserRequest reaching reach::of_deletion,
    "UserService/UndeleteUser" UndeleteUserRequest,
    "UserService/PurgeUser" PurgeUserRequest,
    "UserService/BatchCreateUsers" BatchCreateUsersRequest,
    "UserService/BatchUpdateUsers" BatchUpdateUsersRequest,
    "UserService/BatchDeleteUsers" BatchDeleteUsersRequest reaching reach::of_deletions,
    "PostService/CreatePost" CreatePostRequest,
    "PostService/UpdatePost" UpdatePostRequest,
    "PostService/PublishPost" PublishPostRequest,
    "PostService/UnpublishPost" UnpublishPostRequest,
    "PostService/DeletePost" DeletePostRequest,
    "PostService/UndeletePost" UndeletePostRequest,
    "PostService/PurgePost" PurgePostRequest,
    "PostService/TransferPosts" TransferPostsRequest reaching reach::of_transfer,
    "PostService/BatchCreatePosts" BatchCreatePostsRequest,
    "PostService/BatchUpdatePosts" BatchUpdatePostsRequest,
    "PostService/BatchDeletePosts" BatchDeletePostsRequest,
    "TransactionService/ExecuteTransaction" ExecuteTransactionRequest reaching reach::of_transaction,
}

/// Takes from the request what it wants beside its change. Two requests are the same if
/// all else in them is.
pub(crate) fn take<R: Mutating>(
    request: &mut R,
    caller: &Caller,
) -> Result<Intent, ValidationError> {
    let validate_only = mem::take(request.validate_only());
    let id = mem::take(request.request_id());
    let id = optional_id(&id, |id| request_id(id, caller))
        .map_err(|invalid| invalid.at("request_id"))?;
    Ok(Intent {
        request: id.map(|id| Request {
            id,
            method: R::METHOD,
            digest: digest(request),
        }),
        validate_only,
        ..Intent::default()
    })
}

/// Refuses what a request inside another one says of itself: that is for the outer to say.
pub(super) fn refuse_inner<R: Mutating>(request: &mut R) -> Result<(), ValidationError> {
    let mut violations = Violations::new();
    let mut refuse = |field: &str, is_set: bool| {
        if is_set {
            let message = "must be left out here: it is said once for all";
            violations.push(Invalid::new(Reason::Malformed, message).at(field));
        }
    };
    refuse("request_id", !request.request_id().is_empty());
    refuse("validate_only", *request.validate_only());
    violations.finish()
}

fn digest(request: &impl Message) -> Digest {
    Digest(Sha256::digest(request.encode_to_vec()).into())
}

/// What a request is known by that says this id: the same of two callers is two, so that nobody is
/// given, or refused, for what another one sent. It begins as what was said, since ids that grow
/// are kept side by side.
pub(super) fn request_id(text: &str, caller: &Caller) -> Result<RequestId, Invalid> {
    let said = RequestId::parse(text)?.as_uuid();
    let hash = Sha256::new()
        .chain_update(said.as_bytes())
        .chain_update(caller.id());
    let mut bytes = said.into_bytes();
    bytes[8..].copy_from_slice(&hash.finalize()[..8]);
    Ok(RequestId::from_uuid(Uuid::from_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01";

    fn request(email: &str, request_id: &str) -> pb::CreateUserRequest {
        pb::CreateUserRequest {
            user: Some(pb::User {
                email: email.to_owned(),
                ..pb::User::default()
            }),
            request_id: request_id.to_owned(),
            ..pb::CreateUserRequest::default()
        }
    }

    fn identified(mut request: impl Mutating) -> Request {
        let intent = take(&mut request, &Caller::anybody()).expect("a valid id");
        intent.request.expect("it has an id")
    }

    #[test]
    fn a_retry_is_the_same_request_whatever_its_id_is_written_like() {
        let first = identified(request("ada@example.com", ID));
        let retry = identified(request("ada@example.com", &ID.to_uppercase()));
        assert_eq!(first, retry);
        let tried = pb::CreateUserRequest {
            validate_only: true,
            ..request("ada@example.com", ID)
        };
        assert_eq!(identified(tried), first);
    }

    #[test]
    fn another_body_method_or_caller_is_another_request() {
        let of = |caller: &Caller| {
            let mut request = request("ada@example.com", ID);
            take(&mut request, caller).expect("a valid id").request
        };
        let of_anybody = of(&Caller::anybody()).expect("it has an id");
        let of_nobody = of(&Caller::nobody()).expect("it has an id");
        assert_ne!(of_anybody.id, of_nobody.id);
        // Kept side by side.
        let begins = |request: &Request| request.id.as_uuid().as_bytes()[..8].to_vec();
        assert_eq!(begins(&of_anybody), begins(&of_nobody));

        let first = identified(request("ada@example.com", ID));
        let other = identified(request("alan@example.com", ID));
        assert_ne!(first.digest, other.digest);

        let delete = pb::DeleteUserRequest {
            id: ID.to_owned(),
            request_id: ID.to_owned(),
            ..pb::DeleteUserRequest::default()
        };
        let undelete = pb::UndeleteUserRequest {
            id: ID.to_owned(),
            request_id: ID.to_owned(),
            ..pb::UndeleteUserRequest::default()
        };
        assert_ne!(identified(delete), identified(undelete));
    }

    #[test]
    fn an_id_is_no_must_but_a_uuid() {
        let mut without = request("ada@example.com", "");
        assert_eq!(
            take(&mut without, &Caller::anybody())
                .expect("none is fine")
                .request,
            None
        );

        let refused =
            take(&mut request("ada@example.com", "again"), &Caller::anybody()).unwrap_err();
        let violation = &refused.violations()[0];
        assert_eq!(violation.field, "request_id");
        assert_eq!(violation.reason, Reason::Malformed);
    }
}
