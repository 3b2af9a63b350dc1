//! What a token is bound to: the list that it was given out for.

use sha2::{Digest, Sha256};

/// A list, by all that decides which rows are in it and in which order: the method
/// and its parameters. Kept as a hash, so that a token does not grow with a filter.
#[derive(Clone)]
pub(crate) struct List(Sha256);

impl List {
    /// The list that `method` answers, such as `ListUsers`, without parameters yet.
    pub(crate) fn of(method: &str) -> Self {
        Self(Sha256::new()).and(method.as_bytes())
    }

    /// The same list with a parameter more. Parameters are always to be given in
    /// the same order, and in one form where a caller has several for the same.
    #[must_use]
    pub(crate) fn with(self, parameter: &str, value: impl AsRef<[u8]>) -> Self {
        self.and(parameter.as_bytes()).and(value.as_ref())
    }

    /// Each part goes after its length: without it, parts could be cut otherwise
    /// and come to the same hash.
    fn and(mut self, part: &[u8]) -> Self {
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part);
        self
    }

    pub(super) fn digest(&self) -> [u8; 32] {
        self.0.clone().finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_told_by_its_method_and_every_parameter() {
        let lists = [
            List::of("ListUsers"),
            List::of("ListPosts"),
            List::of("ListUsers").with("filter", ""),
            List::of("ListUsers").with("filter", "a"),
            List::of("ListUsers").with("order_by", "a"),
            List::of("ListUsers").with("filter", "a").with("x", ""),
            List::of("ListUsers").with("x", "").with("filter", "a"),
        ];
        for (index, list) in lists.iter().enumerate() {
            for other in &lists[..index] {
                assert_ne!(list.digest(), other.digest(), "number {index}");
            }
        }
        let again = List::of("ListUsers").with("filter", "a");
        assert_eq!(again.digest(), lists[3].digest());
    }

    #[test]
    fn parts_do_not_run_into_one_another() {
        let list = List::of("ListUsers").with("filter", "ab").with("x", "c");
        for other in [
            List::of("ListUsers").with("filter", "a").with("bx", "c"),
            List::of("ListUsers").with("filtera", "b").with("x", "c"),
            List::of("ListUsersfilter").with("ab", "x").with("", "c"),
            List::of("ListUsers").with("filter", "abxc"),
        ] {
            assert_ne!(list.digest(), other.digest());
        }
    }
}
