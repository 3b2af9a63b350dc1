//! The passwords that are guessed first.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Those of at least eight bytes, in lower case.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("common_passwords.txt").lines();
    lines.filter(|line| !line.starts_with("# ")).collect()
});

/// Whether a password, in lower case, is one of those.
pub(super) fn is_common(folded: &str) -> bool {
    COMMON.contains(folded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::NewPassword;

    #[test]
    fn there_are_more_than_ten_thousand_that_could_be_set_otherwise() {
        assert!(COMMON.len() > 10_000, "{}", COMMON.len());
        for password in COMMON.iter() {
            assert!(password.len() >= NewPassword::MIN_BYTES, "{password}");
            assert_eq!(password.to_lowercase(), **password);
        }
    }
}
