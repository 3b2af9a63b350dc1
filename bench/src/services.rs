//! The services of the contract as anybody generates them from `proto/byline/v1`, for the servers
//! that Byline is compared with. The messages are those of `byline_grpc::pb`.
#![allow(clippy::all, clippy::pedantic, unreachable_pub, dead_code)]

include!(concat!(env!("OUT_DIR"), "/byline.v1.rs"));
