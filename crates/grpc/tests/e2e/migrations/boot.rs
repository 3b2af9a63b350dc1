//! A server over a schema that it knows, or does not, and replicas that migrate first.

use byline_persistence::testing::{TestDatabase, count, execute};

use super::{code, migrate, program, stderr};
use crate::support::{Server, World, eventually};

async fn refusal(url: &str) -> String {
    let refused = program(&[
        "serve",
        "--database-url",
        url,
        "--listen",
        "127.0.0.1:0",
        "--auth",
        "none",
    ])
    .output()
    .await
    .unwrap();
    assert_eq!(code(&refused), 1, "{refused:?}");
    stderr(&refused).to_owned()
}

#[tokio::test]
async fn a_schema_that_is_behind_is_refused_with_the_way_to_mend_it() {
    let database = TestDatabase::unmigrated().await;
    let url = database.url();
    assert!(refusal(&url).await.contains("byline migrate up"));
    Server::serve(&url, &["--migrate"]).await;
    Server::serve(&url, &[]).await;

    let down = migrate(&["down", "--database-url", &url]).await;
    assert_eq!(code(&down), 0, "{down:?}");
    assert!(refusal(&url).await.contains("lacks migrations [11]"));
}

#[tokio::test]
async fn of_many_replicas_that_start_at_once_one_applies_each_migration() {
    let database = TestDatabase::unmigrated().await;
    let url = database.url();
    let starting = (0..6).map(|_| Server::serve(&url, &["--migrate"]));
    let servers = futures_util::future::join_all(starting).await;
    let logs: String = servers.iter().map(Server::log).collect();
    for name in [
        "0001 users",
        "0002 posts",
        "0003 reading",
        "0004 guesses",
        "0005 writing",
        "0006 callers",
        "0007 credentials",
        "0008 audit",
        "0009 searches",
        "0010 lists_of_searches",
        "0011 audit_batches",
    ] {
        let applied = logs.matches(&format!("\"migration\":\"{name}\"")).count();
        assert_eq!(applied, 1, "{name}: {logs}");
    }
    let rows = "select count(*) from _sqlx_migrations where success";
    assert_eq!(count(&mut database.connection().await, rows).await, 11);
}

#[tokio::test]
async fn a_program_that_is_older_than_the_schema_serves_until_what_it_uses_is_taken_away() {
    let world = World::new().await;
    let url = world.database.url();
    let mut newer = world.database.connection().await;
    execute(
        &mut newer,
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (9998, 'nickname', true, '', 0)",
    )
    .await;
    // Both are replicas that are started anew while the others are replaced.
    let plain = Server::serve(&url, &[]).await;
    let migrating = Server::serve(&url, &["--migrate"]).await;
    for server in [&plain, &migrating] {
        assert!(
            server.log().contains("newer than this program"),
            "{}",
            server.log()
        );
    }

    execute(
        &mut newer,
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (9999, 'contract names', true, '', 0)",
    )
    .await;
    let told = refusal(&url).await;
    assert!(
        told.contains("migration 9999") && told.contains("or a newer one"),
        "{told}"
    );
    eventually("those that run are taken out", || async {
        plain.log().contains("not ready")
    })
    .await;
}

#[tokio::test]
async fn a_schema_that_is_not_as_its_migrations_say_is_refused() {
    for (change, expected) in [
        (
            "update _sqlx_migrations set checksum = 'changed' where version = 3",
            "byline migrate verify",
        ),
        (
            "update _sqlx_migrations set success = false where version = 5",
            "stopped half way",
        ),
        ("drop table _sqlx_migrations", "byline migrate stamp"),
    ] {
        let database = TestDatabase::new().await;
        execute(&mut database.connection().await, change).await;
        let told = refusal(&database.url()).await;
        assert!(told.contains(expected), "{told}");
    }
}
