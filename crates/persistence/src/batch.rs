//! What is written by one statement for many.

use std::collections::HashSet;

use byline_domain::ids::UserId;
use uuid::Uuid;

/// What each of them has as that.
pub(crate) fn column<'i, T, V>(items: &'i [T], value: impl Fn(&'i T) -> V) -> Vec<V> {
    items.iter().map(value).collect()
}

/// The ids as the driver takes them.
pub(crate) fn uuids(ids: &[UserId]) -> Vec<Uuid> {
    column(ids, UserId::as_uuid)
}

/// The items in the order given, in as few pieces as hold no id twice: what a statement
/// answers by id is then about one item.
pub(crate) fn runs<T>(items: &[T], id: impl Fn(&T) -> Uuid) -> Vec<&[T]> {
    let mut runs = Vec::new();
    let mut seen = HashSet::with_capacity(items.len());
    let mut start = 0;
    for (place, item) in items.iter().enumerate() {
        if !seen.insert(id(item)) {
            runs.push(&items[start..place]);
            start = place;
            seen.clear();
            seen.insert(id(item));
        }
    }
    if start < items.len() {
        runs.push(&items[start..]);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(items: &[u128]) -> Vec<&[u128]> {
        runs(items, |item| Uuid::from_u128(*item))
    }

    #[test]
    fn a_run_ends_before_an_id_that_it_holds_already() {
        assert_eq!(cut(&[]), [[0; 0]; 0]);
        assert_eq!(cut(&[1, 2, 3]), [[1, 2, 3]]);
        assert_eq!(cut(&[1, 2, 1, 2, 3, 3]), [&[1, 2][..], &[1, 2, 3], &[3]]);
        assert_eq!(cut(&[1, 1]), [[1], [1]]);
    }
}
