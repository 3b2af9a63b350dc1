//! `bench fill`: makes a world in a migrated, empty database. Rows come by COPY over
//! several connections; indexes and keys are taken away first and built again after,
//! which takes a fraction of the time of keeping them.

mod indexes;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use byline_persistence::PgConnectOptions;
use byline_persistence::migrate::{self, RunOptions, Runner};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use sqlx::{ConnectOptions, PgConnection};

use self::indexes::Indexes;
use crate::copy::{CopyBuffer, CopyRow};
use crate::world::World;
use crate::{Failure, tasks};

#[derive(Args)]
pub(crate) struct FillCommand {
    /// The PostgreSQL database, migrated and empty
    #[arg(long, value_name = "URL")]
    database_url: String,

    /// How many users
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    users: u32,

    /// How many posts
    #[arg(long, default_value_t = 5_000_000, value_name = "M")]
    posts: u32,

    #[command(flatten)]
    how: FillOptions,
}

/// How a database is filled.
#[derive(Args, Clone, Copy, Default)]
pub(crate) struct FillOptions {
    /// Connections to fill it over; as many as there are processors if left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    jobs: Option<u32>,

    /// Leave the indexes where they are, which is slower
    #[arg(long)]
    keep_indexes: bool,
}

/// What filling took.
pub(crate) struct Took {
    copy: Duration,
    indexes: Duration,
    vacuum: Duration,
}

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.0?} (COPY {:.0?}, indexes and keys {:.0?}, VACUUM ANALYZE {:.0?})",
            self.copy + self.indexes + self.vacuum,
            self.copy,
            self.indexes,
            self.vacuum
        )
    }
}

impl FillCommand {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        // The driver's message would repeat the URL, password included.
        let server = PgConnectOptions::from_str(&self.database_url)
            .map_err(|_| "--database-url is no URL such as postgres://user:password@host/name")?;
        let world = Arc::new(World::new(self.users, self.posts));
        fill(&server, &world, self.how).await?;
        Ok(())
    }
}

/// Bytes that are sent to a COPY at once.
const CHUNK: usize = 256 * 1024;

/// Rows that one COPY takes.
const BATCH: u64 = 50_000;

/// Fills the database, and says on standard error what it took.
pub(crate) async fn fill(
    server: &PgConnectOptions,
    world: &Arc<World>,
    how: FillOptions,
) -> Result<Took, Failure> {
    let mut connection = server.connect().await?;
    check(server, &mut connection).await?;
    let jobs = how.jobs.map_or_else(
        || std::thread::available_parallelism().map_or(2, usize::from),
        |jobs| usize::try_from(jobs).unwrap_or(usize::MAX),
    );
    let began = Instant::now();
    let taken = if how.keep_indexes {
        Indexes::default()
    } else {
        Indexes::take_away(&mut connection).await?
    };
    let copied = copy_all(server, world, jobs).await;
    let copy = began.elapsed();
    // They come back whatever has become of the rows.
    taken.build(server, jobs).await?;
    copied?;
    let indexes = began.elapsed().saturating_sub(copy);
    say("VACUUM ANALYZE");
    let began = Instant::now();
    vacuum(&mut connection).await?;
    let took = Took {
        copy,
        indexes,
        vacuum: began.elapsed(),
    };
    say(&format!(
        "{} users and {} posts in {took}",
        world.users(),
        world.posts()
    ));
    Ok(took)
}

/// What PostgreSQL would do by itself some time later.
pub(crate) async fn vacuum(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    for sql in ["vacuum (analyze) users", "vacuum (analyze) posts"] {
        sqlx::raw_sql(sql).execute(&mut *connection).await?;
    }
    Ok(())
}

fn say(line: &str) {
    eprintln!("{line}");
}

async fn check(server: &PgConnectOptions, connection: &mut PgConnection) -> Result<(), Failure> {
    let runner = Runner::new(server, migrate::embedded(), RunOptions::default());
    if !runner.plan_up(None).await?.is_empty() {
        return Err("the database is not migrated: see `byline migrate up`".into());
    }
    let empty: bool = sqlx::query_scalar(
        "select not exists (select from users) and not exists (select from posts)",
    )
    .fetch_one(connection)
    .await?;
    if !empty {
        return Err("the database is not empty: it is left as it is".into());
    }
    Ok(())
}

async fn copy_all(
    server: &PgConnectOptions,
    world: &Arc<World>,
    jobs: usize,
) -> Result<(), Failure> {
    let style = "{msg:5} {wide_bar} {human_pos}/{human_len} {elapsed} (still {eta})";
    let bar = ProgressBar::new(world.users() + world.posts()).with_style(
        ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar.enable_steady_tick(Duration::from_millis(500));
    bar.set_message("users");
    copy_table(server, world, jobs, &bar, world.users(), World::user).await?;
    bar.set_message("posts");
    copy_table(server, world, jobs, &bar, world.posts(), World::post).await?;
    bar.finish();
    Ok(())
}

async fn copy_table<R: CopyRow + 'static>(
    server: &PgConnectOptions,
    world: &Arc<World>,
    jobs: usize,
    bar: &ProgressBar,
    rows: u64,
    row: fn(&World, u64) -> R,
) -> Result<(), Failure> {
    let batches = (0..rows.div_ceil(BATCH)).collect();
    tasks::run(batches, jobs, |queue| {
        let (server, world, bar) = (server.clone(), world.clone(), bar.clone());
        async move {
            let mut connection = server.connect().await?;
            sqlx::raw_sql("set synchronous_commit = off")
                .execute(&mut connection)
                .await?;
            while let Some(batch) = queue.next() {
                let first = batch * BATCH;
                let numbers = first..rows.min(first + BATCH);
                let mut copy = connection.copy_in_raw(R::COPY).await?;
                let mut buffer = CopyBuffer::new(CHUNK * 2);
                for number in numbers {
                    row(&world, number).encode(&mut buffer);
                    if buffer.bytes().len() >= CHUNK {
                        copy.send(buffer.bytes()).await?;
                        buffer.clear();
                    }
                    bar.inc(1);
                }
                buffer.end();
                copy.send(buffer.bytes()).await?;
                copy.finish().await?;
            }
            Ok(())
        }
    })
    .await
}

#[cfg(test)]
mod tests;
