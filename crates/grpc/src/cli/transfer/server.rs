//! The server that is called: where it is, how it proves itself, and how we do.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use http::uri::Authority;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity, Uri};
use tonic::{Request, Status};

use crate::causes::with_causes;
use crate::cli::CommandError;
use crate::cli::shown::file_name;
use crate::pb::transfer_service_client::TransferServiceClient;

const CONNECT: Duration = Duration::from_secs(10);
const NO_URL: &str = "expected a URL such as http://127.0.0.1:50051";
/// How often a server that says nothing is asked whether it is still there, and how long it may take
/// to say so.
const ALIVE: Duration = Duration::from_secs(20);

/// A client that says who calls.
pub(super) type Client = TransferServiceClient<InterceptedService<Channel, Credentials>>;

/// Which server, and as whom.
#[derive(Args, Debug)]
pub(super) struct ServerOptions {
    /// The server; https:// where it has TLS
    #[arg(
        long,
        env = "BYLINE_SERVER",
        default_value = "http://127.0.0.1:50051",
        // Not a `value_parser`: clap's message would repeat what is wrong, which may hold a password.
        value_name = "URL"
    )]
    server: SecretString,

    /// The API key or token that says who calls. Over https:// or to this machine alone; better in the environment, where the list of processes does not show it
    #[arg(long, env = "BYLINE_TOKEN", value_name = "TOKEN")]
    token: Option<SecretString>,

    /// The authorities that may vouch for the server, in PEM; those of this machine if left out
    #[arg(long, env = "BYLINE_SERVER_CA", value_name = "FILE", value_parser = file_name())]
    server_ca: Option<PathBuf>,

    /// The certificate that says who calls, and its chain, in PEM
    #[arg(
        long,
        env = "BYLINE_CLIENT_CERT",
        value_name = "FILE",
        value_parser = file_name(),
        requires = "client_key"
    )]
    client_cert: Option<PathBuf>,

    /// The key of that certificate, in PEM
    #[arg(
        long,
        env = "BYLINE_CLIENT_KEY",
        value_name = "FILE",
        value_parser = file_name(),
        requires = "client_cert"
    )]
    client_key: Option<PathBuf>,
}

impl ServerOptions {
    pub(super) async fn client(&self) -> Result<Client, CommandError> {
        let server = self.endpoint()?;
        let uri = server.uri();
        if uri.authority().is_some_and(|it| it.as_str().contains('@')) {
            return Err("--server: takes no user name and no password: see --token".into());
        }
        let credentials = self.credentials()?;
        let endpoint = if uri.scheme_str() == Some("https") {
            let tls = self.tls()?;
            server.clone().tls_config(tls)?
        } else {
            if credentials.0.is_some() && !is_here(uri) {
                return Err("--token: would go over the network as it is: use https://".into());
            }
            server.clone()
        };
        let connected = endpoint.connect().await;
        let channel =
            connected.map_err(|error| format!("{}: {}", host(uri), with_causes(&error)))?;
        Ok(TransferServiceClient::with_interceptor(
            channel,
            credentials,
        ))
    }

    /// Whether there can be such a server.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        self.endpoint().map(drop)
    }

    fn endpoint(&self) -> Result<Endpoint, CommandError> {
        let server = endpoint(self.server.expose_secret());
        server.map_err(|problem| format!("--server: {problem}").into())
    }

    fn credentials(&self) -> Result<Credentials, CommandError> {
        // Nothing where something is in the environment.
        let token = self.token.as_ref().map(|it| it.expose_secret().trim());
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            return Ok(Credentials(None));
        };
        let value = Zeroizing::new(format!("Bearer {token}")).parse();
        let mut value: MetadataValue<Ascii> =
            value.map_err(|_| "--token: is none: it holds characters that no token has")?;
        value.set_sensitive(true);
        Ok(Credentials(Some(value)))
    }

    fn tls(&self) -> Result<ClientTlsConfig, CommandError> {
        let tls = ClientTlsConfig::new();
        let mut tls = match &self.server_ca {
            Some(file) => tls.ca_certificate(Certificate::from_pem(read("--server-ca", file)?)),
            None => tls.with_native_roots(),
        };
        if let (Some(certificate), Some(key)) = (&self.client_cert, &self.client_key) {
            let certificate = read("--client-cert", certificate)?;
            // The library keeps a copy of its own.
            let key = Zeroizing::new(read("--client-key", key)?);
            tls = tls.identity(Identity::from_pem(certificate, &*key));
        }
        Ok(tls)
    }
}

/// What each call says of who makes it.
#[derive(Clone)]
pub(super) struct Credentials(Option<MetadataValue<Ascii>>);

impl Interceptor for Credentials {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            request
                .metadata_mut()
                .insert("authorization", token.clone());
        }
        Ok(request)
    }
}

fn read(option: &str, file: &Path) -> Result<Vec<u8>, CommandError> {
    fs::read(file).map_err(|error| format!("{option} {}: {error}", file.display()).into())
}

/// The server without what may stand behind it, such as a token.
fn host(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", Authority::as_str);
    format!("{}://{authority}", uri.scheme_str().unwrap_or_default())
}

/// Whether what is sent there stays on this machine.
fn is_here(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address: Option<std::net::IpAddr> = address.parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

/// The server of that URL. What is wrong is told without repeating it.
fn endpoint(url: &str) -> Result<Endpoint, &'static str> {
    let url = match url.split_once("://") {
        None => format!("http://{url}"),
        Some(("http" | "https", _)) => url.to_owned(),
        Some(_) => return Err(NO_URL),
    };
    let endpoint = Endpoint::from_shared(url).map_err(|_| NO_URL)?;
    Ok(endpoint
        .connect_timeout(CONNECT)
        .http2_keep_alive_interval(ALIVE)
        .keep_alive_timeout(ALIVE))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        server: ServerOptions,
    }

    async fn refusal(arguments: &[&str]) -> String {
        let program = Program::try_parse_from([&["byline"], arguments].concat()).unwrap();
        let refused = program.server.client().await.err().unwrap();
        refused.to_string()
    }

    #[tokio::test]
    async fn a_token_does_not_leave_this_machine_in_the_clear() {
        let token = ["--token", "byl_secret"];
        for server in [
            "http://db.example:1",
            "http://192.0.2.1:1",
            "http://127.0.0.1.example:1",
        ] {
            let refused = refusal(&[&token[..], &["--server", server]].concat()).await;
            assert!(refused.contains("use https://"), "{server}: {refused}");
            assert!(!refused.contains("secret"), "{refused}");
        }
        for server in ["http://127.0.0.1:1", "http://[::1]:1", "localhost:1"] {
            let refused = refusal(&[&token[..], &["--server", server]].concat()).await;
            assert!(!refused.contains("use https://"), "{server}: {refused}");
        }
    }

    #[tokio::test]
    async fn what_is_no_token_is_not_repeated() {
        let refused = refusal(&["--token", "se\ncret"]).await;
        assert!(refused.starts_with("--token: is none"), "{refused}");
        assert!(!refused.contains("cret"), "{refused}");
    }

    #[tokio::test]
    async fn a_password_in_the_url_is_refused_and_not_repeated() {
        for (server, why) in [
            ("https://user:secret@localhost:1", "no password"),
            ("ftp://user:secret@localhost:1", "expected a URL"),
            ("https://user:sec ret@localhost:1", "expected a URL"),
        ] {
            let refused = refusal(&["--server", server]).await;
            assert!(refused.contains(why), "{refused}");
            assert!(!refused.contains("ret"), "{refused}");
        }
    }

    #[tokio::test]
    async fn of_a_url_the_server_alone_is_repeated() {
        for rest in ["/?token=secret", "/secret", "?secret"] {
            let refused = refusal(&["--server", &format!("http://127.0.0.1:1{rest}")]).await;
            assert!(refused.starts_with("http://127.0.0.1:1: "), "{refused}");
            assert!(!refused.contains("secret"), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_named() {
        let server = [
            "--server",
            "https://localhost:1",
            "--server-ca",
            "/no/such.pem",
        ];
        let refused = refusal(&server).await;
        assert!(
            refused.starts_with("--server-ca /no/such.pem: "),
            "{refused}"
        );
    }
}
