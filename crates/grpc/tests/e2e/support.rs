//! Starts the program over a database of its own, and talks to it.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use byline_grpc::pb;
use byline_grpc::pb::credential_service_client::CredentialServiceClient;
use byline_grpc::pb::post_service_client::PostServiceClient;
use byline_grpc::pb::transaction_service_client::TransactionServiceClient;
use byline_grpc::pb::transfer_service_client::TransferServiceClient;
use byline_grpc::pb::user_service_client::UserServiceClient;
use byline_persistence::embedded::{EmbeddedOptions, EmbeddedPostgres};
use byline_persistence::testing::TestDatabase;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use tonic_types::StatusExt;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_byline");

/// A running program. Killed when dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    log: PathBuf,
    _folder: tempfile::TempDir,
}

impl Server {
    /// `byline serve` over that database.
    pub(crate) async fn serve(url: &str, options: &[&str]) -> Self {
        Self::serve_at("127.0.0.1:0", url, options).await
    }

    /// The same at that address.
    pub(crate) async fn serve_at(address: &str, url: &str, options: &[&str]) -> Self {
        Self::serve_by(PROGRAM, address, url, options).await
    }

    /// The same by that program.
    pub(crate) async fn serve_by(
        program: &str,
        address: &str,
        url: &str,
        options: &[&str],
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let auth: &[_] = if options.contains(&"--auth") {
            &[]
        } else {
            &["--auth", "none"]
        };
        let mut child = Command::new(program)
            .args(["serve", "--listen", address, "--database-url", url])
            .args(auth)
            .args(options)
            // Tests are not about how busy the machine is; options go before it.
            .env("BYLINE_DEFAULT_DEADLINE_MS", "30000")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().unwrap_or_else(|| {
            panic!(
                "it did not start: {}",
                std::fs::read_to_string(&log).unwrap()
            )
        });
        let address = line.strip_prefix("listening on ").unwrap().parse().unwrap();
        Self {
            child,
            address,
            log,
            _folder: folder,
        }
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// The most memory that it has had so far, in KiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let id = self.child.id().expect("it runs");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let digits = line.unwrap().trim().trim_end_matches(" kB");
        digits.parse().unwrap()
    }

    pub(crate) async fn channel(&self) -> Channel {
        channel_to(self.address).await
    }

    /// Asks it to stop, as a supervisor does.
    pub(crate) fn terminate(&self) {
        let id = self.child.id().expect("it runs").to_string();
        let status = std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status();
        assert!(status.unwrap().success());
    }
}

/// A connection to the server at that address, in the clear.
pub(crate) async fn channel_to(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}"))
        .unwrap()
        .connect()
        .await
        .unwrap()
}

/// A server over a database of its own, and clients of it.
pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) server: Server,
    pub(crate) users: UserServiceClient<Channel>,
    pub(crate) posts: PostServiceClient<Channel>,
    pub(crate) transactions: TransactionServiceClient<Channel>,
    pub(crate) transfers: TransferServiceClient<Channel>,
    pub(crate) credentials: CredentialServiceClient<Channel>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(options: &[&str]) -> Self {
        Self::over(TestDatabase::new().await, options).await
    }

    /// The same over that database.
    pub(crate) async fn over(database: TestDatabase, options: &[&str]) -> Self {
        let server = Server::serve(&database.service_url(), options).await;
        let channel = server.channel().await;
        Self {
            users: UserServiceClient::new(channel.clone())
                .max_decoding_message_size(4 * 1024 * 1024),
            posts: PostServiceClient::new(channel.clone())
                .max_decoding_message_size(4 * 1024 * 1024),
            transactions: TransactionServiceClient::new(channel.clone()),
            credentials: CredentialServiceClient::new(channel.clone()),
            transfers: TransferServiceClient::new(channel)
                .max_decoding_message_size(4 * 1024 * 1024),
            database,
            server,
        }
    }

    /// A user of that address.
    pub(crate) async fn user(&self, email: &str) -> pb::User {
        self.user_like(email, pb::User::default()).await
    }

    /// A user of that address who is otherwise as `user` is.
    pub(crate) async fn user_like(&self, email: &str, user: pb::User) -> pb::User {
        let user = pb::User {
            email: email.to_owned(),
            ..user
        };
        let request = pb::CreateUserRequest {
            user: Some(user),
            ..pb::CreateUserRequest::default()
        };
        let response = self.users.clone().create_user(request).await.unwrap();
        response.into_inner().user.unwrap()
    }

    /// A post of that author.
    pub(crate) async fn post(&self, author: &pb::User, title: &str) -> pb::Post {
        self.post_saying(author, title, None).await
    }

    /// A post of that author which says that, or nothing.
    pub(crate) async fn post_saying(
        &self,
        author: &pb::User,
        title: &str,
        content: Option<String>,
    ) -> pb::Post {
        let post = pb::Post {
            title: title.to_owned(),
            author_id: author.id.clone(),
            content,
            ..pb::Post::default()
        };
        let request = pb::CreatePostRequest {
            post: Some(post),
            ..pb::CreatePostRequest::default()
        };
        let response = self.posts.clone().create_post(request).await.unwrap();
        response.into_inner().post.unwrap()
    }

    pub(crate) async fn delete_post(&self, id: &str) {
        let request = pb::DeletePostRequest {
            id: id.to_owned(),
            ..pb::DeletePostRequest::default()
        };
        self.posts.clone().delete_post(request).await.unwrap();
    }

    pub(crate) async fn delete_user(&self, id: &str) -> pb::User {
        let request = pb::DeleteUserRequest {
            id: id.to_owned(),
            ..pb::DeleteUserRequest::default()
        };
        let response = self.users.clone().delete_user(request).await.unwrap();
        response.into_inner().user.unwrap()
    }
}

pub(crate) fn get_by_id(id: &str) -> pb::GetUserRequest {
    pb::GetUserRequest {
        key: Some(pb::get_user_request::Key::Id(id.to_owned())),
        ..pb::GetUserRequest::default()
    }
}

/// A mask of those paths.
#[expect(clippy::unnecessary_wraps, reason = "it is a field of a message")]
pub(crate) fn mask(paths: &[&str]) -> Option<prost_types::FieldMask> {
    Some(prost_types::FieldMask {
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
    })
}

/// What a call cost, as its trailer tells.
pub(crate) fn cost<T>(answer: &tonic::Response<T>) -> u32 {
    let told = answer.metadata().get("byline-db-queries").unwrap();
    told.to_str().unwrap().parse().unwrap()
}

/// The reason of a status.
pub(crate) fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    let info = details.error_info();
    info.unwrap_or_else(|| panic!("not of Byline: {status:?}"))
        .reason
        .clone()
}

/// The field and the reason of each violation that a status names.
pub(crate) fn violations(status: &Status) -> Vec<(String, String)> {
    let details = status.get_error_details();
    let named = details.bad_request().unwrap().field_violations.iter();
    named
        .map(|violation| (violation.field.clone(), violation.reason.clone()))
        .collect()
}

/// A folder for a PostgreSQL of a test's own, which somebody else may run as.
pub(crate) fn folder_of_postgres() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// Starts a PostgreSQL whose data are in that folder, as it is in production but for `settings`.
pub(crate) async fn start_postgres(
    folder: &Path,
    settings: Vec<(&'static str, String)>,
) -> EmbeddedPostgres {
    let options = EmbeddedOptions {
        data_dir: folder.to_owned(),
        bindir: std::env::var_os("BYLINE_PG_BINDIR").map(Into::into),
        fetch: true,
        settings,
        notice: |line| eprintln!("{line}"),
    };
    let start = move || EmbeddedPostgres::start(&options).unwrap();
    tokio::task::spawn_blocking(start).await.unwrap()
}

pub(crate) async fn stop_postgres(postgres: EmbeddedPostgres) {
    let stop = tokio::task::spawn_blocking(move || drop(postgres));
    stop.await.unwrap();
}

/// Waits until something holds; fails after ten seconds.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    for _ in 0..200 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not within ten seconds: {what}");
}
