//! Whether what several clients saw of one register can have happened in some order, each
//! call at one moment between its beginning and its end (Wing and Gong; with a memory of
//! what was tried, as Lowe has it).

use std::collections::HashSet;

/// What a call did. Every write writes a value of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Read this value.
    Read(usize),
    /// Wrote this value, whatever was there.
    Write(usize),
    /// Wrote the second value over the first.
    Swap(usize, usize),
    /// Was told that the value is not this one.
    Refused(usize),
}

/// A call, by the moments of one clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) began: u64,
    /// `None` if nobody knows: it happened at any time since, or never.
    pub(crate) ended: Option<u64>,
    pub(crate) deed: Deed,
}

/// The value after a deed, unless it cannot have been done then.
fn after(deed: Deed, value: usize) -> Option<usize> {
    match deed {
        Deed::Read(read) => (read == value).then_some(value),
        Deed::Write(written) => Some(written),
        Deed::Swap(over, written) => (over == value).then_some(written),
        Deed::Refused(over) => (over != value).then_some(value),
    }
}

/// Which calls have happened.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Happened(Vec<u64>);

impl Happened {
    fn none_of(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    fn has(&self, call: usize) -> bool {
        self.0[call / 64] & (1 << (call % 64)) != 0
    }

    fn set(&mut self, call: usize, happened: bool) {
        let bit = 1 << (call % 64);
        if happened {
            self.0[call / 64] |= bit;
        } else {
            self.0[call / 64] &= !bit;
        }
    }
}

/// Whether the calls can have happened in some order, to a register that began with `value`.
pub(crate) fn is_linearizable(calls: &[Call], value: usize) -> bool {
    let mut search = Search {
        calls,
        happened: Happened::none_of(calls.len()),
        tried: HashSet::new(),
        open: calls.iter().filter(|call| call.ended.is_some()).count(),
    };
    search.goes_on_from(value)
}

struct Search<'c> {
    calls: &'c [Call],
    happened: Happened,
    tried: HashSet<(Happened, usize)>,
    /// How many calls that must have happened have not yet.
    open: usize,
}

impl Search<'_> {
    fn goes_on_from(&mut self, value: usize) -> bool {
        if self.open == 0 {
            return true;
        }
        if !self.tried.insert((self.happened.clone(), value)) {
            return false;
        }
        // Whatever begins after another one ended comes after it.
        let open = (0..self.calls.len()).filter(|call| !self.happened.has(*call));
        let ended = open.clone().filter_map(|call| self.calls[call].ended).min();
        let ended = ended.unwrap_or(u64::MAX);
        let next: Vec<_> = open
            .filter(|call| self.calls[*call].began < ended)
            .filter_map(|call| Some((call, after(self.calls[call].deed, value)?)))
            .collect();
        next.into_iter().any(|(call, value)| {
            let must = usize::from(self.calls[call].ended.is_some());
            self.happened.set(call, true);
            self.open -= must;
            let goes_on = self.goes_on_from(value);
            self.happened.set(call, false);
            self.open += must;
            goes_on
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Deed::{Read, Refused, Swap, Write};
    use super::*;

    fn call(began: u64, ended: u64, deed: Deed) -> Call {
        Call {
            began,
            ended: Some(ended),
            deed,
        }
    }

    fn lost(began: u64, deed: Deed) -> Call {
        Call {
            began,
            ended: None,
            deed,
        }
    }

    #[test]
    fn calls_one_after_the_other_are_read_in_their_order() {
        let calls = [
            call(1, 2, Write(1)),
            call(3, 4, Read(1)),
            call(5, 6, Swap(1, 2)),
            call(7, 8, Refused(1)),
            call(9, 10, Read(2)),
        ];
        assert!(is_linearizable(&calls, 0));
    }

    #[test]
    fn a_stale_read_is_refused() {
        let calls = [call(1, 2, Write(1)), call(3, 4, Read(0))];
        assert!(!is_linearizable(&calls, 0));
        // While the write is under way, both may be read, but not the old after the new.
        let meanwhile = [
            call(1, 9, Write(1)),
            call(2, 3, Read(0)),
            call(4, 5, Read(1)),
        ];
        assert!(is_linearizable(&meanwhile, 0));
        let back = [
            call(1, 9, Write(1)),
            call(2, 3, Read(1)),
            call(4, 5, Read(0)),
        ];
        assert!(!is_linearizable(&back, 0));
    }

    #[test]
    fn a_lost_update_is_refused() {
        let both = [call(1, 4, Swap(0, 1)), call(2, 3, Swap(0, 2))];
        assert!(!is_linearizable(&both, 0));
        let one = [call(1, 4, Swap(0, 1)), call(2, 3, Refused(0))];
        assert!(is_linearizable(&one, 0));
        let blind = [
            call(1, 2, Write(1)),
            call(3, 4, Swap(0, 2)),
            call(5, 6, Read(2)),
        ];
        assert!(!is_linearizable(&blind, 0));
    }

    #[test]
    fn a_refusal_without_a_reason_is_refused() {
        let calls = [call(1, 2, Refused(0)), call(3, 4, Write(1))];
        assert!(!is_linearizable(&calls, 0));
    }

    #[test]
    fn a_call_of_unknown_outcome_happened_or_not_but_not_before_it_began() {
        for read in [0, 1] {
            let calls = [lost(1, Write(1)), call(2, 3, Read(read))];
            assert!(is_linearizable(&calls, 0), "{read}");
        }
        let late = [lost(1, Write(1)), call(2, 3, Read(0)), call(4, 5, Read(1))];
        assert!(is_linearizable(&late, 0));
        let early = [call(1, 2, Read(1)), lost(3, Write(1))];
        assert!(!is_linearizable(&early, 0));
        let twice = [
            lost(1, Write(1)),
            call(2, 3, Read(1)),
            call(4, 5, Write(2)),
            call(6, 7, Read(1)),
        ];
        assert!(!is_linearizable(&twice, 0));
    }

    #[test]
    fn what_was_never_written_is_never_read() {
        assert!(!is_linearizable(&[call(1, 2, Read(7))], 0));
    }

    #[test]
    fn a_long_history_is_searched_in_time() {
        let mut calls = Vec::new();
        for round in 0..100_u64 {
            let value = usize::try_from(round).unwrap();
            for client in 0..4 {
                let began = round * 10 + client;
                calls.push(call(began, began + 5, Read(value)));
            }
            calls.push(call(
                round * 10 + 9,
                round * 10 + 10,
                Swap(value, value + 1),
            ));
        }
        assert!(is_linearizable(&calls, 0));
        calls.push(call(2_000, 2_001, Read(0)));
        assert!(!is_linearizable(&calls, 0));
    }
}
