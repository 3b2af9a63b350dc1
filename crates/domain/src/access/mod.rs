//! Who calls, and what callers may do.

mod api_key;
mod caller;
mod ports;
mod role;
mod scope;

pub use self::api_key::{ApiKey, KeyId, KeyRecord, PresentedKey, SecretHash};
pub use self::caller::{Caller, CallerName, Way};
#[cfg(feature = "testing")]
pub use self::ports::MockKeyReader;
pub use self::ports::{KeyReader, KeyRepository};
pub use self::role::AccessRole;
pub use self::scope::{Scope, Scopes};
