//! What the commands show of their progress on a terminal.

use std::process::Stdio;
use std::time::{Duration, Instant};

use byline_grpc::pb::{ImportReport, User};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tonic::{Code, Status};

use super::Folder;
use super::fake::{Fake, Then, Until};
use crate::support::PROGRAM;

/// Runs a program on a terminal of its own, and passes on what is shown there.
const ON_TERMINAL: &str = "import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

/// Clears the line that the cursor is in.
const CLEARED: &str = "\u{1b}[2K";

const MEBIBYTES: usize = 4 * 1024 * 1024;

const PATIENCE: Duration = Duration::from_secs(20);

/// A command on a terminal, and all that it has shown there.
struct Terminal {
    child: Child,
    shown: Vec<u8>,
}

impl Terminal {
    /// Nothing where there is no Python.
    fn start(server: &str, arguments: &[&str]) -> Option<Self> {
        let child = Command::new("python3")
            .args(["-c", ON_TERMINAL, PROGRAM])
            .args(arguments)
            .env("BYLINE_SERVER", server)
            .env("TERM", "xterm")
            .env_remove("NO_COLOR")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        if child.is_err() {
            let in_ci = std::env::var_os("CI").is_some();
            assert!(!in_ci, "there must be a Python in CI");
            eprintln!("SKIPPED: there is no python3 to make a terminal");
        }
        Some(Self {
            child: child.ok()?,
            shown: Vec::new(),
        })
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown).into_owned()
    }

    /// Goes on until that is shown.
    async fn until(&mut self, what: &str, is_shown: impl Fn(&str) -> bool) {
        // A bar moves for ever.
        let deadline = Instant::now() + PATIENCE;
        while !is_shown(&self.shown()) {
            let goes_on = Instant::now() < deadline && self.read().await;
            assert!(goes_on, "{what}: {:?}", self.shown());
        }
    }

    /// Goes on until it ends, and answers its exit code.
    async fn end(&mut self) -> Option<i32> {
        while self.read().await {}
        self.child.wait().await.unwrap().code()
    }

    /// Whether anything more is shown.
    async fn read(&mut self) -> bool {
        let stdout = self.child.stdout.as_mut().unwrap();
        let read = stdout.read_buf(&mut self.shown);
        let read = tokio::time::timeout(PATIENCE, read).await;
        let Ok(read) = read else {
            panic!("nothing more is shown: {:?}", self.shown());
        };
        read.unwrap() > 0
    }
}

#[tokio::test]
async fn an_import_shows_how_much_is_sent_and_what_it_waits_for() {
    let many = ImportReport {
        applied: true,
        ..ImportReport::default()
    };
    let unavailable = Status::new(Code::Unavailable, "not now");
    let fake = Fake::importing([Err(unavailable), Ok(many)]).await;
    fake.let_imports_come(Until::Rows);
    let folder = Folder::new();
    let rows = format!("{}@example.com\n", "x".repeat(51)).repeat(MEBIBYTES / 64);
    let file = folder.file("users.csv", &format!("email\n{rows}")[..MEBIBYTES]);
    let Some(mut terminal) = Terminal::start(&fake.url, &["import", "users", &file]) else {
        return;
    };
    let of_all = "/4.00 MiB ";
    terminal
        .until("a part is sent", |shown| {
            shown.split(of_all).any(|before| before.ends_with("iB"))
        })
        .await;
    fake.let_imports_come(Until::Answer);
    terminal
        .until("it is settled", |shown| {
            shown.contains("sent; the server settles it: ")
        })
        .await;
    fake.let_imports_come(Until::End);
    assert_eq!(terminal.end().await, Some(0));

    let shown = terminal.shown();
    let (_, again) = shown.split_once("settles it: ").unwrap();
    let (before, waiting) = again.split_once("byline: ").expect("it says why");
    assert!(before.ends_with(CLEARED), "above the bar: {shown:?}");
    let (_, again) = waiting
        .split_once("waiting to try again")
        .expect("that it waits");
    assert!(again.contains(of_all), "it begins anew: {shown:?}");
    let (_, left) = shown.rsplit_once(CLEARED).unwrap();
    assert!(left.starts_with(&file), "the bar is gone: {shown:?}");
}

#[tokio::test]
async fn an_export_shows_how_many_rows_have_come() {
    let user = User {
        id: "0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01".into(),
        ..User::default()
    };
    let fake = Fake::exporting(vec![user; 1_234], Then::Silence).await;
    let folder = Folder::new();
    let file = folder.place("users.csv");
    let Some(mut terminal) = Terminal::start(&fake.url, &["export", "users", &file]) else {
        return;
    };
    terminal
        .until("rows have come", |shown| shown.contains(" 1,234 rows "))
        .await;
}
