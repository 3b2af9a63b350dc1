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

/// Appends a condition that every row meets, with which PostgreSQL keeps one plan for all values
/// of a statement, whatever it expects of it: by the values it would count rows without end, in
/// its estimate, and so such a plan always seems to be worth it. None is counted: `now() is not
/// null` is looked at first, once a statement, and it is true. (Where several processes share a
/// statement the count would come before it: [connections](crate::pool) have
/// `max_parallel_workers_per_gather = 0`.)
pub(crate) fn push_planned_for_all(query: &mut QueryBuilder<Postgres>) {
    query.push("(now() is not null or (select count(*) from generate_series(1, ");
    query.push_bind(1_000_000_000_000_000_i64);
    query.push(")) = 0)");
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use byline_domain::filter::parse_posts;
    use byline_domain::order::Direction;
    use byline_domain::page::{PageRequest, PageSize};
    use byline_domain::post::{PostField, PostFilter, PostReader};
    use byline_domain::search::SearchQuery;
    use byline_domain::selection::Fields;
    use byline_domain::testing::fixtures::time;
    use byline_domain::user::{UserFilter, UserReader};

    use crate::pool::Database;
    use crate::testing::{TestDatabase, execute};

    use super::*;

    /// How often PostgreSQL planned for all values, and by them, what stays prepared and reads
    /// the table by a statement that holds that.
    async fn plans(database: &Database, part: &'static str) -> Vec<(i64, i64)> {
        let mut lease = database.lease().await.unwrap();
        let mut statement = lease.statement();
        let plans = sqlx::query_as(
            "select generic_plans, custom_plans from pg_prepared_statements \
             where position($1 in statement) > 0 and position('pg_prepared' in statement) = 0",
        );
        let plans = plans.bind(part).fetch_all(&mut *statement).await;
        statement.finish(plans).unwrap()
    }

    #[tokio::test]
    async fn searches_of_which_nothing_is_known_stay_prepared_and_are_planned_by_their_values() {
        let test = TestDatabase::new().await;
        let database = test.database();
        let query = SearchQuery::parse("needle").unwrap();
        let page = PageRequest::first(PageSize::MAX);
        let (users, posts) = (UserFilter::default(), PostFilter::default());
        let (all, every) = (Fields::all(), Fields::all());
        for _ in 0..12 {
            let found = UserReader::search(&database, &query, &users, &page, &all);
            assert!(found.await.unwrap().items.is_empty());
            let found = PostReader::search(&database, &query, &posts, &page, &every, 0);
            assert!(found.await.unwrap().items.is_empty());
        }
        assert_eq!(plans(&database, "from users where").await, [(0, 12)]);
        assert_eq!(plans(&database, "from posts where").await, [(0, 12)]);
    }

    #[tokio::test]
    async fn a_search_for_what_few_users_have_is_planned_for_all() {
        let test = TestDatabase::new().await;
        let users = "insert into users (id, email, role, is_active, created_at, version) \
             select gen_random_uuid(), format('needle%s@example.com', n), 'user', true, now(), 1 \
             from generate_series(1001, 8000) n";
        execute(&mut test.connection().await, users).await;
        let database = test.database();
        let (filter, fields) = (UserFilter::default(), Fields::all());
        let page = PageRequest::first(PageSize::MAX);
        let found = async |query: &str| {
            let query = SearchQuery::parse(query).unwrap();
            let found = UserReader::search(&database, &query, &filter, &page, &fields);
            found.await.unwrap().items.len()
        };
        // Of the first searches, nothing is known of what they look for.
        for _ in 0..500 {
            if !plans(&database, "now() is not null").await.is_empty() {
                break;
            }
            assert_eq!(found("needle1420").await, 1);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for _ in 0..12 {
            assert_eq!(found("needle1420").await, 1);
            assert_eq!(found("EXAMPLE").await, PageSize::MAX.get());
            assert_eq!(found("@@@").await, 0);
        }
        let narrow = plans(&database, "now() is not null").await;
        assert_eq!(narrow, [(8, 5)]);
        let by_values = plans(&database, "$3 or").await;
        assert!(matches!(by_values[..], [(0, 24..)]), "{by_values:?}");
    }

    async fn lists(filter: &str, order: PostField) -> Vec<(i64, i64)> {
        let test = TestDatabase::new().await;
        let database = test.database();
        let filter = PostFilter {
            meets: parse_posts(filter, time(1)).unwrap(),
            ..PostFilter::default()
        };
        let order = Order::by(order, Direction::Descending);
        let page = PageRequest::first(PageSize::MAX);
        let fields = Fields::all();
        for _ in 0..12 {
            let posts = PostReader::list(&database, &filter, &order, &page, &fields, 0);
            assert!(posts.await.unwrap().items.is_empty());
        }
        plans(&database, "from posts where").await
    }

    #[tokio::test]
    async fn lists_of_one_id_by_creation_are_planned_for_all() {
        let one = r#"author_id = "019b0000-0000-7000-8000-000000000001""#;
        let published = format!("{one} AND published = true");
        for filter in [one, &published] {
            assert_eq!(
                lists(filter, PostField::CreatedAt).await,
                [(7, 5)],
                "{filter}"
            );
            assert_eq!(lists(filter, PostField::Title).await, [], "{filter}");
        }
        for filter in [
            r#"title = "a""#.to_owned(),
            format!("NOT {one}"),
            format!("{one} OR published = true"),
            format!("{one} AND title = \"a\""),
            format!("{one} AND published = true AND published = true"),
        ] {
            assert_eq!(lists(&filter, PostField::CreatedAt).await, [], "{filter}");
        }
    }
}
