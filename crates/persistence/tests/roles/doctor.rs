//! What a look at a live database finds. What it says to mend is run, and has to mend it.

use byline_domain::audit::AuditRetention;
use byline_persistence::doctor::{Asked, Check, Grade};
use byline_persistence::grants::grant;
use byline_persistence::testing::{Connection, OWNER, SERVICE, TestDatabase, execute};
use byline_persistence::{Database, PoolSettings};

use super::{as_role, run, with_a_role};

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

const CHECKS: [&str; 20] = [
    "connection",
    "server",
    "encoding",
    "extensions",
    "durability",
    "role",
    "settings",
    "password",
    "connections",
    "ownership",
    "create",
    "database",
    "table-privileges",
    "function-privileges",
    "search-path",
    "security-definer",
    "indexes",
    "schema",
    "api-keys",
    "backlog",
];

#[tokio::test]
async fn a_database_that_is_set_up_as_it_shall_be_has_no_finding() {
    let test = TestDatabase::new().await;
    let checks = by_itself(&test, SERVICE).await;
    assert!(findings(&checks).is_empty(), "{checks:#?}");
    let mut names: Vec<_> = checks.iter().map(|check| check.name).collect();
    names.dedup();
    assert_eq!(names, CHECKS);

    // The owner sees the same of it, but for what only the role itself can.
    let pool = PoolSettings::default();
    let checks = examine(&test.database_as(OWNER), &pool, Some(SERVICE)).await;
    assert!(findings(&checks).is_empty(), "{checks:#?}");
    let mut names: Vec<_> = checks.iter().map(|check| check.name).collect();
    names.dedup();
    assert_eq!(names, CHECKS);
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
    assert_eq!(told[0].mend[0], "alter system set fsync = on;");
}

/// What may be wrong, and the check that tells. `{role}` and `{database}` stand for the names.
const DAMAGE: &[(&str, &str)] = &[
    ("role", "alter role {role} createrole"),
    ("role", "alter role {role} createdb"),
    ("role", "alter role {role} replication"),
    ("role", "alter role {role} bypassrls"),
    ("role", "grant pg_read_all_data to {role}"),
    ("role", "grant pg_execute_server_program to {role}"),
    ("role", "alter role {role} valid until 'yesterday'"),
    (
        "settings",
        "alter role {role} set default_transaction_read_only = on",
    ),
    (
        "settings",
        "alter role {role} set idle_session_timeout = 60000",
    ),
    (
        "settings",
        "alter database {database} set default_transaction_isolation = serializable",
    ),
    (
        "settings",
        "alter role {role} in database {database} set session_replication_role = replica",
    ),
    (
        "password",
        "set password_encryption = md5; alter role {role} password 'hunter2'",
    ),
    ("create", "grant create on schema public to {role}"),
    ("create", "grant create on database {database} to {role}"),
    (
        "database",
        "revoke temporary on database {database} from public",
    ),
    ("table-privileges", "revoke update on users from {role}"),
    ("table-privileges", "grant truncate on posts to {role}"),
    (
        "table-privileges",
        "grant update on _sqlx_migrations to {role}",
    ),
    (
        "table-privileges",
        "grant insert (id) on api_keys to {role}",
    ),
    ("table-privileges", "grant select on users to public"),
    (
        "function-privileges",
        "revoke execute on function byline_words(text) from {role}",
    ),
    (
        "function-privileges",
        "create function more() returns int language sql return 1;
        alter function more() owner to test_owner",
    ),
    (
        "search-path",
        "alter role {role} in database {database} set search_path = pg_catalog",
    ),
    (
        "search-path",
        "alter role {role} in database {database} reset search_path;
        create schema {role}; grant usage on schema {role} to {role};
        create table {role}.users (id bigint)",
    ),
    (
        "security-definer",
        "create schema other; create function other.more() returns int language sql
            security definer set search_path = public return 1",
    ),
    (
        "indexes",
        "update pg_index set indisvalid = false where indexrelid = 'users_name_idx'::regclass",
    ),
    (
        "extensions",
        "update pg_extension set extversion = '1.0' where extname = 'pg_trgm'",
    ),
];

/// As a superuser, each statement by itself.
async fn mend(admin: &mut Connection, check: &Check) {
    assert!(!check.mend.is_empty(), "{check:?}");
    for statement in &check.mend {
        assert!(statement.ends_with(';'), "{check:?}");
        run(admin, statement).await;
    }
}

#[tokio::test]
async fn what_is_wrong_is_found_by_its_check_and_mended_by_what_that_says() {
    let (test, mut admin, role) = with_a_role().await;
    grant(&as_role(&test, OWNER), &role, false).await.unwrap();
    let database = test.connect_options().get_database().unwrap().to_owned();
    assert!(findings(&by_itself(&test, &role).await).is_empty());
    for (name, damage) in DAMAGE {
        let damage = damage
            .replace("{role}", &role)
            .replace("{database}", &database);
        run(&mut admin, &damage).await;
        let checks = if *name == "password" {
            let pool = PoolSettings::default();
            examine(&test.database_as("byline"), &pool, Some(&role)).await
        } else {
            by_itself(&test, &role).await
        };
        let found = findings(&checks);
        assert!(!found.is_empty(), "{damage}");
        for check in &found {
            assert_eq!(check.name, *name, "{damage}: {check:?}");
            assert!(!check.says.contains("hunter2"), "{check:?}");
        }
        if *name == "password" {
            assert!(found[0].mend[0].contains("\\password"), "{found:?}");
            continue;
        }
        if *name == "extensions" {
            assert_eq!(found[0].mend, ["alter extension pg_trgm update;"]);
            execute(
                &mut admin,
                "update pg_extension set extversion = default_version
                from pg_available_extensions where name = extname",
            )
            .await;
        } else {
            for check in found {
                mend(&mut admin, check).await;
            }
        }
        let after = by_itself(&test, &role).await;
        let left = findings(&after);
        assert!(left.is_empty(), "{damage}: {left:#?}");
    }
}

#[tokio::test]
async fn a_service_that_runs_as_the_owner_or_a_superuser_is_told_to_take_another_role() {
    let test = TestDatabase::new().await;
    for role in [OWNER, "byline"] {
        let checks = by_itself(&test, role).await;
        let owns = checks
            .iter()
            .find(|check| check.name == "ownership")
            .unwrap();
        assert_eq!(owns.grade, Grade::Fault);
        assert!(owns.mend[1].contains("byline database grant --service-role"));
        let skipped = checks.iter().find(|check| check.name == "table-privileges");
        assert_eq!(skipped.unwrap().grade, Grade::Skipped);
    }
    let checks = by_itself(&test, "byline").await;
    let told = checks.iter().find(|check| check.name == "role").unwrap();
    // It may be the only superuser that there is.
    assert!(told.mend.iter().all(|mend| !mend.contains("nosuperuser")));
    assert!(told.mend[2].contains("run the service as"), "{told:?}");
}

#[tokio::test]
async fn a_database_without_tables_or_behind_is_to_be_migrated() {
    let test = TestDatabase::unmigrated().await;
    let pool = PoolSettings::default();
    let checks = examine(&test.database(), &pool, None).await;
    let schema = checks.iter().find(|check| check.name == "schema").unwrap();
    assert_eq!(schema.grade, Grade::Fault);
    assert_eq!(schema.mend, ["byline migrate up --database-url OWNER_URL"]);

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
async fn a_role_that_there_is_not_is_told() {
    let test = TestDatabase::new().await;
    let pool = PoolSettings::default();
    let checks = examine(&test.database_as(OWNER), &pool, Some("nobody")).await;
    let last = checks.last().unwrap();
    assert_eq!((last.name, last.grade), ("role", Grade::Fault));
}
