//! What a database in use may have otherwise: lines of `schema.sql` such as
//! `-- check: allow(text search configuration byline) each has its own language`.

use super::SchemaError;

const BEGINS: &str = "-- check:";

/// The objects that may be otherwise, as `check` calls them.
pub(super) fn allowed(schema: &str) -> Result<Vec<String>, SchemaError> {
    let mut all = Vec::new();
    for (at, line) in schema.lines().enumerate() {
        let Some(rest) = line.trim().strip_prefix(BEGINS) else {
            continue;
        };
        let object = rest
            .trim()
            .strip_prefix("allow(")
            .and_then(|rest| rest.rsplit_once(')'))
            .filter(|(object, reason)| !object.is_empty() && !reason.trim().is_empty());
        let (object, _) = object.ok_or_else(|| SchemaError::Schema {
            line: at + 1,
            message: format!("expected `{BEGINS} allow(OBJECT) REASON`"),
        })?;
        all.push(object.to_owned());
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_otherwise_is_named_with_a_reason() {
        let schema = "create table t ();\n  -- check: allow(index a on t) by hand\n\
            -- check: allow(function f(text)) each its own\n";
        assert_eq!(
            allowed(schema).unwrap(),
            ["index a on t", "function f(text)"]
        );
        for wrong in [
            "-- check: allow()",
            "-- check: allow(index a)",
            "-- check: a b",
        ] {
            let refused = allowed(&format!("select 1;\n{wrong}\n")).unwrap_err();
            assert!(
                matches!(refused, SchemaError::Schema { line: 2, .. }),
                "{refused}"
            );
        }
    }
}
