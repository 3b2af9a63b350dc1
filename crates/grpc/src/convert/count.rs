//! What all counts take and answer.

use byline_domain::count::Group;
use byline_domain::error::{Invalid, Reason};
use byline_domain::filter::Value;
use chrono::SecondsFormat;

use super::list::size;
use crate::pb;

/// Reads `group_by`: one of the named groups, or none.
pub(super) fn group_by<G: Copy>(text: &str, groups: &[(&str, G)]) -> Result<Option<G>, Invalid> {
    if text.is_empty() {
        return Ok(None);
    }
    let group = groups.iter().find(|(name, _)| *name == text);
    let group = group.map(|(_, group)| Some(*group));
    group.ok_or_else(|| {
        let names: Vec<_> = groups.iter().map(|(name, _)| *name).collect();
        Invalid::new(
            Reason::Unknown,
            format!("must name one of {}", names.join(", ")),
        )
    })
}

impl From<Group> for pb::CountGroup {
    fn from(group: Group) -> Self {
        Self {
            key: match group.key {
                Value::Text(text) => text,
                Value::Bool(value) => value.to_string(),
                Value::Time(time) => time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
                Value::Id(id) => id.to_string(),
            },
            count: size(group.count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_named_or_left_out() {
        let groups = [("role", 1), ("is_active", 2)];
        assert_eq!(group_by("", &groups), Ok(None));
        assert_eq!(group_by("is_active", &groups), Ok(Some(2)));
        for text in ["email", "Role", "role,is_active", " "] {
            let refusal = group_by(text, &groups).unwrap_err();
            assert_eq!(refusal.reason, Reason::Unknown, "{text}");
        }
    }

    #[test]
    fn a_key_is_told_as_text() {
        let told = |key| pb::CountGroup::from(Group { key, count: 1 }).key;
        assert_eq!(told(Value::Text("admin".to_owned())), "admin");
        assert_eq!(told(Value::Bool(false)), "false");
        assert_eq!(
            told(Value::Id(uuid::Uuid::from_u128(7))),
            "00000000-0000-0000-0000-000000000007"
        );
    }
}
