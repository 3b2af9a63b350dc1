//! What a caller can act on, and nothing finer.

use byline_domain::error::{Corrupt, RepositoryError, Resource, Source};
use byline_domain::ids::{PostId, UserId};
use chrono::TimeDelta;
use uuid::Uuid;

/// Why a use case did not do what was asked. Nothing was changed, but for
/// [`Error::OutcomeUnknown`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such resource, or it is in the trash.
    #[error("{resource} {key} was not found")]
    NotFound {
        /// The kind of the resource.
        resource: Resource,
        /// What it was looked for by: its id or its e-mail address.
        key: String,
    },
    /// Another resource has a value that must be unique.
    #[error("a {resource} with this {field} already exists")]
    AlreadyExists {
        /// The kind of the resource.
        resource: Resource,
        /// The field, by its name in the contract.
        field: &'static str,
    },
    /// Something that is to come out of the trash is not in it (AIP-164).
    #[error("{resource} {id} is not in the trash")]
    NotDeleted {
        /// The kind of the resource.
        resource: Resource,
        /// Its id.
        id: Uuid,
    },
    /// Something else must be done first.
    #[error(transparent)]
    Precondition(#[from] Precondition),
    /// The resource is not in the state that the caller expects.
    #[error("{resource} {id} was changed since that etag was read")]
    EtagMismatch {
        /// The kind of the resource.
        resource: Resource,
        /// Its id.
        id: Uuid,
    },
    /// One of several changes could not be made.
    #[error("{item}: {source}")]
    Item {
        /// Which, by its path in the request.
        item: String,
        /// Why.
        source: Box<Self>,
    },
    /// A row of an import is about the same resource as an earlier one.
    #[error("row {earlier} of this import is about the same {resource}")]
    RowRepeated {
        /// The kind of the resource.
        resource: Resource,
        /// The field in which they meet, by its name in the contract.
        field: &'static str,
        /// The number of the earlier row.
        earlier: u64,
    },
    /// It is not the user's password, or there is no such user, or one who cannot be verified:
    /// which of these is told to nobody.
    #[error("the password was not verified")]
    PasswordNotVerified,
    /// A password that is set is the user's own address or name.
    #[error("a password is the user's own address or name")]
    PasswordOfUser,
    /// The caller's verifications failed too often.
    #[error("too many verifications of this caller failed")]
    TooManyFailures {
        /// When those are forgotten.
        retry_after: TimeDelta,
    },
    /// As many passwords wait to be hashed as may.
    #[error("the server is busy with as many passwords as it takes")]
    TooManyVerifications,
    /// As many of the caller's passwords wait to be hashed as one caller's may.
    #[error(
        "the caller has as many passwords under way as a caller may, which is half of what the \
         server takes"
    )]
    VerificationShareExceeded,
    /// The id of this request was given to another one before.
    #[error("this request_id was given to another request: give every new request a new one")]
    RequestIdReused,
    /// What was asked for does not fit into one answer.
    #[error("what was asked for is too large for one answer: ask for fewer at once")]
    ResponseTooLarge,
    /// Concurrent changes were in the way at every try.
    #[error("concurrent changes were in the way")]
    Contention(#[source] Source),
    /// The database cannot be reached, or not in time.
    #[error("the database is not available")]
    Unavailable(#[source] Source),
    /// The database took too long for this.
    #[error("the database is not available")]
    TimedOut(#[source] Source),
    /// The connection to the database ended, with nothing changed.
    #[error("the database is not available")]
    ConnectionLost(#[source] Source),
    /// The connection was lost while the change was committed: it may have been made.
    #[error(
        "the connection to the database was lost while the change was committed: it may have \
         been made; the same request_id makes sure that sending it again does not make it twice"
    )]
    OutcomeUnknown(#[source] Source),
    /// A defect; the source says which.
    #[error("an internal error occurred")]
    Internal(#[source] Source),
}

/// What must be done first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Precondition {
    /// The author must be taken out of the trash.
    #[error("author {author} is in the trash: undelete the author first")]
    AuthorInTrash {
        /// The author.
        author: UserId,
    },
    /// The posts must be deleted.
    #[error("user {user} has posts: delete them first")]
    UserHasPosts {
        /// The user.
        user: UserId,
    },
    /// The resource must be taken out of the trash.
    #[error("user {user} is in the trash: undelete it first")]
    UserInTrash {
        /// The user.
        user: UserId,
    },
    /// The resource must be taken out of the trash.
    #[error("post {post} is in the trash: undelete it first")]
    PostInTrash {
        /// The post.
        post: PostId,
    },
    /// A password that was set is not replaced by an import.
    #[error("user {user} has a password that was set here: an import does not replace it")]
    PasswordAlreadySet {
        /// The user.
        user: UserId,
    },
    /// The resource must be put in the trash.
    #[error("user {user} is not in the trash: delete it first")]
    UserNotInTrash {
        /// The user.
        user: UserId,
    },
    /// The resource must be put in the trash.
    #[error("post {post} is not in the trash: delete it first")]
    PostNotInTrash {
        /// The post.
        post: PostId,
    },
}

impl Error {
    pub(crate) fn user_not_found(id: UserId) -> Self {
        Self::NotFound {
            resource: Resource::User,
            key: id.to_string(),
        }
    }

    pub(crate) fn post_not_found(id: PostId) -> Self {
        Self::NotFound {
            resource: Resource::Post,
            key: id.to_string(),
        }
    }

    /// Whether it is about what was asked for, rather than about what is in the way or away
    /// or broken.
    pub fn can_be_mended(&self) -> bool {
        match self {
            Self::NotFound { .. }
            | Self::AlreadyExists { .. }
            | Self::NotDeleted { .. }
            | Self::Precondition(_)
            | Self::EtagMismatch { .. }
            | Self::Item { .. }
            | Self::RowRepeated { .. }
            | Self::PasswordNotVerified
            | Self::PasswordOfUser
            | Self::RequestIdReused
            | Self::ResponseTooLarge => true,
            Self::TooManyFailures { .. }
            | Self::TooManyVerifications
            | Self::VerificationShareExceeded
            | Self::Contention(_)
            | Self::Unavailable(_)
            | Self::TimedOut(_)
            | Self::ConnectionLost(_)
            | Self::OutcomeUnknown(_)
            | Self::Internal(_) => false,
        }
    }

    /// The same, of that item of the request; of what is not about the request, nothing
    /// more is said. What is in an item is named by both.
    pub(crate) fn at(self, outer: impl Into<String>) -> Self {
        let outer = outer.into();
        if !self.can_be_mended() {
            return self;
        }
        if let Self::Item { item, source } = self {
            return Self::Item {
                item: format!("{outer}.{item}"),
                source,
            };
        }
        Self::Item {
            item: outer,
            source: Box::new(self),
        }
    }
}

impl From<RepositoryError> for Error {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::AlreadyExists { resource, field } => {
                Self::AlreadyExists { resource, field }
            }
            RepositoryError::TooLarge => Self::ResponseTooLarge,
            RepositoryError::Contention(source) => Self::Contention(source),
            RepositoryError::Unavailable(source) => Self::Unavailable(source),
            RepositoryError::TimedOut(source) => Self::TimedOut(source),
            RepositoryError::ConnectionLost(source) => Self::ConnectionLost(source),
            // Use cases lock what they change and what they refer to, so that
            // neither can happen but by a defect.
            error @ (RepositoryError::StaleVersion { .. }
            | RepositoryError::ReferenceMissing { .. }
            | RepositoryError::Corrupt(_)
            | RepositoryError::Internal(_)) => Self::Internal(Box::new(error)),
        }
    }
}

impl From<Corrupt> for Error {
    fn from(corrupt: Corrupt) -> Self {
        RepositoryError::from(corrupt).into()
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use byline_domain::testing::fixtures::{post_id, user_id};

    use super::*;

    fn corrupt() -> Corrupt {
        Corrupt {
            table: "users",
            column: "email",
            id: user_id(1).as_uuid(),
        }
    }

    #[test]
    fn what_a_caller_can_act_on_keeps_its_meaning() {
        assert!(matches!(
            Error::from(RepositoryError::AlreadyExists {
                resource: Resource::User,
                field: "email",
            }),
            Error::AlreadyExists {
                resource: Resource::User,
                field: "email",
            }
        ));
        assert!(matches!(
            Error::from(RepositoryError::TooLarge),
            Error::ResponseTooLarge
        ));
        assert!(matches!(
            Error::from(RepositoryError::Contention("deadlock".into())),
            Error::Contention(source) if source.to_string() == "deadlock"
        ));
        assert!(matches!(
            Error::from(RepositoryError::Unavailable("no connection".into())),
            Error::Unavailable(source) if source.to_string() == "no connection"
        ));
        assert!(matches!(
            Error::from(RepositoryError::TimedOut("too slow".into())),
            Error::TimedOut(source) if source.to_string() == "too slow"
        ));
    }

    #[test]
    fn what_only_a_defect_can_cause_is_internal() {
        let defects = [
            RepositoryError::StaleVersion {
                resource: Resource::User,
            },
            RepositoryError::ReferenceMissing {
                resource: Resource::User,
            },
            corrupt().into(),
            RepositoryError::Internal("a bad statement".into()),
        ];
        for defect in defects {
            let told = defect.to_string();
            let error = Error::from(defect);
            assert!(matches!(error, Error::Internal(_)), "{told}: {error:?}");
            let source = error.source().expect("the source says which defect it is");
            assert_eq!(source.to_string(), told);
        }
    }

    #[test]
    fn a_defect_is_not_explained_to_the_caller() {
        let error = Error::from(corrupt());
        assert_eq!(error.to_string(), "an internal error occurred");
    }

    #[test]
    fn what_is_missing_is_named() {
        let (user, post) = (user_id(1), post_id(2));
        assert_eq!(
            Error::user_not_found(user).to_string(),
            format!("user {user} was not found")
        );
        assert_eq!(
            Error::post_not_found(post).to_string(),
            format!("post {post} was not found")
        );
    }

    #[test]
    fn a_precondition_says_what_to_do_first() {
        let user = user_id(1);
        assert_eq!(
            Error::from(Precondition::UserHasPosts { user }).to_string(),
            format!("user {user} has posts: delete them first")
        );
    }
}
