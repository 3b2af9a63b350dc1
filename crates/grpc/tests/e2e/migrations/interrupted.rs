//! A migrating program that is killed, and the one that comes after it.

use std::process::Stdio;
use std::time::Duration;

use byline_persistence::testing::count;

use super::Site;
use crate::support::eventually;

const RUNNING: &str = "select count(*) from pg_stat_activity where datname = current_database()
    and application_name = 'byline-migrate' and query like '%pg_sleep%' and state = 'active'";

#[tokio::test]
async fn whoever_is_killed_half_way_is_followed_by_one_that_goes_on() {
    for (header, sleep) in [
        ("", "select pg_sleep(1.5);\n"),
        ("-- no-transaction\n", "select pg_sleep(1.5);\n"),
    ] {
        let site = Site::new().await;
        site.pair(
            "0001_one",
            "create table one (n bigint);\n",
            "drop table one;\n",
        );
        site.pair(
            "0002_slow",
            &format!(
                "{header}alter table one add column if not exists m bigint;\n{sleep}\
                 alter table one add column if not exists o bigint;\n"
            ),
            "alter table one drop column m, drop column o;\n",
        );
        let mut killed = site.command(&["up"]).stdout(Stdio::null()).spawn().unwrap();
        eventually("it is under way", || async {
            count(&mut site.database.connection().await, RUNNING).await == 1
        })
        .await;
        killed.kill().await.unwrap();

        // The server still sleeps on behalf of the one that is gone, and holds its lock.
        let impatient = site.migrate(&["up", "--wait", "100ms"]).await;
        assert_eq!(super::code(&impatient), 1, "{impatient:?}");
        assert!(
            super::stderr(&impatient).contains("byline-migrate"),
            "{impatient:?}"
        );

        let current = site.told(3, &["current"]).await;
        let slow = if header.is_empty() {
            "missing: see `byline migrate up`"
        } else {
            "half way: `byline migrate up` goes on with it, once nobody else does"
        };
        assert_eq!(current, format!("0001 one\n  0002 slow is {slow}\n"));
        let up = tokio::time::timeout(Duration::from_secs(30), site.told(0, &["up"]));
        assert_eq!(up.await.unwrap(), "applied 0002 slow\n");
        let columns =
            "select count(*) from pg_attribute where attrelid = 'one'::regclass and attnum > 0";
        assert_eq!(
            count(&mut site.database.connection().await, columns).await,
            3
        );
        site.told(0, &["verify"]).await;
    }
}
