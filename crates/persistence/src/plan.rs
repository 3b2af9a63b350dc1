//! Which statements stay prepared, and when PostgreSQL may plan one for all values at once.
//!
//! A statement that stays prepared is parsed once a connection. From its sixth time on
//! PostgreSQL also keeps one plan for all values, if it takes that for no worse than those
//! it made before. That saves more than all else where an index answers whatever is asked
//! for, and is wrong where what is best turns on how many rows match.

use byline_domain::filter::{Comparison, FieldTest, Filter, PostTest, UserTest, Value, ValueTest};
use byline_domain::order::Order;
use sqlx::{Postgres, QueryBuilder};

use crate::filter::Rows;
use crate::table::{CREATED_AT, Table};

/// Appends a condition that every row meets, with which PostgreSQL plans a statement by its
/// values each time, although it stays prepared: without them it would count rows without
/// end, in its estimate, and so such a plan never seems to be worth it. With them nothing is
/// left of the condition.
///
/// The setting for this, `plan_cache_mode`, is one of a connection, and others that share it
/// would pay for their plans.
pub(crate) fn push_planned_by_values(query: &mut QueryBuilder<Postgres>) {
    query.push("(");
    query.push_bind(true);
    query.push(" or (select count(*) from generate_series(1, 1000000000000000)) = 0)");
}

/// A test that says so much that no other plan is better, whatever its values are.
pub(crate) trait Narrow {
    /// Whether only one id meets it: the primary key, and the indexes over authors, have
    /// what it asks for in the order of creation.
    fn is_of_one_id(&self) -> bool;

    /// Whether it has no values but those that are written out in its statement.
    fn is_written_out(&self) -> bool;
}

impl<F: Table> Narrow for FieldTest<F> {
    fn is_of_one_id(&self) -> bool {
        !self.negated
            && matches!(
                self.test,
                ValueTest::Compare(Comparison::Equal, Value::Id(_))
            )
    }

    fn is_written_out(&self) -> bool {
        matches!(
            self.test,
            ValueTest::Present | ValueTest::Compare(_, Value::Bool(_))
        )
    }
}

impl Narrow for UserTest {
    fn is_of_one_id(&self) -> bool {
        matches!(self, Self::Field(test) if test.is_of_one_id())
    }

    fn is_written_out(&self) -> bool {
        matches!(self, Self::Field(test) if test.is_written_out())
    }
}

impl Narrow for PostTest {
    fn is_of_one_id(&self) -> bool {
        matches!(self, Self::Field(test) if test.is_of_one_id())
    }

    fn is_written_out(&self) -> bool {
        matches!(self, Self::Field(test) if test.is_written_out())
    }
}

/// Whether the filter is of one id, and of no more than one test that is written out beside:
/// of such there are few.
fn is_of_one_id<T: Narrow>(filter: &Filter<T>) -> bool {
    match filter {
        Filter::Test(test) => test.is_of_one_id(),
        Filter::All(both) => match both.as_slice() {
            [Filter::Test(one), Filter::Test(other)] => {
                (one.is_of_one_id() && other.is_written_out())
                    || (other.is_of_one_id() && one.is_written_out())
            }
            _ => false,
        },
        Filter::Any(_) | Filter::Not(_) => false,
    }
}

impl<T: Narrow> Rows<'_, T> {
    /// Whether the statement that reads the rows in this order is one of few, which are worth
    /// being kept prepared, and planned as well for all values as for each. A filter makes
    /// statements without number, and most are planned better by their values.
    pub(crate) fn is_common_by<F: Table>(&self, order: &Order<F>) -> bool {
        self.meets.is_none_or(|filter| {
            is_of_one_id(filter) && order.keys().all(|key| key.field.value() == CREATED_AT)
        })
    }
}
