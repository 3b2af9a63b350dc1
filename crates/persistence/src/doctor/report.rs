//! What a look at a database found.

/// The names of all checks, in the order in which they are told. Each is told of every database,
/// if only as skipped.
pub const CHECKS: [&str; 21] = [
    "connection",
    "server",
    "encoding",
    "extensions",
    "durability",
    "role",
    "settings",
    "password",
    "connections",
    "ownership",
    "create",
    "database",
    "table-privileges",
    "function-privileges",
    "search-path",
    "security-definer",
    "audit-triggers",
    "indexes",
    "schema",
    "api-keys",
    "backlog",
];

/// How grave it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it shall be.
    Fine,
    /// Could not be looked at, and why.
    Skipped,
    /// Worth knowing, and nothing that must be mended.
    Hint,
    /// Goes well until something else goes wrong.
    Warning,
    /// Calls fail by it, or the service may do what it must not.
    Fault,
}

impl Grade {
    /// Its name, for programs too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Skipped => "skipped",
            Self::Hint => "hint",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }
}

/// What one check found, or that it found nothing.
#[derive(Clone, Debug)]
pub struct Check {
    /// The name of the check, which stays as it is from version to version.
    pub name: &'static str,
    /// How grave it is.
    pub grade: Grade,
    /// What was found, in a sentence.
    pub says: String,
    /// What mends it: statements end with a semicolon, and the rest are for a shell or for
    /// people. In their order.
    pub mend: Vec<String>,
}

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<Check>);

impl Report {
    /// All of them, in the order of [`CHECKS`].
    pub(crate) fn checks(mut self) -> Vec<Check> {
        let place = |check: &Check| CHECKS.iter().position(|name| *name == check.name);
        self.0.sort_by_key(place);
        self.0
    }

    fn add(
        &mut self,
        name: &'static str,
        grade: Grade,
        says: impl Into<String>,
        mend: impl IntoIterator<Item = String>,
    ) {
        self.0.push(Check {
            name,
            grade,
            says: says.into(),
            mend: mend.into_iter().collect(),
        });
    }

    /// Says that a check is fine, unless it has found something.
    pub(crate) fn fine(&mut self, name: &'static str, says: impl Into<String>) {
        if self.0.iter().all(|check| check.name != name) {
            self.add(name, Grade::Fine, says, []);
        }
    }

    /// Whether that check has found something that is wrong.
    pub(crate) fn has_fault(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|check| check.name == name && check.grade == Grade::Fault)
    }

    /// Says of each of these checks why it says nothing else.
    pub(crate) fn skipped_all(&mut self, names: &[&'static str], says: &str) {
        for name in names {
            self.skipped(name, says);
        }
    }

    pub(crate) fn skipped(&mut self, name: &'static str, says: impl Into<String>) {
        self.add(name, Grade::Skipped, says, []);
    }

    pub(crate) fn hint(
        &mut self,
        name: &'static str,
        says: impl Into<String>,
        mend: impl IntoIterator<Item = String>,
    ) {
        self.add(name, Grade::Hint, says, mend);
    }

    pub(crate) fn warning(
        &mut self,
        name: &'static str,
        says: impl Into<String>,
        mend: impl IntoIterator<Item = String>,
    ) {
        self.add(name, Grade::Warning, says, mend);
    }

    pub(crate) fn fault(
        &mut self,
        name: &'static str,
        says: impl Into<String>,
        mend: impl IntoIterator<Item = String>,
    ) {
        self.add(name, Grade::Fault, says, mend);
    }
}
