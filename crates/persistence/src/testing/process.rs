//! What a number says about a process: what it is, and since when.

use std::fs;
use std::process::Command;

/// Whether the process runs tests and ends with them.
pub(super) fn runs_tests(pid: u32) -> bool {
    let name = fs::read_to_string(format!("/proc/{pid}/comm"))
        .ok()
        .or_else(|| ps(pid, "comm="))
        .unwrap_or_default();
    let name = name.trim().rsplit('/').next().unwrap_or_default();
    ["cargo", "rustdoc"]
        .iter()
        .any(|runner| name.starts_with(runner))
}

/// When the process began, in a unit of the system's; none if there is no such
/// process.
pub(super) fn began(pid: u32) -> Option<String> {
    if let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) {
        // The name, in parentheses, may hold anything; the time is the twentieth
        // field after it.
        let (_, fields) = stat.rsplit_once(") ")?;
        return fields.split(' ').nth(19).map(str::to_owned);
    }
    let digits = ps(pid, "lstart=")?
        .chars()
        .filter(char::is_ascii_digit)
        .collect::<String>();
    (!digits.is_empty()).then_some(digits)
}

fn ps(pid: u32, column: &str) -> Option<String> {
    let output = Command::new("ps")
        .args(["-o", column, "-p"])
        .arg(pid.to_string())
        .output()
        .ok()?;
    String::from_utf8(output.stdout).ok()
}
