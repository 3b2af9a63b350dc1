//! Whom the server runs as. PostgreSQL refuses to run as root, so there it runs
//! as somebody without rights.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};

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
        if id(&["-u"]) != Some(ROOT) {
            return Ok(Self::Own);
        }
        let owner = std::fs::metadata(folder).map_err(at(folder))?;
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

    /// As [`Self::command`], and the program ends when whoever started it does, be
    /// it by SIGKILL, where the system can do that.
    pub(super) fn bound_command(self, program: &Path) -> Result<Command, EmbeddedError> {
        // PostgreSQL takes SIGINT for a fast shutdown.
        self.wrapped(program, &["--pdeathsig", "INT"])
    }

    fn wrapped(self, program: &Path, options: &[&str]) -> Result<Command, EmbeddedError> {
        let setpriv = Command::new("setpriv")
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        let mut command = match (self, setpriv) {
            (Self::Own, false) => return Ok(Command::new(program)),
            (Self::Own, true) if options.is_empty() => return Ok(Command::new(program)),
            (Self::Own, true) => Command::new("setpriv"),
            (Self::Other { uid, gid }, true) => {
                let mut command = Command::new("setpriv");
                command
                    .arg(format!("--reuid={uid}"))
                    .arg(format!("--regid={gid}"))
                    .arg("--clear-groups");
                command
            }
            (Self::Other { .. }, false) => {
                return Err(EmbeddedError::Program(
                    "PostgreSQL does not run as root, and setpriv (util-linux), which runs it as \
                     somebody else, is missing: install it, or run byline as an ordinary user"
                        .to_owned(),
                ));
            }
        };
        command.args(options).arg("--").arg(program);
        Ok(command)
    }

    /// Makes sure that the account can get to the folder.
    pub(super) fn check_reach(self, folder: &Path) -> Result<(), EmbeddedError> {
        let reached = self
            .command(Path::new("test"))?
            .arg("-x")
            .arg(folder)
            .status()
            .map_err(at(Path::new("test")))?;
        if reached.success() {
            return Ok(());
        }
        Err(EmbeddedError::Folder(format!(
            "PostgreSQL does not run as root, and the user it runs as cannot reach {}, since a \
             folder above it is closed to others: choose another folder with --data-dir",
            folder.display()
        )))
    }
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    if !output.status.success() {
        return None;
    }
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
