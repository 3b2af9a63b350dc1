//! What a look at a live database finds. That what it says mends it is shown with the program,
//! whose commands it names.

use byline_domain::audit::AuditRetention;
use byline_persistence::doctor::{Asked, CHECKS, Check, Grade};
use byline_persistence::testing::{OWNER, SERVICE, TestDatabase, execute};
use byline_persistence::{Database, PoolSettings};

use super::as_role;

async fn examine(database: &Database, pool: &PoolSettings, role: Option<&str>) -> Vec<Check> {
    let asked = Asked {
        service_role: role,
        pool,
        audit_retention: AuditRetention::DEFAULT,
    };
    database.examine(&asked).await.unwrap()
}

/// What is found by the role itself on a connection of its own.
async fn by_itself(test: &TestDatabase, role: &str) -> Vec<Check> {
    let pool = PoolSettings::default();
    let database = Database::new(as_role(test, role), &pool);
    let checks = examine(&database, &pool, None).await;
    database.close().await;
    checks
}

/// All but what the test server is on purpose.
fn findings(checks: &[Check]) -> Vec<&Check> {
    let is_found = |check: &&Check| {
        !matches!(check.grade, Grade::Fine | Grade::Skipped) && check.name != "durability"
    };
    checks.iter().filter(is_found).collect()
}

/// The checks that are told of, in their order.
fn names(checks: &[Check]) -> Vec<&'static str> {
    let mut names: Vec<_> = checks.iter().map(|check| check.name).collect();
    names.dedup();
    names
}

fn of<'a>(checks: &'a [Check], name: &str) -> &'a Check {
    checks.iter().find(|check| check.name == name).unwrap()
}

#[tokio::test]
async fn a_database_that_is_set_up_as_it_shall_be_has_no_finding() {
    let test = TestDatabase::new().await;
    let checks = by_itself(&test, SERVICE).await;
    assert!(findings(&checks).is_empty(), "{checks:#?}");
    assert_eq!(names(&checks), CHECKS);

    // The owner sees the same of it, but for what only the role itself can.
    let pool = PoolSettings::default();
    let checks = examine(&test.database_as(OWNER), &pool, Some(SERVICE)).await;
    assert!(findings(&checks).is_empty(), "{checks:#?}");
    assert_eq!(names(&checks), CHECKS);
}

#[tokio::test]
async fn a_test_server_may_lose_everything_in_a_crash_and_that_is_told() {
    let test = TestDatabase::new().await;
    let checks = by_itself(&test, SERVICE).await;
    let told: Vec<_> = checks
        .iter()
        .filter(|check| check.name == "durability")
        .collect();
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|check| check.grade == Grade::Warning));
    // No setting that the server keeps is stronger than its command line.
    assert_eq!(
        told[0].mend,
        ["take fsync=off out of the command that starts the server"]
    );
}

#[tokio::test]
async fn a_service_that_runs_as_the_owner_or_a_superuser_is_told_to_take_another_role() {
    let another = [
        "create role byline_service login;",
        "byline database grant --service-role byline_service --database-url OWNER_URL",
        "run the service as byline_service",
    ];
    let test = TestDatabase::new().await;
    for (role, check) in [(OWNER, "ownership"), ("byline", "role")] {
        let checks = by_itself(&test, role).await;
        assert_eq!(of(&checks, "ownership").grade, Grade::Fault);
        // A superuser may be the only one that there is, and is left one.
        assert_eq!(of(&checks, check).mend, another);
        assert_eq!(of(&checks, "table-privileges").grade, Grade::Skipped);
    }
}

#[tokio::test]
async fn a_database_without_tables_or_behind_is_to_be_migrated_for_the_service() {
    let test = TestDatabase::unmigrated().await;
    let pool = PoolSettings::default();
    let database = test.database();
    for (role, migrate) in [
        // A superuser, whom no grant binds.
        (None, "byline migrate up --database-url OWNER_URL"),
        (
            Some(SERVICE),
            "byline migrate up --service-role test_service --database-url OWNER_URL",
        ),
        (
            Some("my role"),
            "byline migrate up --service-role 'my role' --database-url OWNER_URL",
        ),
    ] {
        let checks = examine(&database, &pool, role).await;
        assert_eq!(of(&checks, "schema").grade, Grade::Fault);
        assert_eq!(of(&checks, "schema").mend, [migrate]);
        assert_eq!(names(&checks), CHECKS, "{role:?}");
    }

    let test = TestDatabase::new().await;
    execute(
        &mut test.connection().await,
        "delete from _sqlx_migrations where version = 5",
    )
    .await;
    let checks = by_itself(&test, SERVICE).await;
    let found = findings(&checks);
    assert_eq!(found[0].name, "schema");
    assert!(found[0].says.contains("[5]"), "{found:?}");
    assert_eq!(names(&checks), CHECKS);
}

/// A later program may have made them otherwise, and an older one is still to be migrated.
#[tokio::test]
async fn triggers_of_another_version_are_nothing_to_be_made_again() {
    let test = TestDatabase::new().await;
    let mut owner = test.connection().await;
    execute(
        &mut owner,
        "drop trigger audit_events_are_kept on audit_events",
    )
    .await;
    let checks = by_itself(&test, SERVICE).await;
    assert_eq!(of(&checks, "audit-triggers").grade, Grade::Fault);
    for version in [
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
            values (9999, 'later', true, '', 0)",
        "delete from _sqlx_migrations where version >= 8",
    ] {
        execute(&mut owner, version).await;
        let checks = by_itself(&test, SERVICE).await;
        assert_eq!(of(&checks, "audit-triggers").grade, Grade::Skipped);
    }
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_told_as_skipped_with_the_reason() {
    let test = TestDatabase::new().await;
    execute(
        &mut test.connection().await,
        "revoke select on _sqlx_migrations from test_service",
    )
    .await;
    let checks = by_itself(&test, SERVICE).await;
    assert_eq!(names(&checks), CHECKS);
    for name in ["schema", "api-keys", "backlog"] {
        let check = of(&checks, name);
        assert_eq!(check.grade, Grade::Skipped);
        assert_eq!(check.says, "the record of migrations cannot be read");
    }
}

#[tokio::test]
async fn what_lies_about_is_a_hint() {
    let test = TestDatabase::new().await;
    execute(
        &mut test.connection().await,
        "insert into api_keys (id, secret_hash, name, scopes, created_at, expires_at) values
            ('0123456789abcdef', sha256('a'), 'a', '{}', now(), null),
            ('1123456789abcdef', sha256('b'), 'b', '{}', now(), now() - interval '1 day');
        insert into request_records (id, method, digest, created_at)
            values (gen_random_uuid(), '', sha256(''), now() - interval '3 days')",
    )
    .await;
    let checks = by_itself(&test, SERVICE).await;
    let told: Vec<_> = findings(&checks)
        .into_iter()
        .map(|check| (check.name, check.grade, check.says.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("api-keys", Grade::Hint, "API keys that do not expire: 1"),
            (
                "api-keys",
                Grade::Hint,
                "API keys that have expired and are not revoked: 1"
            ),
            (
                "backlog",
                Grade::Hint,
                "records of requests that should have gone more than an hour ago: 1"
            ),
        ]
    );
}

#[tokio::test]
async fn a_pool_that_the_server_has_no_room_for_is_told() {
    let test = TestDatabase::new().await;
    let pool = PoolSettings {
        max_connections: 1_000,
        ..PoolSettings::default()
    };
    let database = Database::new(as_role(&test, SERVICE), &pool);
    let checks = examine(&database, &pool, None).await;
    let found = findings(&checks);
    assert_eq!(found[0].name, "connections");
    assert!(
        found[0].says.contains("--pool-size 1000 needs 1002"),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_role_that_there_is_not_is_told_and_the_rest_is_looked_at() {
    let test = TestDatabase::new().await;
    let pool = PoolSettings::default();
    let checks = examine(&test.database_as(OWNER), &pool, Some("Nobody's")).await;
    let role = of(&checks, "role");
    assert_eq!(role.grade, Grade::Fault);
    assert_eq!(role.says, "there is no role \"Nobody's\"");
    assert_eq!(
        role.mend,
        [
            "create role \"Nobody's\" login;",
            "byline database grant --service-role 'Nobody'\\''s' --database-url OWNER_URL",
        ]
    );
    assert_eq!(names(&checks), CHECKS);
    assert_eq!(of(&checks, "ownership").says, "there is no such role");
    for looked_at in ["audit-triggers", "indexes", "schema", "api-keys", "backlog"] {
        assert_eq!(of(&checks, looked_at).grade, Grade::Fine, "{looked_at}");
    }
}
