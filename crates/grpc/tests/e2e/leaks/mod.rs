//! Nothing that callers or operators trust the program with comes out where it does not belong.
//!
//! What is secret (passwords, hashes, tokens, keys, peppers) is told to nobody. What is personal
//! (addresses, names, titles, contents) is told to those who may read it, in answers, and in no
//! error. What a caller asks by (ids, filters, masks) may be repeated to that caller. No log has
//! any of it, whatever level it is on.
//!
//! Each of these is sent as a mark that stands nowhere else, through every method and every way in
//! which one fails, and all that comes out is looked through. There are no metrics yet.

mod beside_calls;
mod callers;
mod commands;
mod fill;
mod imports;
pub(crate) mod marks;
mod messages;
mod service;
mod stage;
mod started;

pub(crate) use fill::hash;

/// Who is called by tokens; the keys of these are somebody's to name.
const BY_TOKENS: [&str; 6] = ["--auth", "jwt", "--jwt-issuer", "i", "--jwt-audience", "a"];
