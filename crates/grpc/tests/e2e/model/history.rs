//! Many clients who read and change one user at once, and some of whom leave before they
//! are answered: what they saw happened in some order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use byline_grpc::pb;
use byline_grpc::pb::user_service_client::UserServiceClient;
use tokio::task::JoinSet;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::model::linearizable::{Call, Deed, is_linearizable};
use crate::support::{Server, World, get_by_id};

const CLIENTS: u64 = 6;
const CALLS: u64 = 40;
const ROUNDS: u64 = 4;

/// What a client asked, and what it knows of the answer. Values are what users are called.
#[derive(Clone, Debug)]
enum Saw {
    Read(pb::User),
    Wrote {
        over: Option<pb::User>,
        name: String,
        now: pb::User,
    },
    Refused {
        over: pb::User,
    },
    Unknown {
        over: Option<pb::User>,
        name: String,
    },
}

#[derive(Debug)]
struct Seen {
    began: u64,
    ended: u64,
    saw: Saw,
}

/// The same numbers every time (a linear congruential generator).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A busy machine is not a slow service.
fn patient<T>(request: T) -> Request<T> {
    let mut request = Request::new(request);
    request.set_timeout(Duration::from_secs(20));
    request
}

struct Client {
    users: UserServiceClient<Channel>,
    id: String,
    clock: Arc<AtomicU64>,
    number: u64,
    dice: Dice,
}

impl Client {
    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    async fn read(&mut self) -> pb::User {
        let request = patient(get_by_id(&self.id));
        let found = self.users.get_user(request).await.unwrap();
        found.into_inner().user.unwrap()
    }

    /// Gives the user that name, over the state that was read or over any.
    async fn write(&mut self, over: Option<pb::User>, name: String) -> Saw {
        let request = pb::UpdateUserRequest {
            user: Some(pb::User {
                id: self.id.clone(),
                name: Some(name.clone()),
                etag: over.clone().unwrap_or_default().etag,
                ..pb::User::default()
            }),
            ..pb::UpdateUserRequest::default()
        };
        let mut users = self.users.clone();
        let leaves = self.leaves();
        let answer = tokio::select! {
            answer = users.update_user(patient(request)) => Some(answer),
            () = leaves => None,
        };
        match (answer, over) {
            (None, over) => Saw::Unknown { over, name },
            (Some(Ok(answer)), over) => {
                let now = answer.into_inner().user.unwrap();
                Saw::Wrote { over, name, now }
            }
            (Some(Err(status)), Some(over)) => {
                assert!(is_etag_mismatch(&status), "{status:?}");
                Saw::Refused { over }
            }
            (Some(Err(status)), None) => panic!("{status:?}"),
        }
    }

    /// Ends when the client has had enough: sometimes at once, sometimes while the change is
    /// made, mostly never.
    fn leaves(&mut self) -> impl Future<Output = ()> + use<> {
        let (kind, turns, pause) = (self.dice.roll(10), self.dice.roll(200), self.dice.roll(8));
        async move {
            match kind {
                0 => {
                    for _ in 0..turns {
                        tokio::task::yield_now().await;
                    }
                }
                1 => tokio::time::sleep(Duration::from_millis(pause)).await,
                _ => std::future::pending().await,
            }
        }
    }

    async fn play(mut self) -> Vec<Seen> {
        let mut seen = Vec::new();
        let mut last = None;
        for call in 0..CALLS {
            let name = format!("{} of {}", call, self.number);
            let kind = self.dice.roll(10);
            let began = self.tick();
            let saw = match (kind, last.take()) {
                (0..2, _) => self.write(None, name).await,
                (2..6, Some(over)) => self.write(Some(over), name).await,
                _ => Saw::Read(self.read().await),
            };
            let ended = self.tick();
            if let Saw::Read(user) | Saw::Wrote { now: user, .. } = &saw {
                last = Some(user.clone());
            }
            seen.push(Seen { began, ended, saw });
        }
        seen
    }
}

fn is_etag_mismatch(status: &Status) -> bool {
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.as_str());
    (status.code(), reason) == (Code::Aborted, Some("ETAG_MISMATCH"))
}

/// The states that were seen: each name was seen with one etag, and each etag with one name.
#[derive(Default)]
struct States {
    numbers: BTreeMap<String, usize>,
    etags: BTreeMap<String, String>,
}

impl States {
    fn number(&mut self, name: &str) -> usize {
        let next = self.numbers.len();
        *self.numbers.entry(name.to_owned()).or_insert(next)
    }

    fn of(&mut self, user: &pb::User) -> usize {
        let name = user.name();
        let known = self.etags.entry(user.etag.clone());
        assert_eq!(known.or_insert_with(|| name.to_owned()), name, "{user:?}");
        self.number(name)
    }

    fn call(&mut self, seen: &Seen) -> Call {
        let (ended, deed) = match &seen.saw {
            Saw::Read(user) => (true, Deed::Read(self.of(user))),
            Saw::Wrote { over, name, now } => {
                assert_eq!(now.name(), name);
                (true, self.write(over.as_ref(), name))
            }
            Saw::Refused { over } => (true, Deed::Refused(self.of(over))),
            Saw::Unknown { over, name } => (false, self.write(over.as_ref(), name)),
        };
        // That an answer shows the state that it made is checked with the other states.
        if let Saw::Wrote { now, .. } = &seen.saw {
            self.of(now);
        }
        Call {
            began: seen.began,
            ended: ended.then_some(seen.ended),
            deed,
        }
    }

    fn write(&mut self, over: Option<&pb::User>, name: &str) -> Deed {
        let written = self.number(name);
        match over {
            Some(over) => Deed::Swap(self.of(over), written),
            None => Deed::Write(written),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_one_user_at_once_are_seen_as_if_one_came_after_the_other() {
    let world = World::new().await;
    let beside = Server::serve(&world.database.service_url(), &[]).await;
    let (mut refused, mut unknown) = (0, 0);
    for round in 0..ROUNDS {
        let named = pb::User {
            name: Some("Ada".to_owned()),
            ..pb::User::default()
        };
        let email = format!("ada{round}@example.com");
        let ada = world.user_like(&email, named).await;
        let clock = Arc::new(AtomicU64::new(0));
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let server = [&world.server, &beside][usize::try_from(number % 2).unwrap()];
            let client = Client {
                users: UserServiceClient::new(server.channel().await),
                id: ada.id.clone(),
                clock: clock.clone(),
                number,
                dice: Dice(round * CLIENTS + number),
            };
            clients.spawn(client.play());
        }
        let mut seen: Vec<_> = clients.join_all().await.into_iter().flatten().collect();
        seen.sort_by_key(|seen| seen.began);
        let mut states = States::default();
        let first = states.of(&ada);
        let calls: Vec<_> = seen.iter().map(|seen| states.call(seen)).collect();
        let named: BTreeSet<_> = states.etags.values().collect();
        assert_eq!(named.len(), states.etags.len(), "two etags of a state");
        assert!(is_linearizable(&calls, first), "{seen:#?}");
        for seen in seen {
            refused += u32::from(matches!(seen.saw, Saw::Refused { .. }));
            unknown += u32::from(matches!(seen.saw, Saw::Unknown { .. }));
        }
    }
    assert!(refused > 0, "they never met");
    assert!(unknown > 0, "nobody left");
}
