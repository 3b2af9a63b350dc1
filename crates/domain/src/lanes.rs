//! Work that is done together: how much of it at once, and what waits meanwhile. Pure: whoever
//! uses it does the work and tells the time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Work that takes longer is late: whoever has waited for it so long is given another lane, so
/// that what hangs holds up nobody else.
pub const LATE: Duration = Duration::from_millis(100);

/// A line of those who wait for one of a few lanes. The fewer lanes there are, the more is done
/// together.
#[derive(Debug)]
pub struct Line<W> {
    lanes: usize,
    under_way: usize,
    queue: VecDeque<(Instant, W)>,
}

impl<W> Line<W> {
    /// One of so many lanes, at least 1, in which nothing is under way.
    pub fn new(lanes: usize) -> Self {
        Self {
            lanes: lanes.max(1),
            under_way: 0,
            queue: VecDeque::new(),
        }
    }

    /// Whether nothing is under way; then nobody waits either.
    pub const fn is_idle(&self) -> bool {
        self.under_way == 0
    }

    /// Takes a lane if one is free, and tells whether it did. Whoever has one gives it back by
    /// [`Self::next`].
    pub const fn enter(&mut self) -> bool {
        let is_free = self.under_way < self.lanes;
        if is_free {
            self.under_way += 1;
        }
        is_free
    }

    /// Has that wait from now on.
    pub fn wait(&mut self, work: W, now: Instant) {
        self.queue.push_back((now, work));
    }

    /// Takes a lane beside the others if somebody has waited for as long as makes work late, and
    /// tells whether it did.
    pub fn lend(&mut self, now: Instant) -> bool {
        let first = self.queue.front();
        let is_due = first.is_some_and(|(since, _)| now.duration_since(*since) >= LATE);
        if is_due {
            self.under_way += 1;
        }
        is_due
    }

    /// What is to be done next by whoever has a lane, at most so many, and none of those that
    /// nobody waits for any more. Without any the lane is given back; and where it was taken so
    /// long ago that it is late, and more are under way than there are lanes, since another one was
    /// lent in its place.
    pub fn next(
        &mut self,
        taken: Instant,
        now: Instant,
        most: usize,
        is_wanted: impl Fn(&W) -> bool,
    ) -> Vec<W> {
        let mut next = Vec::new();
        let is_replaced = self.under_way > self.lanes && now.duration_since(taken) >= LATE;
        while !is_replaced
            && next.len() < most
            && let Some((_, work)) = self.queue.pop_front()
        {
            if is_wanted(&work) {
                next.push(work);
            }
        }
        if next.is_empty() {
            self.under_way -= 1;
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: fn(&u8) -> bool = |_| true;

    #[test]
    fn what_waits_is_done_together_when_a_lane_is_free() {
        let now = Instant::now();
        let mut line = Line::new(1);
        assert!(line.enter());
        assert!(!line.enter());
        for work in 1..=5 {
            line.wait(work, now);
        }
        assert_eq!(line.next(now, now, 3, |work| *work != 2), [1, 3, 4]);
        assert_eq!(line.next(now, now, 3, ANY), [5]);
        assert!(!line.is_idle());
        assert!(line.next(now, now, 3, ANY).is_empty());
        assert!(line.is_idle());
    }

    #[test]
    fn a_lane_is_lent_for_one_that_is_late_and_given_back_by_that() {
        let start = Instant::now();
        let mut line = Line::new(1);
        assert!(line.enter());
        line.wait(1, start);
        assert!(!line.lend(start + LATE / 2));
        let late = start + LATE;
        assert!(line.lend(late));
        assert_eq!(line.next(late, late, 9, ANY), [1]);
        line.wait(2, late);
        assert!(
            line.next(start, late, 9, ANY).is_empty(),
            "the late one ends"
        );
        assert!(!line.is_idle());
        assert_eq!(line.next(late, late, 9, ANY), [2]);
        assert!(line.next(late, late, 9, ANY).is_empty());
        assert!(line.is_idle());
    }

    #[test]
    fn what_waits_is_never_left_behind() {
        // Lanes end in any order, late or not, while others are lent: as long as somebody waits,
        // something is under way.
        let start = Instant::now();
        for seed in 0_u32..5_000 {
            let (mut line, mut taken) = (Line::new(1 + seed as usize % 2), Vec::new());
            let (mut now, mut waiting) = (start, 0_usize);
            let mut dice = seed;
            for _ in 0..40 {
                dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                now += LATE / 3;
                match (dice >> 16) % 4 {
                    0 | 1 if line.enter() => taken.push(now),
                    0 | 1 => {
                        line.wait(0, now);
                        waiting += 1;
                    }
                    2 if line.lend(now) => {
                        let next = line.next(now, now, 3, ANY);
                        waiting -= next.len();
                        taken.push(now);
                    }
                    _ if taken.is_empty() => {}
                    _ => {
                        let ended = taken.swap_remove((dice >> 20) as usize % taken.len());
                        let next = line.next(ended, now, 3, ANY);
                        waiting -= next.len();
                        if !next.is_empty() {
                            taken.push(now);
                        }
                    }
                }
                assert_eq!(line.is_idle(), taken.is_empty());
                assert!(
                    waiting == 0 || !taken.is_empty(),
                    "{seed}: {waiting} wait for nobody"
                );
            }
        }
    }
}
