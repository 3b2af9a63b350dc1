//! How every request that reads something is read.

use byline_domain::access::Caller;
use byline_domain::error::ValidationError;
use tonic::{Request, Status};

use crate::access::{self, Reach};
use crate::status::invalid;

/// What a request asks for, if its caller may reach for that. `convert` reads the request, for
/// that caller.
pub(super) fn read<R, Q: Reach>(
    request: &Request<R>,
    convert: impl FnOnce(&R, &Caller) -> Result<Q, ValidationError>,
) -> Result<Q, Status> {
    let caller = access::caller(request);
    let query = convert(request.get_ref(), &caller).map_err(|error| invalid(&error))?;
    access::require(&caller, query.reach())?;
    Ok(query)
}
