//! Ids of events: UUIDs of version 7 (RFC 9562), of which what may be random begins with 26 bits of
//! the place among the rows of the unit of work, so that events are listed in that order. What an
//! import makes ids of says the same in SQL.
//!
//! A batch has one of which the last 16 bits are 0. In those of its events they are the place in
//! it, from 1 on.

use chrono::{DateTime, Utc};
use uuid::{Builder, Uuid};

/// The bits that an event of a batch has of its own.
const PLACE: u128 = 0xFFFF;

/// Of an event by itself.
pub(super) fn event_id(now: DateTime<Utc>, place: usize) -> Uuid {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    let mut bytes = *Uuid::new_v4().as_bytes().last_chunk().unwrap_or(&[0; 10]);
    let place = u32::try_from(place).unwrap_or(u32::MAX).min((1 << 26) - 1);
    // Of the first two bytes 12 bits are kept, and 14 of the next two.
    let [first, second, ..] = &mut bytes;
    [*first, *second] = place_of(place >> 14);
    let [_, _, third, fourth, ..] = &mut bytes;
    [*third, *fourth] = place_of(place & 0x3FFF);
    Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

/// The last two bytes.
fn place_of(bits: u32) -> [u8; 2] {
    let [_, _, high, low] = bits.to_be_bytes();
    [high, low]
}

/// Of a batch.
pub(super) fn batch_id(now: DateTime<Utc>, place: usize) -> Uuid {
    split(event_id(now, place)).0
}

/// Of the event at a place in a batch.
pub(super) fn in_batch(batch: Uuid, place: i64) -> Uuid {
    let place = u128::try_from(place).unwrap_or_default();
    Uuid::from_u128(batch.as_u128() | (place & PLACE))
}

/// The id of the batch that such an event is of, and the place that it has there.
pub(super) fn split(event: Uuid) -> (Uuid, i64) {
    let [.., high, low] = event.into_bytes();
    let batch = Uuid::from_u128(event.as_u128() & !PLACE);
    (batch, i64::from(u16::from_be_bytes([high, low])))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn events_of_a_unit_of_work_are_in_their_order_by_their_ids() {
        let now = DateTime::from_timestamp_millis(1_767_225_600_123).unwrap();
        let places = (0..5_000)
            .chain(16_380..16_390)
            .chain(67_000_000..67_000_010);
        let ids: Vec<_> = places.map(|place| event_id(now, place)).collect();
        assert!(ids.is_sorted());
        for id in &ids {
            assert_eq!(id.get_version_num(), 7);
            let (seconds, nanos) = id.get_timestamp().unwrap().to_unix();
            assert_eq!((seconds, nanos), (1_767_225_600, 123_000_000));
        }
        let distinct: HashSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }

    #[test]
    fn events_of_a_batch_are_between_what_was_before_and_what_came_after() {
        let now = DateTime::from_timestamp_millis(1_767_225_600_123).unwrap();
        let batch = batch_id(now, 1);
        let mut ids = vec![event_id(now, 0)];
        ids.extend((1..=100).map(|place| in_batch(batch, place)));
        ids.push(event_id(now, 2));
        assert!(ids.is_sorted_by(|one, next| one < next));
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
        for (place, id) in (0..).zip(&ids).skip(1).take(100) {
            assert_eq!(split(*id), (batch, place));
        }
        assert_eq!(split(batch), (batch, 0));
    }
}
