//! Titles of posts.

use crate::text::line;

line! {
    /// What a post is called: 1 to 200 characters on one line.
    Title, 200
}
