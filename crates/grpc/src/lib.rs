//! Byline over gRPC: the tonic adapter of the use cases, and the program.

mod access;
mod bootstrap;
mod causes;
pub mod cli;
mod codec;
mod convert;
mod demo;
mod health;
mod layers;
mod page_token;
mod passwords;
pub mod pb;
mod rates;
mod secret_key;
mod server;
mod service;
mod shares;
mod status;
mod sweeping;
mod system;
mod transport;
