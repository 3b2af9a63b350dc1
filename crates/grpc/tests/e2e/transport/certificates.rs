//! A CA, what it issues, and clients that know it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    SanType,
};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};

pub(crate) struct Ca(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub(crate) struct Issued {
    pub(crate) certificate: rcgen::Certificate,
    pub(crate) key: KeyPair,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    fn issue(&self, name: SanType, usage: ExtendedKeyUsagePurpose) -> Issued {
        self.issue_by(CertificateParams::default(), name, usage)
    }

    fn issue_by(
        &self,
        mut params: CertificateParams,
        name: SanType,
        usage: ExtendedKeyUsagePurpose,
    ) -> Issued {
        params.subject_alt_names = vec![name];
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        Issued {
            certificate: params.signed_by(&key, &self.0).unwrap(),
            key,
        }
    }

    pub(crate) fn server(&self) -> Issued {
        let name = SanType::DnsName("localhost".try_into().unwrap());
        self.issue(name, ExtendedKeyUsagePurpose::ServerAuth)
    }

    pub(crate) fn client(&self, name: SanType) -> Issued {
        self.issue(name, ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// A client's whose time is over.
    pub(crate) fn client_of_yesterday(&self) -> Issued {
        let mut params = CertificateParams::default();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2024, 1, 1);
        let name = SanType::DnsName("web.example.org".try_into().unwrap());
        self.issue_by(params, name, ExtendedKeyUsagePurpose::ClientAuth)
    }
}

/// A folder with what a server is secured by.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new(server: &Issued) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.replace("cert.pem", &server.certificate.pem());
        folder.replace("key.pem", &server.key.serialize_pem());
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Puts it there as a whole.
    pub(crate) fn replace(&self, name: &str, contents: &str) {
        let beside = self.path("new");
        std::fs::write(&beside, contents).unwrap();
        std::fs::rename(beside, self.path(name)).unwrap();
    }

    /// The options by which a server takes them.
    pub(crate) fn options(&self) -> Vec<String> {
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        let mut options = vec!["--tls-cert".into(), path(&self.path("cert.pem"))];
        options.extend(["--tls-key".into(), path(&self.path("key.pem"))]);
        let ca = self.path("ca.pem");
        if ca.exists() {
            options.extend(["--client-ca".into(), path(&ca)]);
        }
        options
    }
}

/// How a client connects.
#[derive(Clone)]
pub(crate) struct Client {
    roots: Arc<RootCertStore>,
    identity: Option<(CertificateDer<'static>, Vec<u8>)>,
    versions: Vec<&'static SupportedProtocolVersion>,
    pub(crate) protocols: Vec<Vec<u8>>,
}

impl Client {
    /// One that takes servers of that CA.
    pub(crate) fn of(ca: &Ca) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(ca.0.der().clone()).unwrap();
        Self {
            roots: roots.into(),
            identity: None,
            versions: vec![&TLS13, &TLS12],
            protocols: vec![b"h2".to_vec()],
        }
    }

    pub(crate) fn showing(mut self, identity: &Issued) -> Self {
        let certificate = identity.certificate.der().clone();
        self.identity = Some((certificate, identity.key.serialize_der()));
        self
    }

    pub(crate) fn by(mut self, version: &'static SupportedProtocolVersion) -> Self {
        self.versions = vec![version];
        self
    }

    /// A connection whose handshake is done, as far as a client can tell.
    pub(crate) async fn stream(
        &self,
        address: SocketAddr,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&self.versions)
            .unwrap()
            .with_root_certificates(Arc::clone(&self.roots));
        let mut config = match self.identity.clone() {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => config
                .with_client_auth_cert(vec![certificate], PrivateKeyDer::Pkcs8(key.into()))
                .unwrap(),
        };
        config.alpn_protocols.clone_from(&self.protocols);
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }

    pub(crate) async fn channel(
        &self,
        address: SocketAddr,
    ) -> Result<Channel, tonic::transport::Error> {
        let client = self.clone();
        let connect = move |_| {
            let client = client.clone();
            async move { client.stream(address).await.map(TokioIo::new) }
        };
        Endpoint::from_static("http://localhost")
            .connect_with_connector(tower::service_fn(connect))
            .await
    }

    /// Whether a call is answered.
    pub(crate) async fn is_served(&self, address: SocketAddr) -> bool {
        match self.channel(address).await {
            Ok(channel) => super::check_health(channel).await.is_ok(),
            Err(_) => false,
        }
    }
}
