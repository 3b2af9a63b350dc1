//! What has to go, and come again, because something that it lies on changes.

use std::collections::BTreeSet;

use super::super::catalog::{Catalog, Key, Kind, Object};
use super::super::render::Impossible;

/// Adds what needs to be dropped and made again along with that, itself included.
pub(in crate::schema) fn whole(
    catalog: &Catalog,
    key: &Key,
    found: &mut BTreeSet<Key>,
) -> Result<(), Impossible> {
    if found.contains(key) {
        return Ok(());
    }
    let is_kept_apart = matches!(
        key.kind,
        Kind::Table | Kind::Schema | Kind::Extension | Kind::Other | Kind::Sequence
    );
    let is_written = |column: &Object| !column.is("generated");
    let loses =
        is_kept_apart || key.kind == Kind::Column && catalog.get(key).is_some_and(is_written);
    if loses {
        return Err(Impossible(format!(
            "{key} would have to be dropped and made again"
        )));
    }
    found.insert(key.clone());
    dependents(catalog, key, found)
}

/// Adds what needs to be dropped and made again around that.
pub(in crate::schema) fn dependents(
    catalog: &Catalog,
    key: &Key,
    found: &mut BTreeSet<Key>,
) -> Result<(), Impossible> {
    for dependent in catalog.needed_by(key) {
        whole(catalog, dependent, found)
            .map_err(|Impossible(why)| Impossible(format!("{why}, since it depends on {key}")))?;
    }
    Ok(())
}

/// The same around a column whose type changes: PostgreSQL itself makes the indexes,
/// constraints and statistics over it anew.
pub(in crate::schema) fn retyped(
    catalog: &Catalog,
    key: &Key,
    found: &mut BTreeSet<Key>,
) -> Result<(), Impossible> {
    for dependent in catalog.needed_by(key) {
        let follows = matches!(
            dependent.kind,
            Kind::Constraint | Kind::Index | Kind::Statistics | Kind::Ownership
        );
        if !follows {
            whole(catalog, dependent, found)?;
        }
    }
    Ok(())
}
