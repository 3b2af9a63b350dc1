//! Where key sets are read from: a file, or a URL.

use std::fmt;
use std::fs::File;
use std::future::poll_fn;
use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::uri::{Authority, Scheme};
use http::{StatusCode, Uri};
use http_body::Body;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};

use super::key_set::MAX_BYTES;
use crate::causes::with_causes;

/// Where a key set is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JwksSource {
    /// A file; it is read anew when it changes.
    File(PathBuf),
    /// A URL that nobody on the way can change the answers of.
    Url(JwksUrl),
}

/// An `https` URL, or an `http` one of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JwksUrl(Uri);

/// Why a URL is not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadUrl {
    /// It is none, or of another scheme.
    #[error("expected a file or a URL such as https://issuer.example/jwks.json")]
    NoUrl,
    /// It has a part that would be logged.
    #[error("a URL with a user name or a password is not taken: key sets are public")]
    Credentials,
    /// Whoever is on the way could give keys of their own.
    #[error(
        "http:// is taken of loopback addresses alone: whoever is on the way could change the keys"
    )]
    Plaintext,
}

impl JwksSource {
    /// Reads a URL, if it looks like one, and else takes it for a file.
    pub(crate) fn parse(text: &str) -> Result<Self, BadUrl> {
        if !text.contains("://") {
            return Ok(Self::File(text.into()));
        }
        let url: Uri = text.parse().map_err(|_| BadUrl::NoUrl)?;
        let authority = url.authority().ok_or(BadUrl::NoUrl)?;
        if authority.as_str().contains('@') {
            return Err(BadUrl::Credentials);
        }
        if url.scheme() == Some(&Scheme::HTTP) && !is_loopback(authority.host()) {
            return Err(BadUrl::Plaintext);
        }
        if [&Scheme::HTTP, &Scheme::HTTPS]
            .iter()
            .all(|known| url.scheme() != Some(known))
        {
            return Err(BadUrl::NoUrl);
        }
        Ok(Self::Url(JwksUrl(url)))
    }
}

impl fmt::Display for JwksSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            // Behind the ? may be a key of whoever reads it.
            Self::Url(JwksUrl(url)) => {
                let (scheme, authority) = (url.scheme_str(), url.authority());
                let scheme = scheme.unwrap_or_default();
                let authority = authority.map_or("", Authority::as_str);
                let rest = if url.query().is_some() { "?…" } else { "" };
                write!(f, "{scheme}://{authority}{}{rest}", url.path())
            }
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address: Option<IpAddr> = address.parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

/// Reads the document of a source.
pub(super) enum Reader {
    File(PathBuf),
    Url(Box<Fetch>),
}

impl Reader {
    pub(super) fn new(source: &JwksSource, time_out: Duration) -> Result<Self, String> {
        match source {
            JwksSource::File(path) => Ok(Self::File(path.clone())),
            JwksSource::Url(JwksUrl(url)) => {
                let fetch = Fetch::new(url.clone(), time_out)?;
                Ok(Self::Url(Box::new(fetch)))
            }
        }
    }

    /// The document, [`MAX_BYTES`] at most; or what is wrong.
    pub(super) async fn read(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::File(path) => {
                let path = path.clone();
                let reading = tokio::task::spawn_blocking(move || read_file(&path));
                reading.await.map_err(|error| error.to_string())?
            }
            Self::Url(fetch) => fetch.document().await,
        }
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    // What is no file, such as a pipe, might never be opened.
    let metadata = path.metadata().map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is no file".to_owned());
    }
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut document = Vec::new();
    let bytes = file
        .take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut document)
        .map_err(|error| error.to_string())?;
    if bytes > MAX_BYTES {
        return Err(too_large());
    }
    Ok(document)
}

fn too_large() -> String {
    format!("it is larger than {} MiB", MAX_BYTES / 1024 / 1024)
}

/// Reads a URL.
pub(super) struct Fetch {
    client: Client<HttpsConnector<HttpConnector>, String>,
    url: Uri,
    /// For all of it, from the name's resolution to the last byte.
    time_out: Duration,
}

impl Fetch {
    fn new(url: Uri, time_out: Duration) -> Result<Self, String> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let connector = HttpsConnectorBuilder::new();
        let connector = if url.scheme() == Some(&Scheme::HTTPS) {
            // Those of the system, or of SSL_CERT_FILE and SSL_CERT_DIR.
            let tls = tls.with_native_roots().map_err(|error| error.to_string())?;
            connector
                .with_tls_config(tls.with_no_client_auth())
                .https_only()
        } else {
            let tls = tls.with_root_certificates(RootCertStore::empty());
            connector
                .with_tls_config(tls.with_no_client_auth())
                .https_or_http()
        };
        let client = Client::builder(TokioExecutor::new())
            // The next time is minutes away.
            .pool_max_idle_per_host(0)
            .build(connector.enable_http1().build());
        Ok(Self {
            client,
            url,
            time_out,
        })
    }

    async fn document(&self) -> Result<Vec<u8>, String> {
        tokio::time::timeout(self.time_out, self.get())
            .await
            .unwrap_or_else(|_| Err(format!("no whole answer within {:?}", self.time_out)))
    }

    async fn get(&self) -> Result<Vec<u8>, String> {
        let answer = self.client.get(self.url.clone()).await;
        let answer = answer.map_err(|error| with_causes(&error))?;
        // Nor is a redirect followed: it would lead where nobody was told to trust.
        if answer.status() != StatusCode::OK {
            return Err(format!("it answers {}", answer.status()));
        }
        let mut body = answer.into_body();
        let mut document = Vec::new();
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let frame = frame.map_err(|error| with_causes(&error))?;
            if let Ok(data) = frame.into_data() {
                if document.len() + data.len() > MAX_BYTES {
                    return Err(too_large());
                }
                document.extend_from_slice(&data);
            }
        }
        Ok(document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_https_or_of_this_machine() {
        for url in [
            "https://issuer.example/jwks.json",
            "https://10.0.0.1:8443",
            "http://127.0.0.1:1/jwks",
            "http://127.9.9.9/",
            "http://[::1]:80/",
            "http://localhost:8080/jwks",
        ] {
            assert!(
                matches!(JwksSource::parse(url), Ok(JwksSource::Url(_))),
                "{url}"
            );
        }
        for url in [
            "http://issuer.example/jwks.json",
            "http://10.0.0.1/",
            "http://localhost.example/",
            "http://127.0.0.1.example/",
            "http://[::ffff:10.0.0.1]/",
        ] {
            assert_eq!(JwksSource::parse(url), Err(BadUrl::Plaintext), "{url}");
        }
        for url in [
            "ftp://a/b",
            "file:///jwks.json",
            "https://",
            "://a",
            "https://a b",
        ] {
            assert_eq!(JwksSource::parse(url), Err(BadUrl::NoUrl), "{url}");
        }
        for url in ["https://u:secret@a/", "http://127.0.0.1@a.example/"] {
            assert_eq!(JwksSource::parse(url), Err(BadUrl::Credentials), "{url}");
        }
        for file in ["jwks.json", "/etc/byline/jwks.json", "C:/a"] {
            assert_eq!(JwksSource::parse(file), Ok(JwksSource::File(file.into())));
        }
    }
}
