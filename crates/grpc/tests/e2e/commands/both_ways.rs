//! Files into a real server and out of it again.

use std::collections::BTreeMap;
use std::process::Stdio;

use byline_grpc::pb;
use byline_persistence::testing::count;
use tokio::io::AsyncWriteExt;

use super::{Folder, code, command, interrupt, run, run_with, stderr, stdout};
use crate::support::{Server, World, eventually};

fn url(world: &World) -> String {
    format!("http://{}", world.server.address)
}

/// Lines of so many addresses, with something before and behind each.
fn numbered(count: usize, before: &str, behind: &str) -> String {
    let lines = (0..count).map(|number| format!("{before}u{number}@example.com{behind}\n"));
    lines.collect::<Vec<_>>().concat()
}

/// Users and posts of all kinds: what is absent, what is empty, what is in the trash, alone or along
/// with its author, and text that is hard to write down.
async fn inhabited() -> World {
    let world = World::new().await;
    for number in 0..20 {
        let user = pb::User {
            name: (number % 3 > 0).then(|| format!("\"N\", é漢😀 {number}")),
            role: if number % 2 == 0 {
                "admin, or so".into()
            } else {
                String::new()
            },
            is_active: Some(number % 4 > 0),
            ..pb::User::default()
        };
        let user = world
            .user_like(&format!("User.{number}@example.com"), user)
            .await;
        let content = match number % 4 {
            0 => None,
            1 => Some(String::new()),
            2 => Some("a line\r\n\tanother, \"quoted\"\n\n".to_owned()),
            _ => Some(",\"".repeat(1_000)),
        };
        let post = world
            .post_saying(&user, &format!("\"Post\", {number}"), content)
            .await;
        if number % 5 == 0 {
            world.delete_post(&post.id).await;
        } else if number % 3 == 0 {
            let request = pb::PublishPostRequest {
                id: post.id,
                ..pb::PublishPostRequest::default()
            };
            world.posts.clone().publish_post(request).await.unwrap();
        }
        if number % 7 == 0 {
            let request = pb::DeleteUserRequest {
                id: user.id,
                force: true,
                ..pb::DeleteUserRequest::default()
            };
            world.users.clone().delete_user(request).await.unwrap();
        }
    }
    world
}

/// All that is there, but for the etags, which are another server's.
async fn contents(world: &World) -> (BTreeMap<String, pb::User>, BTreeMap<String, pb::Post>) {
    let request = pb::ListUsersRequest {
        page_size: 1_000,
        show_deleted: true,
        ..pb::ListUsersRequest::default()
    };
    let users = world
        .users
        .clone()
        .list_users(request)
        .await
        .unwrap()
        .into_inner()
        .users;
    let request = pb::ListPostsRequest {
        page_size: 1_000,
        show_deleted: true,
        ..pb::ListPostsRequest::default()
    };
    let posts = world
        .posts
        .clone()
        .list_posts(request)
        .await
        .unwrap()
        .into_inner()
        .posts;
    let users = users.into_iter().map(|user| {
        let etag = String::new();
        (user.id.clone(), pb::User { etag, ..user })
    });
    let posts = posts.into_iter().map(|post| {
        let etag = String::new();
        (post.id.clone(), pb::Post { etag, ..post })
    });
    (users.collect(), posts.collect())
}

async fn come_back_as_they_were(extension: &str) {
    let (from, to) = (inhabited().await, World::new().await);
    let folder = Folder::new();
    for noun in ["users", "posts"] {
        let file = folder.place(&format!("{noun}.{extension}"));
        let output = run(&url(&from), &["export", noun, &file, "--show-deleted"]).await;
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let output = run(&url(&to), &["import", noun, &file]).await;
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(
            stderr(&output).contains("20 rows: 20 made"),
            "{}",
            stderr(&output)
        );
    }
    assert_eq!(contents(&to).await, contents(&from).await);
    // What went along with its author comes back with it.
    let query = "select count(*) from posts where deleted_with_author";
    let along = count(&mut from.database.connection().await, query).await;
    assert!(along > 0);
    assert_eq!(
        count(&mut to.database.connection().await, query).await,
        along
    );

    // Nothing is another than it is stored.
    for noun in ["users", "posts"] {
        let file = folder.place(&format!("{noun}.{extension}"));
        let live = folder.place(&format!("live-{noun}.{extension}"));
        run(&url(&from), &["export", noun, &live]).await;
        let update = ["import", noun, &live, "--on-conflict", "update"];
        let output = run(&url(&to), &update).await;
        assert!(
            stderr(&output).contains(" 0 made, 0 changed, "),
            "{}",
            stderr(&output)
        );
        let skip = ["import", noun, &file, "--on-conflict", "skip"];
        let output = run(&url(&to), &skip).await;
        assert!(
            stderr(&output).contains("20 skipped"),
            "{}",
            stderr(&output)
        );
        let output = run(&url(&to), &["import", noun, &file]).await;
        assert_eq!(code(&output), 1);
        assert!(stderr(&output).contains("20 with problems; nothing was kept"));
    }
    assert_eq!(contents(&to).await, contents(&from).await);
}

#[tokio::test]
async fn what_was_exported_as_csv_is_imported_as_it_was() {
    come_back_as_they_were("csv").await;
}

#[tokio::test]
async fn what_was_exported_as_json_lines_is_imported_as_it_was() {
    come_back_as_they_were("jsonl").await;
}

#[tokio::test]
async fn a_file_of_many_messages_comes_whole() {
    let world = World::new().await;
    let rows = numbered(2_500, "{\"email\": \"", "\"}");
    let arguments = ["import", "users", "-", "--format", "json-lines"];
    let output = run_with(&url(&world), &arguments, &rows).await;
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("2,500 rows: 2,500 made"),
        "{}",
        stderr(&output)
    );
    let arguments = [
        "export", "users", "-", "--format", "csv", "--fields", "email",
    ];
    let output = run(&url(&world), &arguments).await;
    assert_eq!(stdout(&output).lines().count(), 2_501);
}

#[tokio::test]
async fn problems_of_a_file_are_told_by_line_and_leave_nothing_or_the_others() {
    let world = World::new().await;
    let folder = Folder::new();
    let file = folder.file(
        "users.csv",
        "email,name\na@example.com,\"two\nlines are no name\"\nb example.com,\nA@example.com,A\nc@example.com,C\nC@example.com,\n",
    );
    let output = run(&url(&world), &["import", "users", &file]).await;
    assert_eq!(code(&output), 1);
    let told = stderr(&output);
    for line in [2, 4, 7] {
        assert!(
            told.contains(&format!("byline: {file} line {line}: ")),
            "{told}"
        );
    }
    assert!(told.contains("about the same user (line 6)\n"), "{told}");
    assert!(told.contains("nothing was kept"), "{told}");
    let query = "select count(*) from users";
    let stored = async || count(&mut world.database.connection().await, query).await;
    assert_eq!(stored().await, 0);

    let output = run(&url(&world), &["import", "users", &file, "--each"]).await;
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("5 rows: 2 made"),
        "{}",
        stderr(&output)
    );
    assert_eq!(stored().await, 2);
}

/// Transactions that wait for what comes next.
async fn open_transactions(world: &World) -> i64 {
    let query = "select count(*) from pg_stat_activity where datname = current_database() \
        and state = 'idle in transaction'";
    count(&mut world.database.connection().await, query).await
}

#[tokio::test]
async fn an_import_that_is_interrupted_or_killed_leaves_nothing() {
    let world = World::new().await;
    let arguments = ["import", "users", "-", "--format", "csv"];
    for is_killed in [false, true] {
        let mut child = command(&url(&world), &arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let rows = numbered(3_500, "", "");
        stdin
            .write_all(format!("email\n{rows}").as_bytes())
            .await
            .unwrap();
        eventually("an import is under way", async || {
            open_transactions(&world).await > 0
        })
        .await;
        if is_killed {
            child.kill().await.unwrap();
        } else {
            interrupt(&child);
            assert_eq!(child.wait().await.unwrap().code(), Some(1));
        }
        eventually("it is given up", async || {
            open_transactions(&world).await == 0
        })
        .await;
        let query = "select count(*) from users";
        assert_eq!(
            count(&mut world.database.connection().await, query).await,
            0
        );
        drop(stdin);
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_to_its_end_leaves_nothing() {
    let world = World::new().await;
    let folder = Folder::new();
    // The server is to take none of them for whole, whenever it meets the end.
    for count_of_rows in [0, 1, 999, 1_000, 1_001, 2_000, 2_001, 3_000, 5_000] {
        let rows = numbered(count_of_rows, "", ",true");
        let text = format!("email,is_active\n{rows}a@example.com,yes\n");
        let file = folder.file("users.csv", &text);
        let output = run(&url(&world), &["import", "users", &file]).await;
        assert_eq!(code(&output), 1);
        let line = format!("line {}: is_active is not true or false", count_of_rows + 2);
        assert!(stderr(&output).contains(&line), "{}", stderr(&output));
    }
    eventually("all are given up", async || {
        open_transactions(&world).await == 0
    })
    .await;
    let query = "select count(*) from users";
    assert_eq!(
        count(&mut world.database.connection().await, query).await,
        0
    );
}

#[tokio::test]
async fn what_the_server_refuses_is_told_in_its_words() {
    let world = World::new().await;
    let folder = Folder::new();
    let file = folder.place("users.csv");
    let output = run(
        &url(&world),
        &["export", "users", &file, "--filter", "shoe = 7"],
    )
    .await;
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("shoe"), "{}", stderr(&output));
    assert_eq!(folder.names(), Vec::<String>::new());

    let file = folder.file("users.csv", "email\na@example.com\n");
    let other = folder.file("other.csv", "email\nb@example.com\n");
    let id = "7d444840-9dc0-41d1-b245-5ffdce74fad2";
    let import =
        async |file: &str| run(&url(&world), &["import", "users", file, "--request-id", id]).await;
    let first = import(&file).await;
    let again = import(&file).await;
    assert_eq!((code(&first), code(&again)), (0, 0), "{}", stderr(&again));
    let refused = import(&other).await;
    assert_eq!(code(&refused), 1);
    assert!(
        stderr(&refused).contains("request_id"),
        "{}",
        stderr(&refused)
    );
}

#[tokio::test]
async fn a_server_that_comes_back_is_sent_the_same_again() {
    let mut world = World::new().await;
    let folder = Folder::new();
    let rows = numbered(60_000, "", "");
    let file = folder.file("users.csv", &format!("email\n{rows}"));
    let address = world.server.address.to_string();
    let child = command(&url(&world), &["import", "users", &file])
        .spawn()
        .unwrap();
    eventually("an import is under way", async || {
        let query = "select count(*) from pg_stat_activity where datname = current_database() \
            and query ilike 'copy%'";
        count(&mut world.database.connection().await, query).await > 0
    })
    .await;
    world.server.child.kill().await.unwrap();
    world.server = Server::serve_at(&address, &world.database.service_url(), &[]).await;
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("trying again"),
        "{}",
        stderr(&output)
    );
    let query = "select count(*) from users";
    assert_eq!(
        count(&mut world.database.connection().await, query).await,
        60_000
    );
}
