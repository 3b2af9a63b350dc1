//! Byline's use cases: what is decided, in which unit of work, and what a caller
//! is told. Talks to the ports of the domain and to nothing else.

pub mod access;
pub mod audit;
mod batch;
pub mod credential;
mod error;
pub mod export;
mod held;
pub mod import;
mod mutation;
pub mod post;
mod record;
mod sweep;
#[cfg(test)]
mod testing;
pub mod transaction;
mod turns;
pub mod user;
mod writer;

pub use self::batch::{Atomicity, Batch, Batched, Outcomes};
pub use self::error::{Error, Precondition};
pub use self::mutation::{Mutation, Terms};
pub use self::sweep::{Load, NoLoad, Sweep, Swept};
pub use self::writer::{Answer, GroupCommit, Grouped, Intent, Render, Writer};
