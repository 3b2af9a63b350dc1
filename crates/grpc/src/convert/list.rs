//! What all lists take: an order, a filter, a page, a total.

use std::sync::Arc;

use byline_domain::access::Caller;
use byline_domain::clock::Clock;
use byline_domain::count::CountMode;
use byline_domain::error::{Invalid, Reason, Violations};
use byline_domain::field::Field;
use byline_domain::filter::Filter;
use byline_domain::order::{Direction, Order};
use byline_domain::page::{Cursor, PageRequest, PageSize};
use chrono::{DateTime, SubsecRound, Utc};

use crate::page_token::{List, PageTokens, Place};
use crate::pb::TotalMode;

/// What reading lists needs beside the requests.
#[derive(Clone)]
pub(crate) struct Lists {
    tokens: PageTokens,
    clock: Arc<dyn Clock>,
    /// Whom they are listed for, to whom page tokens are bound.
    caller: Arc<str>,
}

impl Lists {
    pub(crate) fn new(tokens: PageTokens, clock: Arc<dyn Clock>) -> Self {
        Self {
            tokens,
            clock,
            caller: Caller::nobody().id().into(),
        }
    }

    /// The same for that caller.
    pub(crate) fn of(&self, caller: &Caller) -> Self {
        Self {
            caller: caller.id().into(),
            ..self.clone()
        }
    }

    /// The time that durations in a filter count from, unless a page token says
    /// otherwise. To the microsecond, as page tokens keep it.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }

    /// The place where the page of that token starts; `None` for the first page.
    fn place(
        &self,
        list: Option<&List>,
        token: &str,
        fits: impl FnOnce(&Cursor) -> bool,
    ) -> Result<Option<Place>, Invalid> {
        match self.tokens.open(&self.caller, list, token)? {
            // Another version of this program may have ordered by other values.
            Some(place) if list.is_some() && !fits(&place.cursor) => Err(Invalid::new(
                Reason::PageTokenInvalid,
                "is not a place in this list: start again from the first page",
            )),
            place => Ok(place),
        }
    }
}

/// How a noun's filters are read: the text, and the time that durations count from.
pub(super) type ParseFilter<T> = fn(&str, DateTime<Utc>) -> Result<Option<Filter<T>>, Invalid>;

/// The fields that all requests for a page have.
pub(super) struct Window<'a> {
    pub(super) page_size: i32,
    pub(super) page_token: &'a str,
    pub(super) skip: i32,
    pub(super) filter: &'a str,
    pub(super) show_deleted: bool,
}

/// What they come to.
pub(super) struct Part<T> {
    pub(super) page: PageRequest,
    pub(super) meets: Option<Filter<T>>,
    pub(super) walk: Walk,
}

impl Window<'_> {
    /// Reads them. `list` names the method and what else decides what is listed; without
    /// it, when that was wrong itself, any token that was answered may be the right one.
    /// `fits` tells whether a place can be one of the list's.
    pub(super) fn parse<T>(
        &self,
        lists: &Lists,
        list: Option<List>,
        fits: impl FnOnce(&Cursor) -> bool,
        filter: ParseFilter<T>,
        violations: &mut Violations,
    ) -> Option<Part<T>> {
        let list = list.map(|list| {
            list.with("filter", self.filter.trim())
                .with("show_deleted", [u8::from(self.show_deleted)])
        });
        let size = violations.check("page_size", PageSize::from_request(self.page_size));
        let place = lists.place(list.as_ref(), self.page_token, fits);
        let place = violations.check("page_token", place);
        let skip = violations.check(
            "skip",
            u32::try_from(self.skip)
                .map_err(|_| Invalid::new(Reason::OutOfRange, "must not be negative")),
        );
        // All pages are of one list, although time goes by from one to the next.
        let since = match &place {
            Some(Some(place)) => place.since,
            Some(None) | None => lists.now(),
        };
        let meets = violations.check("filter", filter(self.filter, since));
        Some(Part {
            page: PageRequest {
                size: size?,
                after: place?.map(|place| place.cursor),
                skip: skip?,
            },
            meets: meets?,
            walk: Walk {
                lists: lists.clone(),
                list: list?,
                since,
            },
        })
    }
}

/// A list that a request is a part of, to go on with.
pub(crate) struct Walk {
    lists: Lists,
    list: List,
    since: DateTime<Utc>,
}

impl Walk {
    /// The token of the page that starts there; empty at the end.
    pub(super) fn next_page_token(&self, next: Option<Cursor>) -> String {
        let place = next.map(|cursor| Place {
            cursor,
            since: self.since,
        });
        let Lists { tokens, caller, .. } = &self.lists;
        tokens.seal(caller, &self.list, place.as_ref())
    }
}

/// The list that a method answers in that order, however the request wrote it.
pub(super) fn ordered<F: Field>(method: &str, order: &Order<F>) -> List {
    let mut list = List::of(method);
    for key in order.keys() {
        let direction = match key.direction {
            Direction::Ascending => "asc",
            Direction::Descending => "desc",
        };
        list = list.with(key.field.name(), direction);
    }
    list
}

/// Whether a place can be one among the results of a search.
pub(super) fn is_rank(cursor: &Cursor) -> bool {
    cursor.rank().is_some()
}

/// Reads `total`.
pub(super) fn total(mode: i32) -> Result<Option<CountMode>, Invalid> {
    match TotalMode::try_from(mode) {
        Ok(TotalMode::Unspecified) => Ok(None),
        Ok(TotalMode::Exact) => Ok(Some(CountMode::Exact)),
        Ok(TotalMode::Estimate) => Ok(Some(CountMode::Estimate)),
        Err(_) => Err(Invalid::new(Reason::Unknown, "is not a known mode")),
    }
}

/// A count on the wire.
pub(super) fn size(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use byline_domain::page::SortValue;
    use byline_domain::testing::fixtures::time;
    use byline_domain::user::UserField;
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::page_token::Keys;

    /// A clock that is set by hand.
    struct Watch(Mutex<DateTime<Utc>>);

    impl Watch {
        fn set(&self, now: DateTime<Utc>) {
            *self.0.lock().unwrap() = now;
        }
    }

    impl Clock for Watch {
        fn now(&self) -> DateTime<Utc> {
            *self.0.lock().unwrap()
        }
    }

    fn lists() -> (Lists, Arc<Watch>) {
        let watch = Arc::new(Watch(Mutex::new(time(0))));
        let tokens = PageTokens::new(Keys::generate(), watch.clone());
        (Lists::new(tokens, watch.clone()), watch)
    }

    /// Reads a request for a page, with a filter that tells the time which it was read with.
    fn read(
        lists: &Lists,
        page_token: &str,
        fits: bool,
    ) -> Result<Part<DateTime<Utc>>, Vec<(String, Reason)>> {
        let window = Window {
            page_size: 1,
            page_token,
            skip: 0,
            filter: "",
            show_deleted: false,
        };
        let mut violations = Violations::new();
        let list = Some(List::of("ListUsers"));
        let tell = |_: &str, since| Ok(Some(Filter::Test(since)));
        let part = window.parse(lists, list, |_| fits, tell, &mut violations);
        violations.finish_with(part).map_err(|error| {
            let violations = error.violations().iter();
            violations.map(|it| (it.field.clone(), it.reason)).collect()
        })
    }

    fn refused_as(reason: Reason) -> Vec<(String, Reason)> {
        vec![("page_token".to_owned(), reason)]
    }

    fn cursor() -> Cursor {
        Cursor {
            values: vec![SortValue::Absent],
            id: Uuid::from_u128(7),
        }
    }

    #[test]
    fn durations_count_from_the_first_page_however_late_the_next_is_read() {
        let (lists, watch) = lists();
        let began = time(0) + TimeDelta::nanoseconds(1_234_567);
        watch.set(began);
        let mut part = read(&lists, "", true).unwrap();
        assert_eq!(
            (&part.page.after, part.walk.next_page_token(None)),
            (&None, String::new())
        );
        for hours in 1..=3 {
            assert_eq!(part.meets, Some(Filter::Test(began.trunc_subsecs(6))));
            let token = part.walk.next_page_token(Some(cursor()));
            watch.set(began + TimeDelta::hours(20 * hours));
            part = read(&lists, &token, true).unwrap();
            assert_eq!(part.page.after, Some(cursor()));
        }
    }

    #[test]
    fn an_old_token_and_one_that_does_not_fit_are_refused() {
        let (lists, watch) = lists();
        let part = read(&lists, "", true).unwrap();
        let token = part.walk.next_page_token(Some(cursor()));
        let refusal = read(&lists, &token, false).err();
        assert_eq!(refusal.unwrap(), refused_as(Reason::PageTokenInvalid));
        watch.set(time(0) + TimeDelta::hours(25));
        let refusal = read(&lists, &token, true).err();
        assert_eq!(refusal.unwrap(), refused_as(Reason::PageTokenExpired));
    }

    #[test]
    fn a_list_is_the_same_however_its_order_is_written() {
        let (lists, _) = lists();
        let default = Order::by(UserField::CreatedAt, Direction::Descending);
        let list = |text| ordered("ListUsers", &Order::parse(text, default.clone()).unwrap());
        let place = Place {
            cursor: cursor(),
            since: time(0),
        };
        for (one, other, is_same) in [
            ("", "created_at  desc", true),
            ("role,email asc", " role asc , email", true),
            ("role, email", "email, role", false),
            ("role", "role desc", false),
            ("role", "role, id", false),
        ] {
            let token = lists.tokens.seal("web", &list(one), Some(&place));
            let opened = lists.tokens.open("web", Some(&list(other)), &token);
            assert_eq!(opened.is_ok(), is_same, "{one} and {other}");
        }
    }
}
