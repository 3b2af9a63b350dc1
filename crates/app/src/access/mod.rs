//! Who calls, as far as API keys tell.

mod key_ring;
mod keys;

pub use self::key_ring::{KeyRefusal, KeyRing};
pub use self::keys::{Keys, NewKey};
