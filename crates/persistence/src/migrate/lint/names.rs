//! The names and types that statements say.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::tree::{Name, TEMPORARY, child, find, has_child, named};
use super::types::Type;

/// The table that an ALTER TABLE and its like is about.
pub(super) fn table(statement: &SyntaxNode) -> Option<Name> {
    named(statement, SyntaxKind::TABLE_RELATION_NAME)
}

/// The name of a constraint that is made or named.
pub(super) fn constraint_name(node: &SyntaxNode) -> Option<Name> {
    named(node, SyntaxKind::CONSTRAINT_NAME)
        .or_else(|| named(node, SyntaxKind::CONSTRAINT_NAME_REF))
}

/// The type that a column, an ADD COLUMN or a SET TYPE says.
pub(super) fn type_of(node: &SyntaxNode) -> Option<Type> {
    node.children().find(is_type).map(|node| Type::of(&node))
}

fn is_type(node: &SyntaxNode) -> bool {
    matches!(
        node.kind(),
        SyntaxKind::ARRAY_TYPE
            | SyntaxKind::PATH_TYPE
            | SyntaxKind::VARCHAR_TYPE
            | SyntaxKind::CHARACTER_TYPE
            | SyntaxKind::BIT_TYPE
            | SyntaxKind::BIT_VARYING_TYPE
            | SyntaxKind::DOUBLE_TYPE
            | SyntaxKind::TIME_TYPE
            | SyntaxKind::TIMESTAMP_TYPE
            | SyntaxKind::INTERVAL_TYPE
    )
}

/// The name of the column that a COLUMN or an ADD COLUMN makes.
pub(super) fn column_name(node: &SyntaxNode) -> Option<Name> {
    child(node, SyntaxKind::COLUMN_NAME).and_then(|name| Name::of(&name))
}

/// What a CREATE makes: the first name that is said, in the schema that it is in if the statement says so.
pub(super) fn created(statement: &SyntaxNode) -> Option<Name> {
    if statement.kind() == SyntaxKind::CREATE_INDEX {
        let name = named(statement, SyntaxKind::INDEX)?;
        // Where its table is.
        let table = table(statement);
        let schema = table.as_ref().and_then(Name::schema);
        return Some(schema.map_or_else(|| name.clone(), |schema| name.within(schema)));
    }
    if statement.kind() == SyntaxKind::CREATE_SCHEMA {
        return named(statement, SyntaxKind::SCHEMA);
    }
    let path = find(statement, SyntaxKind::PATH);
    let name = path.or_else(|| {
        statement
            .children()
            .find(|node| !matches!(node.kind(), SyntaxKind::IF_NOT_EXISTS | SyntaxKind::TEMP))
    });
    let name = name.and_then(|node| Name::of(&node))?;
    let into = child(statement, SyntaxKind::INTO_CLAUSE);
    let is_temporary = has_child(statement, SyntaxKind::TEMP)
        || into.is_some_and(|into| has_child(&into, SyntaxKind::TEMP));
    Some(if is_temporary {
        name.within(TEMPORARY)
    } else {
        name
    })
}

/// What a DROP drops.
pub(super) fn dropped(statement: &SyntaxNode) -> Vec<Name> {
    if statement.kind() == SyntaxKind::DROP_TRIGGER || statement.kind() == SyntaxKind::DROP_RULE {
        let name = statement
            .children()
            .find(|node| matches!(node.kind(), SyntaxKind::TRIGGER_REF | SyntaxKind::RULE_REF));
        return name.and_then(|name| Name::of(&name)).into_iter().collect();
    }
    let names: Vec<Name> = statement
        .descendants()
        .filter(|node| {
            // The path of a name is the outermost; those of parameters' types are no names.
            node.kind() == SyntaxKind::PATH_REF
                && node
                    .parent()
                    .is_none_or(|above| above.kind() != SyntaxKind::PATH_REF)
                && !node
                    .ancestors()
                    .any(|above| above.kind() == SyntaxKind::PARAM_LIST)
        })
        .filter_map(|node| Name::of(&node))
        .collect();
    if !names.is_empty() {
        return names;
    }
    let plain = statement.children().filter(|node| {
        !matches!(
            node.kind(),
            SyntaxKind::IF_EXISTS | SyntaxKind::CASCADE | SyntaxKind::RESTRICT
        )
    });
    plain.filter_map(|node| Name::of(&node)).collect()
}

/// The columns that an expression may be about; functions among them do no harm.
pub(super) fn mentioned(node: &SyntaxNode) -> Vec<Name> {
    node.descendants()
        .filter(|node| node.kind() == SyntaxKind::NAME_REF)
        .filter_map(|node| Name::of(&node))
        .collect()
}
