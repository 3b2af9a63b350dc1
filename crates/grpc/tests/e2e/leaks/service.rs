//! Through the methods of the server.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use byline_persistence::testing::{count, execute};
use tonic::Code;

use super::callers::{have_odd_headers, prove_nothing};
use super::fill::{About, mark, well_made};
use super::marks::{ASKED, NAME, PASSWORD, STORED};
use super::messages::Place;
use super::stage::{Call, Headers, Stage, bearer};

/// On the lowest level, which logs what each other one does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_told_or_logged_whatever_goes_wrong() {
    everything_goes_wrong(&["--log", "trace"]).await;
}

async fn everything_goes_wrong(options: &[&str]) {
    let options = [
        options,
        &[
            "--transfer-timeout",
            "1s",
            // Of which one caller has half, and makes one of each kind at once.
            "--max-transfers",
            "8",
            "--acquire-timeout-ms",
            "5000",
            "--failures-per-minute",
            "1000000",
        ],
    ]
    .concat();
    // Clients that set a deadline would keep it themselves. Where passwords are hashed on a busy
    // machine, all of it would be over before the database is asked.
    let soon = ["--default-deadline-ms", "700"];
    let mut stage = Stage::new(&[&options[..], &soon].concat()).await;
    let admin = vec![bearer(&stage.callers.admin)];
    take_too_long(&stage, &admin).await;
    stage.look_at_log().await;
    stage.go_on_with(&options).await;
    are_well_made(&stage, &admin).await;
    have_a_wrong_field(&stage, &admin).await;
    are_no_messages(&stage, &admin).await;
    prove_nothing(&stage).await;
    have_odd_headers(&stage, &admin).await;
    are_given_up(&stage, &admin).await;
    meet_what_the_owner_did(&stage, &admin).await;
    lose_the_database(&stage, &admin).await;
    stage.look_at_log().await;
    stage.all_have_met(&[
        Code::InvalidArgument,
        Code::Unauthenticated,
        Code::PermissionDenied,
        Code::Internal,
        Code::DeadlineExceeded,
        Code::Unavailable,
    ]);
    stage.some_have_met(&[
        Code::Ok,
        Code::NotFound,
        Code::AlreadyExists,
        Code::FailedPrecondition,
        Code::Aborted,
        Code::ResourceExhausted,
        Code::Unimplemented,
    ]);
}

/// What is well made: done, not found, there already, not in that state, throttled.
async fn are_well_made(stage: &Stage, admin: &Headers) {
    for about in [About::Nothing, About::Living, About::Trash] {
        stage.set().await;
        stage.make(stage.calls(&well_made(about), admin)).await;
    }
    stage.set().await;
    let fill = well_made(About::Nothing);
    let taken = |place: &Place, is_own| match (&*place.message, &*place.field) {
        ("User", "email") => Some(format!("{STORED}@Example.com").into_bytes()),
        _ => fill(place, is_own),
    };
    stage.make(stage.calls(&taken, admin)).await;
    let fill = well_made(About::Living);
    let overtaken = |place: &Place, is_own| match &*place.field {
        "etag" => Some(ASKED.into()),
        _ => fill(place, is_own),
    };
    stage.make(stage.calls(&overtaken, admin)).await;
    // One after the other, until the account and then the caller have to wait.
    let fill = well_made(About::Living);
    let guesser = vec![bearer(&stage.callers.guesser)];
    for _ in 0..8 {
        let all = stage.contract.methods.iter();
        let method = all.clone().find(|it| it.name.ends_with("/VerifyPassword"));
        stage
            .make_at_once(stage.calls_of(method.unwrap(), &fill, &guesser), 1)
            .await;
    }
}

/// Each field in turn: of another form, with a character that no text has, too long, no text.
async fn have_a_wrong_field(stage: &Stage, admin: &Headers) {
    stage.set().await;
    let wrongs: [fn(&str) -> Vec<u8>; 4] = [
        |mark| mark.into(),
        |mark| format!("{mark}\u{7}{mark} = (\"").into_bytes(),
        |mark| mark.repeat(500).into_bytes(),
        |mark| [mark.as_bytes(), b"\xff"].concat(),
    ];
    let fill = well_made(About::Living);
    let mut calls = Vec::new();
    for method in &stage.contract.methods {
        for wrong in stage.contract.places(method) {
            for text in wrongs {
                let filled = |place: &Place, is_own| {
                    if *place == wrong {
                        Some(text(mark(place)))
                    } else {
                        fill(place, is_own)
                    }
                };
                calls.extend(stage.calls_of(method, &filled, admin));
            }
        }
    }
    stage.make(calls).await;
}

/// Bytes that are no message, half a message, and one that is too large.
async fn are_no_messages(stage: &Stage, admin: &Headers) {
    let fill = well_made(About::Living);
    let mut calls = Vec::new();
    for mut call in stage.calls(&fill, admin) {
        let half = call.body.len() / 2;
        let no_message = [&[0xff; 9], PASSWORD.as_bytes(), NAME.as_bytes()].concat();
        for body in [no_message, call.body[..half].to_vec()] {
            calls.push(Call {
                body,
                path: call.path.clone(),
                headers: admin.clone(),
            });
        }
        if ["CreateUser", "SetPassword", "ImportPosts"]
            .iter()
            .any(|name| call.path.ends_with(&format!("/{name}")))
        {
            call.body.extend(PASSWORD.repeat(300_000).into_bytes());
            calls.push(call);
        }
    }
    stage.make(calls).await;
}

/// The deadline passes while a statement waits.
async fn take_too_long(stage: &Stage, admin: &Headers) {
    stage.set().await;
    let mut other = stage.behind().await;
    execute(&mut other, LOCK).await;
    let calls = stage.calls(&well_made(About::Living), admin);
    stage.make_at_once(calls, 64).await;
    execute(&mut other, "rollback").await;
}

/// Holds up every statement.
const LOCK: &str = "begin; lock table users, posts, credentials, request_records, throttles, \
    audit_events, audit_batches in access exclusive mode";

/// Those who call go away.
async fn are_given_up(stage: &Stage, admin: &Headers) {
    let mut other = stage.behind().await;
    execute(&mut other, LOCK).await;
    let calls = stage.calls(&well_made(About::Living), admin);
    let given_up = tokio::time::timeout(Duration::from_millis(500), stage.make_at_once(calls, 64));
    given_up.await.unwrap_err();
    execute(&mut other, "rollback").await;
}

/// Constraints, triggers and columns that the program does not expect, and rows that it cannot
/// read: PostgreSQL and sqlx tell of all of them with the values of the row.
async fn meet_what_the_owner_did(stage: &Stage, admin: &Headers) {
    // By turns what a trigger can put values into: what it says, codes that PostgreSQL has too, names
    // of constraints and, by statements that it makes, of relations and columns.
    const TRIGGERS: &str = r"
        create sequence told; grant usage on sequence told to public;
        create function tell() returns trigger language plpgsql as $$
        declare
            row text := coalesce(new, old)::text;
            name text := substr(row, 39, 60);
            plain text := regexp_replace(name, '\W', '_', 'g');
        begin
            raise notice 'notice: %', row;
            raise warning 'warning: %', row;
            case nextval('told') % 8
                when 0 then raise 'refused: %', row using detail = row, hint = row;
                when 1 then raise 'refused: %', row using errcode = 'check_violation', detail = row;
                when 2 then raise 'refused: %', row using errcode = 'insufficient_privilege';
                when 3 then raise 'refused' using errcode = '23505', constraint = 'dup ' || row;
                when 4 then raise 'refused' using errcode = '23514', constraint = plain,
                    column = plain, table = plain, schema = plain, datatype = plain;
                when 5 then execute format('select from %I', name);
                when 6 then execute format('select %I', name);
                else execute format('select %L::uuid', name);
            end case;
            return new;
        end $$;
        create trigger tell before insert or update or delete on users for each row execute function tell();
        create trigger tell before insert or update or delete on posts for each row execute function tell();
        create trigger tell before insert or update or delete on credentials for each row execute function tell();";
    const NO_TRIGGERS: &str = "drop function tell cascade; drop sequence told";
    const CONSTRAINTS: &str = "
        alter table users add constraint shy check (name not like '%zkqv%') not valid;
        alter table posts add constraint shy check (title not like '%zkqv%') not valid;
        create unique index shy on credentials (is_imported);";
    const NO_CONSTRAINTS: &str = "
        alter table users drop constraint shy; alter table posts drop constraint shy; drop index shy";
    const COLUMNS: &str = "
        alter table users rename column name to called; alter table posts rename column published_at to at;
        alter table credentials rename column hash to hashed; alter table throttles rename to slowed";
    const NO_COLUMNS: &str = "
        alter table users rename column called to name; alter table posts rename column at to published_at;
        alter table credentials rename column hashed to hash; alter table slowed rename to throttles";
    const ODD_ROWS: &str = r"
        update users set role = E'two\n' || coalesce(name, email); update posts set title = E'two\n' || content";
    for (begin, end) in [
        (TRIGGERS, NO_TRIGGERS),
        (CONSTRAINTS, NO_CONSTRAINTS),
        (COLUMNS, NO_COLUMNS),
        (ODD_ROWS, "select 1"),
    ] {
        stage.set().await;
        stage.has_done(begin).await;
        for about in [About::Living, About::Nothing] {
            stage.make(stage.calls(&well_made(about), admin)).await;
        }
        stage.has_done(end).await;
    }
}

/// Connections are broken off half way, and then there are none.
async fn lose_the_database(stage: &Stage, admin: &Headers) {
    const END: &str = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
        where datname = current_database() and pid <> pg_backend_pid() \
        and wait_event_type = 'Lock'";
    stage.set().await;
    let mut other = stage.behind().await;
    execute(&mut other, LOCK).await;
    let calls = stage.make_at_once(stage.calls(&well_made(About::Living), admin), 16);
    let ending = async {
        loop {
            count(&mut other, END).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = calls => {}
        () = ending => {}
    }
    execute(&mut other, "rollback").await;
    let closed =
        "do $$ begin execute format('revoke connect on database %I from public, test_service',
        current_database()); end $$;
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()";
    execute(&mut other, closed).await;
    stage
        .make_at_once(stage.calls(&well_made(About::Living), admin), 32)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_told_or_logged_where_there_is_no_room() {
    let stage = Stage::new(&[
        "--max-calls",
        "1",
        "--max-transfers",
        "1",
        "--pool-size",
        "3",
        "--failures-per-minute",
        "1",
    ])
    .await;
    stage.set().await;
    let admin = vec![bearer(&stage.callers.admin)];
    let mut other = stage.behind().await;
    // A transaction sees at all times who was waiting when it looked first.
    let mut watcher = stage.behind().await;
    execute(&mut other, LOCK).await;
    let fill = well_made(About::Living);
    let all = stage.contract.methods.iter();
    let holding = all.filter(|it| {
        ["/ListUsers", "/ExportUsers"]
            .iter()
            .any(|end| it.name.ends_with(end))
    });
    let holding: Vec<_> = holding.collect();
    let are_held = AtomicBool::new(false);
    // They wait for a lock as long as the server lets them: again, if not at the same time.
    let held = async {
        while !are_held.load(Ordering::Relaxed) {
            let calls = holding
                .iter()
                .flat_map(|it| stage.calls_of(it, &fill, &admin));
            stage.make(calls.collect()).await;
        }
    };
    let rest = async {
        const WAITING: &str = "select count(*) from pg_stat_activity \
            where datname = current_database() and wait_event_type = 'Lock'";
        while count(&mut watcher, WAITING).await < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        are_held.store(true, Ordering::Relaxed);
        stage.make(stage.calls(&fill, &admin)).await;
        execute(&mut other, "rollback").await;
    };
    tokio::join!(held, rest);
    stage.all_have_met(&[Code::ResourceExhausted]);
    let methods = stage.contract.methods.iter();
    let verify = methods
        .clone()
        .find(|it| it.name.ends_with("/VerifyPassword"))
        .unwrap();
    let guesser = vec![bearer(&stage.callers.guesser)];
    stage
        .make_at_once(stage.calls_of(verify, &fill, &guesser), 1)
        .await;
    for method in methods {
        stage
            .make_at_once(stage.calls_of(method, &fill, &guesser), 1)
            .await;
    }
    stage.look_at_log().await;
}
