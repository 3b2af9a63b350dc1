//! What the numbers were measured on.

use std::fs;

use chrono::{DateTime, Utc};

/// Processors, memory and system, in a few words.
pub(crate) fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpu = value("/proc/cpuinfo", "model name").unwrap_or_else(|| "CPU".to_owned());
    let memory = memory().map_or_else(
        || "memory unknown".to_owned(),
        |bytes| format!("{} GB of memory", (bytes + GIB / 2) / GIB),
    );
    format!(
        "{cores} cores ({cpu}), {memory}, {} {}",
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}

const GIB: u64 = 1024 * 1024 * 1024;

/// The memory, in bytes, where the system says it.
pub(crate) fn memory() -> Option<u64> {
    let text = value("/proc/meminfo", "MemTotal")?;
    let kib: u64 = text.split(' ').next()?.parse().ok()?;
    Some(kib * 1024)
}

/// What a line of a file of the kernel's says after a colon.
pub(crate) fn value(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The day, such as `2026-11-24`, by the system's clock.
pub(crate) fn today() -> String {
    let now: DateTime<Utc> = std::time::SystemTime::now().into();
    now.format("%Y-%m-%d").to_string()
}

/// The command that was given, as somebody else can give it.
pub(crate) fn command() -> String {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    format!("cargo run --release -p bench -- {}", arguments.join(" "))
}
