//! Byline's ports on PostgreSQL 15 or newer. The only crate that knows the driver.

mod access;
mod audit;
mod batch;
mod coalescing;
mod copy;
mod count;
mod credential;
pub mod doctor;
pub mod embedded;
mod error;
mod export;
mod filter;
pub mod grants;
mod import;
mod keyset;
pub mod meter;
pub mod migrate;
mod plan;
mod pool;
mod post;
mod request;
mod row;
pub mod schema;
pub mod search_language;
mod sweep;
mod table;
#[cfg(feature = "testing")]
pub mod testing;
mod unit_of_work;
mod user;
mod watch;
mod weight;

pub use self::coalescing::{CoalescingPosts, CoalescingUsers};
pub use self::error::is_forbidden;
pub use self::pool::{Database, PoolSettings};
/// Where a server is, and how to log in to it.
pub use sqlx::postgres::{PgConnectOptions, PgSslMode};
