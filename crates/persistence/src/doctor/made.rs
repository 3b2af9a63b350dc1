//! What the migrations make, as the schema at head says it, so that it can be compared with what
//! there is, and made again.

use std::sync::OnceLock;

use crate::migrate::embedded;
use crate::migrate::source::statements::statements;

/// Something that the migrations make.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) name: &'static str,
    /// The statement that makes it.
    statement: &'static str,
}

/// All statements of the schema, which take a while to be told apart.
fn all_statements() -> &'static [&'static str] {
    static ALL: OnceLock<Vec<&'static str>> = OnceLock::new();
    ALL.get_or_init(|| {
        let all = embedded().schema().map(statements);
        let all = all.and_then(Result::ok).unwrap_or_default().into_iter();
        all.map(|statement| statement.text).collect()
    })
}

/// Everything of a kind, such as `trigger`, in the order in which it is made.
pub(super) fn made(kind: &str) -> Vec<Made> {
    let create = format!("create {kind} ");
    let named = |statement: &'static str| {
        let after = statement.strip_prefix(&create)?;
        let name = after.split([' ', '(', '\n']).next()?;
        Some(Made { name, statement })
    };
    all_statements()
        .iter()
        .filter_map(|statement| named(statement))
        .collect()
}

impl Made {
    pub(super) fn mentions(&self, word: &str) -> bool {
        self.statement.contains(word)
    }

    /// Whether it is a trigger of that table.
    pub(super) fn is_on(&self, table: &str) -> bool {
        self.mentions(&format!(" on {table}\n"))
    }

    /// The function that a trigger calls.
    pub(super) fn called(&self) -> Option<&'static str> {
        let (_, after) = self.statement.split_once("execute function ")?;
        after.split('(').next()
    }

    /// The body of a function.
    pub(super) fn body(&self) -> Option<&'static str> {
        self.statement.split("$$").nth(1)
    }

    /// Where a function looks for names.
    pub(super) fn search_path(&self) -> Option<&'static str> {
        let (_, after) = self.statement.split_once("set search_path = ")?;
        after.lines().next()
    }

    /// The words of a trigger's definition, in no order: PostgreSQL has its own.
    pub(super) fn words(&self) -> Vec<String> {
        words_of(self.statement)
    }

    /// Makes a trigger on `table` anew, or again, whatever names without a schema lead to.
    pub(super) fn trigger_again(&self, schema: &str, table: &str) -> String {
        let words: Vec<_> = self.statement.split_whitespace().collect();
        let text = words.join(" ");
        let (_, after) = text.split_once("trigger ").unwrap_or(("", &text));
        let after = after
            .replacen(
                &format!(" on {table} "),
                &format!(" on {schema}.{table} "),
                1,
            )
            .replacen(
                "execute function ",
                &format!("execute function {schema}."),
                1,
            );
        format!("create or replace trigger {after};")
    }

    /// The same of a function, letter by letter: its body is compared.
    pub(super) fn function_again(&self, schema: &str) -> String {
        let (_, after) = self
            .statement
            .split_once("function ")
            .unwrap_or(("", self.statement));
        format!("create or replace function {schema}.{after};")
    }

    /// Makes an index of trigrams, whose extension is in `schema` too, while others write.
    pub(super) fn trigrams_again(&self, schema: &str) -> Vec<String> {
        let name = self.name;
        let words: Vec<_> = self.statement.split_whitespace().collect();
        let text = words.join(" ");
        let (_, after) = text.split_once("index ").unwrap_or(("", &text));
        let after = after
            .replacen(" on ", &format!(" on {schema}."), 1)
            .replace(TRIGRAMS, &format!("{schema}.{TRIGRAMS}"));
        let command = format!("alter index {name} ");
        let altered = all_statements().iter();
        let altered = altered.filter_map(|statement| statement.strip_prefix(&command));
        let altered = altered.map(|after| format!("alter index {schema}.{name} {after};"));
        std::iter::once(format!("create index concurrently {after};"))
            .chain(altered)
            .collect()
    }
}

/// How an index of trigrams compares texts.
pub(super) const TRIGRAMS: &str = "gin_trgm_ops";

/// The words of a definition, in no order.
pub(super) fn words_of(definition: &str) -> Vec<String> {
    let words = definition.split_whitespace().map(str::to_lowercase);
    let mut words: Vec<_> = words.collect();
    words.sort();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: &str, name: &str) -> Made {
        let mut all = made(kind).into_iter();
        all.find(|made| made.name == name).unwrap()
    }

    #[test]
    fn a_trigger_is_made_again_in_its_schema() {
        let trigger = of("trigger", "audit_events_are_not_truncated");
        assert_eq!(trigger.called(), Some("audit_events_are_kept"));
        assert_eq!(
            trigger.trigger_again("\"My\"", "audit_events"),
            "create or replace trigger audit_events_are_not_truncated before truncate on \
             \"My\".audit_events for each statement execute function \
             \"My\".audit_events_are_kept();"
        );
    }

    #[test]
    fn a_function_is_made_again_with_its_body() {
        let function = of("function", "audit_events_are_kept");
        let again = function.function_again("public");
        assert!(
            again.starts_with("create or replace function public.audit_events_are_kept() returns"),
            "{again}"
        );
        assert!(again.contains(function.body().unwrap()));
        assert_eq!(function.search_path(), Some("pg_catalog, pg_temp"));
    }

    #[test]
    fn an_index_of_trigrams_is_made_again_beside_those_who_write() {
        let index = of("index", "users_search_idx");
        assert!(index.mentions(TRIGRAMS));
        assert_eq!(
            index.trigrams_again("public"),
            [
                "create index concurrently users_search_idx on public.users using gin \
                 (lower(email) public.gin_trgm_ops, lower(name) public.gin_trgm_ops);",
                "alter index public.users_search_idx alter column 1 set statistics 1000;",
                "alter index public.users_search_idx alter column 2 set statistics 1000;",
            ]
        );
    }
}
