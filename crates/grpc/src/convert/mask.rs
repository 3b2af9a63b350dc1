//! Which fields an update changes (AIP-161).

use byline_domain::error::{Invalid, Reason, Violations};
use prost_types::FieldMask;

/// The fields that an update changes.
pub(super) enum Mask {
    /// Those that are set in the message.
    Set,
    /// All that can be changed.
    All,
    /// These.
    Paths(Vec<String>),
}

impl Mask {
    /// Reads a mask of `changeable` fields; `read_only` are refused as such, all
    /// others as unknown.
    pub(super) fn parse(
        mask: Option<FieldMask>,
        changeable: &[&str],
        read_only: &[&str],
        violations: &mut Violations,
    ) -> Self {
        let paths = mask.map(|mask| mask.paths).unwrap_or_default();
        if paths.is_empty() {
            return Self::Set;
        }
        if paths.len() == 1 && paths[0] == "*" {
            return Self::All;
        }
        for path in &paths {
            let path = path.as_str();
            if changeable.contains(&path) {
                continue;
            }
            let refusal = if read_only.contains(&path) {
                Invalid::new(
                    Reason::ReadOnly,
                    format!("must not name {path}: it cannot be changed"),
                )
            } else if path == "*" {
                Invalid::new(Reason::Malformed, "must not name * beside other fields")
            } else {
                Invalid::new(
                    Reason::Unknown,
                    format!(
                        "names an unknown field: expected {} or *",
                        changeable.join(", ")
                    ),
                )
            };
            violations.push(refusal.at("update_mask"));
        }
        Self::Paths(paths)
    }

    /// Whether to change the field of that path, which is set in the message or not.
    pub(super) fn changes(&self, path: &str, is_set: bool) -> bool {
        match self {
            Self::Set => is_set,
            Self::All => true,
            Self::Paths(paths) => paths.iter().any(|named| named == path),
        }
    }
}
