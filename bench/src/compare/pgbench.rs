//! The limit of the database: pgbench with the statement that a call comes down to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::window::{Meter, Window};
use crate::Failure;
use crate::load::workload::Workload;
use crate::load::{self, Counted};
use crate::site::Site;
use crate::world::dice::{Dice, Stream};

/// pgbench has no list of ids to choose from, but a script for each. Every connection prepares
/// every one of them, so that they are few, and fewer where there are many connections.
const PREPARED: usize = 1_024;
const FEWEST: usize = 4;
const MOST: usize = 16;

/// Until all is prepared, once all are connected; and what is left over after what is counted.
const WARM_UP: Duration = Duration::from_secs(1);
const LEFT_OVER: Duration = Duration::from_millis(500);

/// How long connecting may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Statements ready for pgbench.
pub(crate) struct Pgbench {
    folder: PathBuf,
}

const COLUMNS: &str =
    "id, email, name, role, is_active, created_at, updated_at, deleted_at, purge_at, version";

impl Pgbench {
    /// In a folder of its own, which is emptied.
    pub(crate) fn new(folder: PathBuf) -> Result<Self, Failure> {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    /// The statements of a workload.
    fn statements(
        workload: Workload,
        site: &Site,
        connections: usize,
    ) -> Result<Vec<String>, Failure> {
        let mut dice = Dice::new(Stream::Keys, 0);
        let make: fn(&Site, &mut Dice) -> String = if workload == Workload::GetUser {
            get_user
        } else if workload == Workload::ListUsers {
            list_users
        } else if workload == Workload::CreatePost {
            create_post
        } else {
            return Err("pgbench has no statement for that".into());
        };
        let scripts = (PREPARED / connections).clamp(FEWEST, MOST);
        let mut statements: Vec<_> = (0..scripts).map(|_| make(site, &mut dice)).collect();
        statements.dedup();
        Ok(statements)
    }

    /// Measures so many connections for that long.
    pub(crate) async fn run(
        &self,
        workload: Workload,
        site: &Site,
        connections: usize,
        length: Duration,
    ) -> Result<Window, Failure> {
        for entry in fs::read_dir(&self.folder)? {
            fs::remove_file(entry?.path())?;
        }
        let seconds = (WARM_UP + length + LEFT_OVER).as_secs_f64().ceil();
        let mut command = Command::new(site.bindir.join("pgbench"));
        command
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--log"])
            .arg(format!("--client={connections}"))
            .arg(format!("--time={seconds:.0}"))
            .arg(format!(
                "--log-prefix={}",
                self.folder.join("log").display()
            ));
        for (number, statement) in Self::statements(workload, site, connections)?
            .iter()
            .enumerate()
        {
            let script = self.folder.join(format!("script-{number}"));
            fs::write(&script, statement)?;
            command.arg(format!("--file={}", script.display()));
        }
        let program = site.bindir.join("pgbench");
        let child = command
            .arg(site.database.url())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        connected(site, connections).await?;
        sleep(WARM_UP).await;
        let meter = Meter::start(None, site.postgres)?;
        let from = since_1970();
        sleep(length).await;
        let to = since_1970();
        let spent = meter.stop();
        let ended = child.wait_with_output().await?;
        if !ended.status.success() {
            return Err(String::from_utf8_lossy(&ended.stderr).into_owned().into());
        }
        let counted = self.count(from, to)?;
        if counted.calls == 0 {
            return Err("pgbench has done nothing in its time".into());
        }
        Ok(Window::of(counted, &spent))
    }

    /// What ended between those times.
    fn count(&self, from: Duration, to: Duration) -> Result<Counted, Failure> {
        let mut counted = Counted {
            calls: 0,
            rows: 0,
            elapsed: to.saturating_sub(from),
            times: load::times(),
        };
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if is_log(&path) {
                for line in fs::read_to_string(&path)?.lines() {
                    let (ended, took) = read(line).ok_or("the log of pgbench is another one")?;
                    if from <= ended && ended < to {
                        counted.calls += 1;
                        counted.times.saturating_record(took.max(1));
                    }
                }
            }
        }
        Ok(counted)
    }
}

fn get_user(site: &Site, dice: &mut Dice) -> String {
    let id = site.world.living_user(dice).id;
    format!("select {COLUMNS} from users where id = '{id}' and deleted_at is null;\n")
}

/// A row more than a page has tells whether there is another page.
fn list_users(_: &Site, _: &mut Dice) -> String {
    format!(
        "select {COLUMNS} from users where deleted_at is null \
         order by created_at desc, id desc limit 51;\n"
    )
}

fn create_post(site: &Site, dice: &mut Dice) -> String {
    let post = site.world.living_post(dice);
    let content = post.content.map(|it| it.as_str().replace('\n', " "));
    format!(
        "insert into posts (id, title, content, author_id, created_at, version) \
         values (gen_random_uuid(), '{}', '{}', '{}', now(), 1);\n",
        post.title.as_str(),
        content.unwrap_or_default(),
        post.author_id
    )
}

/// Waits until pgbench has all of its connections, which it begins with.
async fn connected(site: &Site, connections: usize) -> Result<(), Failure> {
    let mut connection = site.database.connect().await?;
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let there: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where application_name = 'pgbench'",
        )
        .fetch_one(&mut connection)
        .await?;
        if usize::try_from(there)? >= connections {
            return Ok(());
        }
        sleep(Duration::from_millis(20)).await;
    }
    Err("pgbench does not connect".into())
}

fn is_log(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with("log."))
}

fn since_1970() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// When the transaction of a line ended, and how long it took, in microseconds.
fn read(line: &str) -> Option<(Duration, u64)> {
    let mut fields = line.split(' ');
    let took = fields.nth(2)?.parse().ok()?;
    let seconds = fields.nth(1)?.parse().ok()?;
    let micros: u32 = fields.next()?.parse().ok()?;
    Some((Duration::new(seconds, micros.checked_mul(1_000)?), took))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_log_is_read() {
        // Client, transaction, time, script, seconds, microseconds.
        let expected = (Duration::new(1_700_000_000, 5_000), 2_412);
        assert_eq!(read("0 199 2412 3 1700000000 5"), Some(expected));
        assert_eq!(read("0 199 skipped 3 1700000000 5"), None);
        assert_eq!(read("0 199 2412"), None);
    }
}
