//! `byline dev`: a server with everything that it needs.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use byline_persistence::embedded::{EmbeddedOptions, EmbeddedPostgres};
use byline_persistence::migrate;
use clap::Args;
use tokio::net::TcpSocket;

use super::CommandError;
use super::options::ServerOptions;
use super::serve::serve;
use super::shown::file_name;
use crate::access::Gate;
use crate::bootstrap::{App, PasswordSettings};
use crate::demo;
use crate::page_token::Keys;
use crate::server::Doors;

const DATABASE: &str = "byline";

#[derive(Args, Debug)]
#[command(mut_arg("listen", |listen| listen.help(
    "Where to listen: a loopback address, since everybody who reaches it may do everything; port 0 picks a free one"
)))]
pub(super) struct DevCommand {
    #[command(flatten)]
    server: ServerOptions,

    /// Where the database is kept; delete the folder to start anew
    #[arg(
        long,
        env = "BYLINE_DATA_DIR",
        default_value = ".byline",
        value_name = "DIR",
        value_parser = file_name()
    )]
    data_dir: PathBuf,

    /// Leave the database empty instead of filling it with 1,000 users and 5,000 posts
    #[arg(long, env = "BYLINE_NO_DEMO")]
    no_demo: bool,

    /// Fail where no PostgreSQL is installed, instead of bringing one
    #[arg(long, env = "BYLINE_NO_FETCH")]
    no_fetch: bool,

    /// The folder of PostgreSQL's programs; looked for if left out
    #[arg(long, env = "BYLINE_PG_BINDIR", value_name = "DIR", value_parser = file_name())]
    pg_bindir: Option<PathBuf>,
}

impl DevCommand {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        if !self.server.listens_on_loopback() {
            return Err(
                "--listen: dev lets everybody do everything, and so serves loopback addresses \
                 such as 127.0.0.1 only"
                    .into(),
            );
        }
        let keys = self.server.page_token_keys()?;
        let passwords = self.server.passwords()?;
        // Before anything is made.
        let address = self.server.bind()?;
        let options = EmbeddedOptions {
            data_dir: self.data_dir,
            bindir: self.pg_bindir,
            fetch: !self.no_fetch,
            settings: Vec::new(),
            notice: |line| eprintln!("{line}"),
        };
        // The server blocks; it also must not hold up the stop signal.
        let postgres =
            tokio::task::spawn_blocking(move || EmbeddedPostgres::start(&options)).await??;
        eprintln!("{} is up", postgres.describe());
        let sealed_by = (keys, passwords);
        let result = run(&self.server, address, &postgres, sealed_by, !self.no_demo).await;
        tokio::task::spawn_blocking(move || drop(postgres)).await?;
        result
    }
}

async fn run(
    options: &ServerOptions,
    address: TcpSocket,
    postgres: &EmbeddedPostgres,
    (keys, passwords): (Option<Keys>, PasswordSettings),
    with_demo: bool,
) -> Result<(), CommandError> {
    postgres.ensure_database(DATABASE).await?;
    let server = postgres.connect_options(DATABASE);
    migrate::up(&server).await?;
    let keys = keys.unwrap_or_else(Keys::generate);
    let app = App::new(
        server,
        &options.pool(),
        keys,
        options.retention(),
        passwords,
        options.group_size(),
    );
    if with_demo {
        demo::fill(&app).await?;
    }
    let psql = format!(
        "psql -h {} -U byline {DATABASE}",
        postgres.socket_dir().display()
    );
    tracing::warn!(
        "callers are not told apart: everybody who reaches this server may do everything"
    );
    let doors = Doors {
        transport: options.transport(None)?,
        gate: Arc::new(Gate::Open),
        reflection: true,
    };
    serve(options, address, &app, doors, |address| {
        eprint!("{}", calls_to_paste(address, &psql));
    })
    .await
}

/// Calls that work as they stand, while this server runs.
fn calls_to_paste(address: SocketAddr, psql: &str) -> String {
    let user = demo::example_user();
    format!(
        r#"
Paste one of these into another terminal:

  grpcurl -plaintext {address} list
  grpcurl -plaintext -d '{{"page_size": 3}}' {address} byline.v1.UserService/ListUsers
  grpcurl -plaintext -d '{{"email": "{email}"}}' {address} byline.v1.UserService/GetUser
  grpcurl -plaintext -d '{{"filter": "name : turing AND posts.title : gardens", "page_size": 3, "read_mask": {{"paths": ["name", "post_count"]}}}}' {address} byline.v1.UserService/ListUsers
  grpcurl -plaintext -d '{{"query": "\"nine days\" -roof", "page_size": 3, "read_mask": {{"paths": ["title", "author.name"]}}}}' {address} byline.v1.PostService/SearchPosts
  grpcurl -plaintext -d '{{"post": {{"title": "Hello", "author_id": "{id}"}}}}' {address} byline.v1.PostService/CreatePost

  buf curl --protocol grpc --http2-prior-knowledge -d '{{"query": "lovelace", "page_size": 3}}' http://{address}/byline.v1.UserService/SearchUsers

  {psql}

Ctrl-C stops the server and its database; what is in it is kept.
"#,
        email = user.email.as_str(),
        id = user.id,
    )
}
