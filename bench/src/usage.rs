//! What processes take of the machine, as the kernel tells it.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::{Failure, machine};

/// In what the kernel counts a process's time, on every machine that this runs on.
const TICKS_PER_SECOND: u64 = 100;

/// A process and all that it started, as they are when they are looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Processes {
    root: u32,
}

/// A line of `/proc/PID/stat`.
#[derive(Debug, PartialEq)]
struct Stat {
    parent: u32,
    /// Of its own and of its children that have ended.
    ticks: u64,
    /// Whether nobody has asked yet what became of it.
    has_ended: bool,
    /// Whether it waits for something that may be long in coming.
    sleeps: bool,
}

impl Processes {
    pub(crate) const fn of(root: u32) -> Self {
        Self { root }
    }

    /// The parent of a process, and all that it started.
    pub(crate) fn of_parent(child: u32) -> Result<Self, Failure> {
        let stat = stat(child).ok_or("the system does not tell of processes")?;
        Ok(Self::of(stat.parent))
    }

    /// The processor's time that all of them have taken.
    pub(crate) fn time(self) -> Duration {
        let all = all();
        let ticks = self.among(&all).map(|it| all[&it].ticks).sum::<u64>();
        Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND)
    }

    /// From now on the peaks are new ones.
    pub(crate) fn forget_peak(self) -> Result<(), Failure> {
        for number in self.numbers() {
            let path = format!("/proc/{number}/clear_refs");
            fs::write(&path, "5").map_err(|error| format!("{path}: {error}"))?;
        }
        Ok(())
    }

    /// The most memory that each of them had, in bytes, added up.
    pub(crate) fn peak(self) -> u64 {
        let peaks = self.numbers().into_iter().map(|number| {
            let peak = machine::value(&format!("/proc/{number}/status"), "VmHWM");
            let kib = peak.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
            kib.unwrap_or_default() * 1_024
        });
        peaks.sum()
    }

    /// Which they are.
    pub(crate) fn numbers(self) -> Vec<u32> {
        self.among(&all()).collect()
    }

    fn among(self, all: &HashMap<u32, Stat>) -> impl Iterator<Item = u32> {
        all.keys().copied().filter(move |number| {
            let mut ancestor = *number;
            while ancestor != self.root {
                match all.get(&ancestor) {
                    Some(stat) => ancestor = stat.parent,
                    None => return false,
                }
            }
            true
        })
    }
}

fn all() -> HashMap<u32, Stat> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    // Those that have ended meanwhile are none.
    numbers.filter_map(|it| Some((it, stat(it)?))).collect()
}

/// Whether a process has not ended.
pub(crate) fn is_there(number: u32) -> bool {
    stat(number).is_some_and(|it| !it.has_ended)
}

/// Whether a process is there, and all of its threads wait.
pub(crate) fn rests(number: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{number}/task")) else {
        return false;
    };
    // A thread that has ended meanwhile has nothing to do.
    let mut stats = threads.flatten().filter_map(|it| stat_in(&it.path()));
    stats.all(|it| it.sleeps)
}

fn stat(number: u32) -> Option<Stat> {
    stat_in(Path::new(&format!("/proc/{number}")))
}

fn stat_in(folder: &Path) -> Option<Stat> {
    read(&fs::read_to_string(folder.join("stat")).ok()?)
}

fn read(line: &str) -> Option<Stat> {
    // The name of the program before it may hold anything.
    let (_, rest) = line.rsplit_once(')')?;
    let fields: Vec<_> = rest.split_whitespace().collect();
    let ticks = fields.get(11..15)?.iter().map(|it| it.parse::<u64>());
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        ticks: ticks.sum::<Result<_, _>>().ok()?,
        has_ended: matches!(*fields.first()?, "Z" | "X"),
        sleeps: *fields.first()? == "S",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernel_is_read_whatever_the_program_is_called() {
        let line = "17 (a ) b) S 4 17 17 0 -1 4194560 100 0 0 0 1 20 300 4000 20 0 1 0 99 1 2 3";
        let expected = Stat {
            parent: 4,
            ticks: 4_321,
            has_ended: false,
            sleeps: true,
        };
        assert_eq!(read(line), Some(expected));
        assert_eq!(read("17 (a) S 4"), None);
    }

    #[test]
    fn what_a_process_started_is_counted_with_it() {
        let stat = |parent| Stat {
            parent,
            ticks: 1,
            has_ended: false,
            sleeps: false,
        };
        let all = HashMap::from([(1, stat(0)), (2, stat(1)), (3, stat(2)), (4, stat(1))]);
        let mut of_two: Vec<_> = Processes::of(2).among(&all).collect();
        of_two.sort_unstable();
        assert_eq!(of_two, [2, 3]);
    }

    #[test]
    fn a_process_that_looks_at_itself_does_not_rest() {
        assert!(!rests(std::process::id()));
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let rested = (0..1_000).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            rests(child.id())
        });
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(rested);
        assert!(!rests(child.id()));
    }

    #[test]
    fn this_process_has_memory() {
        let own = Processes::of(std::process::id());
        assert!(own.peak() > 0);
        assert!(is_there(std::process::id()));
    }
}
