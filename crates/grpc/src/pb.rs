//! The contract, as generated from `proto/byline/v1`.
#![allow(clippy::all, clippy::pedantic, clippy::unwrap_used, unreachable_pub)]
#![allow(clippy::wildcard_enum_match_arm, clippy::future_not_send, missing_docs)]

tonic::include_proto!("byline.v1");

/// The descriptors of the contract and of what it imports, comments included.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// Shows that it is there, and nothing of what it holds: a password or a hash of one.
macro_rules! without_secrets {
    ($($message:ident,)*) => {
        $(
            impl std::fmt::Debug for $message {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.debug_struct(stringify!($message)).finish_non_exhaustive()
                }
            }
        )*
    };
}

without_secrets! {
    SetPasswordRequest,
    VerifyPasswordRequest,
    ImportPasswordHashRequest,
}
