//! What `byline import` sends, and what it makes of answers.

use std::process::Stdio;

use byline_grpc::pb::{Atomicity, ImportProblem, ImportReport, OnConflict};
use tokio::io::AsyncWriteExt;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::fake::{Fake, Heard};
use super::{Folder, code, command, interrupt, run, run_with, stderr, stdout};
use crate::support::eventually;

fn made(count: i64) -> ImportReport {
    ImportReport {
        applied: true,
        row_count: count,
        created_count: count,
        ..ImportReport::default()
    }
}

/// A report of two rows, of which the second has a problem.
fn second_is_wrong() -> ImportReport {
    let mut details = ErrorDetails::with_error_info("INVALID_FIELDS", "byline.v1", []);
    details.add_bad_request_violation("email", "must hold one @");
    details.add_bad_request_violation("role", "must be at most 50 characters long");
    let message = "email must hold one @; role must be at most 50 characters long";
    let status = Status::with_error_details(Code::InvalidArgument, message, details);
    ImportReport {
        row_count: 2,
        created_count: 1,
        problem_count: 1,
        problems: vec![ImportProblem {
            row: 2,
            status: Some(prost::Message::decode(status.details()).unwrap()),
        }],
        ..ImportReport::default()
    }
}

fn only(fake: &Fake) -> Heard {
    let imports = fake.imports();
    assert_eq!(imports.len(), 1);
    imports.into_iter().next().unwrap()
}

fn unknown_outcome() -> Status {
    told(
        Code::Unavailable,
        "OUTCOME_UNKNOWN",
        "nobody knows what became of it",
    )
}

fn told(code: Code, reason: &str, message: &str) -> Status {
    let details = ErrorDetails::with_error_info(reason, "byline.v1", []);
    Status::with_error_details(code, message, details)
}

#[tokio::test]
async fn rows_and_settings_arrive_as_they_were_given() {
    let fake = Fake::importing([Ok(made(2))]).await;
    let folder = Folder::new();
    let file = folder.file(
        "users.jsonl",
        "{\"email\": \"a@b\", \"isActive\": false}\n{\"email\": \"c@d\"}\n",
    );
    let id = "7d444840-9dc0-41d1-b245-5ffdce74fad2";
    let output = run(
        &fake.url,
        &[
            "import",
            "users",
            &file,
            "--on-conflict",
            "update",
            "--each",
            "--request-id",
            id,
        ],
    )
    .await;
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).is_empty());
    let summary =
        format!("{file}: 2 rows: 2 made, 0 changed, 0 unchanged, 0 skipped, 0 with problems; ");
    assert!(stderr(&output).starts_with(&summary), "{}", stderr(&output));

    let heard = only(&fake);
    let settings = heard.settings.unwrap();
    assert_eq!(settings.on_conflict(), OnConflict::Update);
    assert_eq!(settings.atomicity(), Atomicity::Each);
    assert_eq!(settings.request_id, id);
    assert!(!settings.validate_only);
    let rows: Vec<_> = heard.messages.into_iter().flatten().collect();
    assert_eq!(
        (rows[0].email.as_str(), rows[0].is_active),
        ("a@b", Some(false))
    );
    assert_eq!((rows[1].email.as_str(), rows[1].is_active), ("c@d", None));
}

#[tokio::test]
async fn standard_input_is_read_and_settings_come_without_a_row_too() {
    let fake = Fake::importing([Ok(made(0))]).await;
    let arguments = ["import", "users", "-", "--format", "csv"];
    let output = run_with(&fake.url, &arguments, "email,name\n").await;
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let heard = only(&fake);
    assert!(heard.messages.concat().is_empty());
    let settings = heard.settings.unwrap();
    assert_eq!(settings.on_conflict(), OnConflict::Fail);
    assert_eq!(settings.atomicity(), Atomicity::All);
    assert_eq!(settings.request_id.len(), 36, "it makes an id of its own");
}

#[tokio::test]
async fn messages_have_bounded_rows_and_bytes() {
    let fake = Fake::importing([Ok(made(2_500)), Ok(made(9))]).await;
    let folder = Folder::new();
    let file = folder.file("many.csv", &format!("email\n{}", "a@b\n".repeat(2_500)));
    run(&fake.url, &["import", "users", &file]).await;
    let large = format!("{{\"name\": \"{}\"}}\n", "x".repeat(300_000)).repeat(8);
    let huge = format!("{{\"name\": \"{}\"}}\n", "x".repeat(2_000_000));
    let file = folder.file("large.jsonl", &(large + &huge));
    run(&fake.url, &["import", "users", &file]).await;

    // Settings come first, and do not wait for rows.
    let rows = |heard: &Heard| heard.messages.iter().map(Vec::len).collect::<Vec<_>>();
    let imports = fake.imports();
    assert_eq!(rows(&imports[0]), [0, 1_000, 1_000, 500]);
    assert_eq!(rows(&imports[1]), [0, 3, 3, 2, 1]);
}

#[tokio::test]
async fn problems_are_told_by_the_line_of_the_file_and_name_every_field() {
    let fake = Fake::importing([Ok(second_is_wrong()), Ok(second_is_wrong())]).await;
    let folder = Folder::new();
    let file = folder.file("users.csv", "email,name\na@b,\"two\nlines\"\nab,x\n");
    let output = run(&fake.url, &["import", "users", &file]).await;
    assert_eq!(code(&output), 1);
    let told = stderr(&output);
    let problem = format!(
        "byline: {file} line 4: email must hold one @; role must be at most 50 characters long\n"
    );
    assert!(told.starts_with(&problem), "{told}");
    assert!(
        told.contains("1 with problems; nothing was kept; "),
        "{told}"
    );

    let output = run(&fake.url, &["import", "users", &file, "--json"]).await;
    assert_eq!(code(&output), 1);
    assert_eq!(stderr(&output), "");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["applied"], false);
    assert_eq!(report["rowCount"], 2);
    let problem = &report["problems"][0];
    assert_eq!(problem["row"], 2);
    assert_eq!(problem["line"], 4);
    assert_eq!(problem["reason"], "INVALID_FIELDS");
    assert_eq!(problem["fields"][1]["field"], "role");
}

#[tokio::test]
async fn the_exit_code_tells_whether_all_went_as_it_was_meant_to() {
    let tried = ImportReport {
        applied: false,
        ..made(2)
    };
    let kept_the_others = ImportReport {
        applied: true,
        ..second_is_wrong()
    };
    let reports = [kept_the_others, tried.clone(), second_is_wrong(), tried];
    let fake = Fake::importing(reports.map(Ok)).await;
    let folder = Folder::new();
    let file = folder.file("users.csv", "email\na@b\nab\n");
    let ended = async |options: &[&str]| {
        let output = run(&fake.url, &[&["import", "users", &file], options].concat()).await;
        code(&output)
    };
    assert_eq!(ended(&["--each"]).await, 0);
    assert_eq!(ended(&["--validate-only"]).await, 0);
    assert_eq!(ended(&["--validate-only", "--each"]).await, 1);
    // Not tried, and not kept.
    assert_eq!(ended(&[]).await, 1);
    assert_eq!(ended(&["--on-conflict", "shrug"]).await, 2);
    assert_eq!(ended(&["--request-id", "7"]).await, 2);
    assert_eq!(ended(&["--server", "ftp://localhost"]).await, 2);
    let untold = folder.file("users.txt", "");
    assert_eq!(
        code(&run(&fake.url, &["import", "users", &untold]).await),
        2
    );
    let missing = run(&fake.url, &["import", "users", &folder.place("no.csv")]).await;
    assert_eq!(code(&missing), 1);
    assert!(
        stderr(&missing).contains("no.csv: No such file"),
        "{}",
        stderr(&missing)
    );
}

#[tokio::test]
async fn a_line_that_cannot_be_read_ends_the_import_and_is_told() {
    let folder = Folder::new();
    let rows = "a@b,true\n".repeat(1_500);
    for (index, (line, why)) in [
        ("a@b,yes", "is_active is not true or false"),
        ("a@b", "it has 1 cell, and the first line has 2"),
        ("a@b,\"true", "a quoted cell does not end"),
    ]
    .into_iter()
    .enumerate()
    {
        let fake = Fake::importing([]).await;
        let text = format!("email,is_active\n{rows}{line}");
        let file = folder.file(&format!("users{index}.csv"), &text);
        let output = run(&fake.url, &["import", "users", &file]).await;
        assert_eq!(code(&output), 1);
        let told = format!("byline: {file}: line 1502: {why}; nothing was kept\n");
        assert_eq!(stderr(&output), told.replace(": line", " line"));
        eventually("the call is over", async || {
            fake.imports().iter().all(|heard| heard.is_over)
        })
        .await;
    }
}

#[tokio::test]
async fn a_row_that_fits_into_no_message_is_told_by_its_line() {
    let fake = Fake::importing([]).await;
    let folder = Folder::new();
    let large = format!("{{}}\n{{\"name\": \"{}\"}}\n", "x".repeat(3 * 1024 * 1024));
    let file = folder.file("large.jsonl", &large);
    let output = run(&fake.url, &["import", "users", &file]).await;
    assert_eq!(code(&output), 1);
    let told = format!("byline: {file} line 2: the row has more than 3145728 bytes");
    assert!(stderr(&output).starts_with(&told), "{}", stderr(&output));
}

#[tokio::test]
async fn a_server_that_is_away_for_a_moment_is_sent_the_same_again() {
    let fake = Fake::importing([Err(unknown_outcome()), Ok(made(1))]).await;
    let folder = Folder::new();
    let file = folder.file("users.csv", "email\na@b\n");
    let output = run(&fake.url, &["import", "users", &file]).await;
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("trying again"),
        "{}",
        stderr(&output)
    );
    let imports = fake.imports();
    assert_eq!(imports.len(), 2);
    assert_eq!(imports[0].messages, imports[1].messages);
    assert_eq!(imports[0].settings, imports[1].settings);
}

#[tokio::test]
async fn what_is_read_only_once_is_sent_only_once() {
    let message = "the database is away";
    let refused = told(Code::Unavailable, "DATABASE_UNAVAILABLE", message);
    let fake = Fake::importing([Err(refused), Err(unknown_outcome())]).await;
    let arguments = ["import", "users", "-", "--format", "csv"];
    let output = run_with(&fake.url, &arguments, "email\na@b\n").await;
    assert_eq!(code(&output), 1);
    let told = "byline: standard input: the database is away; nothing was kept\n";
    assert_eq!(stderr(&output), told);

    let output = run_with(&fake.url, &arguments, "email\na@b\n").await;
    assert_eq!(code(&output), 1);
    let id = fake.imports()[1].settings.clone().unwrap().request_id;
    assert!(
        stderr(&output).contains("is not known"),
        "{}",
        stderr(&output)
    );
    assert!(stderr(&output).contains(&format!("--request-id {id}")));
}

/// The time may have been over while it was committed, and who answers for a server knows nothing.
#[tokio::test]
async fn what_may_have_been_kept_is_not_told_to_be_lost() {
    let folder = Folder::new();
    let file = folder.file("users.csv", "email\na@b\n");
    for status in [
        told(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", "too late"),
        told(Code::Internal, "INTERNAL", "a defect"),
        Status::permission_denied("of a proxy"),
    ] {
        let fake = Fake::importing([Err(status)]).await;
        let output = run(&fake.url, &["import", "users", &file]).await;
        assert_eq!(code(&output), 1);
        let id = fake.imports()[0].settings.clone().unwrap().request_id;
        let told = stderr(&output);
        assert!(told.contains("is not known"), "{told}");
        assert!(told.contains(&format!("--request-id {id}")), "{told}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_at_once() {
    let folder = Folder::new();
    let file = folder.file("users.csv", "email\na@b\n");
    let output = run("http://127.0.0.1:1", &["import", "users", &file]).await;
    assert_eq!(code(&output), 1);
    let told = "byline: http://127.0.0.1:1: ";
    assert!(stderr(&output).starts_with(told), "{}", stderr(&output));
    assert!(stderr(&output).contains("refused"), "{}", stderr(&output));
}

#[tokio::test]
async fn an_interruption_ends_the_call_while_standard_input_is_open() {
    let fake = Fake::importing([]).await;
    let arguments = ["import", "users", "-", "--format", "csv"];
    let mut child = command(&fake.url, &arguments)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin
        .write_all(format!("email\n{}", "a@b\n".repeat(1_500)).as_bytes())
        .await
        .unwrap();
    eventually("a message came", async || {
        fake.imports()
            .iter()
            .any(|heard| !heard.messages.is_empty())
    })
    .await;
    // While standard input is open.
    interrupt(&child);
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(code(&output), 1);
    assert_eq!(
        stderr(&output),
        "byline: standard input: interrupted; nothing was kept\n"
    );
    eventually("the call is over", async || only(&fake).is_over).await;
    drop(stdin);
}
