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
    if let Some(name) = of_table(statement) {
        return Some(name);
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

/// The trigger, the rule or the policy that a statement is about. Its name is one object's within its table, which is
/// said in place of a schema.
pub(super) fn of_table(statement: &SyntaxNode) -> Option<Name> {
    let kinds = match statement.kind() {
        SyntaxKind::CREATE_TRIGGER | SyntaxKind::CREATE_RULE | SyntaxKind::CREATE_POLICY => {
            [SyntaxKind::TRIGGER, SyntaxKind::RULE, SyntaxKind::POLICY]
        }
        SyntaxKind::DROP_TRIGGER
        | SyntaxKind::DROP_RULE
        | SyntaxKind::DROP_POLICY
        | SyntaxKind::ALTER_POLICY => [
            SyntaxKind::TRIGGER_REF,
            SyntaxKind::RULE_REF,
            SyntaxKind::POLICY_REF,
        ],
        _ => return None,
    };
    let mut parts = statement.children();
    let name = parts.find(|part| kinds.contains(&part.kind()))?;
    Some(Name::of(&name)?.within(&owner(statement)?.to_string()))
}

/// The table of a trigger, a rule or a policy.
pub(super) fn owner(statement: &SyntaxNode) -> Option<Name> {
    let on = statement.descendants().find(|node| {
        matches!(
            node.kind(),
            SyntaxKind::RELATION_NAME_REF | SyntaxKind::TABLE_NAME_REF
        )
    });
    on.and_then(|on| Name::of(&on))
}

/// What a DROP drops.
pub(super) fn dropped(statement: &SyntaxNode) -> Vec<Name> {
    if let Some(name) = of_table(statement) {
        return vec![name];
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

/// The columns that an expression is about, each once. A row of its table is among them by the table's name.
pub(super) fn mentioned(node: &SyntaxNode) -> Vec<Name> {
    let mut columns = Vec::new();
    mention(node, &mut columns);
    columns
}

fn mention(node: &SyntaxNode, columns: &mut Vec<Name>) {
    let column = match node.kind() {
        SyntaxKind::NAME_REF => (!is_value_function(node)).then(|| node.clone()),
        // `table.column`, `schema.table.column` or `table.*`; but `(column).field`.
        SyntaxKind::FIELD_EXPR if is_path(node) => node
            .descendants()
            .filter(|part| part.kind() == SyntaxKind::NAME_REF)
            .last(),
        SyntaxKind::FIELD_EXPR => {
            return node
                .first_child()
                .iter()
                .for_each(|of| mention(of, columns));
        }
        SyntaxKind::CALL_EXPR => {
            let is_name = |part: &SyntaxNode| {
                matches!(part.kind(), SyntaxKind::NAME_REF | SyntaxKind::FIELD_EXPR)
            };
            let parts = node.children().enumerate();
            let parts = parts.filter(|(place, part)| *place > 0 || !is_name(part));
            return parts.for_each(|(_, part)| mention(&part, columns));
        }
        _ => return node.children().for_each(|part| mention(&part, columns)),
    };
    let column = column.and_then(|column| Name::of(&column));
    columns.extend(column.filter(|column| !columns.contains(column)));
}

fn is_path(node: &SyntaxNode) -> bool {
    node.kind() == SyntaxKind::NAME_REF
        || node.kind() == SyntaxKind::FIELD_EXPR
            && node.first_child().is_some_and(|first| is_path(&first))
}

/// Whether it is one of the functions that SQL calls without parentheses.
fn is_value_function(name: &SyntaxNode) -> bool {
    let word = name.first_token().map(|token| token.kind());
    matches!(
        word,
        Some(
            SyntaxKind::CURRENT_CATALOG_KW
                | SyntaxKind::CURRENT_DATE_KW
                | SyntaxKind::CURRENT_ROLE_KW
                | SyntaxKind::CURRENT_SCHEMA_KW
                | SyntaxKind::CURRENT_TIME_KW
                | SyntaxKind::CURRENT_TIMESTAMP_KW
                | SyntaxKind::CURRENT_USER_KW
                | SyntaxKind::LOCALTIME_KW
                | SyntaxKind::LOCALTIMESTAMP_KW
                | SyntaxKind::SESSION_USER_KW
                | SyntaxKind::SYSTEM_USER_KW
                | SyntaxKind::USER_KW
        )
    )
}
