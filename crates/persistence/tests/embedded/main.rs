//! The private server: what it keeps, whom it refuses, and that it ends.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

mod refusals;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use byline_persistence::embedded::{EmbeddedError, EmbeddedOptions, EmbeddedPostgres};
use byline_persistence::testing::{Connection, count, execute};
use sqlx::ConnectOptions;
use tempfile::TempDir;

/// A folder that whoever the server runs as can reach.
fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    dir
}

fn options(dir: &Path) -> EmbeddedOptions {
    EmbeddedOptions {
        data_dir: dir.join("data"),
        bindir: std::env::var_os("BYLINE_PG_BINDIR").map(PathBuf::from),
        fetch: true,
        // Nobody pulls the plug here.
        settings: vec![("fsync", "off".to_owned())],
        notice: |line| eprintln!("{line}"),
    }
}

fn start(dir: &Path) -> EmbeddedPostgres {
    EmbeddedPostgres::start(&options(dir)).unwrap()
}

/// The error of a start that must not succeed.
#[track_caller]
fn refused(options: &EmbeddedOptions) -> EmbeddedError {
    match EmbeddedPostgres::start(options) {
        Ok(_) => panic!("a server was started"),
        Err(error) => error,
    }
}

/// Talks to the server's database `postgres`.
fn talk<T>(server: &EmbeddedPostgres, talk: impl AsyncFnOnce(&mut Connection) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut connection = server.connect_options("postgres").connect().await.unwrap();
        talk(&mut connection).await
    })
}

fn write(server: &EmbeddedPostgres) {
    talk(server, async |connection| {
        execute(
            connection,
            "create table kept (n int); insert into kept values (7)",
        )
        .await;
    });
}

#[track_caller]
fn assert_kept(server: &EmbeddedPostgres) {
    let kept = talk(server, async |connection| {
        count(connection, "select n::bigint from kept").await
    });
    assert_eq!(kept, 7);
}

/// The folder of the server's own files, below the data folder.
fn cluster(dir: &Path) -> PathBuf {
    fs::read_dir(dir.join("data"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("postgres-")
        })
        .unwrap()
}

fn process_of(dir: &Path) -> u32 {
    let pid_file = fs::read_to_string(cluster(dir).join("postmaster.pid")).unwrap();
    pid_file.lines().next().unwrap().trim().parse().unwrap()
}

fn kill(process: u32) {
    let process = process.to_string();
    let done = Command::new("kill")
        .args(["-9", &process])
        .status()
        .unwrap();
    assert!(done.success());
}

fn is_alive(process: u32) -> bool {
    Command::new("kill")
        .args(["-0", &process.to_string()])
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

fn await_end(process: u32) {
    let began = Instant::now();
    while is_alive(process) {
        assert!(began.elapsed() < Duration::from_secs(10), "it lives");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn as_root(dir: &TempDir) -> bool {
    // Whoever makes a folder owns it.
    fs::metadata(dir.path()).unwrap().uid() == 0
}

#[test]
fn a_server_answers_as_soon_as_it_has_started() {
    let dir = folder();
    let server = start(dir.path());
    let major = talk(&server, async |connection| {
        count(
            connection,
            "select current_setting('server_version_num')::bigint / 10000",
        )
        .await
    });
    assert!(major >= 15);
    assert_eq!(server.describe(), format!("PostgreSQL {major}"));
}

#[test]
fn it_listens_on_no_port() {
    let dir = folder();
    let server = start(dir.path());
    let open = talk(&server, async |connection| {
        count(
            connection,
            "select count(*) from pg_settings where name = 'listen_addresses' and setting <> ''",
        )
        .await
    });
    assert_eq!(open, 0);
    assert!(server.socket_dir().join(".s.PGSQL.5432").exists());
}

#[test]
fn its_files_and_its_socket_are_closed_to_others() {
    let dir = folder();
    let server = start(dir.path());
    for path in [server.socket_dir(), &cluster(dir.path())] {
        let mode = fs::metadata(path).unwrap().mode();
        assert_eq!(mode & 0o077, 0, "{} is {mode:o}", path.display());
    }
}

#[test]
fn a_folder_whose_name_is_too_long_for_a_socket_will_do() {
    let dir = folder();
    let long = dir.path().join("long".repeat(30));
    fs::create_dir(&long).unwrap();
    let server = start(&long);
    let socket_dir = server.socket_dir().to_owned();
    assert!(socket_dir.as_os_str().len() < 100);
    write(&server);
    drop(server);
    assert_kept(&start(&long));
    assert!(!socket_dir.exists(), "it goes with the server");
}

#[test]
fn a_second_server_on_the_folder_is_refused_and_the_process_is_named() {
    let dir = folder();
    let server = start(dir.path());
    write(&server);
    let error = refused(&options(dir.path()));
    let EmbeddedError::InUse { folder, process } = &error else {
        panic!("{error:?}");
    };
    assert!(folder.ends_with("/data"), "{folder}");
    assert_eq!(*process, std::process::id().to_string());
    assert!(error.to_string().contains("--data-dir"), "{error}");
    // The first does not notice.
    assert_kept(&server);
}

#[test]
fn data_survives_a_restart() {
    let dir = folder();
    write(&start(dir.path()));
    assert_kept(&start(dir.path()));
}

#[test]
fn data_survives_a_server_that_is_killed() {
    let dir = folder();
    let mut server = start(dir.path());
    write(&server);
    // More than once: a server must not be taken for ready on the word of the one
    // that was killed before it.
    for _ in 0..5 {
        let process = process_of(dir.path());
        kill(process);
        drop(server);
        await_end(process);
        server = start(dir.path());
        assert_kept(&server);
        assert_ne!(process_of(dir.path()), process);
    }
}

#[test]
fn a_server_that_was_left_behind_is_stopped_first() {
    let dir = folder();
    let server = start(dir.path());
    write(&server);
    drop(server);

    // As a program leaves it that was killed where nothing ends its children.
    let data = cluster(dir.path());
    let owner = fs::metadata(&data).unwrap();
    let mut left_over = if as_root(&dir) {
        let mut command = Command::new("setpriv");
        command
            .args([
                format!("--reuid={}", owner.uid()),
                format!("--regid={}", owner.gid()),
            ])
            .args(["--clear-groups", "--"])
            .arg(postgres());
        command
    } else {
        Command::new(postgres())
    };
    let mut left_over = left_over
        .arg("-D")
        .arg(&data)
        .arg("-k")
        .arg(&data)
        .args(["-c", "listen_addresses="])
        .current_dir(&data)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while !data.join("postmaster.pid").exists() {
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "it does not start"
        );
        std::thread::sleep(Duration::from_millis(10));
    }

    let server = start(dir.path());
    assert!(left_over.wait().unwrap().code().is_some());
    assert_kept(&server);
}

/// The program of the server that the tests run on, as it says itself.
fn postgres() -> PathBuf {
    let dir = folder();
    let server = start(dir.path());
    let process = process_of(dir.path());
    let program = fs::read_link(format!("/proc/{process}/exe")).unwrap();
    drop(server);
    program
}

#[test]
fn dropping_it_stops_it() {
    let dir = folder();
    let server = start(dir.path());
    let process = process_of(dir.path());
    assert!(is_alive(process));
    let socket = server.socket_dir().join(".s.PGSQL.5432");
    assert!(socket.exists());
    drop(server);
    assert!(!is_alive(process));
    assert!(!socket.exists());
    assert!(!cluster(dir.path()).join("postmaster.pid").exists());
}

#[test]
fn dropping_it_does_not_wait_for_its_clients() {
    let dir = folder();
    let server = start(dir.path());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = runtime.block_on(async {
        let mut client = server.connect_options("postgres").connect().await.unwrap();
        execute(&mut client, "begin; create table unfinished ()").await;
        client
    });
    let began = Instant::now();
    drop(server);
    assert!(
        began.elapsed() < Duration::from_secs(6),
        "{:?}",
        began.elapsed()
    );
    drop(client);
}

#[test]
fn a_database_is_made_once_whatever_its_name() {
    let dir = folder();
    let server = start(dir.path());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for name in ["byline", "byline", "Two words", "a \"quoted\" one; --"] {
            server.ensure_database(name).await.unwrap();
            let mut connection = server.connect_options(name).connect().await.unwrap();
            execute(&mut connection, "create table if not exists here ()").await;
        }
    });
    let databases = talk(&server, async |connection| {
        count(
            connection,
            "select count(*) from pg_database where datname <> 'postgres' and not datistemplate",
        )
        .await
    });
    assert_eq!(databases, 3);
}
