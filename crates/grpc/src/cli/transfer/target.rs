//! Where an export is written, so that half of one never looks whole.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

/// A file that takes the place of another one once it is whole, and is gone otherwise.
pub(super) struct Pending {
    written: TempPath,
    place: PathBuf,
}

impl Pending {
    /// Puts the file where it belongs, whatever is there.
    pub(super) fn keep(self) -> io::Result<()> {
        self.written.persist(&self.place)?;
        File::open(folder(&self.place))?.sync_all()
    }
}

/// A file to write to, and how it gets to its place: not at all if it is there already, as a pipe, a
/// device or standard output is.
pub(super) fn open(path: Option<&Path>) -> io::Result<(File, Option<Pending>)> {
    let Some(path) = path else {
        let stdout = io::stdout().as_fd().try_clone_to_owned()?;
        return Ok((stdout.into(), None));
    };
    // A link to something stays one.
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&place).is_ok_and(|about| !about.is_file()) {
        return Ok((File::options().write(true).open(place)?, None));
    }
    // Rather than to tell of a file that nobody has named.
    fs::metadata(folder(&place))?;
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let file = tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .suffix(".part")
        // What is in it concerns people: nobody else reads it, unless they could before.
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(folder(&place))?;
    let (file, written) = file.into_parts();
    if let Ok(before) = fs::metadata(&place) {
        file.set_permissions(before.permissions())?;
    }
    Ok((file, Some(Pending { written, place })))
}

/// Writes what is left, so that it is there after a failure of the machine too.
pub(super) fn finish(mut file: &File) -> io::Result<()> {
    file.flush()?;
    if file.metadata()?.is_file() {
        file.sync_all()?;
    }
    Ok(())
}

fn folder(path: &Path) -> &Path {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}
