//! Whom the server runs as. PostgreSQL refuses to run as root, so there it runs
//! as somebody without rights.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::{EmbeddedError, at};

/// Who the server's programs run as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// Whoever runs this program.
    Own,
    /// Somebody else, since this program runs as root.
    Other { uid: u32, gid: u32 },
}

const ROOT: u32 = 0;

impl Account {
    /// As root: the owner of `folder`, else `postgres`, else `nobody`.
    pub(super) fn choose(folder: &Path) -> Result<Self, EmbeddedError> {
        if !is_root() {
            return Ok(Self::Own);
        }
        let owner = fs::metadata(folder).map_err(at(folder))?;
        if owner.uid() != ROOT {
            return Ok(Self::Other {
                uid: owner.uid(),
                gid: owner.gid(),
            });
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| {
                Some(Self::Other {
                    uid: id(&["-u", name])?,
                    gid: id(&["-g", name])?,
                })
            })
            .ok_or_else(|| {
                EmbeddedError::Folder(
                    "PostgreSQL does not run as root, and there is neither a user postgres nor \
                     nobody to run it as: run byline as an ordinary user"
                        .to_owned(),
                )
            })
    }

    /// Gives the file or folder to the account.
    pub(super) fn own(self, path: &Path) -> Result<(), EmbeddedError> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid } => chown(path, Some(uid), Some(gid)).map_err(at(path)),
        }
    }

    /// A command that runs `program` as the account.
    pub(super) fn command(self, program: &Path) -> Result<Command, EmbeddedError> {
        self.wrapped(program, &[])
    }

    /// As [`Self::command`], and the program ends when the thread that started it
    /// does, be it by SIGKILL, where the system can do that.
    pub(super) fn bound_command(self, program: &Path) -> Result<Command, EmbeddedError> {
        if setpriv_knows("--pdeathsig") {
            // PostgreSQL takes SIGINT for a fast shutdown.
            self.wrapped(program, &["--pdeathsig", "INT"])
        } else {
            self.command(program)
        }
    }

    fn wrapped(self, program: &Path, options: &[&str]) -> Result<Command, EmbeddedError> {
        if self == Self::Own && options.is_empty() {
            return Ok(Command::new(program));
        }
        let mut command = Command::new("setpriv");
        if let Self::Other { uid, gid } = self {
            if !setpriv_knows("--reuid") {
                return Err(EmbeddedError::Program(
                    "PostgreSQL does not run as root, and setpriv (util-linux), which runs it as \
                     somebody else, is missing: install it, or run byline as an ordinary user"
                        .to_owned(),
                ));
            }
            command
                .arg(format!("--reuid={uid}"))
                .arg(format!("--regid={gid}"))
                .arg("--clear-groups");
        }
        command.args(options).arg("--").arg(program);
        Ok(command)
    }

    /// Whether the account can execute the file or enter the folder.
    pub(super) fn reaches(self, path: &Path) -> Result<bool, EmbeddedError> {
        if self == Self::Own {
            return Ok(true);
        }
        let reached = self
            .command(Path::new("test"))?
            .arg("-x")
            .arg(path)
            .current_dir("/")
            .status()
            .map_err(at(Path::new("setpriv")))?;
        Ok(reached.success())
    }

    /// Makes sure that the account can get to the folder.
    pub(super) fn check_reach(self, folder: &Path) -> Result<(), EmbeddedError> {
        if self.reaches(folder)? {
            return Ok(());
        }
        Err(EmbeddedError::Folder(format!(
            "PostgreSQL does not run as root, and the user it runs as cannot reach {}, since it \
             or a folder above it is closed to others: choose another folder with --data-dir",
            folder.display()
        )))
    }
}

/// Makes the folder unless it is there. What root makes belongs to the owner of
/// the folder it is in: in somebody's project it is that somebody's.
pub(super) fn make_folder(folder: &Path) -> Result<(), EmbeddedError> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(at(folder))?;
    if is_root() {
        // Whatever the umask: the server's user has to get through.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).map_err(at(folder))?;
        let folder = folder.canonicalize().map_err(at(folder))?;
        let above = folder.parent().unwrap_or(&folder);
        let owner = fs::metadata(above).map_err(at(above))?;
        chown(&folder, Some(owner.uid()), Some(owner.gid())).map_err(at(&folder))?;
    }
    Ok(())
}

fn is_root() -> bool {
    id(&["-u"]) == Some(ROOT)
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id")
        .args(arguments)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// Whether there is a setpriv, and it has the option: not every one has all.
fn setpriv_knows(option: &str) -> bool {
    static HELP: OnceLock<String> = OnceLock::new();
    HELP.get_or_init(|| {
        Command::new("setpriv")
            .arg("--help")
            .output()
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
            .unwrap_or_default()
    })
    .contains(option)
}
