//! What reads cost: the rows that PostgreSQL looks at for each call, by its own
//! count. A read costs what it answers, however long the list is and however full
//! the trash.
//!
//! Each call is repeated on one connection, so that the plans that PostgreSQL
//! makes for prepared statements from the sixth time on are measured too.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

use std::time::{Duration, Instant};

use byline_domain::ids::{PostId, UserId};
use byline_domain::page::{Cursor, Direction, Order, PageRequest, PageSize};
use byline_domain::post::{Post, PostFilter, PostReader, PostSortKey};
use byline_domain::search::SearchQuery;
use byline_domain::testing::fixtures::{email, post_id, user_id};
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWorkFactory;
use byline_domain::user::{Email, User, UserFilter, UserReader, UserSortKey};
use byline_persistence::testing::{Connection, TestDatabase, count, execute};
use byline_persistence::{Database, PoolSettings};

const ROWS: u64 = 20_000;
const PAGE: i32 = 20;
const ROUNDS: i64 = 8;

const SIDES: [Trash; 2] = [Trash::Exclude, Trash::Include];
const DIRECTIONS: [Direction; 2] = [Direction::Ascending, Direction::Descending];

/// Users and posts of which the first and the last quarter of every order are in
/// the trash, so that it lies before the living whichever way a list runs. Half
/// were never changed. Each user has one post.
const FILL: &str = r"
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
    insert into posts
    select ('019b0000-0000-7001-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
        'Post ' || lpad(n::text, 5, '0'), 'Content', null,
        ('019b0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
        '2026-01-01'::timestamptz + n * interval '1 second',
        case when n % 2 = 0 then '2026-01-01'::timestamptz + n * interval '2 seconds' end,
        case when n <= 5000 or n > 15000
            then '2026-01-01'::timestamptz + n * interval '3 seconds' end,
        1
    from generate_series(1, 20000) n;
    analyze users;
    analyze posts;";

/// What PostgreSQL has looked at so far, in both tables.
#[derive(Clone, Copy, Debug)]
struct Looked {
    /// Scans of a whole table.
    scans: i64,
    /// Rows, by a scan or by an index.
    rows: i64,
}

const SCANS: &str = "select sum(seq_scan)::bigint from pg_stat_user_tables
    where relname in ('users', 'posts')";
const READ: &str = "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint
    from pg_stat_user_tables where relname in ('users', 'posts')";
const OTHERS: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
    and backend_type = 'client backend'";

struct World {
    test: TestDatabase,
    beside: Connection,
}

impl World {
    async fn new() -> Self {
        let test = TestDatabase::new().await;
        let mut filler = test.connection().await;
        execute(&mut filler, FILL).await;
        drop(filler);
        let mut world = Self {
            beside: test.connection().await,
            test,
        };
        world.settle().await;
        world
    }

    /// Waits until all other connections have ended, with which they report what
    /// they have looked at.
    async fn settle(&mut self) -> Looked {
        let began = Instant::now();
        while count(&mut self.beside, OTHERS).await > 0 {
            assert!(
                began.elapsed() < Duration::from_secs(10),
                "connections stay"
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
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
        let settings = PoolSettings {
            max_connections: 1,
            acquire_timeout: Duration::from_secs(20),
            ..PoolSettings::default()
        };
        let database = Database::new(self.test.connect_options(), &settings);
        let mut answer = call(&database).await;
        for _ in 1..ROUNDS {
            answer = call(&database).await;
        }
        database.close().await;
        let after = self.settle().await;
        assert_eq!(after.scans, before.scans, "{what} scans a table");
        let rows = after.rows - before.rows;
        assert!(
            rows <= bound * ROUNDS,
            "{what} looks at {rows} rows in {ROUNDS} rounds, and may look at {bound} in each"
        );
        // Else the count itself would be broken.
        assert!(rows > 0, "{what} looks at nothing");
        answer
    }

    async fn user(&self, id: UserId) -> User {
        let found = UserReader::find(&self.test.database(), id, Trash::Include).await;
        found.unwrap().unwrap()
    }

    async fn post(&self, id: PostId) -> Post {
        let found = PostReader::find(&self.test.database(), id, Trash::Include).await;
        found.unwrap().unwrap()
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

mod lists {
    use super::*;

    async fn hold_users(key: UserSortKey) {
        let mut world = World::new().await;
        for (direction, trash) in ways() {
            let order = Order { key, direction };
            let filter = UserFilter { trash };
            for after in places() {
                let cursor = match after {
                    None => None,
                    Some(number) => {
                        let user = world.user(user_id(number)).await;
                        Some(Cursor {
                            value: user.sort_value(key),
                            id: user.id.as_uuid(),
                        })
                    }
                };
                let page = page(cursor);
                let what = format!("a list of users by {key:?} {direction:?} {trash:?} {after:?}");
                let found = world
                    .costs_at_most(&what, page_rows(trash), async |database| {
                        UserReader::list(database, &filter, order, &page).await
                    })
                    .await
                    .unwrap();
                assert_eq!(found.items.len(), page.size.get(), "{what}");
            }
        }
    }

    async fn hold_posts(key: PostSortKey) {
        let mut world = World::new().await;
        for (direction, trash) in ways() {
            let order = Order { key, direction };
            let filter = PostFilter { trash };
            for after in places() {
                let cursor = match after {
                    None => None,
                    Some(number) => {
                        let post = world.post(post_id(number)).await;
                        Some(Cursor {
                            value: post.sort_value(key),
                            id: post.id.as_uuid(),
                        })
                    }
                };
                let page = page(cursor);
                let what = format!("a list of posts by {key:?} {direction:?} {trash:?} {after:?}");
                let found = world
                    .costs_at_most(&what, page_rows(trash), async |database| {
                        PostReader::list(database, &filter, order, &page).await
                    })
                    .await
                    .unwrap();
                assert_eq!(found.items.len(), page.size.get(), "{what}");
            }
        }
    }

    fn ways() -> impl Iterator<Item = (Direction, Trash)> {
        DIRECTIONS
            .into_iter()
            .flat_map(|direction| SIDES.map(|trash| (direction, trash)))
    }

    /// The first page, and those after rows of which every second was changed.
    fn places() -> [Option<u64>; 5] {
        [
            None,
            Some(ROWS / 4 + 100),
            Some(ROWS / 2),
            Some(ROWS / 2 + 1),
            Some(ROWS / 4 * 3 - 101),
        ]
    }

    #[tokio::test]
    async fn of_users_by_time_of_creation_cost_their_page() {
        hold_users(UserSortKey::CreatedAt).await;
    }

    #[tokio::test]
    async fn of_users_by_time_of_change_cost_their_page() {
        hold_users(UserSortKey::UpdatedAt).await;
    }

    #[tokio::test]
    async fn of_users_by_address_cost_their_page() {
        hold_users(UserSortKey::Email).await;
    }

    #[tokio::test]
    async fn of_posts_by_time_of_creation_cost_their_page() {
        hold_posts(PostSortKey::CreatedAt).await;
    }

    #[tokio::test]
    async fn of_posts_by_time_of_change_cost_their_page() {
        hold_posts(PostSortKey::UpdatedAt).await;
    }

    #[tokio::test]
    async fn of_posts_by_title_cost_their_page() {
        hold_posts(PostSortKey::Title).await;
    }

    #[tokio::test]
    async fn that_skip_cost_what_they_skip_and_their_page() {
        let mut world = World::new().await;
        for (direction, trash) in ways() {
            let order = Order {
                key: UserSortKey::CreatedAt,
                direction,
            };
            let page = PageRequest {
                skip: 100,
                ..page(None)
            };
            let what = format!("a list that skips {direction:?} {trash:?}");
            let bound = page_rows(trash) + 2 * 100;
            let found = world
                .costs_at_most(&what, bound, async |database| {
                    UserReader::list(database, &UserFilter { trash }, order, &page).await
                })
                .await
                .unwrap();
            assert_eq!(found.items.len(), page.size.get());
        }
    }
}

mod lookups {
    use super::*;

    /// Living and deleted ones by turns.
    fn numbers(many: u64) -> impl Iterator<Item = u64> {
        (0..many).map(move |n| n * (ROWS / many) + 1)
    }

    fn address(number: u64) -> Email {
        email(&format!("USER-{number:05}@example.com"))
    }

    #[tokio::test]
    async fn by_id_cost_one_row() {
        let mut world = World::new().await;
        for trash in SIDES {
            let user = world
                .costs_at_most("find of a user", 1, async |database| {
                    UserReader::find(database, user_id(10_000), trash).await
                })
                .await;
            assert!(user.unwrap().is_some());
            let post = world
                .costs_at_most("find of a post", 1, async |database| {
                    PostReader::find(database, post_id(10_000), trash).await
                })
                .await;
            assert!(post.unwrap().is_some());
        }
    }

    #[tokio::test]
    async fn by_many_ids_cost_as_many_rows() {
        let mut world = World::new().await;
        let users: Vec<_> = numbers(50).map(user_id).collect();
        let posts: Vec<_> = numbers(50).map(post_id).collect();
        for (trash, expected) in [(Trash::Exclude, 25), (Trash::Include, 50)] {
            let found = world
                .costs_at_most("find_many of users", 50, async |database| {
                    UserReader::find_many(database, &users, trash).await
                })
                .await;
            assert_eq!(found.unwrap().len(), expected);
            let found = world
                .costs_at_most("find_many of posts", 50, async |database| {
                    PostReader::find_many(database, &posts, trash).await
                })
                .await;
            assert_eq!(found.unwrap().len(), expected);
        }
    }

    #[tokio::test]
    async fn by_address_cost_one_row_twice() {
        let mut world = World::new().await;
        for trash in SIDES {
            let found = world
                .costs_at_most("find_by_email", 2, async |database| {
                    database.find_by_email(&address(10_000), trash).await
                })
                .await;
            assert!(found.unwrap().is_some());
        }
        let deleted = world
            .costs_at_most("find_by_email in the trash", 2, async |database| {
                database.find_by_email(&address(1), Trash::Include).await
            })
            .await;
        assert!(deleted.unwrap().is_some());
    }

    #[tokio::test]
    async fn by_many_addresses_cost_each_row_twice() {
        let mut world = World::new().await;
        let addresses: Vec<_> = numbers(50).map(address).collect();
        for (trash, expected) in [(Trash::Exclude, 25), (Trash::Include, 50)] {
            let found = world
                .costs_at_most("find_many_by_email", 100, async |database| {
                    database.find_many_by_email(&addresses, trash).await
                })
                .await;
            assert_eq!(found.unwrap().len(), expected);
        }
    }
}

mod searches {
    use super::*;

    async fn hold(text: &str, living: usize, all: usize) {
        let mut world = World::new().await;
        let query = SearchQuery::parse(text).unwrap();
        for (trash, expected) in [(Trash::Exclude, living), (Trash::Include, all)] {
            let filter = UserFilter { trash };
            // Both lists may look at the matches of the other. Those that hold all
            // parts of the text, and yet not the text, are few.
            let bound = i64::try_from(2 * all + 10).unwrap();
            let what = format!("a search for {text} {trash:?}");
            let found = world
                .costs_at_most(&what, bound, async |database| {
                    database.search(&query, &filter, &page(None)).await
                })
                .await
                .unwrap();
            assert_eq!(found.items.len(), expected, "{what}");

            let first = &found.items[0];
            let rank = query.rank([
                first.email.as_str(),
                first.name.as_ref().map_or("", |name| name.as_str()),
            ]);
            let after = Cursor {
                value: byline_domain::page::SortValue::Rank(rank.unwrap()),
                id: first.id.as_uuid(),
            };
            let rest = world
                .costs_at_most(&what, bound, async |database| {
                    database
                        .search(&query, &filter, &page(Some(after.clone())))
                        .await
                })
                .await
                .unwrap();
            assert_eq!(rest.items.len(), expected - 1, "{what}");
        }
    }

    #[tokio::test]
    async fn in_names_cost_their_matches() {
        hold("xyloph", 2, 3).await;
    }

    #[tokio::test]
    async fn of_three_characters_cost_their_matches() {
        hold("YLO", 2, 3).await;
    }

    #[tokio::test]
    async fn in_addresses_cost_their_matches() {
        hold("er-0999", 10, 10).await;
    }

    #[tokio::test]
    async fn of_two_characters_cost_their_matches() {
        hold("qz", 2, 3).await;
    }

    #[tokio::test]
    async fn of_one_character_cost_their_matches() {
        hold("X", 2, 3).await;
    }
}

mod changes {
    use super::*;

    #[tokio::test]
    async fn purging_a_user_looks_at_that_users_posts_only() {
        let mut world = World::new().await;
        // The user and the post, each found and then removed.
        let number = std::cell::Cell::new(10_000);
        world
            .costs_at_most("a purge", 4, async |database| {
                number.set(number.get() + 1);
                let mut unit = database.begin().await.unwrap();
                assert!(unit.users().purge(user_id(number.get())).await.unwrap());
                unit.commit().await.unwrap();
            })
            .await;
        let posts = count(&mut world.beside, "select count(*) from posts").await;
        assert_eq!(posts, 20_000 - ROUNDS);
    }

    #[tokio::test]
    async fn asking_for_an_authors_living_posts_looks_at_that_authors_only() {
        let mut world = World::new().await;
        let living = world
            .costs_at_most("has_living", 1, async |database| {
                let mut unit = database.begin().await.unwrap();
                let living = unit.posts().has_living(user_id(10_000)).await.unwrap();
                unit.rollback().await.unwrap();
                living
            })
            .await;
        assert!(living);
    }

    #[tokio::test]
    async fn changing_a_users_address_looks_for_its_holder_by_index() {
        let mut world = World::new().await;
        let number = std::cell::Cell::new(0);
        world
            .costs_at_most("an update", 4, async |database| {
                number.set(number.get() + 1);
                let mut unit = database.begin().await.unwrap();
                let users = unit.users();
                let mut user = users
                    .find_for_update(user_id(10_000))
                    .await
                    .unwrap()
                    .unwrap();
                let expected = user.lifecycle.version();
                user.email = email(&format!("moved-{}@example.com", number.get()));
                users.update(&user, expected).await.unwrap();
                unit.commit().await.unwrap();
            })
            .await;
    }
}
