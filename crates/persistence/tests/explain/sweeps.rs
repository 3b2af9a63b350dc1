//! Sweeps.

use byline_domain::sweep::{Expired, Sweeper};

use super::*;

const SWEPT: u32 = 20;

/// Makes all that is in the trash due.
const ALL_DUE: &str = "
    update posts set purge_at = deleted_at + interval '1 day' where deleted_at is not null;
    update users set purge_at = deleted_at + interval '1 day' where deleted_at is not null;";

/// How often indexes were looked into that are made for sweeps.
const OF_POSTS: &str = "select idx_scan from pg_stat_user_indexes
    where indexrelname = 'posts_trash_purge_at_idx'";
const OF_USERS: &str = "select idx_scan from pg_stat_user_indexes
    where indexrelname = 'users_trash_purge_at_idx'";
const OF_REQUESTS: &str = "select idx_scan from pg_stat_user_indexes
    where indexrelname = 'request_records_created_at_idx'";

const OF_THROTTLES: &str = "select idx_scan from pg_stat_user_indexes
    where indexrelname = 'throttles_forgotten_at_idx'";

impl World {
    /// Sweeps again and again; each time it looks at no more than `each` rows for one that
    /// it removes, and into that index.
    async fn sweeps_by(&mut self, what: Expired, index: &'static str, each: i64) {
        self.settle().await;
        let before = count(&mut self.beside, index).await;
        let bound = PLANNING + each * i64::from(SWEPT);
        let swept = self
            .costs_at_most(&format!("{what:?}"), bound, async |database| {
                let swept = database.sweep(what, time(1_000_000_000), SWEPT).await;
                swept.unwrap().unwrap()
            })
            .await;
        assert_eq!(swept, u64::from(SWEPT));
        let looks = count(&mut self.beside, index).await - before;
        assert!(looks >= ROUNDS, "{looks} looks into the index");
    }
}

#[tokio::test]
async fn sweeping_posts_looks_at_those_that_go() {
    let mut world = World::new().await;
    world.change(ALL_DUE).await;
    // Each is found, and then removed.
    world.sweeps_by(Expired::Posts, OF_POSTS, 2).await;
}

#[tokio::test]
async fn sweeping_the_posts_of_users_who_are_due_looks_at_theirs_only() {
    let mut world = World::new().await;
    world.change(ALL_DUE).await;
    world.change("update posts set purge_at = null").await;
    // The user, whether there is a post, and the post, found and then removed; and those
    // who have none left, of whom each round leaves more.
    let left = ROUNDS / 2;
    world.sweeps_by(Expired::Posts, OF_USERS, 4 + left).await;
}

#[tokio::test]
async fn sweeping_users_looks_at_those_who_go() {
    let mut world = World::new().await;
    world.change(ALL_DUE).await;
    world
        .change("delete from posts where deleted_at is not null")
        .await;
    world.sweeps_by(Expired::Users, OF_USERS, 2).await;
}

#[tokio::test]
async fn sweeping_records_of_requests_looks_at_those_that_go() {
    let mut world = World::new().await;
    world
        .change(
            "insert into request_records (id, method, digest, response, created_at)
             select gen_random_uuid(), 'CreateUser', sha256('x'), 'x',
                '2026-01-01'::timestamptz + n * interval '1 second'
             from generate_series(1, 20000) n",
        )
        .await;
    world.sweeps_by(Expired::Requests, OF_REQUESTS, 2).await;
}

#[tokio::test]
async fn sweeping_counts_of_failures_looks_at_those_that_go() {
    let mut world = World::new().await;
    world
        .change(
            "insert into throttles (key, failures, waits_until, forgotten_at, is_let_through)
             select sha256(n::text::bytea), 1, '2026-01-01',
                '2026-01-01'::timestamptz + n * interval '1 second', true
             from generate_series(1, 20000) n",
        )
        .await;
    world.sweeps_by(Expired::Throttles, OF_THROTTLES, 2).await;
}
