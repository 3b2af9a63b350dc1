//! The builds that are compared: executables, or revisions that are built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{self, ROOT};
use crate::{Failure, page};

/// What a build is of.
pub(crate) enum Source {
    Executable(PathBuf),
    Commit(String),
    WorkingTree,
}

/// A build of the server.
pub(crate) struct Build {
    pub(crate) program: PathBuf,
    /// What it was built of, as a table holds it.
    pub(crate) says: String,
}

impl Source {
    /// What was given, or where HEAD has left the main branch.
    pub(crate) fn base(given: Option<&str>) -> Result<Self, Failure> {
        match given {
            Some(given) => Self::given(given),
            None => Ok(Self::Commit(left_main()?)),
        }
    }

    /// What was given, or the working tree.
    pub(crate) fn change(given: Option<&str>) -> Result<Self, Failure> {
        given.map_or(Ok(Self::WorkingTree), Self::given)
    }

    /// The executable of that path, or that revision.
    fn given(given: &str) -> Result<Self, Failure> {
        if Path::new(given).is_file() {
            return Ok(Self::Executable(given.into()));
        }
        let commit = format!("{given}^{{commit}}");
        let commit = git(&["rev-parse", "--verify", "--quiet", &commit]);
        let commit = commit.map_err(|_| format!("{given} is neither a file nor a revision"))?;
        Ok(Self::Commit(commit))
    }

    /// Builds it, unless it is an executable already.
    pub(crate) fn build(self, folder: &Path, name: &str) -> Result<Build, Failure> {
        match self {
            Self::Executable(path) => Ok(Build {
                // Not looked for in PATH.
                program: path.canonicalize()?,
                says: page::cell(&format!("`{}`", path.display())),
            }),
            Self::Commit(commit) => Build::of_commit(&commit, folder, name),
            Self::WorkingTree => Ok(Build {
                program: program::find(None)?,
                says: "the working tree".to_owned(),
            }),
        }
    }
}

impl Build {
    /// Builds a commit in a worktree of its own. There is one for all, so that what two commits
    /// have in common is built once: what a checkout changes is new to cargo.
    fn of_commit(commit: &str, folder: &Path, name: &str) -> Result<Self, Failure> {
        let says = git(&["show", "--no-patch", "--format=%h (%s)", commit])?;
        eprintln!("building byline of {says}");
        let (tree, target) = (folder.join("tree"), folder.join("target"));
        checkout(&tree, commit)?;
        let built = Command::new("cargo")
            .args([
                "build",
                "--release",
                "--locked",
                "--package",
                "byline",
                "--target-dir",
            ])
            .arg(&target)
            .current_dir(&tree)
            .env("SQLX_OFFLINE", "true")
            .status()
            .map_err(|error| format!("cargo: {error}"))?;
        if !built.success() {
            return Err(format!("{says} could not be built: see above").into());
        }
        let (built, program) = (target.join("release/byline"), folder.join(name));
        fs::copy(&built, &program).map_err(|error| format!("{}: {error}", built.display()))?;
        Ok(Self {
            program,
            says: page::cell(&says),
        })
    }
}

/// Has the worktree hold the commit.
fn checkout(tree: &Path, commit: &str) -> Result<(), Failure> {
    let path = tree.to_str().ok_or("--data-dir is no text")?;
    if tree.join(".git").exists() {
        git(&[
            "-C", path, "checkout", "--quiet", "--force", "--detach", commit,
        ])?;
    } else {
        // By force, since git remembers one that was there and was removed along with its folder.
        git(&[
            "worktree", "add", "--quiet", "--force", "--detach", path, commit,
        ])?;
    }
    Ok(())
}

/// Where HEAD has left the main branch.
fn left_main() -> Result<String, Failure> {
    let branches = ["main", "origin/main"].iter();
    let mut commits = branches.filter_map(|branch| git(&["merge-base", "HEAD", branch]).ok());
    let commit = commits.next();
    Ok(commit.ok_or("there is no branch `main` that HEAD has left: say --base")?)
}

/// What git answers, about the tree that this program was built of.
fn git(arguments: &[&str]) -> Result<String, Failure> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(ROOT)
        .output()
        .map_err(|error| format!("git: {error}"))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(format!("git {}: {why}", arguments.join(" ")).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
