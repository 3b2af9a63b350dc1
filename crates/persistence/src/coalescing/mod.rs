//! Read ports whose reads of one row each become one statement where they arrive together
//! (`docs/adr/0012-reads-that-arrive-together.md`). Knows the ports and no SQL.

mod failure;
mod loader;
mod posts;
mod same;
mod users;

pub use self::posts::CoalescingPosts;
pub use self::users::CoalescingUsers;
