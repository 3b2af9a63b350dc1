//! Servers that outlived the program that had started them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{EmbeddedError, STOP_TIMEOUT, at};

const POLL: Duration = Duration::from_millis(20);

/// Ends what still serves the cluster in `dir`. To be called by the one who holds
/// the lock on the folder: nobody else has a use for such a server.
pub(super) fn end(dir: &Path) -> Result<(), EmbeddedError> {
    let pid_file = dir.join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&pid_file) else {
        return Ok(());
    };
    let server = text.lines().next().and_then(|line| line.parse().ok());
    for signal_name in ["INT", "QUIT"] {
        let running = processes(dir, server);
        if running.is_empty() {
            break;
        }
        tracing::info!(?running, "ending a PostgreSQL that was left behind");
        // The server ends its own; they are without one if it was killed.
        match server.filter(|server| running.contains(server)) {
            Some(server) => signal(server, signal_name),
            None => running.iter().for_each(|pid| signal(*pid, signal_name)),
        }
        let began = Instant::now();
        while began.elapsed() < STOP_TIMEOUT && !processes(dir, server).is_empty() {
            std::thread::sleep(POLL);
        }
    }
    let running = processes(dir, server);
    if !running.is_empty() {
        return Err(EmbeddedError::Program(format!(
            "a PostgreSQL that was left behind on {} does not end (processes {running:?}): end it, \
             or choose another folder with --data-dir",
            dir.display()
        )));
    }
    // By now another process may have the number in the file, which PostgreSQL
    // would take for a server.
    match fs::remove_file(&pid_file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(at(&pid_file)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Sends the signal. That the process has just ended is no failure.
pub(super) fn signal(pid: u32, name: &str) {
    let sent = Command::new("sh")
        .args(["-c", "kill -s \"$1\" \"$2\"", "kill", name])
        .arg(pid.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    tracing::debug!(pid, name, ?sent, "signal to PostgreSQL");
}

/// The processes of PostgreSQL that run on the cluster in `dir`; a number in a
/// file says nothing about who has it now.
fn processes(dir: &Path, server: Option<u32>) -> Vec<u32> {
    // All of them have the folder as their working directory.
    if cfg!(target_os = "linux") {
        let entries = fs::read_dir("/proc").into_iter().flatten();
        return entries
            .flatten()
            .filter(|entry| {
                let process = entry.path();
                fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == dir)
                    && fs::read_to_string(process.join("comm"))
                        .is_ok_and(|name| name.starts_with("postgres"))
            })
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect();
    }
    // Elsewhere only the server itself can be told.
    server
        .filter(|server| {
            let told = Command::new("ps")
                .args(["-o", "command=", "-p"])
                .arg(server.to_string())
                .output();
            told.is_ok_and(|output| {
                let command = String::from_utf8_lossy(&output.stdout).into_owned();
                command.contains("postgres") && command.contains(&*dir.to_string_lossy())
            })
        })
        .into_iter()
        .collect()
}
