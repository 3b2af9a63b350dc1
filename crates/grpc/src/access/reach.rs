//! What a request reaches for beside what its method is for. Were it not asked for, whoever
//! may read posts could read the addresses of their authors.

use byline_app::audit::ListAuditEvents;
use byline_app::export::{ExportPosts, ExportUsers};
use byline_app::post::{BatchGetPosts, CountPosts, GetPost, ListPosts, SearchPosts};
use byline_app::user::{BatchGetUsers, CountUsers, GetUser, ListUsers, SearchUsers};
use byline_domain::access::{Scope, Scopes};
use byline_domain::filter::{Filter, PostTest, UserTest, parse_posts};
use byline_domain::post::PostMask;
use byline_domain::user::UserMask;
use chrono::DateTime;

use super::rights;
use crate::convert::Walk;
use crate::convert::intent::Mutating;
use crate::pb;
use crate::pb::operation::Operation as Wire;

/// A request that has been read.
pub(crate) trait Reach {
    /// The scopes that it needs beside those of its method.
    fn reach(&self) -> Scopes;
}

/// What is tested of users or posts.
trait Tests {
    fn relates(&self) -> bool;

    /// What the relation leads to.
    const RELATED: Scope;
}

impl Tests for UserTest {
    fn relates(&self) -> bool {
        matches!(self, Self::SomePost(_))
    }

    const RELATED: Scope = Scope::PostsRead;
}

impl Tests for PostTest {
    fn relates(&self) -> bool {
        matches!(self, Self::Author(_))
    }

    const RELATED: Scope = Scope::UsersRead;
}

/// What of users or posts is read.
trait Mask {
    fn relates(&self) -> bool;
}

impl Mask for UserMask {
    fn relates(&self) -> bool {
        self.post_count || self.posts.is_some()
    }
}

impl Mask for PostMask {
    fn relates(&self) -> bool {
        self.author.is_some()
    }
}

fn reach<T: Tests>(filter: Option<&Filter<T>>, mask: Option<&dyn Mask>) -> Scopes {
    let filters = filter.is_some_and(|filter| filter.any_test(&T::relates));
    if filters || mask.is_some_and(Mask::relates) {
        Scopes::NONE.with(T::RELATED)
    } else {
        Scopes::NONE
    }
}

macro_rules! reaches {
    ($($test:ident: $($query:ident($($filter:ident)?, $($mask:ident)?),)*;)*) => {
        $($(
            impl Reach for $query {
                fn reach(&self) -> Scopes {
                    let filter: Option<&Filter<$test>> = None;
                    $(let filter = self.$filter.meets.as_ref().or(filter);)?
                    let mask: Option<&dyn Mask> = None;
                    $(let mask = Some(&self.$mask as &dyn Mask).or(mask);)?
                    reach(filter, mask)
                }
            }
        )*)*
    };
}

reaches! {
    UserTest:
        GetUser(, mask),
        BatchGetUsers(, mask),
        ListUsers(filter, mask),
        SearchUsers(filter, mask),
        CountUsers(filter, ),
        ExportUsers(filter, ),
    ;
    PostTest:
        GetPost(, mask),
        BatchGetPosts(, mask),
        ListPosts(filter, mask),
        SearchPosts(filter, mask),
        CountPosts(filter, ),
        ExportPosts(filter, ),
    ;
}

/// Events have no relations.
impl Reach for ListAuditEvents {
    fn reach(&self) -> Scopes {
        Scopes::NONE
    }
}

/// With where to go on from there.
impl<Q: Reach> Reach for (Q, Walk) {
    fn reach(&self) -> Scopes {
        self.0.reach()
    }
}

/// That posts go along with a user.
pub(crate) fn of_deletion(request: &pb::DeleteUserRequest) -> Scopes {
    if request.force {
        Scopes::NONE.with(Scope::PostsWrite)
    } else {
        Scopes::NONE
    }
}

/// The same of many.
pub(crate) fn of_deletions(batch: &pb::BatchDeleteUsersRequest) -> Scopes {
    let requests = batch.requests.iter().map(of_deletion);
    requests.fold(Scopes::NONE, Scopes::and)
}

/// That posts are told apart by what they say, or by their authors.
pub(crate) fn of_transfer(request: &pb::TransferPostsRequest) -> Scopes {
    if request.filter.trim().is_empty() {
        return Scopes::NONE;
    }
    let related = match parse_posts(&request.filter, DateTime::UNIX_EPOCH) {
        Ok(filter) => reach(filter.as_ref(), None),
        // It may be one at another time: durations count from now. No filter leads to authors
        // without naming them.
        Err(_) if request.filter.contains("author") => Scopes::NONE.with(Scope::UsersRead),
        Err(_) => Scopes::NONE,
    };
    related.with(Scope::PostsRead)
}

/// That a password is verified before another one is set.
pub(crate) fn of_setting(request: &pb::SetPasswordRequest) -> Scopes {
    if request.current_password.is_some() {
        Scopes::NONE.with(Scope::CredentialsVerify)
    } else {
        Scopes::NONE
    }
}

/// What each of its operations needs by its own method, and what it reaches for.
pub(crate) fn of_transaction(request: &pb::ExecuteTransactionRequest) -> Scopes {
    operations(&request.operations)
}

fn operations(operations: &[pb::Operation]) -> Scopes {
    operations
        .iter()
        .filter_map(|operation| operation.operation.as_ref())
        .fold(Scopes::NONE, |scopes, operation| {
            scopes.and(of_operation(operation))
        })
}

fn of_operation(operation: &Wire) -> Scopes {
    match operation {
        Wire::CreateUser(request) => one(request),
        Wire::UpdateUser(request) => one(request),
        Wire::DeleteUser(request) => one(request),
        Wire::UndeleteUser(request) => one(request),
        Wire::CreatePost(request) => one(request),
        Wire::UpdatePost(request) => one(request),
        Wire::PublishPost(request) => one(request),
        Wire::UnpublishPost(request) => one(request),
        Wire::DeletePost(request) => one(request),
        Wire::UndeletePost(request) => one(request),
        Wire::TransferPosts(request) => one(request),
        Wire::Nested(group) => operations(&group.operations),
    }
}

fn one<R: Mutating + prost::Name>(request: &R) -> Scopes {
    rights::contract().of_request::<R>().and(request.reach())
}
