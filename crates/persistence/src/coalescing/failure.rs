//! What a statement of many means for each of them when it fails.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use byline_domain::error::{RepositoryError, Source};

/// Whether it can be due to what was asked for, so that a part of it may be had.
pub(super) fn is_of_what_was_asked(error: &RepositoryError) -> bool {
    match error {
        RepositoryError::TooLarge
        | RepositoryError::TimedOut(_)
        | RepositoryError::Corrupt(_)
        | RepositoryError::Internal(_) => true,
        RepositoryError::AlreadyExists { .. }
        | RepositoryError::ReferenceMissing { .. }
        | RepositoryError::StaleVersion { .. }
        | RepositoryError::Contention(_)
        | RepositoryError::Unavailable(_)
        | RepositoryError::ConnectionLost(_) => false,
    }
}

/// The error once more, for another one who is told it.
pub(super) fn again(error: &Arc<RepositoryError>) -> RepositoryError {
    let source = || -> Source { Box::new(Again(Arc::clone(error))) };
    match **error {
        RepositoryError::AlreadyExists { resource, field } => {
            RepositoryError::AlreadyExists { resource, field }
        }
        RepositoryError::ReferenceMissing { resource } => {
            RepositoryError::ReferenceMissing { resource }
        }
        RepositoryError::StaleVersion { resource } => RepositoryError::StaleVersion { resource },
        RepositoryError::TooLarge => RepositoryError::TooLarge,
        RepositoryError::Corrupt(corrupt) => RepositoryError::Corrupt(corrupt),
        RepositoryError::Contention(_) => RepositoryError::Contention(source()),
        RepositoryError::Unavailable(_) => RepositoryError::Unavailable(source()),
        RepositoryError::TimedOut(_) => RepositoryError::TimedOut(source()),
        RepositoryError::ConnectionLost(_) => RepositoryError::ConnectionLost(source()),
        RepositoryError::Internal(_) => RepositoryError::Internal(source()),
    }
}

/// What an adapter met underneath, which several are told.
#[derive(Debug)]
struct Again(Arc<RepositoryError>);

impl fmt::Display for Again {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.source() {
            Some(met) => write!(f, "{met}"),
            None => write!(f, "{}", self.0),
        }
    }
}

impl Error for Again {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()?.source()
    }
}
