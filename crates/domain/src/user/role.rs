//! What a user is to the organisation that keeps the account.

use crate::text::line;

line! {
    /// A role: 1 to 50 characters on one line. Byline gives it no meaning.
    Role, 50
}

impl Default for Role {
    /// `user`.
    fn default() -> Self {
        Self("user".to_owned())
    }
}
