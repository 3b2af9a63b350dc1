//! How the fields of a noun stand in its table.

use byline_domain::field::Field;
use byline_domain::trash::Trash;

/// A noun's fields as columns of its table. Names are not qualified: in a subquery
/// they mean the innermost table.
pub(crate) trait Table: Field {
    /// The table.
    const TABLE: &'static str;

    /// The value.
    fn value(self) -> &'static str;

    /// What rows are ordered by: never null, and what an index of this order is made
    /// on. What is absent is less than all else.
    fn sort_key(self) -> &'static str;

    /// The text in lower case, where an index is made on that.
    fn folded(self) -> Option<&'static str>;

    /// What a cursor keeps of the row: null where the value is absent.
    fn sort_value(self) -> &'static str;
}

/// The column in whose order each index over ids has its rows.
pub(crate) const CREATED_AT: &str = "created_at";

/// The value by which an absent time is ordered.
pub(crate) const ABSENT_TIME: &str = "'-infinity'::timestamptz";
/// The text by which an absent text is ordered: no text that is ordered is empty.
pub(crate) const ABSENT_TEXT: &str = "''";

/// The rows outside the trash and those in it: each order has an index for either.
pub(crate) const LIVING: &str = "deleted_at is null";
pub(crate) const DELETED: &str = "deleted_at is not null";

/// The condition on that side of the trash, after another.
pub(crate) fn alive(trash: Trash) -> &'static str {
    match trash {
        Trash::Exclude => " and deleted_at is null",
        Trash::Include => "",
    }
}
