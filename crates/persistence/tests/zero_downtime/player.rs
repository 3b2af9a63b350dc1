//! Plays a recording on one connection, as the program that it is of would send it.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use byline_persistence::PgConnectOptions;
use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::recording::{Call, Recording};

/// How long a call may take that sets no deadline: the program's default.
const DEADLINE: Duration = Duration::from_secs(3);

/// How often a call is tried that others are in the way of, as the program does.
const TRIES: usize = 3;

/// How one call ended.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) name: String,
    pub(crate) began: Instant,
    pub(crate) took: Duration,
    pub(crate) failure: Option<String>,
}

pub(crate) struct Player<'r> {
    recording: &'r Recording,
    connection: PgConnection,
    prepared: HashSet<usize>,
}

impl<'r> Player<'r> {
    pub(crate) async fn connect(server: &PgConnectOptions, recording: &'r Recording) -> Self {
        let options = [("statement_timeout", "3s"), ("lock_timeout", "1500ms")];
        Self {
            recording,
            connection: server.clone().options(options).connect().await.unwrap(),
            prepared: HashSet::new(),
        }
    }

    /// All calls, once, with ids and addresses that no other round has.
    pub(crate) async fn round(&mut self) -> Vec<Played> {
        let round = Round {
            seed: Uuid::from_u64_pair(rand(), rand()),
            domain: &self.recording.domain,
        };
        let mut played = Vec::new();
        for call in &self.recording.calls {
            played.push(self.play(call, &round).await);
        }
        played
    }

    async fn play(&mut self, call: &Call, round: &Round<'_>) -> Played {
        let began = Instant::now();
        let mut failure = None;
        for _ in 0..TRIES {
            failure = match tokio::time::timeout(DEADLINE, self.once(call, round)).await {
                Err(_) => Some("not within its deadline".to_owned()),
                Ok(Err(error)) => {
                    self.raw("rollback".to_owned()).await.unwrap();
                    Some(error)
                }
                Ok(Ok(())) => None,
            };
            let is_contention = failure.as_ref().is_some_and(|failure| {
                ["55P03", "40P01", "40001"]
                    .iter()
                    .any(|code| failure.contains(code))
            });
            if !is_contention || began.elapsed() > DEADLINE {
                break;
            }
        }
        let took = began.elapsed();
        if took > DEADLINE && failure.is_none() {
            failure = Some("not within its deadline".to_owned());
        }
        Played {
            name: call.name.clone(),
            began,
            took,
            failure,
        }
    }

    async fn once(&mut self, call: &Call, round: &Round<'_>) -> Result<(), String> {
        for (place, values) in &call.sent {
            let statement = &self.recording.statements[*place];
            if statement.sql.starts_with("copy ") {
                self.copy_nothing(&statement.sql).await?;
                continue;
            }
            if statement.types.is_empty() && values.is_empty() {
                self.raw(statement.sql.clone()).await?;
                continue;
            }
            // Prepared once a connection, so that a plan which no longer fits is met too.
            if self.prepared.insert(*place) {
                let mut types: Vec<String> = sqlx::query_scalar(
                    "select coalesce(format_type(nullif(type, 0::oid), null), 'unknown')
                     from unnest($1::bigint[]::oid[]) with ordinality as given (type, n) order by n",
                )
                .bind(statement.types.iter().copied().map(i64::from).collect::<Vec<_>>())
                .fetch_all(&mut self.connection)
                .await
                .map_err(|error| told(&error))?;
                types.resize(values.len(), "unknown".to_owned());
                let types = match types.join(", ") {
                    none if none.is_empty() => none,
                    types => format!(" ({types})"),
                };
                let sql = format!("prepare s{place}{types} as {}", statement.sql);
                if let Err(error) = self.raw(sql).await {
                    self.prepared.remove(place);
                    return Err(error);
                }
            }
            self.raw(execute(*place, values, round)).await?;
        }
        Ok(())
    }

    /// A COPY of no rows, of which no log tells.
    async fn copy_nothing(&mut self, sql: &str) -> Result<(), String> {
        let nothing = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\xff\xff";
        let connection = &mut self.connection;
        let done = async {
            let mut copy = connection.copy_in_raw(sql).await?;
            copy.send(&nothing[..]).await?;
            copy.finish().await
        };
        done.await.map(drop).map_err(|error| told(&error))
    }

    async fn raw(&mut self, sql: String) -> Result<(), String> {
        let sql = QueryBuilder::<Postgres>::new(sql).into_sql();
        let done = sqlx::raw_sql(sql).execute(&mut self.connection).await;
        done.map(drop).map_err(|error| told(&error))
    }
}

fn told(error: &sqlx::Error) -> String {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    format!("{} {error}", code.unwrap_or_default())
}

/// What makes the rows of one round its own.
struct Round<'r> {
    seed: Uuid,
    domain: &'r str,
}

impl Round<'_> {
    /// A recorded value for this round: other ids at the same places, and another domain.
    fn value(&self, recorded: &str) -> String {
        let mut value = String::new();
        let mut rest = recorded.replace(self.domain, &format!("{}.example", self.seed.simple()));
        while let Some((before, after)) = rest.split_once("{id") {
            let Some((number, after)) = after.split_once('}') else {
                break;
            };
            // Those of batches of events end with 16 bits that are 0.
            let id = (self.seed.as_u128() ^ number.parse::<u128>().unwrap()) << 16;
            let _ = write!(value, "{before}{}", Uuid::from_u128(id));
            rest = after.to_owned();
        }
        value + &rest
    }
}

fn execute(place: usize, values: &[Option<String>], round: &Round<'_>) -> String {
    let values: Vec<_> = values
        .iter()
        .map(|value| match value {
            None => "null".to_owned(),
            Some(value) => format!("'{}'", round.value(value).replace('\'', "''")),
        })
        .collect();
    match values.join(", ") {
        none if none.is_empty() => format!("execute s{place}"),
        values => format!("execute s{place} ({values})"),
    }
}

fn rand() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}
