//! What is told of wrong files.

use std::fs::Permissions;

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
};
use tempfile::TempDir;

use super::*;

/// A folder with the certificate of a server, its key, and the CA of its clients.
struct Folder(TempDir);

impl Folder {
    fn new(params: &CertificateParams) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let key = KeyPair::generate().unwrap();
        folder.write("cert.pem", params.self_signed(&key).unwrap().pem());
        folder.write("key.pem", key.serialize_pem());
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        folder.write("ca.pem", ca.self_signed(&key).unwrap().pem());
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), contents).unwrap();
        std::fs::set_permissions(self.path(name), Permissions::from_mode(0o600)).unwrap();
    }

    fn load(&self) -> Result<ServerConfig, Problem> {
        let files = Files {
            chain: self.path("cert.pem"),
            key: self.path("key.pem"),
            client_ca: Some(self.path("ca.pem")),
        };
        Contents::read(&files)?.config(&files)
    }

    /// What is told, without the folder.
    fn told(&self) -> String {
        let told = self.load().unwrap_err().to_string();
        told.replace(&format!("{}/", self.0.path().display()), "")
    }
}

fn server() -> CertificateParams {
    CertificateParams::new(["localhost".to_owned()]).unwrap()
}

#[test]
fn right_files_are_taken() {
    let config = Folder::new(&server()).load().unwrap();
    assert_eq!(config.alpn_protocols, [b"h2"]);
    assert!(!config.session_storage.can_cache());
}

#[test]
fn a_self_signed_certificate_may_be_a_ca() {
    let mut params = server();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Folder::new(&params).load().unwrap();
}

#[test]
fn a_certificate_that_is_not_valid_yet_is_taken() {
    let mut params = server();
    params.not_before = date_time_ymd(3_000, 1, 1);
    Folder::new(&params).load().unwrap();
}

#[test]
fn a_file_that_is_missing_is_named() {
    for (name, option) in [
        ("cert.pem", "--tls-cert"),
        ("key.pem", "--tls-key"),
        ("ca.pem", "--client-ca"),
    ] {
        let folder = Folder::new(&server());
        std::fs::remove_file(folder.path(name)).unwrap();
        assert_eq!(
            folder.told(),
            format!("{option} {name}: No such file or directory (os error 2)")
        );
    }
}

#[test]
fn a_file_without_what_it_is_for_is_named() {
    let folder = Folder::new(&server());
    let certificate = std::fs::read(folder.path("cert.pem")).unwrap();
    let key = std::fs::read(folder.path("key.pem")).unwrap();
    for (name, contents, told) in [
        (
            "cert.pem",
            &key,
            "--tls-cert cert.pem: there is no certificate in it, in PEM",
        ),
        (
            "key.pem",
            &certificate,
            "--tls-key key.pem: there is no private key in it, in PEM and without a passphrase",
        ),
        (
            "ca.pem",
            &key,
            "--client-ca ca.pem: there is no certificate in it, in PEM",
        ),
    ] {
        let right = std::fs::read(folder.path(name)).unwrap();
        folder.write(name, contents);
        assert_eq!(folder.told(), told);
        folder.write(name, &right);
    }
}

#[test]
fn broken_pem_is_told_without_what_is_in_it() {
    for (name, kind) in [
        ("cert.pem", "CERTIFICATE"),
        ("key.pem", "PRIVATE KEY"),
        ("ca.pem", "CERTIFICATE"),
    ] {
        for broken in ["c2Vj!cmV0", "c2VjcmV0\n-----END", "c2VjcmV0\n-----BEGIN"] {
            let folder = Folder::new(&server());
            folder.write(name, format!("-----BEGIN {kind}-----\n{broken}"));
            let told = folder.told();
            assert!(
                told.ends_with(&format!("{name}: it is broken PEM")),
                "{told}"
            );
        }
        let folder = Folder::new(&server());
        folder.write(
            name,
            format!("-----BEGIN {kind}-----\nc2VjcmV0\n-----END {kind}-----\n"),
        );
        let told = folder.told();
        assert!(told.contains(name) && !told.contains("c2VjcmV0"), "{told}");
    }
}

#[test]
fn the_key_of_another_certificate_is_refused() {
    let folder = Folder::new(&server());
    let other = KeyPair::generate().unwrap();
    folder.write("key.pem", other.serialize_pem());
    assert_eq!(
        folder.told(),
        "--tls-key key.pem: it is the key of another certificate than that of --tls-cert cert.pem"
    );
}

#[test]
fn a_certificate_that_no_client_would_take_is_refused() {
    let mut expired = server();
    expired.not_after = date_time_ymd(2_000, 1, 1);
    assert_eq!(
        Folder::new(&expired).told(),
        "--tls-cert cert.pem: the certificate has expired"
    );
    let mut of_a_client = server();
    of_a_client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    assert_eq!(
        Folder::new(&of_a_client).told(),
        "--tls-cert cert.pem: the certificate is not meant for servers"
    );
}

#[test]
fn a_key_that_everybody_can_read_is_noticed() {
    let folder = Folder::new(&server());
    let files = |folder: &Folder| Files {
        chain: folder.path("cert.pem"),
        key: folder.path("key.pem"),
        client_ca: None,
    };
    for (mode, is_open) in [(0o600, false), (0o640, false), (0o644, true)] {
        std::fs::set_permissions(folder.path("key.pem"), Permissions::from_mode(mode)).unwrap();
        let contents = Contents::read(&files(&folder)).unwrap();
        assert_eq!(contents.key_is_open, is_open, "{mode:o}");
    }
}

#[test]
fn contents_are_told_apart() {
    let folder = Folder::new(&server());
    let digest = |client_ca: Option<PathBuf>| {
        let files = Files {
            chain: folder.path("cert.pem"),
            key: folder.path("key.pem"),
            client_ca,
        };
        Contents::read(&files).unwrap().digest()
    };
    let first = digest(None);
    assert_eq!(digest(None), first);
    assert_ne!(digest(Some(folder.path("ca.pem"))), first);
    // One byte more here and one fewer there.
    folder.write("cert.pem", b"ab");
    folder.write("key.pem", b"c");
    let one = digest(None);
    folder.write("cert.pem", b"a");
    folder.write("key.pem", b"bc");
    assert_ne!(digest(None), one);
}
