//! The gRPC services.

mod change;
mod post;
mod transaction;
mod transfer;
mod user;

pub(crate) use self::post::PostRpc;
pub(crate) use self::transaction::TransactionRpc;
pub(crate) use self::transfer::TransferRpc;
pub(crate) use self::user::UserRpc;
