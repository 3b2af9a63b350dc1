//! Accounts and the posts they author: pure types, and the ports through which
//! they are kept.
//!
//! Nothing here knows a database, a wire format, a clock or a source of
//! randomness. A value of one of these types is valid by construction.
#![warn(missing_docs)]

pub mod access;
pub mod audit;
pub mod clock;
pub mod count;
pub mod credential;
pub mod error;
pub mod export;
pub mod field;
pub mod filter;
pub mod ids;
pub mod import;
pub mod lifecycle;
pub mod meter;
pub mod order;
pub mod page;
pub mod pause;
pub mod post;
pub mod request;
pub mod search;
pub mod selection;
pub mod sweep;
#[cfg(feature = "reference")]
pub mod testing;
mod text;
pub mod trash;
pub mod unit_of_work;
pub mod user;
