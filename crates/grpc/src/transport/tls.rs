//! What secures connections: TLS 1.2 and 1.3 by rustls, from files in PEM.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::{Digest, Sha256};
use webpki::{EndEntityCert, KeyUsage};

/// Where the certificates are.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// The server's certificate, and those between it and its CA.
    pub(crate) chain: PathBuf,
    pub(crate) key: PathBuf,
    /// The CA of clients that show a certificate. None has to: health is for everybody.
    pub(crate) client_ca: Option<PathBuf>,
}

/// What is wrong with a file, by the option that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    option: &'static str,
    path: PathBuf,
    what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { option, path, what } = self;
        write!(f, "{option} {}: {what}", path.display())
    }
}

impl std::error::Error for Problem {}

const CHAIN: &str = "--tls-cert";
const KEY: &str = "--tls-key";
const CLIENT_CA: &str = "--client-ca";

/// All that is told of broken PEM: what the parser says repeats what is in the file.
const BROKEN: &str = "it is broken PEM";

impl Problem {
    fn new(option: &'static str, path: &Path, what: impl Into<String>) -> Self {
        Self {
            option,
            path: path.to_owned(),
            what: what.into(),
        }
    }

    /// What has failed when the file was used.
    fn of(option: &'static str, path: &Path, error: &impl fmt::Display) -> Self {
        Self::new(option, path, error.to_string())
    }
}

/// What is in the files.
pub(super) struct Contents {
    chain: Vec<u8>,
    key: SecretSlice<u8>,
    client_ca: Option<Vec<u8>>,
    key_is_open: bool,
}

impl Contents {
    pub(super) fn read(files: &Files) -> Result<Self, Problem> {
        let (key, mode) = read(KEY, &files.key)?;
        let client_ca = files.client_ca.as_ref().map(|ca| read(CLIENT_CA, ca));
        Ok(Self {
            chain: read(CHAIN, &files.chain)?.0,
            key: key.into(),
            client_ca: client_ca.transpose()?.map(|(bytes, _)| bytes),
            key_is_open: mode & 0o004 != 0,
        })
    }

    /// Tells these contents from others.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        let ca = self.client_ca.as_deref().unwrap_or_default();
        for bytes in [&self.chain, self.key.expose_secret(), ca] {
            digest.update(bytes.len().to_be_bytes());
            digest.update(bytes);
        }
        digest.finalize().into()
    }

    /// What connections are secured with. Warns of what is not wrong yet.
    pub(super) fn config(&self, files: &Files) -> Result<ServerConfig, Problem> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let identity = self.identity(files, &provider)?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| Problem::of(CHAIN, &files.chain, &error))?;
        let builder = match &files.client_ca {
            None => builder.with_no_client_auth(),
            Some(ca) => {
                let roots = roots(ca, self.client_ca.as_deref().unwrap_or_default())?;
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider)
                    .allow_unauthenticated()
                    .build()
                    .map_err(|error| Problem::of(CLIENT_CA, ca, &error))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
        config.alpn_protocols = vec![b"h2".to_vec()];
        // A session that is resumed shows no certificate, and would outlive the one it was begun with.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }

    fn identity(&self, files: &Files, provider: &CryptoProvider) -> Result<CertifiedKey, Problem> {
        let chain =
            certificates(&self.chain).map_err(|what| Problem::new(CHAIN, &files.chain, what))?;
        check(&files.chain, &chain[0])?;
        let key = PrivateKeyDer::from_pem_slice(self.key.expose_secret()).map_err(|error| {
            let what = if matches!(error, pem::Error::NoItemsFound) {
                "there is no private key in it, in PEM and without a passphrase"
            } else {
                BROKEN
            };
            Problem::new(KEY, &files.key, what)
        })?;
        let identity = CertifiedKey::from_der(chain, key, provider).map_err(|error| {
            if !matches!(error, rustls::Error::InconsistentKeys(_)) {
                return Problem::of(KEY, &files.key, &error);
            }
            let chain = files.chain.display();
            let what = format!("it is the key of another certificate than that of {CHAIN} {chain}");
            Problem::new(KEY, &files.key, what)
        })?;
        if self.key_is_open {
            tracing::warn!(file = %files.key.display(), "everybody on this machine can read the key");
        }
        Ok(identity)
    }
}

/// Refuses what no client would take for the certificate of a server.
fn check(file: &Path, certificate: &CertificateDer<'_>) -> Result<(), Problem> {
    match fitness(certificate, UnixTime::now()) {
        // The clock of this machine may be slow.
        Err(Unfit::NotYet) => tracing::warn!(file = %file.display(), "{}", Unfit::NotYet),
        fitness => fitness.map_err(|unfit| Problem::of(CHAIN, file, &unfit))?,
    }
    Ok(())
}

fn read(option: &'static str, path: &Path) -> Result<(Vec<u8>, u32), Problem> {
    let read = || -> std::io::Result<_> {
        let mut file = File::open(path)?;
        let mode = file.metadata()?.permissions().mode();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok((bytes, mode))
    };
    read().map_err(|error| Problem::of(option, path, &error))
}

/// The certificates in it, of which there is one at least.
fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err("there is no certificate in it, in PEM"),
        Ok(certificates) => Ok(certificates),
        Err(_) => Err(BROKEN),
    }
}

fn roots(ca: &Path, text: &[u8]) -> Result<Arc<RootCertStore>, Problem> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(text).map_err(|what| Problem::new(CLIENT_CA, ca, what))? {
        roots
            .add(certificate)
            .map_err(|error| Problem::of(CLIENT_CA, ca, &error))?;
    }
    Ok(Arc::new(roots))
}

/// Why a certificate is not one of a server.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error("the certificate has expired")]
    Expired,
    #[error("the certificate is not valid yet")]
    NotYet,
    #[error("the certificate is not meant for servers")]
    NotForServers,
    #[error("the certificate cannot be read: {0}")]
    Broken(webpki::Error),
}

/// Whether a certificate is one of a server at that time, whoever has issued it.
fn fitness(certificate: &CertificateDer<'_>, time: UnixTime) -> Result<(), Unfit> {
    let certificate = EndEntityCert::try_from(certificate).map_err(Unfit::Broken)?;
    // Without a CA nothing is verified. What is wrong with the certificate itself is found first.
    let verified = certificate.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &[],
        &[],
        time,
        KeyUsage::server_auth(),
        None,
        None,
    );
    match verified {
        // Many a self-signed certificate is a CA's, and some clients take it for a server's.
        Ok(_) | Err(webpki::Error::UnknownIssuer | webpki::Error::CaUsedAsEndEntity) => Ok(()),
        Err(webpki::Error::CertExpired { .. }) => Err(Unfit::Expired),
        Err(webpki::Error::CertNotValidYet { .. }) => Err(Unfit::NotYet),
        Err(webpki::Error::RequiredEkuNotFoundContext(_)) => Err(Unfit::NotForServers),
        Err(error) => Err(Unfit::Broken(error)),
    }
}

#[cfg(test)]
mod tests;
