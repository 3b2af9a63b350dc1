//! Filters as SQL: every value is bound, and no text of a caller becomes SQL.

use byline_domain::audit::AuditTest;
use byline_domain::filter::{
    Comparison, FieldTest, Filter, Pattern, Piece, PostTest, UserTest, Value, ValueTest,
};
use byline_domain::post::PostField;
use byline_domain::trash::Trash;
use byline_domain::user::UserField;
use sqlx::{Postgres, QueryBuilder};

use crate::table::{DELETED, LIVING, Table, alive};

type Sql = QueryBuilder<Postgres>;

/// Where a condition stands.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// On which side of the trash other rows are looked at.
    trash: Trash,
    /// Whether false and unknown are the same here, as they are outside any NOT: then an
    /// index over a value that is never null can answer for one that is.
    positive: bool,
}

/// A test as a condition on a row of its noun's table.
pub(crate) trait Condition {
    /// Appends the condition.
    fn push(&self, query: &mut Sql, place: Place);

    /// Whether only what is in the trash can meet it.
    fn is_of_trash(&self) -> bool;
}

impl<T: Condition> Condition for Filter<T> {
    fn push(&self, query: &mut Sql, place: Place) {
        match self {
            Self::All(filters) => push_joined(query, filters, " and ", "true", place),
            Self::Any(filters) => push_joined(query, filters, " or ", "false", place),
            Self::Not(filter) => {
                query.push("not (");
                let positive = false;
                filter.push(query, Place { positive, ..place });
                query.push(")");
            }
            Self::Test(test) => test.push(query, place),
        }
    }

    fn is_of_trash(&self) -> bool {
        match self {
            Self::All(filters) => filters.iter().any(Self::is_of_trash),
            Self::Any(filters) => !filters.is_empty() && filters.iter().all(Self::is_of_trash),
            Self::Not(_) => false,
            Self::Test(test) => test.is_of_trash(),
        }
    }
}

/// Whether the test needs one of the times that only the trash has. Negated, a comparison
/// still does.
fn needs<F: Table>(test: &FieldTest<F>, of_trash: [F; 2]) -> bool {
    of_trash.contains(&test.field)
        && match test.test {
            ValueTest::Present => !test.negated,
            ValueTest::Compare(..) | ValueTest::Matches(_) => true,
        }
}

fn push_joined<T: Condition>(
    query: &mut Sql,
    filters: &[Filter<T>],
    between: &str,
    of_none: &str,
    place: Place,
) {
    if filters.is_empty() {
        query.push(of_none);
        return;
    }
    query.push("(");
    for (index, filter) in filters.iter().enumerate() {
        if index > 0 {
            query.push(between);
        }
        filter.push(query, place);
    }
    query.push(")");
}

impl Condition for UserTest {
    fn is_of_trash(&self) -> bool {
        match self {
            Self::Field(test) => needs(test, [UserField::DeletedAt, UserField::PurgeAt]),
            Self::SomePost(_) | Self::Mentions(_) => false,
        }
    }

    fn push(&self, query: &mut Sql, place: Place) {
        match self {
            Self::Field(test) => push_field(query, test, place.positive),
            Self::SomePost(test) => {
                push_some(query, "author_id = users.id", place.trash, test.as_ref());
            }
            Self::Mentions(pattern) => {
                query.push("(lower(email) like lower(");
                query.push_bind(like(pattern));
                // Never unknown; this way round an index can look for the name.
                query.push(") or (name is not null and lower(name) like lower(");
                query.push_bind(like(pattern));
                query.push(")))");
            }
        }
    }
}

impl Condition for PostTest {
    fn is_of_trash(&self) -> bool {
        match self {
            Self::Field(test) => needs(test, [PostField::DeletedAt, PostField::PurgeAt]),
            Self::Author(_) | Self::Mentions(_) => false,
        }
    }

    fn push(&self, query: &mut Sql, place: Place) {
        match self {
            Self::Field(test) => push_field(query, test, place.positive),
            Self::Author(test) => {
                push_some(query, "id = posts.author_id", place.trash, test.as_ref());
            }
            Self::Mentions(pattern) => {
                query.push("(lower(title) like lower(");
                query.push_bind(like(pattern));
                query.push(") or (content is not null and lower(content) like lower(");
                query.push_bind(like(pattern));
                query.push(")))");
            }
        }
    }
}

/// An event is tested for its own fields, and there is no trash of events.
impl Condition for AuditTest {
    fn is_of_trash(&self) -> bool {
        false
    }

    fn push(&self, query: &mut Sql, place: Place) {
        push_field(query, self, place.positive);
    }
}

/// Whether there is a related row on that side of the trash that meets the test.
fn push_some<F: Table>(query: &mut Sql, related: &str, trash: Trash, test: Option<&FieldTest<F>>) {
    query.push(format_args!(
        "exists (select from {} where {related}",
        F::TABLE
    ));
    query.push(alive(trash));
    if let Some(test) = test {
        query.push(" and ");
        push_field(query, test, true);
    }
    query.push(")");
}

fn push_field<F: Table>(query: &mut Sql, test: &FieldTest<F>, positive: bool) {
    if test.negated {
        query.push("not ");
    }
    query.push("(");
    let field = test.field;
    match &test.test {
        ValueTest::Present => {
            query.push(field.value()).push(" is not null");
        }
        ValueTest::Compare(comparison, value) => {
            let positive = positive && !test.negated;
            push_comparison(query, field, *comparison, value, positive);
        }
        ValueTest::Matches(pattern) if pattern.any_case() => {
            query.push(format_args!("lower({}) like lower(", field.value()));
            query.push_bind(like(pattern));
            query.push(")");
        }
        ValueTest::Matches(pattern) => {
            query.push(field.value()).push(" like ");
            query.push_bind(like(pattern));
        }
    }
    query.push(")");
}

fn push_comparison<F: Table>(
    query: &mut Sql,
    field: F,
    comparison: Comparison,
    value: &Value,
    positive: bool,
) {
    let operator = match comparison {
        Comparison::Equal => "=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    };
    let column = field.value();
    match value {
        Value::Text(text) if field.folds_case() => {
            query.push(format_args!(
                r#"lower({column}) collate "C" {operator} lower("#
            ));
            query.push_bind(text.clone());
            query.push(")");
        }
        Value::Text(text) => {
            if let Some(folded) = field.folded().filter(|_| comparison == Comparison::Equal) {
                // Says nothing new; the index is in lower case.
                query.push(folded).push(" = lower(");
                query.push_bind(text.clone());
                query.push(") and ");
            }
            query.push(format_args!(r#"{column} collate "C" {operator} "#));
            query.push_bind(text.clone());
        }
        // Written out, since a bound value hides from the planner what it is.
        Value::Bool(value) => {
            query.push(format_args!("{column} {operator} {value}"));
        }
        Value::Time(time) => {
            // An absent time is before all others in an index, and so is no match either.
            let is_lower_bound = match comparison {
                Comparison::Equal | Comparison::Greater | Comparison::GreaterOrEqual => true,
                Comparison::Less | Comparison::LessOrEqual => false,
            };
            let place = if positive && is_lower_bound && field.is_nullable() {
                field.sort_key()
            } else {
                column
            };
            query.push(format_args!("{place} {operator} "));
            query.push_bind(*time);
        }
        Value::Id(id) => {
            query.push(format_args!("{column} {operator} "));
            query.push_bind(*id);
        }
    }
}

/// The pattern as one of LIKE.
fn like(pattern: &Pattern) -> String {
    let mut like = String::new();
    for piece in pattern.pieces() {
        match piece {
            Piece::Text(text) => push_escaped(&mut like, text),
            Piece::Anything => like.push('%'),
        }
    }
    like
}

/// `text` as a part of a pattern of LIKE that matches nothing but itself.
pub(crate) fn push_escaped(pattern: &mut String, text: &str) {
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
}

/// Which rows of one table are meant.
pub(crate) struct Rows<'a, T> {
    pub(crate) trash: Trash,
    pub(crate) meets: Option<&'a Filter<T>>,
}

impl<'a> From<&'a byline_domain::user::UserFilter> for Rows<'a, UserTest> {
    fn from(filter: &'a byline_domain::user::UserFilter) -> Self {
        Self {
            trash: filter.trash,
            meets: filter.meets.as_ref(),
        }
    }
}

impl<'a> From<&'a byline_domain::post::PostFilter> for Rows<'a, PostTest> {
    fn from(filter: &'a byline_domain::post::PostFilter) -> Self {
        Self {
            trash: filter.trash,
            meets: filter.meets.as_ref(),
        }
    }
}

impl<T: Condition> Rows<'_, T> {
    /// Appends ` and` and what the rows meet, if they meet anything.
    pub(crate) fn push_meets(&self, query: &mut Sql) {
        if let Some(filter) = self.meets {
            query.push(" and ");
            let place = Place {
                trash: self.trash,
                positive: true,
            };
            filter.push(query, place);
        }
    }

    /// The side of the trash that the rows are on, for which there are indexes; `None` if
    /// they are on both.
    pub(crate) fn side(&self) -> Option<&'static str> {
        match self.trash {
            Trash::Exclude => Some(LIVING),
            Trash::Include if self.meets.is_some_and(Condition::is_of_trash) => Some(DELETED),
            Trash::Include => None,
        }
    }

    /// Appends the condition on the rows.
    pub(crate) fn push(&self, query: &mut Sql) {
        query.push(self.side().unwrap_or("true"));
        self.push_meets(query);
    }

    /// Whether the statement is one of few, which are worth being kept prepared. A
    /// filter makes statements without number, and is planned better by its values.
    pub(crate) const fn is_common(&self) -> bool {
        self.meets.is_none()
    }
}

/// The nouns whose filters are conditions.
pub(crate) trait Noun: Table {
    type Test: Condition + Sync;
}

impl Noun for UserField {
    type Test = UserTest;
}

impl Noun for PostField {
    type Test = PostTest;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_taken_literally() {
        let mut pattern = String::new();
        push_escaped(&mut pattern, r"50%_\");
        assert_eq!(pattern, r"50\%\_\\");
    }
}
