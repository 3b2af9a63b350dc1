//! What every noun says about its scalar fields: their names in the contract and
//! what kind of value they hold. Filters are checked against it.

use std::fmt::Debug;

/// What kind of value a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A text.
    Text,
    /// True or false.
    Bool,
    /// A moment, kept to the microsecond.
    Time,
    /// A UUID.
    Id,
}

/// A scalar field of a noun.
pub trait Field: Copy + Eq + Ord + Debug + Send + Sync + 'static {
    /// All fields, in the order of the contract.
    const ALL: &'static [Self];

    /// The name in the contract, such as `created_at`.
    fn name(self) -> &'static str;

    /// What kind of value it holds.
    fn kind(self) -> Kind;

    /// Whether text is compared in lower case whatever the operator, as e-mail
    /// addresses are.
    fn folds_case(self) -> bool;

    /// Whether the value can be absent.
    fn is_nullable(self) -> bool;

    /// The field of that name in the contract, to the letter case.
    fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.name() == name)
    }
}
