//! Why a token is not taken.

/// Why a token was not taken. What it says is for a log, and holds nothing of the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It is good for nothing, here and now.
    #[error("the token is not taken: {0}")]
    Invalid(&'static str),
    /// It was good until its time was over.
    #[error("the token has expired")]
    Expired,
    /// It may be good: its key may be one that could not be read.
    #[error("the token cannot be verified: {0}")]
    Unavailable(String),
}
