//! What happens to every call, whatever its method; from outside in: [`call`]
//! gives it an id, tells in a [`trailer`] what it cost, and logs it, [`admission`]
//! bounds how many there are at once, [`deadline`] ends it in time.

pub(crate) mod admission;
pub(crate) mod call;
pub(crate) mod deadline;
mod trailer;

use std::pin::Pin;

/// The answer to a call, as it comes from a layer.
pub(crate) type Answer<E> =
    Pin<Box<dyn Future<Output = Result<http::Response<tonic::body::Body>, E>> + Send>>;

/// Whether a call is one of ours: health and reflection answer whatever happens,
/// and their streams stay open as long as a client likes.
fn is_bounded(path: &str) -> bool {
    !path.starts_with("/grpc.")
}
