//! What the contract documents of every mutation, and whether the moves reach it all.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::model::calls::Call;
use crate::model::letters::Letters;
use crate::model::outcome::{Expected, Learnt};
use crate::model::plan::moves;
use crate::model::player::{Answer, Asked, Player};
use crate::model::refusal::Refusal;
use crate::model::report::Report;

/// What else each single change can fail with than all of them do.
const FAILURES: &[(&str, &[&str])] = &[
    (
        "CreateUser",
        &["USER_ALREADY_EXISTS id", "USER_ALREADY_EXISTS email"],
    ),
    (
        "UpdateUser",
        &[
            "USER_NOT_FOUND",
            "ETAG_MISMATCH",
            "USER_ALREADY_EXISTS email",
        ],
    ),
    (
        "DeleteUser",
        &["USER_NOT_FOUND", "ETAG_MISMATCH", "USER_HAS_POSTS"],
    ),
    (
        "UndeleteUser",
        &[
            "USER_NOT_FOUND",
            "ETAG_MISMATCH",
            "USER_NOT_DELETED",
            "USER_ALREADY_EXISTS email",
        ],
    ),
    (
        "PurgeUser",
        &["USER_NOT_FOUND", "ETAG_MISMATCH", "USER_NOT_IN_TRASH"],
    ),
    (
        "CreatePost",
        &[
            "POST_ALREADY_EXISTS id",
            "USER_NOT_FOUND",
            "AUTHOR_IN_TRASH",
        ],
    ),
    ("UpdatePost", &["POST_NOT_FOUND", "ETAG_MISMATCH"]),
    ("PublishPost", &["POST_NOT_FOUND", "ETAG_MISMATCH"]),
    ("UnpublishPost", &["POST_NOT_FOUND", "ETAG_MISMATCH"]),
    ("DeletePost", &["POST_NOT_FOUND", "ETAG_MISMATCH"]),
    (
        "UndeletePost",
        &[
            "POST_NOT_FOUND",
            "ETAG_MISMATCH",
            "POST_NOT_DELETED",
            "AUTHOR_IN_TRASH",
        ],
    ),
    (
        "PurgePost",
        &["POST_NOT_FOUND", "ETAG_MISMATCH", "POST_NOT_IN_TRASH"],
    ),
    ("TransferPosts", &["USER_NOT_FOUND", "AUTHOR_IN_TRASH"]),
];

/// What every mutation can come to.
const ALL: &[&str] = &[
    "made",
    "tried",
    "recorded",
    "INVALID_FIELDS",
    "REQUEST_ID_REUSED",
];

/// What an import can come to beside that, and what can be wrong with a row of it.
const IMPORTS: &[(&str, &[&str])] = &[
    (
        "ImportUsers",
        &[
            "row: INVALID_FIELDS",
            "row: USER_ALREADY_EXISTS id",
            "row: USER_ALREADY_EXISTS email",
            "row: ROW_REPEATED id",
            "row: ROW_REPEATED email",
            "row: USER_IN_TRASH",
            "row: USER_NOT_IN_TRASH",
        ],
    ),
    (
        "ImportPosts",
        &[
            "row: INVALID_FIELDS",
            "row: POST_ALREADY_EXISTS id",
            "row: ROW_REPEATED id",
            "row: POST_IN_TRASH",
            "row: POST_NOT_IN_TRASH",
            "row: USER_NOT_FOUND",
            "row: AUTHOR_IN_TRASH",
            "row: author_id READ_ONLY",
            "row: published_at MALFORMED",
            "row: published_at OUT_OF_RANGE",
        ],
    ),
];

/// What every import can come to, and what can be wrong with times.
const ALL_IMPORTS: &[&str] = &[
    "not applied",
    "created",
    "updated",
    "unchanged",
    "skipped",
    "problems beyond those told",
    "no message",
    "row: created_at REQUIRED",
    "row: created_at MALFORMED",
    "row: created_at OUT_OF_RANGE",
    "row: updated_at MALFORMED",
    "row: updated_at OUT_OF_RANGE",
    "row: deleted_at MALFORMED",
    "row: deleted_at OUT_OF_RANGE",
    "row: purge_at MALFORMED",
    "row: purge_at OUT_OF_RANGE",
    "settings MALFORMED",
    "settings.on_conflict UNKNOWN",
    "settings.atomicity UNKNOWN",
    "settings.request_id MALFORMED",
];

/// The reasons why a field of a change is wrong.
const VIOLATIONS: &[&str] = &[
    "REQUIRED",
    "TOO_LONG",
    "OUT_OF_RANGE",
    "FORBIDDEN_CHARACTER",
    "MALFORMED",
    "UNKNOWN",
    "READ_ONLY",
];

/// How many cases it takes at most; with the seed of this test, far fewer.
const CASES: usize = 2_000;

/// Everything that is documented.
fn documented() -> BTreeSet<String> {
    let all = Call::NAMES
        .iter()
        .flat_map(|name| ALL.iter().map(move |outcome| format!("{name}: {outcome}")));
    let violations = VIOLATIONS.iter().map(|reason| format!("field: {reason}"));
    let mut documented: BTreeSet<String> = all.chain(violations).collect();
    for (name, failures) in FAILURES {
        let batch = format!("Batch{name}s");
        let is_in_batches = Call::NAMES.contains(&batch.as_str());
        let is_in_transactions = !name.starts_with("Purge");
        for failure in *failures {
            documented.insert(format!("{name}: {failure}"));
            if is_in_batches {
                documented.insert(format!("{batch}: {failure}"));
                documented.insert(format!("{batch} each: {failure}"));
            }
            if is_in_transactions {
                documented.insert(format!("{} in transaction: {failure}", snake(name)));
                documented.insert(format!("{} in group: {failure}", snake(name)));
            }
        }
    }
    for (name, outcomes) in IMPORTS {
        let outcomes = outcomes.iter().chain(ALL_IMPORTS);
        documented.extend(outcomes.map(|outcome| format!("{name}: {outcome}")));
    }
    documented
}

fn snake(name: &str) -> String {
    let noun = name.rfind(char::is_uppercase).unwrap();
    let (verb, noun) = name.split_at(noun);
    format!("{verb}_{noun}").to_lowercase()
}

fn reason(refusal: &Refusal) -> String {
    match refusal.metadata.get("field") {
        Some(field) => format!("{} {field}", refusal.reason),
        None => refusal.reason.clone(),
    }
}

/// What came of something in a batch or a transaction.
fn note_parts(name: &str, expected: &Expected, reached: &mut BTreeSet<String>) {
    match expected {
        Expected::Many(parts) => parts
            .iter()
            .for_each(|part| note_parts(name, part, reached)),
        Expected::Refused(refusal) => {
            let reason = reason(refusal);
            reached.insert(match operation(refusal) {
                Some(operation) => format!("{operation} in group: {reason}"),
                None => format!("{name} each: {reason}"),
            });
        }
        Expected::Imported(report) => note_rows(name, report, reached),
        Expected::User(_)
        | Expected::Post(_)
        | Expected::Head(_)
        | Expected::Nothing
        | Expected::Transferred(_) => {}
    }
}

/// What became of the rows of an import.
fn note_rows(name: &str, report: &Report, reached: &mut BTreeSet<String>) {
    for (fate, count) in report.counts() {
        if report.applied && count > 0 {
            reached.insert(format!("{name}: {fate}"));
        }
    }
    for (_, refusal) in &report.problems {
        reached.insert(format!("{name}: row: {}", reason(refusal)));
        let fields = refusal.fields.iter();
        reached.extend(fields.map(|(field, reason)| format!("{name}: row: {field} {reason}")));
    }
    if usize::try_from(report.problem_count).unwrap() > report.problems.len() {
        reached.insert(format!("{name}: problems beyond those told"));
    }
}

/// The operation of a transaction that a refusal names.
fn operation(refusal: &Refusal) -> Option<&str> {
    let item = refusal.metadata.get("item")?;
    item.split_once('.').map(|(_, operation)| operation)
}

fn note(asked: &Asked, answer: &Answer, reached: &mut BTreeSet<String>) {
    let name = asked.call.name();
    if asked.call.encode(&asked.request_id, asked.trial).is_empty() {
        reached.insert(format!("{name}: no message"));
    }
    match answer {
        Answer::Recorded(_) => {
            reached.insert(format!("{name}: recorded"));
        }
        Answer::Made(Expected::Refused(refusal), _) => {
            reached.insert(format!("{name}: {}", reason(refusal)));
            let fields = refusal.fields.iter();
            for (field, reason) in fields {
                reached.insert(format!("field: {reason}"));
                if field.starts_with("settings") {
                    reached.insert(format!("{name}: {field} {reason}"));
                }
            }
            if let Some(operation) = operation(refusal) {
                reached.insert(format!("{operation} in transaction: {}", reason(refusal)));
            }
        }
        Answer::Made(expected, kept) => {
            let outcome = match kept {
                Some(_) => "made",
                None if asked.trial => "tried",
                None => "not applied",
            };
            reached.insert(format!("{name}: {outcome}"));
            note_parts(name, expected, reached);
        }
    }
}

/// Plays a case with the model alone.
fn play(player: &mut Player, asked: &Asked, reached: &mut BTreeSet<String>) {
    let answer = player.expect(asked);
    note(asked, &answer, reached);
    if let Answer::Made(_, Some(kept)) = answer {
        let learnt = Learnt::made_up(&kept);
        player.keep(asked, kept, &learnt, Vec::new()).unwrap();
    }
}

#[test]
fn the_moves_reach_every_documented_outcome_of_every_mutation() {
    let letters = Arc::new(Letters::without_database());
    let mut runner = TestRunner::deterministic();
    let mut reached = BTreeSet::new();
    let documented = documented();
    let moves = moves();
    for case in 0..CASES {
        let moves = moves.new_tree(&mut runner).unwrap().current();
        let mut player = Player::new(letters.clone());
        for next in &moves {
            let asked = player.request(next);
            play(&mut player, &asked, &mut reached);
        }
        if documented.is_subset(&reached) {
            println!("all within {} cases", case + 1);
            return;
        }
    }
    let missing: Vec<_> = documented.difference(&reached).collect();
    panic!("never reached: {missing:#?}");
}
