//! Connections to the database that are lost at the worst of times.

use std::sync::Arc;
use std::time::Duration;

use byline_grpc::pb;
use byline_persistence::testing::count;
use futures_util::{StreamExt, stream};
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::changes::{Change, Told, contents, create_user, empty, every, kept_as, request_id};
use crate::errors::shown;
use crate::proxy::Cut;
use crate::proxy::Proxy;
use crate::support::{Server, World, eventually, get_by_id, reason};

/// A server that reaches the database over a wire that can be cut, and beside it the
/// world's own, whose wire stays whole.
struct Stage {
    world: World,
    proxy: Proxy,
    channel: Channel,
    _server: Server,
}

/// A connection that takes long to come by on a busy machine is no outage. The proxy tells by its
/// transaction whose change a connection makes: it makes one.
const OPTIONS: &[&str] = &[
    "--group-size",
    "1",
    "--acquire-timeout-ms",
    "30000",
    "--default-deadline-ms",
    "60000",
];

impl Stage {
    async fn new() -> Self {
        let world = World::new().await;
        let proxy = Proxy::before(&world.database).await;
        let server = Server::serve(&proxy.url(), OPTIONS).await;
        Self {
            channel: server.channel().await,
            world,
            proxy,
            _server: server,
        }
    }

    /// Sends a change under that id while its connections are cut so.
    async fn send(&self, change: &Change, id: &str, cuts: &[Cut]) -> Result<Vec<u8>, Status> {
        self.proxy.plan(kept_as(id), cuts);
        change.send(&self.channel, id).await
    }

    /// What of a kind there is of an answer, as a server sees it that lost nothing.
    async fn stored(&self, told: &Told) -> Told {
        match told {
            Told::User(user) => {
                let mut get = get_by_id(&user.id);
                get.show_deleted = true;
                let found = self.world.users.clone().get_user(get).await.unwrap();
                Told::User(found.into_inner().user.unwrap())
            }
            Told::Post(post) => {
                let get = pb::GetPostRequest {
                    id: post.id.clone(),
                    show_deleted: true,
                    ..pb::GetPostRequest::default()
                };
                let found = self.world.posts.clone().get_post(get).await.unwrap();
                Told::Post(found.into_inner().post.unwrap())
            }
            Told::Nothing => Told::Nothing,
        }
    }

    async fn count(&self, sql: &'static str) -> usize {
        let mut connection = self.world.database.connection().await;
        usize::try_from(count(&mut connection, sql).await).unwrap()
    }
}

const USERS: &str = "select count(*) from users";
const POSTS: &str = "select count(*) from posts";
const OPEN: &str = "select count(*) from pg_stat_activity where datname = current_database() \
    and pid <> pg_backend_pid() and xact_start is not null";
const RECORDS: &str = "select count(*) from request_records where response is not null";

/// Every way to lose a COMMIT.
const LOST: &[Cut] = &[
    Cut::BeforeCommit,
    Cut::BeforeCommitUnnoticed,
    Cut::AtCommit,
    Cut::CommitLate,
    Cut::AfterCommit,
    Cut::AfterCommitEverywhere,
];

#[tokio::test]
async fn the_server_finds_out_by_the_id_what_became_of_a_lost_commit() {
    let stage = Stage::new().await;
    for (number, cut) in LOST.iter().enumerate() {
        let id = request_id(number);
        let change = create_user(&format!("user-{number}@example.com"));
        let answer = stage.send(&change, &id, &[*cut]).await;
        let answer = answer.unwrap_or_else(|status| panic!("{cut:?}: {status:?}"));
        let told = change.told(&answer);
        assert_eq!(stage.stored(&told).await, told, "{cut:?}");
        assert_eq!(change.send(&stage.channel, &id).await.unwrap(), answer);
        assert_eq!(stage.count(USERS).await, number + 1, "{cut:?}");
        // Found, or made again, and not both.
        let commits = stage.proxy.commits_of(kept_as(&id));
        assert_eq!(commits, 1, "{cut:?}");
    }
    assert_eq!(stage.proxy.left(), 0);
}

#[tokio::test]
async fn without_an_id_a_lost_commit_is_told_as_unknown() {
    let stage = Stage::new().await;
    for (number, cut) in LOST.iter().enumerate() {
        let before = stage.count(USERS).await;
        let change = create_user(&format!("user-{number}@example.com"));
        stage.proxy.plan(None, &[*cut]);
        let status = change.send(&stage.channel, "").await.unwrap_err();
        insta::assert_snapshot!("outcome_unknown", shown(&status));
        // What is late is there once all have ended.
        eventually("all have ended", async || stage.count(OPEN).await == 0).await;
        let made = stage.count(USERS).await - before;
        assert_eq!(made, usize::from(cut.commits()), "{cut:?}");
    }
    assert_eq!(stage.proxy.left(), 0);
}

#[tokio::test]
async fn what_was_lost_before_its_commit_is_told_to_have_changed_nothing() {
    let stage = Stage::new().await;
    for (number, change) in every(&stage.world, "a").await.iter().enumerate() {
        let before = contents(&stage.world.database).await;
        let id = request_id(number);
        let status = stage.send(change, &id, &[Cut::BeforeRecord; 4]).await;
        let status = status.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(reason(&status), "DATABASE_UNAVAILABLE", "{}", change.path);
        assert_eq!(contents(&stage.world.database).await, before);
        // Once is no outage.
        let answer = stage.send(change, &id, &[Cut::BeforeRecord]).await.unwrap();
        assert_eq!(change.send(&stage.channel, &id).await.unwrap(), answer);
    }
    assert_eq!(stage.proxy.left(), 0);
}

#[tokio::test]
async fn a_restart_of_the_database_at_a_commit_leaves_no_doubt_about_it() {
    let stage = Stage::new().await;
    // As many connections as the pool takes are idle then, all of them lost.
    stream::iter(0..64)
        .map(|number| {
            let change = create_user(&format!("before-{number}@example.com"));
            let channel = stage.channel.clone();
            async move { change.send(&channel, "").await.unwrap() }
        })
        .buffer_unordered(32)
        .collect::<Vec<_>>()
        .await;
    for number in 0..4 {
        let id = request_id(number);
        let change = create_user(&format!("user-{number}@example.com"));
        let cuts = [Cut::AfterCommitEverywhere];
        let answer = stage.send(&change, &id, &cuts).await;
        let answer = answer.unwrap_or_else(|status| panic!("{number}: {status:?}"));
        assert_eq!(change.send(&stage.channel, &id).await.unwrap(), answer);
    }
    assert_eq!(stage.count(USERS).await, 68);
    assert_eq!(stage.proxy.left(), 0);
}

/// What is lost of one call, and what its caller is told then.
struct Plan {
    cuts: &'static [Cut],
    /// The reason of the error; `None` where the server makes up for the losses.
    told: Option<&'static str>,
}

const PLANS: &[Plan] = &[
    made(&[]),
    made(&[Cut::BeforeClaim]),
    made(&[Cut::BeforeRecord]),
    made(&[Cut::BeforeCommit]),
    made(&[Cut::BeforeCommitUnnoticed]),
    made(&[Cut::AtCommit]),
    made(&[Cut::CommitLate]),
    made(&[Cut::AfterCommit]),
    made(&[Cut::BeforeRecord, Cut::BeforeCommit, Cut::AfterCommit]),
    made(&[Cut::BeforeCommit, Cut::BeforeCommitUnnoticed, Cut::AtCommit]),
    made(&[Cut::AfterCommit, Cut::BeforeClaim, Cut::BeforeClaim]),
    // As often as the server tries.
    failed(&[Cut::BeforeRecord; 4], "DATABASE_UNAVAILABLE"),
    failed(&[Cut::BeforeCommit; 4], "OUTCOME_UNKNOWN"),
    failed(
        &[
            Cut::BeforeCommit,
            Cut::BeforeRecord,
            Cut::BeforeRecord,
            Cut::BeforeClaim,
        ],
        "OUTCOME_UNKNOWN",
    ),
    failed(
        &[
            Cut::BeforeRecord,
            Cut::AtCommit,
            Cut::BeforeClaim,
            Cut::BeforeClaim,
        ],
        "OUTCOME_UNKNOWN",
    ),
    failed(
        &[
            Cut::AfterCommit,
            Cut::BeforeClaim,
            Cut::BeforeClaim,
            Cut::BeforeClaim,
        ],
        "OUTCOME_UNKNOWN",
    ),
];

const fn made(cuts: &'static [Cut]) -> Plan {
    Plan { cuts, told: None }
}

const fn failed(cuts: &'static [Cut], told: &'static str) -> Plan {
    Plan {
        cuts,
        told: Some(told),
    }
}

const RUNS: usize = 1_000;
const AT_ONCE: usize = 16;

/// One change by a good client: it sends the same request until it has an answer.
async fn run(stage: &Stage, number: usize, change: &Change, plan: &Plan) {
    let id = request_id(number);
    let request = kept_as(&id);
    let mut answer = stage.send(change, &id, plan.cuts).await;
    let context = format!("run {number}, {}, {:?}", change.path, plan.cuts);
    let told = answer.as_ref().err().map(reason);
    assert_eq!(told.as_deref(), plan.told, "{context}: {answer:?}");
    if let Err(status) = &answer {
        assert_eq!(status.code(), Code::Unavailable, "{context}");
        // The truth: nothing was changed where no COMMIT was seen, and where the outcome
        // is unknown, it is for a COMMIT that was lost.
        let lost = stage.proxy.cuts_of(request);
        let lost = lost.iter().any(|cut| cut.loses_commit());
        assert_eq!(
            lost,
            told.as_deref() == Some("OUTCOME_UNKNOWN"),
            "{context}"
        );
        assert!(lost || stage.proxy.commits_of(request) == 0, "{context}");
    }
    while answer.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
        answer = change.send(&stage.channel, &id).await;
    }
    let first = answer.unwrap();
    let again = change.send(&stage.channel, &id).await.unwrap();
    assert_eq!(again, first, "{context}");
    let told = change.told(&first);
    assert_eq!(stage.stored(&told).await, told, "{context}");
    assert_eq!(stage.proxy.cuts_of(request), plan.cuts, "{context}");
    // An answer without a COMMIT would be worth nothing, and a second one be another change.
    assert_eq!(stage.proxy.commits_of(request), 1, "{context}");
}

#[tokio::test]
async fn of_a_thousand_changes_over_a_wire_that_is_cut_each_is_made_once() {
    let stage = Arc::new(Stage::new().await);
    let methods = empty().len();
    let batches = RUNS.div_ceil(methods);
    let world = &stage.world;
    let changes: Vec<Change> = stream::iter(0..batches)
        .map(async |batch| every(world, &format!("batch-{batch}")).await)
        .buffered(AT_ONCE)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .flatten()
        .take(RUNS)
        .collect();
    let (users, posts) = (stage.count(USERS).await, stage.count(POSTS).await);

    // Each method meets each plan.
    let plan = |number: usize| &PLANS[(number / methods + number) % PLANS.len()];
    stream::iter(changes.iter().enumerate())
        .map(|(number, change)| run(&stage, number, change, plan(number)))
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;

    let of = |method: &str| {
        changes
            .iter()
            .filter(|one| one.path.ends_with(method))
            .count()
    };
    let users = users + of("/CreateUser") + of("/BatchCreateUsers") - of("/PurgeUser");
    let posts = posts + of("/CreatePost") + of("/BatchCreatePosts") - of("/PurgePost");
    assert_eq!(stage.count(USERS).await, users);
    assert_eq!(stage.count(POSTS).await, posts);
    assert_eq!(stage.count(RECORDS).await, RUNS);

    let cuts = stage.proxy.cuts();
    println!("{RUNS} runs: {cuts:?}");
    assert_eq!(stage.proxy.left(), 0);
    let planned = |cut: Cut| {
        let cuts = (0..RUNS).flat_map(|number| plan(number).cuts);
        cuts.filter(|one| **one == cut).count()
    };
    for (cut, made) in cuts {
        assert_eq!(made, planned(cut), "{cut:?}");
        assert!(made >= 50, "{cut:?}: {made}");
    }
}
