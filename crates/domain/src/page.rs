//! Pages that walk by key: how many, after which row, in which order.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::error::{Invalid, Reason};

/// What the resources of one answer may weigh together, in bytes, so that the
/// answer stays under the 4 MiB that gRPC clients accept by default.
pub const MAX_BYTES: u64 = 3 * 1024 * 1024;

/// How many keys one batch read may name.
pub const MAX_KEYS: usize = 1_000;

/// How many resources a page holds: 1 to 1,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize(u16);

impl PageSize {
    /// What a caller gets who names no size.
    pub const DEFAULT: Self = Self(50);
    /// The largest page; a larger request is taken as this (AIP-158).
    pub const MAX: Self = Self(1_000);

    /// 0 means [`Self::DEFAULT`], more than [`Self::MAX`] is taken as that, and a
    /// negative size is refused (AIP-158).
    pub fn from_request(size: i32) -> Result<Self, Invalid> {
        match u16::try_from(size) {
            Ok(0) => Ok(Self::DEFAULT),
            Ok(size) => Ok(Self(size.min(Self::MAX.0))),
            Err(_) if size > 0 => Ok(Self::MAX),
            Err(_) => Err(Invalid::new(Reason::OutOfRange, "must not be negative")),
        }
    }

    /// The number of resources.
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

/// Which way a list runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the least to the greatest.
    Ascending,
    /// From the greatest to the least.
    Descending,
}

/// By what, and which way, a list is ordered. The id breaks ties, in the same
/// direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order<K> {
    /// By what.
    pub key: K,
    /// Which way.
    pub direction: Direction,
}

/// What a row is ordered by. The order of the variants and of their contents
/// is the order of rows; a row whose value is absent comes before all others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortValue {
    /// There is no value.
    Absent,
    /// A time.
    Time(DateTime<Utc>),
    /// A text as it is written; an adapter folds its case where the key says so.
    Text(String),
    /// How well a row fits a search; smaller is better.
    Rank(i32),
}

impl SortValue {
    /// A time that may be missing.
    pub fn from_time(time: Option<DateTime<Utc>>) -> Self {
        time.map_or(Self::Absent, Self::Time)
    }
}

/// A place in a list: just after the row of these values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// What the row is ordered by.
    pub value: SortValue,
    /// The row's id.
    pub id: Uuid,
}

/// Which part of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// At most how many resources.
    pub size: PageSize,
    /// After which row; from the start if `None`.
    pub after: Option<Cursor>,
    /// How many rows to leave out, counted from `after`.
    pub skip: u32,
}

impl PageRequest {
    /// The first page of that size.
    pub const fn first(size: PageSize) -> Self {
        Self {
            size,
            after: None,
            skip: 0,
        }
    }
}

/// Part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The resources, in order.
    pub items: Vec<T>,
    /// Where the next page starts: the place of the last item. `None` exactly when
    /// nothing follows.
    pub next: Option<Cursor>,
}

/// How exactly resources are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountMode {
    /// To the last one, at the cost of looking at each.
    Exact,
    /// Exact below [`ESTIMATE_FROM`]; from there on an estimate of bounded cost,
    /// never less than [`ESTIMATE_FROM`].
    Estimate,
}

/// The count from which [`CountMode::Estimate`] need not be exact.
pub const ESTIMATE_FROM: u64 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_size_is_taken_as_aip_158_says() {
        assert_eq!(PageSize::from_request(0), Ok(PageSize::DEFAULT));
        assert_eq!(PageSize::from_request(7).unwrap().get(), 7);
        assert_eq!(PageSize::from_request(1_001), Ok(PageSize::MAX));
        assert_eq!(PageSize::from_request(i32::MAX), Ok(PageSize::MAX));
        assert_eq!(
            PageSize::from_request(-1).unwrap_err().reason,
            Reason::OutOfRange
        );
    }

    #[test]
    fn an_absent_value_comes_first() {
        let time = SortValue::Time(DateTime::from_timestamp_micros(-1).unwrap());
        assert!(SortValue::Absent < time);
    }
}
