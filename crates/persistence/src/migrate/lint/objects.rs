//! What the scripts made that is read, as far as it decides who uses it already.

use squawk_syntax::SyntaxNode;

use super::tree::{Name, words};

/// The kind of an object: within one, a name is one object's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Space {
    Relation,
    Type,
    Routine,
    Other(String),
}

impl Space {
    /// That of what a CREATE, an ALTER or a DROP is about.
    pub(super) fn of(statement: &SyntaxNode) -> Self {
        let words = words(statement);
        let mut words = words.iter().map(String::as_str).skip_while(|word| {
            matches!(
                *word,
                "create"
                    | "alter"
                    | "drop"
                    | "or"
                    | "replace"
                    | "temp"
                    | "temporary"
                    | "local"
                    | "global"
                    | "unlogged"
                    | "recursive"
                    | "unique"
                    | "constraint"
                    | "select"
            )
        });
        match (words.next(), words.next()) {
            (Some("foreign"), Some("data")) | (None, _) => Self::Other(String::new()),
            (Some("table" | "index" | "view" | "materialized" | "sequence" | "foreign"), _) => {
                Self::Relation
            }
            (Some("type" | "domain"), _) => Self::Type,
            (Some("function" | "procedure" | "routine" | "aggregate"), _) => Self::Routine,
            (Some(other), _) => Self::Other(other.to_owned()),
        }
    }
}

/// What was made and is not dropped.
#[derive(Debug, Default)]
pub(super) struct Objects {
    earlier: Vec<(Space, Name)>,
    /// By the script that is read.
    made: Vec<(Space, Name)>,
}

impl Objects {
    /// Begins a script. Temporary tables ended with the last one.
    pub(super) fn begin(&mut self) {
        let made = std::mem::take(&mut self.made);
        let kept = made.into_iter().filter(|(_, name)| !name.is_temporary());
        self.earlier.extend(kept);
    }

    /// Takes note of an object, and says whether it is a new one: if IF NOT EXISTS is said, what an earlier
    /// script made is not.
    pub(super) fn make(&mut self, space: Space, name: Name, if_not_exists: bool) -> bool {
        let may_be =
            |(own, earlier): &(Space, Name)| *own == space && earlier.is(&name) && if_not_exists;
        if self.earlier.iter().any(may_be) {
            return false;
        }
        self.made.push((space, name));
        true
    }

    /// Whether the script made the very object. A schema that is left out is the search path's to say, and so no
    /// schema that is told; but temporary tables come first in it.
    pub(super) fn is_new(&self, space: &Space, name: &Name) -> bool {
        let made = |wanted: &Name| {
            let mut all = self.made.iter();
            all.any(|(own, made)| own == space && made == wanted)
        };
        made(name)
            || (*space == Space::Relation && name.as_temporary().is_some_and(|own| made(&own)))
    }

    /// Whether an earlier script made it, or one that it can be.
    pub(super) fn was_made(&self, space: &Space, name: &Name) -> bool {
        let mut earlier = self.earlier.iter();
        earlier.any(|(own, made)| own == space && made.is(name))
    }

    /// Whether a script made one of the very name.
    pub(super) fn has(&self, space: &Space, name: &Name) -> bool {
        let mut all = self.earlier.iter().chain(&self.made);
        all.any(|(own, made)| own == space && made == name)
    }

    pub(super) fn drop(&mut self, space: &Space, name: &Name) {
        let own = name.as_temporary();
        let is_it =
            |(own_space, made): &(Space, Name), name: &Name| own_space == space && made == name;
        let temporary = own.and_then(|own| self.made.iter().position(|made| is_it(made, &own)));
        if let Some(place) = temporary {
            self.made.remove(place);
            return;
        }
        self.made.retain(|made| !is_it(made, name));
        self.earlier.retain(|made| !is_it(made, name));
    }

    pub(super) fn rename(&mut self, space: &Space, old: &Name, new: &Name) {
        for (own, name) in self.made.iter_mut().chain(&mut self.earlier) {
            if own == space && name == old {
                *name = new.clone();
            }
        }
    }
}
