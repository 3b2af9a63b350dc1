//! What has had its time goes by itself, or by `byline purge`.

use std::process::{Output, Stdio};

use byline_grpc::pb;
use byline_persistence::testing::{TestDatabase, count, execute, rows};
use tokio::process::Command;

use crate::audit::{FULL, NOT_FULL};
use crate::support::{PROGRAM, Server, World, eventually};

async fn left(database: &TestDatabase) -> (i64, i64, i64) {
    let mut connection = database.connection().await;
    (
        count(&mut connection, "select count(*) from users").await,
        count(&mut connection, "select count(*) from posts").await,
        count(&mut connection, "select count(*) from request_records").await,
    )
}

/// A user with two posts who is deleted along with them, under an id; another one stays.
async fn delete_some(world: &World) -> pb::User {
    let ada = world.user("ada@example.com").await;
    let alan = world.user("alan@example.com").await;
    world.post(&ada, "One").await;
    world.post(&ada, "Two").await;
    world.post(&alan, "Three").await;
    let request = pb::DeleteUserRequest {
        id: ada.id,
        force: true,
        request_id: "0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01".into(),
        ..pb::DeleteUserRequest::default()
    };
    let answer = world.users.clone().delete_user(request).await.unwrap();
    answer.into_inner().user.unwrap()
}

async fn try_to_purge(url: &str, options: &[&str]) -> Output {
    let purging = Command::new(PROGRAM)
        .args(["purge", "--database-url", url])
        .args(options)
        .stdin(Stdio::null())
        .output();
    purging.await.unwrap()
}

async fn purge(url: &str, options: &[&str]) -> String {
    let output = try_to_purge(url, options).await;
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    told
}

#[tokio::test]
async fn what_is_past_its_retention_goes_by_itself_whichever_server_sweeps() {
    let options = ["--retention", "1s", "--sweep-interval", "200ms"];
    let world = World::with(&options).await;
    let other = Server::serve(&world.database.service_url(), &options).await;
    let gone = delete_some(&world).await;
    let (deleted_at, purge_at) = (gone.deleted_at.unwrap(), gone.purge_at.unwrap());
    assert_eq!(purge_at.seconds - deleted_at.seconds, 1);
    assert_eq!(purge_at.nanos, deleted_at.nanos);
    eventually("they are removed, and nothing else", || async {
        left(&world.database).await == (1, 1, 1)
    })
    .await;
    // Nobody minded the other.
    for log in [world.server.log(), other.log()] {
        assert!(!log.contains("sweeping failed"), "{log}");
    }
}

#[tokio::test]
async fn a_purge_says_what_would_go_and_then_removes_just_that() {
    let world = World::with(&["--sweep-interval", "0s"]).await;
    delete_some(&world).await;
    let url = world.database.url();
    assert_eq!(
        purge(&url, &["--dry-run"]).await,
        "would remove 0 posts\nwould remove 0 users\nwould remove 0 records of requests\n\
         would remove 0 counts of failures\n\
         audit events: not looked at: give --audit-retention\n"
    );
    let mut connection = world.database.connection().await;
    for age in [
        "update users set deleted_at = created_at, purge_at = created_at where deleted_at is not null",
        "update request_records set created_at = created_at - interval '26 hours'",
        "insert into throttles (key, failures, waits_until, forgotten_at, is_let_through)
            values (sha256('caller:a'), 1, now(), now(), true),
            (sha256('caller:b'), 1, now(), now() + interval '1 hour', true)",
    ] {
        execute(&mut connection, age).await;
    }
    // The posts are not due by themselves: they go with their author.
    assert_eq!(
        purge(&url, &["--dry-run"]).await,
        "would remove 2 posts\nwould remove 1 user\nwould remove 1 record of a request\n\
         would remove 1 count of failures\n\
         audit events: not looked at: give --audit-retention\n"
    );
    assert_eq!(left(&world.database).await, (2, 3, 1));
    assert_eq!(
        purge(&url, &[]).await,
        "removed 2 posts\nremoved 1 user\nremoved 1 record of a request\nremoved 1 count of failures\n\
         audit events: not looked at: give --audit-retention\n"
    );
    assert_eq!(left(&world.database).await, (1, 1, 0));
}

#[tokio::test]
async fn a_purge_looks_at_events_if_it_is_told_how_long_they_are_kept() {
    let database = TestDatabase::new().await;
    let old = "insert into audit_events (id, occurred_at, caller, method, action, resource_kind,
            resource_id, fields)
        values (gen_random_uuid(), now() - interval '800 days', 'a', '', '', '',
            gen_random_uuid(), '{}')";
    execute(&mut database.connection().await, old).await;
    let url = database.service_url();
    for (options, says) in [
        (
            &["--dry-run"][..],
            "audit events: not looked at: give --audit-retention",
        ),
        (&[], "audit events: not looked at: give --audit-retention"),
        (
            &["--dry-run", "--audit-retention", "400d"],
            "would remove 1 audit event",
        ),
        (&["--audit-retention", "801d"], "removed 0 audit events"),
        (&["--audit-retention", "400d"], "removed 1 audit event"),
    ] {
        let told = purge(&url, options).await;
        assert_eq!(told.lines().last(), Some(says), "{options:?}");
    }
}

#[tokio::test]
async fn events_that_are_older_than_they_are_kept_go_by_themselves() {
    let options = ["--audit-retention", "90d", "--sweep-interval", "200ms"];
    let world = World::with(&options).await;
    world.user("ada@example.com").await;
    let mut connection = world.database.connection().await;
    // What is of 31 days ago would go if whatever may go did.
    let events = "insert into audit_events (id, occurred_at, caller, method, action, resource_kind,
            resource_id, fields)
        select gen_random_uuid(), now() - days * interval '1 day', days::text, '', '', '',
            gen_random_uuid(), '{}'
        from unnest('{800, 401, 91, 89, 31}'::integer[]) days";
    execute(&mut connection, events).await;
    let kept = "select caller from audit_events order by occurred_at";
    eventually("some are removed", || async {
        let mut connection = world.database.connection().await;
        rows(&mut connection, kept).await.len() < 6
    })
    .await;
    assert_eq!(rows(&mut connection, kept).await, ["89", "31", "anybody"]);
}

#[tokio::test]
async fn what_is_due_stays_if_its_event_cannot_be_kept() {
    let world = World::with(&["--sweep-interval", "0s"]).await;
    let mut connection = world.database.connection().await;
    let due = "update users set deleted_at = created_at, purge_at = created_at
        where deleted_at is not null";
    let url = world.database.url();
    let alone = world.user("alone@example.com").await;
    world.delete_user(&alone.id).await;
    execute(&mut connection, due).await;
    execute(&mut connection, FULL).await;
    let refused = try_to_purge(&url, &[]).await;
    assert!(!refused.status.success(), "{refused:?}");
    assert_eq!(left(&world.database).await, (1, 0, 0));

    // Posts go before their authors.
    execute(&mut connection, NOT_FULL).await;
    delete_some(&world).await;
    execute(&mut connection, due).await;
    execute(&mut connection, FULL).await;
    let refused = try_to_purge(&url, &[]).await;
    assert!(!refused.status.success(), "{refused:?}");
    assert_eq!(left(&world.database).await, (3, 3, 1));

    execute(&mut connection, NOT_FULL).await;
    purge(&url, &[]).await;
    assert_eq!(left(&world.database).await, (1, 1, 1));
    let told = "select action from audit_events where caller = 'byline' order by action";
    let told = rows(&mut connection, told).await;
    let (post, user) = ("post.purged", "user.purged");
    assert_eq!(told, [post, post, user, user]);
}

#[tokio::test]
async fn a_retention_that_is_none_is_refused_in_words() {
    for (option, value) in [("--retention", "40000d"), ("--retention", "soon")] {
        let output = Command::new(PROGRAM)
            .args([
                "serve",
                "--auth",
                "none",
                "--database-url",
                "postgres://localhost/x",
                option,
                value,
            ])
            .output()
            .await
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(option), "{told}");
    }
}
