//! Which fields an update changes (AIP-161).

use byline_domain::error::{Invalid, Reason, Violations};
use prost_types::FieldMask;

/// How many characters of an unknown path are repeated at most.
const MAX_QUOTED: usize = 40;

/// A path that is unknown, to be repeated in a message.
pub(super) fn quoted(path: &str) -> String {
    format!("{:?}", path.chars().take(MAX_QUOTED).collect::<String>())
}

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
                        "names {}, which is unknown: expected {} or *",
                        quoted(path),
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

#[cfg(test)]
mod tests {
    use byline_domain::error::ValidationError;
    use prost::Message;
    use prost_types::FileDescriptorSet;

    use super::*;
    use crate::convert::{post, user};
    use crate::pb;

    /// The fields of a message, as the contract has them.
    fn fields(message: &str) -> Vec<String> {
        let set = FileDescriptorSet::decode(pb::FILE_DESCRIPTOR_SET).expect("descriptors");
        let messages = set.file.into_iter().flat_map(|file| file.message_type);
        let found = messages.into_iter().find(|found| found.name() == message);
        let fields = found.expect("a message of the contract").field;
        fields.iter().map(|field| field.name().to_owned()).collect()
    }

    /// Why a mask of that path is refused, if it is.
    fn refusal<T>(
        path: &str,
        update: impl Fn(FieldMask) -> Result<T, ValidationError>,
    ) -> Option<Reason> {
        let paths = vec![path.to_owned()];
        let error = update(FieldMask { paths }).err()?;
        let mut violations = error.violations().iter();
        let of_mask = violations.find(|violation| violation.field == "update_mask");
        of_mask.map(|violation| violation.reason)
    }

    #[test]
    fn every_field_of_a_resource_can_be_changed_or_is_refused_as_read_only() {
        let of_user = |mask| {
            user::update(pb::UpdateUserRequest {
                user: Some(pb::User::default()),
                update_mask: Some(mask),
                ..pb::UpdateUserRequest::default()
            })
        };
        for field in fields("User") {
            let changeable = ["email", "name", "role", "is_active"].contains(&field.as_str());
            let expected = (!changeable).then_some(Reason::ReadOnly);
            assert_eq!(refusal(&field, of_user), expected, "{field}");
        }
        assert_eq!(refusal("title", of_user), Some(Reason::Unknown));

        let of_post = |mask| {
            post::update(pb::UpdatePostRequest {
                post: Some(pb::Post::default()),
                update_mask: Some(mask),
                ..pb::UpdatePostRequest::default()
            })
        };
        for field in fields("Post") {
            let changeable = ["title", "content", "published"].contains(&field.as_str());
            let expected = (!changeable).then_some(Reason::ReadOnly);
            assert_eq!(refusal(&field, of_post), expected, "{field}");
        }
        assert_eq!(refusal("email", of_post), Some(Reason::Unknown));
    }
}
