//! What changes hands when posts are given to another author.

use chrono::{DateTime, Utc};

use crate::ids::PostId;

/// Where a post stands among those of its author, the oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PostAge {
    /// When the post was made.
    pub created_at: DateTime<Utc>,
    /// Which of those that were made at the same time.
    pub id: PostId,
}

/// What a part of a transfer has given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// How many posts.
    pub count: u64,
    /// The last of them, after which the next part goes on; `None` if none was given.
    pub last: Option<PostAge>,
}
