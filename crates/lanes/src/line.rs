//! Who may begin, and who waits. Pure: whoever uses it does the work and tells the time.

use std::collections::VecDeque;

use tokio::time::Instant;

use crate::LATE;

/// A line of those who wait for one of a few lanes.
#[derive(Debug)]
pub(crate) struct Line<W> {
    lanes: usize,
    /// When each lane that is under way was taken.
    taken: Vec<Instant>,
    queue: VecDeque<W>,
}

impl<W> Line<W> {
    /// One of so many lanes, at least 1, in which nothing is under way.
    pub(crate) fn new(lanes: usize) -> Self {
        Self {
            lanes: lanes.max(1),
            taken: Vec::new(),
            queue: VecDeque::new(),
        }
    }

    /// Whether nothing is under way and nobody waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.taken.is_empty() && self.queue.is_empty()
    }

    /// Whether a lane is free: those that are late count no more.
    fn is_free(&self, now: Instant) -> bool {
        let on_time = self.taken.iter().filter(|it| now - **it < LATE);
        on_time.count() < self.lanes
    }

    /// Takes a lane if one is free and nobody has waited for it, and tells whether it did.
    pub(crate) fn enter(&mut self, now: Instant) -> bool {
        let may_enter = self.queue.is_empty() && self.is_free(now);
        if may_enter {
            self.taken.push(now);
        }
        may_enter
    }

    /// Whether anybody waits.
    pub(crate) fn is_waited_for(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Has that wait from now on.
    pub(crate) fn wait(&mut self, work: W) {
        self.queue.push_back(work);
    }

    /// Has those wait again, before all others.
    pub(crate) fn put_back(&mut self, work: Vec<W>) {
        for work in work.into_iter().rev() {
            self.queue.push_front(work);
        }
    }

    /// Takes a lane for those who wait, if one is free and anybody does, and tells whether it did.
    pub(crate) fn begin(&mut self, now: Instant) -> bool {
        let may_begin = !self.queue.is_empty() && self.is_free(now);
        if may_begin {
            self.taken.push(now);
        }
        may_begin
    }

    /// What the lane that was taken for those who wait is for: at most so many of them, and none
    /// that nobody waits for any more.
    pub(crate) fn next(&mut self, most: usize, is_wanted: impl Fn(&W) -> bool) -> Vec<W> {
        let mut next = Vec::new();
        while next.len() < most
            && let Some(work) = self.queue.pop_front()
        {
            if is_wanted(&work) {
                next.push(work);
            }
        }
        next
    }

    /// Gives back a lane that was taken then.
    pub(crate) fn leave(&mut self, taken: Instant) {
        let place = self.taken.iter().position(|it| *it == taken);
        if let Some(place) = place {
            self.taken.swap_remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: fn(&u8) -> bool = |_| true;

    /// What begins, if a lane is free.
    fn begin(
        line: &mut Line<u8>,
        now: Instant,
        most: usize,
        is_wanted: impl Fn(&u8) -> bool,
    ) -> Vec<u8> {
        if line.begin(now) {
            line.next(most, is_wanted)
        } else {
            Vec::new()
        }
    }

    #[test]
    fn what_waits_is_done_together_when_a_lane_is_free() {
        let now = Instant::now();
        let mut line = Line::new(1);
        assert!(line.enter(now));
        assert!(!line.enter(now));
        for work in 1..=5 {
            line.wait(work);
        }
        assert!(begin(&mut line, now, 3, ANY).is_empty());
        line.leave(now);
        assert!(!line.enter(now), "others have waited");
        assert_eq!(begin(&mut line, now, 3, |work| *work != 2), [1, 3, 4]);
        line.leave(now);
        line.put_back(vec![3, 4]);
        assert_eq!(begin(&mut line, now, 3, ANY), [3, 4, 5]);
        assert!(!line.is_idle());
        line.leave(now);
        assert!(!line.begin(now), "nobody waits");
        line.wait(6);
        assert_eq!(begin(&mut line, now, 3, |_| false), []);
        line.leave(now);
        assert!(line.is_idle());
    }

    #[test]
    fn a_lane_that_is_late_counts_no_more() {
        let start = Instant::now();
        let mut line = Line::new(1);
        assert!(line.enter(start));
        line.wait(1);
        assert!(begin(&mut line, start + LATE / 2, 9, ANY).is_empty());
        let late = start + LATE;
        assert_eq!(begin(&mut line, late, 9, ANY), [1]);
        line.wait(2);
        line.leave(start);
        assert!(
            begin(&mut line, late, 9, ANY).is_empty(),
            "one is under way"
        );
        line.leave(late);
        assert_eq!(begin(&mut line, late, 9, ANY), [2]);
        assert!(line.enter(late + LATE), "whoever it is late for");
    }

    #[test]
    fn what_waits_is_never_left_behind() {
        // Lanes end in any order, late or not, and who waits looks again now and then: as long as
        // somebody waits, something is under way.
        let start = Instant::now();
        for seed in 0_u32..5_000 {
            let lanes = 1 + seed as usize % 2;
            let (mut line, mut taken) = (Line::new(lanes), Vec::new());
            let (mut now, mut waiting) = (start, 0_usize);
            let mut dice = seed;
            for _ in 0..40 {
                dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                now += LATE / 3;
                match (dice >> 16) % 4 {
                    0 | 1 if line.enter(now) => {
                        taken.push(now);
                        continue;
                    }
                    0 | 1 => {
                        line.wait(0);
                        waiting += 1;
                    }
                    2 => {}
                    _ if taken.is_empty() => {}
                    _ => line.leave(taken.swap_remove((dice >> 20) as usize % taken.len())),
                }
                let next = begin(&mut line, now, 3, ANY);
                waiting -= next.len();
                if !next.is_empty() {
                    taken.push(now);
                }
                assert_eq!(line.is_idle(), taken.is_empty() && waiting == 0);
                let on_time = taken.iter().filter(|it| now - **it < LATE).count();
                assert!(on_time <= lanes, "{seed}: {on_time} at once");
                assert!(
                    waiting == 0 || on_time == lanes,
                    "{seed}: {waiting} wait for nobody"
                );
            }
        }
    }
}
