//! What several targets need.

pub mod pb;
mod seeds;

pub use seeds::hold;
