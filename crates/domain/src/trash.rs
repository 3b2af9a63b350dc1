//! Which side of the trash a read looks at.

/// Which resources a read sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Trash {
    /// Only the living.
    #[default]
    Exclude,
    /// The living and those in the trash.
    Include,
}

impl Trash {
    /// Whether a resource is seen that is, or is not, in the trash.
    pub const fn sees(self, deleted: bool) -> bool {
        match self {
            Self::Exclude => !deleted,
            Self::Include => true,
        }
    }
}
