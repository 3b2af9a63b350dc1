//! What the lists of both nouns share about their order.

use std::cmp::Ordering;

use super::walks::BOTH_WAYS;
use crate::field::Field;
use crate::order::{Direction, Order};
use crate::page::SortValue;

/// `items`, which are sorted by id, in that order: sorted by each field in turn, the
/// most important one last, so that earlier ones hold among equals.
pub(super) fn sorted<T: Clone, F: Field>(
    items: &[T],
    order: &Order<F>,
    value: impl Fn(&T, F) -> SortValue,
) -> Vec<T> {
    let mut items = items.to_vec();
    if order.tie_direction() == Direction::Descending {
        items.reverse();
    }
    let keys: Vec<_> = order.keys().collect();
    for key in keys.into_iter().rev() {
        items.sort_by(|a, b| {
            let ascending: Ordering = value(a, key.field).cmp(&value(b, key.field));
            match key.direction {
                Direction::Ascending => ascending,
                Direction::Descending => ascending.reverse(),
            }
        });
    }
    items
}

/// By every field, both ways.
pub(super) fn by_each<F: Field>() -> impl Iterator<Item = Order<F>> {
    F::ALL
        .iter()
        .flat_map(|field| BOTH_WAYS.map(|direction| Order::by(*field, direction)))
}

/// By every two of those fields, each in both directions.
pub(super) fn by_pairs<F: Field>(fields: &[F]) -> Vec<Order<F>> {
    let mut orders = Vec::new();
    for first in fields {
        for second in fields.iter().filter(|second| *second != first) {
            for direction in BOTH_WAYS {
                let order = Order::by(*first, direction);
                orders.extend(BOTH_WAYS.map(|then| order.clone().then(*second, then)));
            }
        }
    }
    orders
}
