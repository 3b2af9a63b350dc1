//! Who is let in, and what they may do.

mod certificates;
mod doors;
mod keys;
mod limits;
mod matrix;
mod reach;
mod shares;
pub(crate) mod tokens;

use byline_domain::access::{ApiKey, CallerName, KeyRecord, KeyRepository, Scopes};
use byline_persistence::testing::{OWNER, TestDatabase};
use chrono::{DateTime, TimeDelta};
use secrecy::ExposeSecret;

use crate::support::{Server, World};

/// A server that knows callers by API keys, and the keys of callers with those scopes, whose
/// names are `caller 0` and so on.
async fn guarded<const N: usize>(callers: [&str; N]) -> (World, [String; N]) {
    guarded_by(callers, &[]).await
}

/// The same with those options.
async fn guarded_by<const N: usize>(callers: [&str; N], options: &[&str]) -> (World, [String; N]) {
    let database = TestDatabase::new().await;
    let mut tokens = std::array::from_fn(|_| String::new());
    for (number, names) in callers.into_iter().enumerate() {
        let random = [u8::try_from(number).unwrap(); ApiKey::RANDOM_BYTES];
        tokens[number] = key(&database, &format!("caller {number}"), random, names).await;
    }
    let world = World::over(database, &[&["--auth", "keys"], options].concat()).await;
    (world, tokens)
}

/// An API key of a caller of that name, made of those bytes.
pub(crate) async fn key(
    database: &TestDatabase,
    name: &str,
    random: [u8; ApiKey::RANDOM_BYTES],
    names: &str,
) -> String {
    let key = ApiKey::from_random(&random);
    let record = KeyRecord {
        key: key.presented(),
        name: CallerName::parse(name).unwrap(),
        scopes: scopes(names),
        created_at: DateTime::UNIX_EPOCH + TimeDelta::days(20_000),
        expires_at: None,
        revoked_at: None,
    };
    let owner = database.database_as(OWNER);
    owner.insert(&record).await.unwrap();
    key.reveal().expose_secret().to_owned()
}

/// Those scopes, by their names.
fn scopes(names: &str) -> Scopes {
    if names.is_empty() {
        Scopes::NONE
    } else {
        Scopes::parse(names).unwrap()
    }
}

/// A request with a bearer token.
pub(crate) fn with_token<T>(message: T, token: &str) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

impl Server {
    /// What is logged of calls, line by line, as far as they have ended.
    pub(crate) fn calls(&self) -> Vec<serde_json::Value> {
        self.lines("call")
    }

    /// What is logged with that message, line by line.
    fn lines(&self, message: &str) -> Vec<serde_json::Value> {
        let log = self.log();
        let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
        lines
            .filter(|line: &serde_json::Value| line["message"] == message)
            .collect()
    }
}
