//! What every adapter of the ports must do, as tests that each adapter runs.
//!
//! A case is handed a fresh, empty store. None begins a unit of work while the
//! same task holds another, since an adapter may make the second wait for the
//! first.
#![allow(missing_docs, reason = "a case is described by its name")]
#![allow(
    clippy::similar_names,
    reason = "posts are kept through ports, and both words are the right ones"
)]

pub mod audit;
pub mod audit_batches;
pub mod batches_at_once;
mod cases;
mod cases_of_changes;
mod cases_of_reads;
pub mod concurrency;
pub mod counts;
pub mod credentials;
pub mod exports;
pub mod fresh_posts;
pub mod groups;
pub mod heavy_posts;
mod importing;
pub mod imports;
pub mod masks;
mod orders;
pub mod page_places;
pub mod post_batches;
pub mod post_changes;
pub mod post_contents;
pub mod post_filters;
pub mod post_imports;
pub mod post_lookups;
pub mod post_orders;
pub mod post_pages;
pub mod post_searches;
pub mod post_snippets;
pub mod random_filters;
pub mod random_imports;
pub mod random_walks;
pub mod relations;
pub mod requests;
pub mod savepoints;
pub mod searches;
mod support;
pub mod sweeping;
pub mod throttles;
pub mod transactions;
pub mod transfers;
pub mod trash;
pub mod user_batches;
pub mod user_changes;
pub mod user_filters;
pub mod user_imports;
pub mod user_lookups;
pub mod user_orders;
pub mod user_pages;
mod walks;
pub mod weights;

#[cfg(test)]
mod completeness;

use std::sync::Arc;

use crate::audit::AuditReader;
use crate::credential::{CredentialReader, Throttle};
use crate::export::Exporter;
use crate::post::PostReader;
use crate::sweep::Sweeper;
use crate::unit_of_work::UnitOfWorkFactory;
use crate::user::UserReader;

/// An adapter of all ports, over one store.
#[derive(Clone)]
pub struct Ports {
    pub users: Arc<dyn UserReader>,
    pub posts: Arc<dyn PostReader>,
    pub units: Arc<dyn UnitOfWorkFactory>,
    pub sweeper: Arc<dyn Sweeper>,
    pub exporter: Arc<dyn Exporter>,
    pub credentials: Arc<dyn CredentialReader>,
    pub throttle: Arc<dyn Throttle>,
    pub audit: Arc<dyn AuditReader>,
}
