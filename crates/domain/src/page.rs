//! Pages that walk by key: how many, and after which row.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::error::{Invalid, Reason};

/// What the resources of one answer may weigh together, in bytes, so that the
/// answer stays under the 4 MiB that gRPC clients accept by default.
pub const MAX_BYTES: u64 = 3 * 1024 * 1024;

/// What a page weighs at most that is read along with others, in bytes.
pub const LIGHT_BYTES: u64 = 256 * 1024;

/// How many keys one batch read may name.
pub const MAX_KEYS: usize = 1_000;

/// How many resources a page holds: 1 to 1,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// What a row is ordered by. The order of the variants and of their contents
/// is the order of rows; a row whose value is absent comes before all others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SortValue {
    /// There is no value.
    Absent,
    /// A truth value: false comes first.
    Bool(bool),
    /// A time.
    Time(DateTime<Utc>),
    /// An id.
    Id(Uuid),
    /// A text, folded where the field folds its case. Compared by code point.
    Text(String),
    /// How well a row fits a search; more is better.
    Rank(i64),
}

impl SortValue {
    /// A time that may be missing.
    pub fn from_time(time: Option<DateTime<Utc>>) -> Self {
        time.map_or(Self::Absent, Self::Time)
    }

    /// A text that may be missing.
    pub fn from_text(text: Option<&str>) -> Self {
        text.map_or(Self::Absent, |text| Self::Text(text.to_owned()))
    }
}

/// A place in a list: just after the row of these values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// What the row is ordered by: one value for each key of the order.
    pub values: Vec<SortValue>,
    /// The row's id.
    pub id: Uuid,
}

impl Cursor {
    /// How well the row fits a search, if this is a place among the results of one.
    pub fn rank(&self) -> Option<i64> {
        match self.values.as_slice() {
            [SortValue::Rank(rank)] => Some(*rank),
            _ => None,
        }
    }
}

/// Which part of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageRequest {
    /// At most how many resources.
    pub size: PageSize,
    /// After which row; from the start if `None`.
    pub after: Option<Cursor>,
    /// How many rows to leave out, counted from `after`.
    pub skip: u32,
}

impl PageRequest {
    /// How many rows to read: one more than the page holds, which tells whether
    /// another page follows.
    pub fn rows(&self) -> i64 {
        i64::try_from(self.size.get()).unwrap_or(i64::MAX) + 1
    }

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
    /// Where the next page starts: the place of the last item, if there is one. `None` exactly when
    /// nothing follows.
    pub next: Option<Cursor>,
    /// The place of each item, so that a page can be cut.
    places: Vec<Cursor>,
}

impl<T> Page<T> {
    /// The page of these items, each with its place; `more` when others follow.
    pub fn new(rows: impl IntoIterator<Item = (Cursor, T)>, more: bool) -> Self {
        let (places, items): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let next = places.last().filter(|_| more).cloned();
        Self {
            items,
            next,
            places,
        }
    }

    /// Ends the page after `count` items: the rest comes with the next one.
    pub fn cut(&mut self, count: usize) {
        if count < self.items.len() {
            self.items.truncate(count);
            self.places.truncate(count);
            self.next = self.places.last().cloned();
        }
    }

    /// The same page of other things.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(change).collect(),
            next: self.next,
            places: self.places,
        }
    }
}

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
    fn a_page_that_is_cut_goes_on_where_it_ends() {
        let place = |number| Cursor {
            values: vec![SortValue::Rank(number)],
            id: Uuid::from_u128(7),
        };
        let mut page = Page::new([1, 2, 3].map(|number| (place(number), number)), false);
        page.cut(3);
        assert_eq!(page.next, None);
        page.cut(2);
        assert_eq!((page.items, page.next), (vec![1, 2], Some(place(2))));
    }

    #[test]
    fn an_absent_value_comes_first() {
        let time = SortValue::Time(DateTime::from_timestamp_micros(-1).unwrap());
        assert!(SortValue::Absent < time);
    }
}
