//! The gRPC services.

mod audit;
mod change;
mod credential;
mod origin;
mod post;
mod read;
mod transaction;
mod transfer;
mod user;

pub(crate) use self::audit::AuditRpc;
pub(crate) use self::credential::CredentialRpc;
pub(crate) use self::post::PostRpc;
pub(crate) use self::transaction::TransactionRpc;
pub(crate) use self::transfer::TransferRpc;
pub(crate) use self::user::UserRpc;
