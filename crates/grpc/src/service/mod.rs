//! The gRPC services.

mod post;
mod user;

pub use self::post::PostRpc;
pub use self::user::UserRpc;
