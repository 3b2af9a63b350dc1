//! Pages of rows, the slow way: sort all, then leave out what was not asked for.

use std::cmp::Ordering;

use crate::error::RepositoryError;
use crate::field::Field;
use crate::order::{Direction, Order};
use crate::page::{Cursor, MAX_BYTES, Page, PageRequest};

/// A row, and its place in the list.
pub(super) type Placed<T> = (Cursor, T);

/// Refuses a cursor of another list: a defect of the caller of the port.
pub(super) fn check_cursor(
    request: &PageRequest,
    fits: impl Fn(&Cursor) -> bool,
) -> Result<(), RepositoryError> {
    match &request.after {
        Some(cursor) if !fits(cursor) => Err(RepositoryError::Internal(
            "the cursor belongs to a list of another order".into(),
        )),
        Some(_) | None => Ok(()),
    }
}

/// Whether a cursor can be a place among the results of a search.
pub(super) fn is_rank(cursor: &Cursor) -> bool {
    cursor.rank().is_some()
}

/// The page that was asked for, of rows in the order of their places.
pub(super) fn page_of<T>(
    mut rows: Vec<Placed<T>>,
    request: &PageRequest,
    compare: impl Fn(&Cursor, &Cursor) -> Ordering,
    weight: impl Fn(&T) -> u64,
) -> Page<T> {
    rows.sort_by(|(a, _), (b, _)| compare(a, b));
    let skip = usize::try_from(request.skip).unwrap_or(usize::MAX);
    let mut rows = rows
        .into_iter()
        .filter(|(place, _)| match &request.after {
            Some(after) => compare(place, after).is_gt(),
            None => true,
        })
        .skip(skip)
        .peekable();

    let mut placed: Vec<Placed<T>> = Vec::new();
    let mut total: u64 = 0;
    while placed.len() < request.size.get() {
        // The first always comes: an empty page would end the list before it.
        let fits = |(_, item): &Placed<T>| {
            placed.is_empty() || total.saturating_add(weight(item)) <= MAX_BYTES
        };
        let Some(row) = rows.next_if(fits) else {
            break;
        };
        total = total.saturating_add(weight(&row.1));
        placed.push(row);
    }
    let more = rows.peek().is_some();
    Page::new(placed, more)
}

/// The order of a list: by one value after the other, then by the id.
pub(super) fn by_keys<F: Field>(order: &Order<F>) -> impl Fn(&Cursor, &Cursor) -> Ordering {
    move |a, b| {
        let values = a.values.iter().zip(&b.values);
        order
            .keys()
            .zip(values)
            .map(|(key, (a, b))| directed(key.direction, a.cmp(b)))
            .find(|ordering| ordering.is_ne())
            .unwrap_or_else(|| directed(order.tie_direction(), a.id.cmp(&b.id)))
    }
}

fn directed(direction: Direction, ascending: Ordering) -> Ordering {
    match direction {
        Direction::Ascending => ascending,
        Direction::Descending => ascending.reverse(),
    }
}

/// The order of a search: the greatest rank first, then the greatest id.
pub(super) fn by_rank(a: &Cursor, b: &Cursor) -> Ordering {
    (&b.values, b.id).cmp(&(&a.values, a.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::{PageSize, SortValue};
    use crate::testing::fixtures::post_id;

    /// No post is as heavy today, so that the conformance suite cannot ask.
    #[test]
    fn a_row_that_is_too_heavy_for_any_page_comes_alone() {
        let place = |number| Cursor {
            values: vec![SortValue::Rank(-7)],
            id: post_id(number).as_uuid(),
        };
        let mut request = PageRequest::first(PageSize::DEFAULT);
        for number in [3, 2, 1] {
            let rows = [1, 2, 3].map(|number| (place(number), number)).into();
            let page = page_of(rows, &request, by_rank, |_| MAX_BYTES + 1);
            assert_eq!(page.items, [number]);
            assert_eq!(page.next, (number > 1).then(|| place(number)));
            request.after = page.next;
        }
    }
}
