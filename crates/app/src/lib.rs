//! Byline's use cases: what is decided, in which unit of work, and what a caller
//! is told. Talks to the ports of the domain and to nothing else.

mod error;
pub mod post;
mod retry;
#[cfg(test)]
mod testing;
pub mod user;

pub use self::error::{Error, Precondition};
