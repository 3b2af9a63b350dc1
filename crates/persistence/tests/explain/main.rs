//! What reads cost: the rows that PostgreSQL looks at for each call, by its own
//! count. A read costs what it answers, however long the list is and however full
//! the trash.
//!
//! Each call is repeated on one connection, so that the plans that PostgreSQL
//! makes for prepared statements from the sixth time on are measured too.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

mod along;
mod audit;
mod batches;
mod changes;
mod filters;
mod imports;
mod lists;
mod lookups;
mod relations;
mod searches;
mod sweeps;

use std::time::Duration;

use byline_domain::count::CountMode;
use byline_domain::filter::{parse_posts, parse_users};
use byline_domain::ids::{PostId, UserId};
use byline_domain::order::{Direction, Order};
use byline_domain::page::{Cursor, PageRequest, PageSize, SortValue};
use byline_domain::post::{Post, PostField, PostFilter, PostReader};
use byline_domain::search::SearchQuery;
use byline_domain::selection::Fields;
use byline_domain::testing::fixtures::{email, post_id, time, user_id};
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWorkFactory;
use byline_domain::user::{Email, User, UserField, UserFilter, UserReader};
use byline_persistence::testing::{Connection, TestDatabase, count, execute, others_have_ended};
use byline_persistence::{Database, PoolSettings};

const ROWS: u64 = 20_000;
const PAGE: i32 = 20;
/// So many that PostgreSQL has kept a plan for all values where it may.
const ROUNDS: i64 = 12;
/// Rows of about 64 pages of users, which those who search them look at once a minute.
const SAMPLE: i64 = 8_000;

const SIDES: [Trash; 2] = [Trash::Exclude, Trash::Include];
const DIRECTIONS: [Direction; 2] = [Direction::Ascending, Direction::Descending];

/// Users and posts of which the first and the last quarter of every order are in
/// the trash, so that it lies before the living whichever way a list runs. Half
/// were never changed. Each user has one post.
const FILL: &str = r"
    -- As the service has it: the planner takes an index for dear in which much waits.
    set gin_pending_list_limit = '128kB';
    insert into users
    select ('019b0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
        'user-' || lpad(n::text, 5, '0') || '@example.com', 'Person ' || n, 'user', true,
        '2026-01-01'::timestamptz + n * interval '1 second',
        case when n % 2 = 0 then '2026-01-01'::timestamptz + n * interval '2 seconds' end,
        case when n <= 5000 or n > 15000
            then '2026-01-01'::timestamptz + n * interval '3 seconds' end,
        1
    from generate_series(1, 20000) n;
    update users set name = 'Xylophone ' || name where email in (
        'user-00100@example.com', 'user-09999@example.com', 'user-10000@example.com');
    update users set name = 'Qz ' || name where email in (
        'user-00200@example.com', 'user-09998@example.com', 'user-10001@example.com');
    insert into posts (id, title, content, published_at, author_id, created_at, updated_at,
        deleted_at, version)
    select ('019b0000-0000-7001-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
        'Post ' || lpad(n::text, 5, '0'), 'Content ' || n,
        case when n % 2 = 1 then '2026-01-01'::timestamptz + n * interval '1 second' end,
        ('019b0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
        '2026-01-01'::timestamptz + n * interval '1 second',
        case when n % 2 = 0 then '2026-01-01'::timestamptz + n * interval '2 seconds' end,
        case when n <= 5000 or n > 15000
            then '2026-01-01'::timestamptz + n * interval '3 seconds' end,
        1
    from generate_series(1, 20000) n;
    analyze users;
    analyze posts;
    -- The clock of these tests is set.
    alter table audit_events disable trigger audit_events_are_of_now;
    alter table audit_batches disable trigger audit_batches_are_of_now;";

/// What PostgreSQL has looked at so far, in all tables.
#[derive(Clone, Copy, Debug)]
struct Looked {
    /// Scans of a whole table.
    scans: i64,
    /// Rows, by a scan or by an index.
    rows: i64,
}

const SCANS: &str = "select sum(seq_scan)::bigint from pg_stat_user_tables
    where relname in ('users', 'posts', 'request_records', 'throttles', 'audit_events',
        'audit_batches')";
const READ: &str = "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint
    from pg_stat_user_tables
    where relname in ('users', 'posts', 'request_records', 'throttles', 'audit_events',
        'audit_batches')";

struct World {
    test: TestDatabase,
    beside: Connection,
    /// How many rows are looked at once, whatever is asked for.
    once: i64,
}

impl World {
    async fn new() -> Self {
        let test = TestDatabase::filled("byline_explained", FILL).await;
        let mut world = Self {
            beside: test.connection().await,
            test,
            once: 0,
        };
        world.settle().await;
        world
    }

    /// Waits until all other connections have ended, with which they report what
    /// they have looked at.
    async fn settle(&mut self) -> Looked {
        others_have_ended(&mut self.beside).await;
        Looked {
            scans: count(&mut self.beside, SCANS).await,
            rows: count(&mut self.beside, READ).await,
        }
    }

    /// Runs the call again and again, and holds it to look at no whole table and at
    /// no more than `bound` rows each time. Returns what it answered last.
    async fn costs_at_most<T>(
        &mut self,
        what: &str,
        bound: i64,
        call: impl AsyncFn(&Database) -> T,
    ) -> T {
        let before = self.settle().await;
        let answer = self.looks_at_most(what, bound, call).await;
        let after = self.settle().await;
        assert_eq!(after.scans, before.scans, "{what} scans a table");
        answer
    }

    /// As [`Self::costs_at_most`], of a call that may begin to scan a table, and stop.
    async fn looks_at_most<T>(
        &mut self,
        what: &str,
        bound: i64,
        call: impl AsyncFn(&Database) -> T,
    ) -> T {
        let before = self.settle().await;
        let settings = PoolSettings {
            max_connections: 1,
            acquire_timeout: Duration::from_secs(20),
            ..PoolSettings::default()
        };
        let database = Database::new(self.test.connect_options(), &settings);
        let mut answer = call(&database).await;
        // So many that what is looked at once is little of it.
        let rounds = if self.once > 0 { 500 } else { ROUNDS };
        for _ in 1..rounds {
            answer = call(&database).await;
        }
        database.close().await;
        let after = self.settle().await;
        let rows = after.rows - before.rows;
        assert!(
            rows <= bound * rounds + self.once,
            "{what} looks at {rows} rows in {rounds} rounds, and may look at {bound} in each"
        );
        // Else the count itself would be broken.
        assert!(rows > 0, "{what} looks at nothing");
        answer
    }

    /// Gives all posts by turns to users 16 to 31, each with a trash before the living.
    async fn give_all_posts_to_16_authors(&self) {
        self.change(
            "update posts set author_id = ('019b0000-0000-7000-8000-0000000000' \
             || to_hex(16 + extract(epoch from created_at)::bigint % 16))::uuid",
        )
        .await;
    }

    /// Changes rows over a connection of its own, which reports what it has looked at
    /// when it ends.
    async fn change(&self, sql: &'static str) {
        let mut connection = self.test.connection().await;
        execute(&mut connection, sql).await;
        execute(&mut connection, "vacuum analyze").await;
    }

    async fn user(&self, id: UserId) -> User {
        let all = Fields::all();
        let found = UserReader::find(&self.test.database(), id, Trash::Include, &all).await;
        found.unwrap().unwrap().into_user().unwrap()
    }

    async fn post(&self, id: PostId) -> Post {
        let all = Fields::all();
        let found = PostReader::find(&self.test.database(), id, Trash::Include, &all).await;
        found.unwrap().unwrap().into_post().unwrap()
    }
}

fn page(after: Option<Cursor>) -> PageRequest {
    PageRequest {
        after,
        ..PageRequest::first(PageSize::from_request(PAGE).unwrap())
    }
}

/// The rows of a page and the one behind it; of both lists, where two are merged.
fn page_rows(trash: Trash) -> i64 {
    let rows = i64::from(PAGE) + 1;
    PLANNING
        + match trash {
            Trash::Exclude => rows,
            Trash::Include => 2 * rows,
        }
}

/// The planner looks at the ends of an index to see what range it has.
const PLANNING: i64 = 4;
