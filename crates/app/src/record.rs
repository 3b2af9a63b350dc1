//! What is kept of requests that carry an id, as changes of all kinds meet it.

use byline_domain::error::RepositoryError;
use byline_domain::request::{Request, RequestRecord};
use byline_domain::unit_of_work::UnitOfWork;
use chrono::{DateTime, Utc};

use crate::Error;

/// What was answered to a request.
pub(crate) type Recorded = Result<Vec<u8>, Error>;

/// Takes the id of the request for this unit of work. If it is taken, answers what the
/// request was told then; `RequestIdReused` if that was another one.
pub(crate) async fn claim(
    unit: &mut dyn UnitOfWork,
    request: &Request,
    now: DateTime<Utc>,
) -> Result<Option<Recorded>, RepositoryError> {
    let found = unit.requests().claim(request, now).await?;
    Ok(found.map(|record| told(record, request)))
}

/// What the request was told, of which that is kept; `RequestIdReused` if it is of another one.
pub(crate) fn told(record: RequestRecord, request: &Request) -> Recorded {
    if record.is_of(request) {
        Ok(record.response)
    } else {
        Err(Error::RequestIdReused)
    }
}
