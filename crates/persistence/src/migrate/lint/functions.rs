//! Which functions answer each row anew, as far as the lint can know.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::tree::{Name, child, has, named, words};

/// Functions of PostgreSQL that are STABLE or IMMUTABLE and make defaults. What is not among them, and not made
/// by a migration, may be anything.
const NOT_VOLATILE: &[&str] = &[
    "abs",
    "age",
    "array_append",
    "array_cat",
    "array_fill",
    "array_length",
    "array_prepend",
    "array_to_string",
    "ascii",
    "btrim",
    "cardinality",
    "ceil",
    "ceiling",
    "chr",
    "concat",
    "concat_ws",
    "convert_from",
    "convert_to",
    "current_database",
    "current_schema",
    "current_setting",
    "date_part",
    "date_trunc",
    "daterange",
    "decode",
    "encode",
    "exp",
    "floor",
    "format",
    "initcap",
    "int4range",
    "int8range",
    "json_array_length",
    "json_build_array",
    "json_build_object",
    "jsonb_array_length",
    "jsonb_build_array",
    "jsonb_build_object",
    "left",
    "length",
    "ln",
    "log",
    "lower",
    "lpad",
    "ltrim",
    "make_date",
    "make_interval",
    "make_time",
    "make_timestamp",
    "make_timestamptz",
    "md5",
    "mod",
    "now",
    "numrange",
    "octet_length",
    "pg_current_xact_id",
    "pi",
    "power",
    "quote_ident",
    "quote_literal",
    "regexp_replace",
    "repeat",
    "replace",
    "reverse",
    "right",
    "round",
    "rpad",
    "rtrim",
    "setweight",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sign",
    "split_part",
    "sqrt",
    "statement_timestamp",
    "string_to_array",
    "strpos",
    "substr",
    "substring",
    "timezone",
    "to_char",
    "to_date",
    "to_hex",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_timestamp",
    "to_tsquery",
    "to_tsvector",
    "transaction_timestamp",
    "translate",
    "trunc",
    "tsrange",
    "tstzrange",
    "txid_current",
    "upper",
    "version",
];

/// What has the grammar of a function, and is none.
const SYNTAX: &[&str] = &["coalesce", "greatest", "least", "nullif"];

/// The functions that migrations made.
#[derive(Debug, Default)]
pub(super) struct Functions {
    made: Vec<Function>,
}

#[derive(Debug)]
struct Function {
    name: Name,
    parameters: Vec<String>,
    is_volatile: bool,
}

impl Functions {
    /// Takes note of a CREATE FUNCTION, which makes a volatile one if nothing else is said.
    pub(super) fn create(&mut self, statement: &SyntaxNode) {
        let Some(name) = named(statement, SyntaxKind::FUNCTION_NAME) else {
            return;
        };
        let parameters = child(statement, SyntaxKind::PARAM_LIST);
        let parameters = parameters.map_or_else(Vec::new, |list| words(&list));
        self.made
            .retain(|known| !(known.name == name && known.parameters == parameters));
        self.made.push(Function {
            name,
            parameters,
            is_volatile: says(statement) != Some(false),
        });
    }

    /// Takes note of an ALTER FUNCTION, as far as it is certain which one it is about.
    pub(super) fn alter(&mut self, statement: &SyntaxNode) {
        let name = named(statement, SyntaxKind::FUNCTION_NAME_REF);
        let (Some(name), Some(is_volatile)) = (name, says(statement)) else {
            return;
        };
        let mut all: Vec<&mut Function> = self
            .made
            .iter_mut()
            .filter(|known| known.name.is(&name))
            .collect();
        if is_volatile || all.len() == 1 {
            for function in &mut all {
                function.is_volatile = is_volatile;
            }
        }
    }

    /// Whether a function may answer each row anew: it is not known that it does not.
    pub(super) fn may_be_volatile(&self, name: &Name) -> bool {
        let is_own = name.schema().is_none_or(|schema| schema == "pg_catalog");
        let builtin = is_own
            && (NOT_VOLATILE.contains(&name.plain())
                || name.schema().is_none() && SYNTAX.contains(&name.plain()));
        let mut made = self
            .made
            .iter()
            .filter(|known| known.name.is(name))
            .peekable();
        !builtin && (made.peek().is_none() || made.any(|known| known.is_volatile))
    }
}

/// Whether a statement says VOLATILE, or one of the others.
fn says(statement: &SyntaxNode) -> Option<bool> {
    if has(statement, SyntaxKind::IMMUTABLE) || has(statement, SyntaxKind::STABLE) {
        Some(false)
    } else {
        has(statement, SyntaxKind::VOLATILE).then_some(true)
    }
}
