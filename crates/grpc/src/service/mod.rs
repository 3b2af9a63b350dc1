//! The gRPC services.

mod post;
mod user;

pub(crate) use self::post::PostRpc;
pub(crate) use self::user::UserRpc;
