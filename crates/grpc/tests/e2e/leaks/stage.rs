//! The server that is called, the callers, and the note that is taken of what they are told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use byline_grpc::pb;
use byline_persistence::testing::{Connection, TestDatabase, count, execute};
use futures_util::StreamExt;
use prost::Message;
use tonic::metadata::{AsciiMetadataKey, BinaryMetadataKey, MetadataMap, MetadataValue};
use tonic::transport::Channel;
use tonic::{Code, Request};

use super::marks::{self, ASKED, Bound, CALLER, DATABASE, KEY, PAGE_KEY, PEPPER, STORED, hex};
use super::messages::{Contract, Method};
use crate::access::key;
use crate::access::tokens::Key;
use crate::support::{Server, eventually};
use crate::wire::{Whole, call_whole};

/// Who calls.
pub(super) struct Callers {
    /// May do everything.
    pub(super) admin: String,
    /// The same by another key, whose failures are counted apart.
    pub(super) guesser: String,
    /// May do nothing.
    pub(super) nobody: String,
    /// By a token.
    pub(super) issuer: Key,
}

/// What was told to callers.
pub(super) struct Stage {
    pub(super) database: TestDatabase,
    pub(super) server: Server,
    pub(super) channel: Channel,
    pub(super) contract: Contract,
    pub(super) callers: Callers,
    /// How every server is started.
    options: Vec<String>,
    /// The codes that each method has answered.
    met: Mutex<BTreeMap<String, BTreeSet<String>>>,
    _folder: tempfile::TempDir,
}

const ADMIN: &str = "users.read,users.write,posts.read,posts.write,credentials.verify,\
    credentials.write,trash.purge,transfer,audit.read";

/// Headers of a call, by their names.
pub(super) type Headers = Vec<(&'static str, String)>;

/// One call: the method, what is sent, and with which headers.
pub(super) struct Call {
    pub(super) path: String,
    pub(super) body: Vec<u8>,
    pub(super) headers: Headers,
}

impl Stage {
    /// A server over a database in which somebody else's things are stored.
    pub(super) async fn new(options: &[&str]) -> Self {
        let database = TestDatabase::new().await;
        let folder = tempfile::tempdir().unwrap();
        let jwks = folder.path().join("jwks.json");
        let issuer = Key::new("first");
        std::fs::write(&jwks, issuer.set()).unwrap();
        let random = |id: &[u8; 8]| [&id[..], KEY.as_bytes()].concat().try_into().unwrap();
        let callers = Callers {
            admin: key(&database, "admin", random(b"00000001"), ADMIN).await,
            guesser: key(&database, "guesser", random(b"00000002"), ADMIN).await,
            nobody: key(&database, "nobody", random(b"00000003"), "").await,
            issuer,
        };
        let (page_key, pepper) = (hex(PAGE_KEY), format!("1:{}", hex(PEPPER)));
        let all = [
            &["--auth", "keys,jwt", "--jwks", jwks.to_str().unwrap()][..],
            &[
                "--jwt-issuer",
                "https://issuer.example",
                "--jwt-audience",
                "byline",
            ],
            &["--page-token-key", &page_key, "--password-pepper", &pepper],
        ];
        let all: Vec<_> = all.concat().into_iter().map(str::to_owned).collect();
        let server = serve(&database, &all, options).await;
        Self {
            channel: server.channel().await,
            contract: Contract::read(),
            callers,
            server,
            database,
            options: all,
            met: Mutex::default(),
            _folder: folder,
        }
    }

    /// Puts a server with other options in the place of this one.
    pub(super) async fn go_on_with(&mut self, options: &[&str]) {
        self.server = serve(&self.database, &self.options, options).await;
        self.channel = self.server.channel().await;
    }

    /// Stores what others have, and nothing else.
    pub(super) async fn set(&self) {
        let row =
            |kind: u8, number: u8| format!("'{kind}0000000-0000-4000-9000-00000000000{number}'");
        let mut sql = vec![
            "truncate users, posts, credentials, request_records, throttles".to_owned(),
            // Whoever is asked for by an address.
            format!(
                "insert into users (id, email, role, is_active, created_at, version)
                     values ({}, '{ASKED}@example.com', 'editor', true, now(), 1)",
                row(3, 1)
            ),
        ];
        for (number, deleted) in [(1, "null, null"), (2, "now(), now() + interval '1 day'")] {
            let (user, post) = (row(1, number), row(2, number));
            sql.push(format!(
                "insert into users (id, email, name, role, is_active, created_at, version, deleted_at, purge_at)
                     values ({user}, '{STORED}@example.com', '{STORED}', 'editor', true, now(), 1, {deleted})"
            ));
            sql.push(format!(
                "insert into posts (id, title, content, author_id, created_at, version, deleted_at, purge_at)
                     values ({post}, '{STORED}', '{STORED}', {user}, now(), 1, {deleted})"
            ));
        }
        self.has_done(sql.join(";").leak()).await;
    }

    /// Makes calls, some at once, and looks at what comes back.
    pub(super) async fn make(&self, calls: Vec<Call>) {
        self.make_at_once(calls, 8).await;
    }

    pub(super) async fn make_at_once(&self, calls: Vec<Call>, most: usize) {
        let made = calls.into_iter().map(|call| self.one(call));
        futures_util::stream::iter(made)
            .buffer_unordered(most)
            .collect::<Vec<_>>()
            .await;
    }

    async fn one(&self, call: Call) {
        let mut request = Request::new(call.body);
        for (name, value) in call.headers {
            let metadata = request.metadata_mut();
            if name.ends_with("-bin") {
                let name: BinaryMetadataKey = name.parse().unwrap();
                metadata.append_bin(name, MetadataValue::from_bytes(value.as_bytes()));
            } else {
                let name: AsciiMetadataKey = name.parse().unwrap();
                metadata.append(name, value.parse().unwrap());
            }
        }
        let whole = call_whole(&self.channel, &call.path, request).await;
        let name = call.path.trim_start_matches('/').to_owned();
        look_at(&name, &whole);
        let code = whole.failure.map_or(Code::Ok, |status| status.code());
        let mut met = self.met.lock().unwrap();
        met.entry(name).or_default().insert(format!("{code:?}"));
    }

    /// Well made calls of all methods by `fill`, with those headers.
    pub(super) fn calls(&self, fill: super::messages::Fill<'_>, headers: &Headers) -> Vec<Call> {
        let all = self.contract.methods.iter();
        all.flat_map(|method| self.calls_of(method, fill, headers))
            .collect()
    }

    pub(super) fn calls_of(
        &self,
        method: &Method,
        fill: super::messages::Fill<'_>,
        headers: &Headers,
    ) -> Vec<Call> {
        let bodies = self.contract.requests(method, fill).into_iter();
        let call = |body| Call {
            path: format!("/{}", method.name),
            body,
            headers: headers.clone(),
        };
        bodies.map(call).collect()
    }

    /// Has the owner of the database do something to it.
    pub(super) async fn has_done(&self, sql: &'static str) {
        execute(&mut self.behind().await, sql).await;
    }

    /// A connection past the server, once that is at rest: statements of calls that were given up
    /// end a little later than these, and must not meet those that lock everything.
    pub(super) async fn behind(&self) -> Connection {
        const BUSY: &str = "select count(*) from pg_stat_activity \
            where datname = current_database() and backend_type = 'client backend' \
            and pid <> pg_backend_pid() and state <> 'idle'";
        let mut connection = self.database.connection().await;
        for _ in 0..1_200 {
            if count(&mut connection, BUSY).await == 0 {
                return connection;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the server is not at rest");
    }

    /// Fails unless each method has met each of those.
    pub(super) fn all_have_met(&self, codes: &[Code]) {
        let met = self.met.lock().unwrap();
        for method in &self.contract.methods {
            let of_method = met.get(&method.name).cloned().unwrap_or_default();
            for code in codes {
                let name = format!("{code:?}");
                assert!(
                    of_method.contains(&name),
                    "{} has not met {name}: {of_method:?}",
                    method.name
                );
            }
        }
    }

    /// Fails unless some method has met each of those.
    pub(super) fn some_have_met(&self, codes: &[Code]) {
        let met = self.met.lock().unwrap();
        let all: BTreeSet<_> = met.values().flatten().collect();
        for code in codes {
            assert!(
                all.contains(&format!("{code:?}")),
                "nobody has met {code:?}: {all:?}"
            );
        }
    }

    /// Looks at all that was logged.
    pub(super) async fn look_at_log(&self) {
        let last = Call {
            path: "/byline.v1.UserService/ListUsers".to_owned(),
            body: Vec::new(),
            headers: vec![("x-request-id", "the-last-call".to_owned())],
        };
        self.one(last).await;
        eventually("the last call is logged", || async {
            self.server.log().contains("the-last-call")
        })
        .await;
        let log = self.server.log();
        assert!(
            log.matches("\"call\"").count() > self.contract.methods.len(),
            "there is little to look at"
        );
        assert!(!log.contains("panicked"), "{log}");
        // How callers call themselves and their calls is theirs to choose, and is in their lines.
        let log = log.replace(&format!(r#""caller":"jwt:{CALLER}@example.com""#), "");
        let log = log.replace(&format!(r#""request_id":"{CALLER}""#), "");
        if let Some((mark, line)) = marks::found(log.as_bytes(), Bound::Asked) {
            panic!("{mark} was logged: {line}");
        }
    }
}

async fn serve(database: &TestDatabase, all: &[String], options: &[&str]) -> Server {
    let all = all
        .iter()
        .map(String::as_str)
        .chain(options.iter().copied());
    Server::serve(&url(database), &all.collect::<Vec<_>>()).await
}

/// The URL of the service, with a password, and with one whose name was mistyped.
fn url(database: &TestDatabase) -> String {
    format!(
        "{}&password={DATABASE}&pasword={DATABASE}",
        database.service_url()
    )
}

/// The header of a bearer token.
pub(super) fn bearer(token: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {token}"))
}

/// Fails if a caller was told what is not for it.
fn look_at(method: &str, whole: &Whole) {
    let check = |what: &str, said: &[u8], least| {
        if let Some((mark, line)) = marks::found(said, least) {
            panic!("{method} told {mark} in its {what}: {line}");
        }
    };
    for metadata in &whole.metadata {
        check("metadata", &shown(metadata), Bound::Asked);
    }
    for message in &whole.messages {
        check("answer", message, Bound::Secret);
        for status in statuses(method, message) {
            check("failure of one", &status, Bound::Personal);
        }
    }
    if let Some(status) = &whole.failure {
        check("message", status.message().as_bytes(), Bound::Personal);
        check("details", status.details(), Bound::Personal);
    }
}

fn shown(metadata: &MetadataMap) -> Vec<u8> {
    // What it holds of a failure is looked at by itself.
    let mut metadata = metadata.clone();
    for name in ["grpc-message", "grpc-status-details-bin"] {
        metadata.remove(name);
    }
    if metadata.get("x-request-id").is_some_and(|id| id == CALLER) {
        metadata.remove("x-request-id");
    }
    format!("{metadata:?}").into_bytes()
}

/// What an answer tells of those that failed alone.
fn statuses(method: &str, message: &[u8]) -> Vec<Vec<u8>> {
    let (_, name) = method.split_once('/').unwrap();
    let statuses: Vec<_> = match name {
        "BatchCreateUsers" | "BatchUpdateUsers" | "BatchDeleteUsers" => {
            let answer = pb::BatchCreateUsersResponse::decode(message).unwrap();
            let results = answer
                .results
                .into_iter()
                .filter_map(|it| match it.result? {
                    pb::user_result::Result::Status(status) => Some(status),
                    pb::user_result::Result::User(_) => None,
                });
            results.collect()
        }
        "BatchCreatePosts" | "BatchUpdatePosts" | "BatchDeletePosts" => {
            let answer = pb::BatchCreatePostsResponse::decode(message).unwrap();
            let results = answer
                .results
                .into_iter()
                .filter_map(|it| match it.result? {
                    pb::post_result::Result::Status(status) => Some(status),
                    pb::post_result::Result::Post(_) => None,
                });
            results.collect()
        }
        // All of a report is about what was not done.
        "ImportUsers" | "ImportPosts" => return vec![message.to_vec()],
        _ => Vec::new(),
    };
    statuses.iter().map(Message::encode_to_vec).collect()
}
