//! `byline keys`: the API keys that callers come with.

use std::time::Duration;

use byline_app::access::NewKey;
use byline_domain::access::{
    AccessRole, ApiKey, CallerName, KeyId, KeyRecord, PresentedKey, Scopes,
};
use byline_domain::error::Invalid;
use byline_persistence::PoolSettings;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::{Args, Subcommand};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::CommandError;
use super::options::{DatabaseOptions, key_lifetime};
use super::serve::{check_schema, unreachable};
use crate::bootstrap::App;
use crate::system::random_bytes;

#[derive(Args, Debug)]
pub(super) struct KeysCommand {
    #[command(subcommand)]
    command: KeysVerb,
}

#[derive(Debug, Subcommand)]
enum KeysVerb {
    /// Make a key and print it, alone, on standard output: it is never shown again
    Create(CreateKey),
    /// List all keys, the newest first; what is secret of them is not kept and not shown
    List(ListKeys),
    /// Take its use away from a key, for good; servers refuse it within 5 seconds
    Revoke(RevokeKey),
}

#[derive(Args, Debug)]
struct CreateKey {
    #[command(flatten)]
    database: DatabaseOptions,

    /// Who will call with it: up to 256 characters. Several keys may have one name, so that one can be replaced
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: CallerName,

    #[command(flatten)]
    rights: Rights,

    /// How long it holds, such as 90d; for good if left out
    #[arg(long, value_name = "TIME", value_parser = key_lifetime)]
    expires_in: Option<Duration>,
}

/// What is given to a caller.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Rights {
    /// What it gives the right to, separated by commas: users.read, users.write, posts.read, posts.write, credentials.verify, credentials.write, trash.purge, transfer, audit.read
    #[arg(long, value_name = "SCOPE[,SCOPE…]", value_parser = scopes)]
    scopes: Option<Scopes>,

    /// The same by a name for several: reader (reads users and posts), editor (changes them too), admin (everything)
    #[arg(long, value_name = "ROLE", value_parser = role)]
    role: Option<AccessRole>,
}

#[derive(Args, Debug)]
struct ListKeys {
    #[command(flatten)]
    database: DatabaseOptions,
}

#[derive(Args, Debug)]
struct RevokeKey {
    #[command(flatten)]
    database: DatabaseOptions,

    /// Which one: the 16 hex digits after byl_, as `byline keys list` shows them; or the key itself
    // Not a `value_parser`: clap's message would repeat a key that was cut off.
    #[arg(value_name = "ID")]
    id: SecretString,
}

impl KeysCommand {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        match self.command {
            KeysVerb::Create(command) => command.run().await,
            KeysVerb::List(command) => command.run().await,
            KeysVerb::Revoke(command) => command.run().await,
        }
    }
}

impl CreateKey {
    async fn run(self) -> Result<(), CommandError> {
        let app = open(&self.database).await?;
        let scopes = self.rights.role.map(AccessRole::scopes);
        let new = NewKey {
            name: self.name,
            scopes: self.rights.scopes.or(scopes).unwrap_or(Scopes::NONE),
            expires_in: self
                .expires_in
                .and_then(|time| TimeDelta::from_std(time).ok()),
        };
        let says = format!("of {}, with {}", new.name.as_str(), new.scopes);
        let random: Zeroizing<[u8; ApiKey::RANDOM_BYTES]> = Zeroizing::new(random_bytes());
        let key = app.keys().create(new, &random).await.map_err(unreachable)?;
        eprintln!("key {} {says}; it is not shown again:", key.presented().id);
        println!("{}", key.reveal().expose_secret());
        Ok(())
    }
}

impl ListKeys {
    async fn run(self) -> Result<(), CommandError> {
        let app = open(&self.database).await?;
        let keys = app.keys().list().await.map_err(unreachable)?;
        for (key, has_expired) in &keys {
            println!("{}", line(key, *has_expired));
        }
        if keys.is_empty() {
            eprintln!("there are no keys: `byline keys create` makes one");
        }
        Ok(())
    }
}

impl RevokeKey {
    async fn run(self) -> Result<(), CommandError> {
        let id = id(self.id.expose_secret())?;
        let app = open(&self.database).await?;
        match app.keys().revoke(id).await.map_err(unreachable)? {
            Some(key) => {
                println!("revoked key {id} of {}", key.name.as_str());
                Ok(())
            }
            None => Err(format!("there is no key {id}").into()),
        }
    }
}

async fn open(database: &DatabaseOptions) -> Result<App, CommandError> {
    let server = database.server()?;
    let app = App::for_command(server, &PoolSettings::default());
    check_schema(&app).await?;
    Ok(app)
}

fn line(key: &KeyRecord, has_expired: bool) -> String {
    let state = match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {}", day(at)),
        (None, Some(at)) if has_expired => format!("expired {}", day(at)),
        (None, Some(at)) => format!("expires {}", day(at)),
        (None, None) => "does not expire".to_owned(),
    };
    let (id, name) = (key.key.id, key.name.as_str());
    format!(
        "{id}  {name}  {}  made {}, {state}",
        key.scopes,
        day(key.created_at)
    )
}

fn day(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn told(invalid: Invalid) -> CommandError {
    invalid.message.into()
}

fn name(text: &str) -> Result<CallerName, CommandError> {
    CallerName::parse(text).map_err(told)
}

fn scopes(text: &str) -> Result<Scopes, CommandError> {
    Scopes::parse(text).map_err(told)
}

fn role(text: &str) -> Result<AccessRole, CommandError> {
    AccessRole::parse(text).map_err(told)
}

/// The id of a key by itself, or in the key.
fn id(text: &str) -> Result<KeyId, CommandError> {
    let key = PresentedKey::parse(text);
    let id = key.map_or_else(|| KeyId::parse(text), |key| Ok(key.id));
    id.map_err(|invalid| format!("ID: {}", invalid.message).into())
}
