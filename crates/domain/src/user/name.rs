//! People's names.

use crate::text::line;

line! {
    /// How a user is called: 1 to 100 characters on one line.
    UserName, 100
}
