//! What happens to every call, whatever its method; from outside in: [`call`]
//! gives it an id, tells in a [`trailer`] what it cost, and logs it, [`access`] finds out
//! who makes it and whether they may, [`admission`] bounds how many there are at once, [`deadline`] ends it in time,
//! [`arrival`] waits for its request for some seconds, and by [`whole`] takes none for whole that was given up.
//!
//! A transfer takes none of the places of calls: it may take an hour, and as long as it
//! waits for its other side it does nothing. It has a place of its own, which its service
//! gives and takes back, since its stream ends long after the answer has passed here.

pub(crate) mod access;
pub(crate) mod admission;
pub(crate) mod arrival;
pub(crate) mod call;
pub(crate) mod deadline;
mod headers;
mod trailer;
mod whole;

use std::pin::Pin;

/// The answer to a call, as it comes from a layer.
pub(crate) type Answer<E> =
    Pin<Box<dyn Future<Output = Result<http::Response<tonic::body::Body>, E>> + Send>>;

/// Whether a call is one of ours: health and reflection answer whatever happens.
fn is_bounded(path: &str) -> bool {
    !path.starts_with("/grpc.")
}

/// Whether a call is a stream that everybody may open and keep open as long as they like: the
/// watches of health, and reflection.
fn is_endless(path: &str) -> bool {
    !is_bounded(path) && path != "/grpc.health.v1.Health/Check"
}

/// Whether a call is a transfer, which has bounds of its own.
fn is_transfer(path: &str) -> bool {
    path.starts_with("/byline.v1.TransferService/")
}
