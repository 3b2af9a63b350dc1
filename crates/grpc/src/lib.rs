//! Byline over gRPC: the tonic adapter of the use cases, and the program.

mod convert;
mod layers;
mod page_token;
pub mod pb;
mod service;
mod status;
