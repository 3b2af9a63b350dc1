//! Types of columns, as far as a change from one to another leaves the rows as they are.

use squawk_syntax::SyntaxNode;

use super::tree::words;

/// A type, by the one of its names that PostgreSQL shows it by, and its lengths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Type {
    base: String,
    lengths: Vec<u32>,
}

impl Type {
    pub(super) fn of(node: &SyntaxNode) -> Self {
        let mut base = Vec::new();
        let mut lengths = Vec::new();
        let mut depth = 0_usize;
        for word in words(node) {
            match word.as_str() {
                "(" => depth += 1,
                ")" => depth -= 1,
                "pg_catalog" | "." | "," => {}
                _ if depth > 0 => lengths.extend(word.parse::<u32>()),
                _ => base.push(word),
            }
        }
        let base = base.join(" ");
        let base = match base.as_str() {
            "character varying" | "char varying" => "varchar",
            "character" | "bpchar" => "char",
            "decimal" => "numeric",
            "int" | "int4" => "integer",
            "int8" => "bigint",
            "int2" => "smallint",
            "bit varying" => "varbit",
            "timestamp with time zone" => "timestamptz",
            "timestamp without time zone" => "timestamp",
            "time with time zone" => "timetz",
            "time without time zone" => "time",
            "float8" => "double precision",
            "bool" => "boolean",
            other => other,
        };
        Self {
            base: base.to_owned(),
            lengths,
        }
    }

    /// Whether a column takes its values from a sequence of its own.
    pub(super) fn is_serial(&self) -> bool {
        matches!(
            self.base.as_str(),
            "serial" | "serial2" | "serial4" | "serial8" | "smallserial" | "bigserial"
        )
    }

    /// Whether PostgreSQL takes rows of this type for rows of another one without reading them.
    pub(super) fn widens_to(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        let longer = match (self.lengths.as_slice(), other.lengths.as_slice()) {
            (_, []) => true,
            ([old], [new]) => new >= old,
            _ => false,
        };
        match (self.base.as_str(), other.base.as_str()) {
            ("varchar" | "text", "text") | ("cidr", "inet") => true,
            ("text", "varchar") => other.lengths.is_empty(),
            ("varchar", "varchar")
            | ("varbit", "varbit")
            | ("timestamp", "timestamp")
            | ("timestamptz", "timestamptz")
            | ("time", "time")
            | ("timetz", "timetz") => longer,
            ("numeric", "numeric") => match (self.digits(), other.digits()) {
                (_, None) => true,
                (Some((precision, scale)), Some((wider, same))) => {
                    wider >= precision && same == scale
                }
                (None, Some(_)) => false,
            },
            _ => false,
        }
    }

    fn digits(&self) -> Option<(u32, u32)> {
        match self.lengths.as_slice() {
            [] => None,
            [precision] => Some((*precision, 0)),
            [precision, scale, ..] => Some((*precision, *scale)),
        }
    }
}
