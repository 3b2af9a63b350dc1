//! The language by whose rules posts are searched: which words are forms of one, and
//! which are too frequent to be looked for.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::error::{FORBIDDEN, Redacted};
use crate::pool;

/// How many posts are indexed anew at once.
const BATCH: i64 = 500;
/// How long the rest of the world has the database to itself between two batches.
const PAUSE: Duration = Duration::from_millis(10);

/// The statements that give Byline's configuration the dictionaries of another.
const MAPPINGS: &str = "select format('alter text search configuration byline alter mapping for %I \
        with %s', token.alias, string_agg(map.mapdict::regdictionary::text, ', ' order by map.mapseqno)) \
    from pg_ts_config_map map join ts_token_type('default') token on token.tokid = map.maptokentype \
    where map.mapcfg = (select oid from pg_ts_config where cfgname = $1 \
        and cfgnamespace = 'pg_catalog'::regnamespace) \
    group by token.alias";

/// Why the language could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum SearchLanguageError {
    /// PostgreSQL has no rules for such a language.
    #[error("there is no language {asked}: PostgreSQL knows {}", known.join(", "))]
    Unknown {
        /// The language that was asked for.
        asked: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// The language is the owner's to change.
    #[error(
        "only the owner of the tables may change the language of searches, which the role of the \
         URL is not: {0}"
    )]
    Forbidden(String),
    /// The database could not be asked.
    #[error("the database cannot be reached or refused: {0}")]
    Database(String),
}

impl From<sqlx::Error> for SearchLanguageError {
    fn from(error: sqlx::Error) -> Self {
        let told = Redacted::of_service(error).to_string();
        if told.starts_with(FORBIDDEN) {
            Self::Forbidden(told)
        } else {
            Self::Database(told)
        }
    }
}

/// Searches posts by the rules of `language`, one of PostgreSQL's such as `english`, or
/// `simple` for none. Then indexes all posts anew, in small batches while callers go on;
/// until that is done, posts that are not reached yet are found by the old rules. What was
/// stopped half way is done by asking again. Returns how many posts there were.
/// `progress` is told how many are done.
pub async fn set_search_language(
    server: &PgConnectOptions,
    language: &str,
    progress: impl Fn(u64),
) -> Result<u64, SearchLanguageError> {
    let mut connection = server.clone().application_name("byline").connect().await?;
    pool::prepare(&mut connection).await?;
    let mut change = connection.begin().await?;
    let mappings: Vec<String> = sqlx::query_scalar(MAPPINGS)
        .bind(language)
        .fetch_all(&mut *change)
        .await?;
    if mappings.is_empty() {
        drop(change);
        return Err(SearchLanguageError::Unknown {
            asked: language.to_owned(),
            known: languages(&mut connection).await?,
        });
    }
    for mapping in mappings {
        QueryBuilder::<Postgres>::new(mapping)
            .build()
            .execute(&mut *change)
            .await?;
    }
    change.commit().await?;
    let done = index_anew(&mut connection, progress).await?;
    connection.close().await?;
    Ok(done)
}

async fn languages(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select cfgname::text from pg_ts_config \
         where cfgnamespace = 'pg_catalog'::regnamespace order by 1",
    )
    .fetch_all(connection)
    .await
}

/// Writes every post's title over itself, which makes its search vector anew. Neither a
/// version nor a time changes.
async fn index_anew(
    connection: &mut PgConnection,
    progress: impl Fn(u64),
) -> Result<u64, sqlx::Error> {
    let mut done = 0;
    let mut last = Uuid::nil();
    loop {
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "with batch as (select id from posts where id > $1 order by id limit $2 for update) \
             update posts set title = title from batch where posts.id = batch.id \
             returning posts.id",
        )
        .bind(last)
        .bind(BATCH)
        .fetch_all(&mut *connection)
        .await?;
        let Some(greatest) = ids.iter().max() else {
            return Ok(done);
        };
        last = *greatest;
        done += ids.len() as u64;
        progress(done);
        tokio::time::sleep(PAUSE).await;
    }
}
