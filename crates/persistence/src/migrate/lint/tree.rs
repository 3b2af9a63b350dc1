//! What the rules ask of a syntax tree.

use std::fmt;

use squawk_syntax::ast::normalize_name_node;
use squawk_syntax::quote::quote_ident;
use squawk_syntax::{SyntaxElement, SyntaxKind, SyntaxNode};

/// The schema of temporary objects, whatever it is called in fact.
pub(super) const TEMPORARY: &str = "pg_temp";

/// The name of an object, as the catalogs have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    schema: Option<String>,
    name: String,
}

impl Name {
    /// The first name in a node, such as a TABLE_RELATION_NAME or a COLUMN_NAME.
    pub(super) fn of(node: &SyntaxNode) -> Option<Self> {
        let path = node
            .descendants()
            .find(|node| matches!(node.kind(), SyntaxKind::PATH | SyntaxKind::PATH_REF));
        let Some(path) = path else {
            return Some(Self {
                schema: None,
                name: normalize_name_node(node),
            });
        };
        let mut parts = path.descendants().filter(|node| {
            matches!(
                node.kind(),
                SyntaxKind::PATH_SEGMENT | SyntaxKind::PATH_SEGMENT_REF
            )
        });
        let mut schema = None;
        let mut name = normalize_name_node(&parts.next()?);
        for part in parts {
            schema = Some(std::mem::replace(&mut name, normalize_name_node(&part)));
        }
        Some(Self { schema, name })
    }

    /// A name that says no schema.
    pub(super) fn unqualified(name: &str) -> Self {
        Self {
            schema: None,
            name: name.to_owned(),
        }
    }

    /// Whether both can be the same object: a schema that one of them leaves out may be the other's.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.name == other.name
            && (self.schema == other.schema || self.schema.is_none() || other.schema.is_none())
    }

    /// Whether it is that of a temporary object.
    pub(super) fn is_temporary(&self) -> bool {
        self.schema.as_deref() == Some(TEMPORARY)
    }

    /// The temporary object of the name, which comes first where no schema is said.
    pub(super) fn as_temporary(&self) -> Option<Self> {
        self.schema.is_none().then(|| self.within(TEMPORARY))
    }

    /// The same name, in that schema.
    pub(super) fn within(&self, schema: &str) -> Self {
        Self {
            schema: Some(schema.to_owned()),
            name: self.name.clone(),
        }
    }

    /// The schema, if it is said.
    pub(super) fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// The same schema, another name.
    pub(super) fn renamed(&self, name: &Self) -> Self {
        Self {
            schema: self.schema.clone(),
            name: name.name.clone(),
        }
    }

    /// Without the schema, to make other names of.
    pub(super) fn plain(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", quote_ident(schema))?;
        }
        f.write_str(&quote_ident(&self.name))
    }
}

/// The name below the first node of that kind.
pub(super) fn named(node: &SyntaxNode, kind: SyntaxKind) -> Option<Name> {
    find(node, kind).and_then(|node| Name::of(&node))
}

/// The first node of that kind, below or at a node.
pub(super) fn find(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    node.descendants().find(|node| node.kind() == kind)
}

/// Whether a node or a word of that kind is below a node.
pub(super) fn has(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.descendants_with_tokens()
        .any(|element| element.kind() == kind)
}

/// The child of that kind.
pub(super) fn child(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    node.children().find(|child| child.kind() == kind)
}

/// Whether a node or a word of that kind is right below a node.
pub(super) fn has_child(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.children_with_tokens()
        .any(|element| element.kind() == kind)
}

/// Where a node begins, comments before it left out.
pub(super) fn start(node: &SyntaxNode) -> usize {
    let mut tokens = node
        .descendants_with_tokens()
        .filter_map(SyntaxElement::into_token);
    let first = tokens.find(|token| !token.kind().is_trivia());
    first
        .map_or(node.text_range().start(), |token| {
            token.text_range().start()
        })
        .into()
}

/// The words of a node in small letters, without comments and space.
pub(super) fn words(node: &SyntaxNode) -> Vec<String> {
    node.descendants_with_tokens()
        .filter_map(SyntaxElement::into_token)
        .filter(|token| !token.kind().is_trivia() && token.kind() != SyntaxKind::SEMICOLON)
        .map(|token| token.text().to_lowercase())
        .collect()
}

/// What a node says, on one line.
pub(super) fn said(node: &SyntaxNode) -> String {
    let text = node.text().to_string();
    let text = text.trim().trim_end_matches(';');
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text of a literal, without its quotes.
pub(super) fn literal(node: &SyntaxNode) -> Option<String> {
    let literal = find(node, SyntaxKind::LITERAL)?;
    let text = literal.text().to_string();
    let inner = text
        .trim()
        .strip_prefix('\'')
        .and_then(|text| text.strip_suffix('\''));
    Some(inner.map_or(text.trim().to_owned(), |inner| inner.replace("''", "'")))
}

/// The columns that a check says are not null, on whichever ways it may be met.
pub(super) fn not_null_columns(check: &SyntaxNode) -> Vec<Name> {
    // Below OR, CASE and NOT, each part need not hold.
    let certain = |node: &SyntaxNode| {
        node.ancestors()
            .skip(1)
            .take_while(|above| above != check)
            .all(|above| match above.kind() {
                SyntaxKind::PAREN_EXPR => true,
                SyntaxKind::BIN_EXPR => has_child(&above, SyntaxKind::AND_KW),
                _ => false,
            })
    };
    check
        .descendants()
        .filter(|node| {
            node.kind() == SyntaxKind::BIN_EXPR
                && has_child(node, SyntaxKind::IS_NOT)
                && child(node, SyntaxKind::LITERAL)
                    .is_some_and(|null| said(&null).eq_ignore_ascii_case("null"))
        })
        .filter(|node| certain(node))
        .filter_map(|node| Name::of(&child(&node, SyntaxKind::NAME_REF)?))
        .collect()
}
