//! Pages of rows, the slow way: sort all, then leave out what was not asked for.

use std::cmp::Ordering;

use crate::error::RepositoryError;
use crate::page::{Cursor, Direction, MAX_BYTES, Page, PageRequest, SortValue};

/// A row, and its place in the list.
pub(super) type Placed<T> = (Cursor, T);

/// Refuses a cursor of another list: a defect of the caller of the port.
pub(super) fn check_cursor(
    request: &PageRequest,
    fits: impl Fn(&SortValue) -> bool,
) -> Result<(), RepositoryError> {
    match &request.after {
        Some(cursor) if !fits(&cursor.value) => Err(RepositoryError::Internal(
            "the cursor belongs to a list of another order".into(),
        )),
        Some(_) | None => Ok(()),
    }
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

    let mut page = Page {
        items: Vec::new(),
        next: None,
    };
    let mut last = None;
    let mut total = 0;
    while page.items.len() < request.size.get() {
        // The first always comes: an empty page would end the list before it.
        let fits =
            |(_, item): &Placed<T>| page.items.is_empty() || total + weight(item) <= MAX_BYTES;
        let Some((place, item)) = rows.next_if(fits) else {
            break;
        };
        total += weight(&item);
        page.items.push(item);
        last = Some(place);
    }
    page.next = last.filter(|_| rows.peek().is_some());
    page
}

/// The order of a list: by the value, then by the id, both in one direction.
pub(super) fn by_key(direction: Direction) -> impl Fn(&Cursor, &Cursor) -> Ordering {
    move |a, b| {
        let ascending = (&a.value, a.id).cmp(&(&b.value, b.id));
        match direction {
            Direction::Ascending => ascending,
            Direction::Descending => ascending.reverse(),
        }
    }
}

/// As [`by_key`], of texts in any letter case.
pub(super) fn by_folded_key(direction: Direction) -> impl Fn(&Cursor, &Cursor) -> Ordering {
    let compare = by_key(direction);
    move |a, b| compare(&folded(a), &folded(b))
}

/// The order of a search: the best match first, then the greatest id.
pub(super) fn by_rank(a: &Cursor, b: &Cursor) -> Ordering {
    a.value.cmp(&b.value).then_with(|| b.id.cmp(&a.id))
}

/// Folds as [`crate::user::Email::folded`] does. A cursor holds the address as
/// it was written.
fn folded(cursor: &Cursor) -> Cursor {
    let value = match &cursor.value {
        SortValue::Text(text) => SortValue::Text(text.to_lowercase()),
        SortValue::Absent | SortValue::Time(_) | SortValue::Rank(_) => cursor.value.clone(),
    };
    Cursor {
        value,
        id: cursor.id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::PageSize;
    use crate::testing::fixtures::post_id;

    /// No post is as heavy today, so that the conformance suite cannot ask.
    #[test]
    fn a_row_that_is_too_heavy_for_any_page_comes_alone() {
        let place = |number| Cursor {
            value: SortValue::Absent,
            id: post_id(number).as_uuid(),
        };
        let mut request = PageRequest::first(PageSize::DEFAULT);
        for number in 1..=3 {
            let rows = [1, 2, 3].map(|number| (place(number), number)).into();
            let order = by_key(Direction::Ascending);
            let page = page_of(rows, &request, order, |_| MAX_BYTES + 1);
            assert_eq!(page.items, [number]);
            assert_eq!(page.next, (number < 3).then(|| place(number)));
            request.after = page.next;
        }
    }
}
