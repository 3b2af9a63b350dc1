//! Who calls, and what they may do. The layer `access` asks here before anything of a request
//! is read; what a request reaches for besides, its service asks when it has read it.

mod bearer;
mod bounds;
mod gate;
pub(crate) mod jwt;
pub(crate) mod mtls;
pub(crate) mod reach;
pub(crate) mod rights;

use byline_domain::access::{Caller, Scopes};
use tonic::{Request, Status};

pub(crate) use self::bounds::Bounds;
pub(crate) use self::gate::{Gate, Refusal, Ways};
pub(crate) use self::reach::Reach;

use crate::status::scopes_missing;

/// The caller of a request, as the layer found it. One that came past the layer may do nothing.
pub(crate) fn caller<T>(request: &Request<T>) -> Caller {
    let found = request.extensions().get::<Caller>();
    found.cloned().unwrap_or_else(Caller::nobody)
}

/// Refuses a caller that lacks one of those scopes.
pub(crate) fn require(caller: &Caller, needed: Scopes) -> Result<(), Status> {
    let missing = caller.lacks(needed);
    if missing.is_empty() {
        Ok(())
    } else {
        Err(scopes_missing(missing))
    }
}
