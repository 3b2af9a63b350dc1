//! Whether the schema is what it should be, and migrations that make it so.
//!
//! What is wanted stands in `schema.sql`. It and the migrations are each applied to an
//! empty database, and what PostgreSQL has made of them is compared; so is a database in
//! use. Owners and privileges are not compared, nor is the order of columns.

mod allow;
mod catalog;
mod check;
mod diff;
mod error;
mod files;
mod lost;
mod render;
mod revision;
mod scratch;

pub use self::catalog::{Catalog, Key, Kind};
pub use self::check::{Checked, Live, check};
pub use self::diff::{Change, Difference};
pub use self::error::SchemaError;
pub use self::lost::Lost;
pub use self::revision::{Revision, revision};
pub use self::scratch::ScratchOptions;

/// What is different between what there `is` and what is `wanted`, in order.
pub fn differences(is: &Catalog, wanted: &Catalog) -> Vec<Difference> {
    diff::differences(is, wanted)
}
