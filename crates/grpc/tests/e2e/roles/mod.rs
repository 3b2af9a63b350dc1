//! The role that the program connects as. That it can do all that callers ask for is what all
//! other tests here show, whose servers connect as it.

mod mends;
mod page;

use std::process::Output;

use byline_persistence::embedded::EmbeddedPostgres;
use byline_persistence::testing::{OWNER, SERVICE, TestDatabase, execute, rows};
use tokio::process::Command;

use crate::support::{PROGRAM, Server, World, folder_of_postgres, start_postgres};

async fn byline(url: &str, arguments: &[&str]) -> Output {
    Command::new(PROGRAM)
        .args(arguments)
        .args(["--database-url", url])
        .kill_on_drop(true)
        .output()
        .await
        .unwrap()
}

/// A server as it is in production, where a crash may lose nothing, and whose roles and settings
/// are the test's to change.
async fn postgres_of_its_own() -> (EmbeddedPostgres, tempfile::TempDir) {
    let folder = folder_of_postgres();
    let postgres = start_postgres(folder.path(), Vec::new()).await;
    (postgres, folder)
}

/// The URL of that role for the database `byline`.
fn url_as(postgres: &EmbeddedPostgres, role: &str) -> String {
    let admin = postgres.url("byline");
    admin.replace("user=byline", &format!("user={role}"))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_server_of_these_tests_connects_as_the_service() {
    let world = World::new().await;
    world.user("ada@example.com").await;
    let who = "select distinct usename::text from pg_stat_activity
        where datname = current_database() and application_name = 'byline'";
    let connected = rows(&mut world.database.connection().await, who).await;
    assert_eq!(connected, [SERVICE]);
}

#[tokio::test]
async fn a_server_that_may_change_the_schema_warns_of_it() {
    let database = TestDatabase::new().await;
    let warned = async |url: String| {
        let log = Server::serve(&url, &[]).await.log();
        log.contains("whoever gets hold of this server")
    };
    assert!(!warned(database.service_url()).await);
    assert!(warned(database.url_as(OWNER)).await);
    assert!(warned(database.url()).await);
}

#[tokio::test]
async fn a_service_that_is_to_migrate_is_refused_in_words_and_served_if_there_is_nothing_to_do() {
    let database = TestDatabase::new().await;
    let url = database.service_url();
    Server::serve(&url, &["--migrate"]).await;

    let owner = database.url_as(OWNER);
    assert!(byline(&owner, &["migrate", "down"]).await.status.success());
    let serve = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--auth",
        "none",
        "--migrate",
    ];
    for command in [&serve[..], &["migrate", "up"], &["migrate", "down"]] {
        let refused = byline(&url, command).await;
        assert_eq!(refused.status.code(), Some(1), "{command:?}");
        let said = said(&refused);
        assert!(
            said.contains("the role test_service may not change the schema"),
            "{said}"
        );
    }

    // What a migration makes is the service's as soon as it is there.
    let up = ["migrate", "up", "--service-role", SERVICE];
    let migrated = byline(&owner, &up).await;
    assert!(migrated.status.success(), "{}", said(&migrated));
    assert!(String::from_utf8_lossy(&migrated.stdout).contains("test_service has its rights"));
    Server::serve(&url, &[]).await;
}

#[tokio::test]
async fn nothing_is_migrated_for_a_role_that_is_not_there() {
    let database = TestDatabase::unmigrated().await;
    let up = ["migrate", "up", "--service-role", "nobody"];
    let refused = byline(&database.url_as(OWNER), &up).await;
    assert_eq!(refused.status.code(), Some(1));
    let said = said(&refused);
    assert!(said.contains("there is no role nobody"), "{said}");
    let tables = "select relname::text from pg_class where relnamespace = 'public'::regnamespace";
    let made = rows(&mut database.connection().await, tables).await;
    assert_eq!(made, [""; 0]);
}

#[tokio::test]
async fn whoever_cannot_connect_is_told_why() {
    // Nobody listens there.
    let nowhere = "postgres://byline:secret@127.0.0.1:1/byline";
    for command in [&["doctor"][..], &["keys", "list"], &["purge"]] {
        let refused = byline(nowhere, command).await;
        assert!(!refused.status.success(), "{command:?}");
        let said = said(&refused);
        assert!(said.contains("Connection refused"), "{command:?}: {said}");
        assert!(!said.contains("secret"), "{command:?}: {said}");
    }
}

#[tokio::test]
async fn what_only_the_owner_may_do_is_refused_to_the_service_in_words() {
    let database = TestDatabase::new().await;
    let url = database.service_url();
    for (command, says) in [
        (
            &["keys", "create", "--name", "a", "--role", "reader"][..],
            "`byline doctor --service-role NAME` with the owner's URL says",
        ),
        (
            &["search-language", "english"],
            "only the owner of the tables",
        ),
        (
            &["database", "grant", "--service-role", "nobody"],
            "there is no role nobody",
        ),
        (
            &["database", "grant", "--service-role", OWNER],
            "the service needs another role",
        ),
    ] {
        let refused = byline(&url, command).await;
        assert!(!refused.status.success(), "{command:?}");
        let said = said(&refused);
        assert!(said.contains(says), "{command:?}: {said}");
    }
    let english = byline(&database.url_as(OWNER), &["search-language", "english"]).await;
    assert!(english.status.success(), "{}", said(&english));
}

#[tokio::test]
async fn a_service_that_would_fail_for_want_of_a_right_does_not_start() {
    let database = TestDatabase::new().await;
    let revoke = "revoke insert on audit_events from test_service";
    execute(&mut database.connection().await, revoke).await;
    let serve = ["serve", "--listen", "127.0.0.1:0", "--auth", "none"];
    let refused = byline(&database.service_url(), &serve).await;
    assert_eq!(refused.status.code(), Some(1));
    let said = said(&refused);
    for what in [
        "test_service lacks insert on audit_events",
        "`byline database grant --service-role test_service`",
    ] {
        assert!(said.contains(what), "{said}");
    }
    let grant = ["database", "grant", "--service-role", SERVICE];
    let granted = byline(&database.url_as(OWNER), &grant).await;
    assert!(granted.status.success(), "{granted:?}");
    Server::serve(&database.service_url(), &[]).await;
}

#[tokio::test]
async fn a_service_without_rights_does_not_start_and_says_what_tells_why() {
    let serve = ["serve", "--listen", "127.0.0.1:0", "--auth", "none"];
    for (damage, command) in [
        (
            "revoke all on _sqlx_migrations from test_service",
            &serve[..],
        ),
        // Not even what tells most can look as the service then.
        (NO_CONNECT, &serve),
        (NO_CONNECT, &["doctor"]),
    ] {
        let database = TestDatabase::new().await;
        execute(&mut database.connection().await, damage).await;
        let refused = byline(&database.service_url(), command).await;
        assert!(!refused.status.success());
        let said = said(&refused);
        let hint = "`byline doctor --service-role NAME` with the owner's URL says";
        assert!(said.contains(hint), "{said}");
        let doctor = ["doctor", "--service-role", SERVICE];
        let looked = byline(&database.url_as(OWNER), &doctor).await;
        assert_eq!(looked.status.code(), Some(1), "{looked:?}");
    }
}

const NO_CONNECT: &str = "do $$ begin
    execute format('revoke connect on database %I from public', current_database());
end $$";

#[tokio::test]
async fn a_doctor_that_cannot_look_says_so_and_tells_no_password() {
    for (url, says) in [
        ("postgres://byline:hunter2@127.0.0.1:1/byline", "database"),
        (
            "mysql://byline:hunter2@127.0.0.1/byline",
            "--database-url is no URL",
        ),
    ] {
        let failed = byline(url, &["doctor", "--json"]).await;
        assert_eq!(failed.status.code(), Some(2), "{failed:?}");
        let document: serde_json::Value = serde_json::from_slice(&failed.stdout).unwrap();
        let told = document["error"].as_str().unwrap();
        assert!(told.contains(says), "{told}");
        assert!(!said(&failed).contains("hunter2") && !told.contains("hunter2"));
    }
}

#[tokio::test]
async fn what_a_doctor_finds_is_for_programs_too() {
    let database = TestDatabase::new().await;
    execute(
        &mut database.connection().await,
        "grant truncate on users to test_service",
    )
    .await;
    let looked = byline(&database.service_url(), &["doctor", "--json"]).await;
    assert_eq!(looked.status.code(), Some(1));
    let document: serde_json::Value = serde_json::from_slice(&looked.stdout).unwrap();
    let checks = document["checks"].as_array().unwrap();
    let fault = checks.iter().find(|check| check["grade"] == "fault");
    assert_eq!(
        fault.unwrap(),
        &serde_json::json!({
            "check": "table-privileges",
            "grade": "fault",
            "says": "test_service has truncate on users",
            "mend": ["revoke truncate on table public.users from test_service;"],
        })
    );
}
