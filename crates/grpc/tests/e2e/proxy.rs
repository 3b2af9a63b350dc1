//! A wire to PostgreSQL that is cut where a test says. It reads just enough of the protocol
//! to know where in a transaction a connection is, and whose request the transaction makes:
//! the claim of a request id names that.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use byline_persistence::testing::{SERVICE, TestDatabase};
use prost::bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Where a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cut {
    /// Before the request id is claimed: nothing is done yet.
    BeforeClaim,
    /// Before the answer is recorded: the change is made, and not committed.
    BeforeRecord,
    /// Before COMMIT is sent on.
    BeforeCommit,
    /// As before, but PostgreSQL hears of it a while later: the transaction is still open
    /// when the program looks for what became of it.
    BeforeCommitUnnoticed,
    /// Once COMMIT was sent on. Nobody waits for what becomes of it.
    AtCommit,
    /// The program's side before COMMIT is sent on, which it is a while later: the
    /// transaction is still open when the program looks, and is committed then.
    CommitLate,
    /// Once PostgreSQL has answered COMMIT: the answer is kept back.
    AfterCommit,
    /// As before, and with it every connection that is open, as when PostgreSQL restarts.
    AfterCommitEverywhere,
}

impl Cut {
    const fn place(self) -> Place {
        match self {
            Self::BeforeClaim => Place::Claim,
            Self::BeforeRecord => Place::Record,
            Self::BeforeCommit
            | Self::BeforeCommitUnnoticed
            | Self::AtCommit
            | Self::CommitLate
            | Self::AfterCommit
            | Self::AfterCommitEverywhere => Place::Commit,
        }
    }

    /// Whether COMMIT gets through to PostgreSQL.
    pub(crate) const fn commits(self) -> bool {
        matches!(
            self,
            Self::AtCommit | Self::CommitLate | Self::AfterCommit | Self::AfterCommitEverywhere
        )
    }

    /// Whether the program cannot know what became of its COMMIT.
    pub(crate) const fn loses_commit(self) -> bool {
        matches!(self.place(), Place::Commit)
    }
}

/// What a message of the program begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Claim,
    Record,
    Commit,
}

/// How long what is late is late: longer than the program pauses before it looks.
const LATE: Duration = Duration::from_millis(60);

/// A wire between programs and the database of a test.
pub(crate) struct Proxy {
    address: SocketAddr,
    database: String,
    plans: Arc<Plans>,
    accepting: JoinHandle<()>,
}

/// What is to be cut, and what was.
struct Plans {
    state: Mutex<State>,
    everything: broadcast::Sender<()>,
}

/// Requests without an id share `None`.
#[derive(Default)]
struct State {
    planned: HashMap<Option<Uuid>, VecDeque<Cut>>,
    made: Vec<(Option<Uuid>, Cut)>,
    /// The COMMITs that were sent on.
    commits: HashMap<Option<Uuid>, usize>,
}

impl Proxy {
    pub(crate) async fn before(database: &TestDatabase) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = database.connect_options();
        let folder = server.get_socket().unwrap();
        let socket = folder.join(format!(".s.PGSQL.{}", server.get_port()));
        let plans = Arc::new(Plans {
            state: Mutex::default(),
            everything: broadcast::channel(1).0,
        });
        Self {
            address,
            database: server.get_database().unwrap().to_owned(),
            accepting: tokio::spawn(accept(listener, socket, plans.clone())),
            plans,
        }
    }

    /// The URL of the database through this wire.
    pub(crate) fn url(&self) -> String {
        let (address, database) = (self.address, &self.database);
        format!("postgres://{SERVICE}@{address}/{database}?sslmode=disable")
    }

    /// Cuts the connections of a request one after another, each at the next time when one
    /// is at that place.
    pub(crate) fn plan(&self, request: Option<Uuid>, cuts: &[Cut]) {
        let mut state = self.plans.state();
        let planned = state.planned.entry(request).or_default();
        planned.extend(cuts);
    }

    /// How often it was cut in which place.
    pub(crate) fn cuts(&self) -> BTreeMap<Cut, usize> {
        let mut cuts = BTreeMap::new();
        for (_, cut) in &self.plans.state().made {
            *cuts.entry(*cut).or_default() += 1;
        }
        cuts
    }

    /// Where the connections of a request were cut, in order.
    pub(crate) fn cuts_of(&self, request: Option<Uuid>) -> Vec<Cut> {
        let state = self.plans.state();
        let made = state.made.iter();
        made.filter(|(of, _)| *of == request)
            .map(|(_, cut)| *cut)
            .collect()
    }

    /// How many COMMITs of a request were sent on to PostgreSQL.
    pub(crate) fn commits_of(&self, request: Option<Uuid>) -> usize {
        let state = self.plans.state();
        state.commits.get(&request).copied().unwrap_or_default()
    }

    /// How many of the cuts that were planned were not made.
    pub(crate) fn left(&self) -> usize {
        let state = self.plans.state();
        state.planned.values().map(VecDeque::len).sum()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Plans {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be cut here, which is taken for cut from now on.
    fn take(&self, request: Option<Uuid>, place: Place) -> Option<Cut> {
        let mut state = self.state();
        let planned = state.planned.get_mut(&request)?;
        let cut = planned.pop_front_if(|cut| cut.place() == place)?;
        state.made.push((request, cut));
        Some(cut)
    }

    fn commits(&self, request: Option<Uuid>) {
        *self.state().commits.entry(request).or_default() += 1;
    }
}

async fn accept(listener: TcpListener, socket: PathBuf, plans: Arc<Plans>) {
    while let Ok((program, _)) = listener.accept().await {
        let (socket, plans) = (socket.clone(), plans.clone());
        tokio::spawn(async move {
            // However it ends, both sides are closed, and notice.
            let _ = relay(program, &socket, &plans).await;
        });
    }
}

/// Passes on what both sides say, until one of them ends or the wire is cut.
async fn relay(mut program: TcpStream, socket: &Path, plans: &Plans) -> io::Result<()> {
    program.set_nodelay(true)?;
    let mut postgres = UnixStream::connect(socket).await?;
    let mut everything = plans.everything.subscribe();
    let (mut asked, mut answered) = (BytesMut::new(), BytesMut::new());
    let mut session = Session::default();
    loop {
        tokio::select! {
            read = program.read_buf(&mut asked) => {
                if read? == 0 {
                    return Ok(());
                }
                while let Some(message) = session.next(&mut asked) {
                    let place = session.understand(&message);
                    if let Some(place) = place
                        && let Some(cut) = plans.take(session.request, place)
                    {
                        let request = session.request;
                        return make(cut, request, &message, program, postgres, plans).await;
                    }
                    if place == Some(Place::Commit) {
                        plans.commits(session.request);
                    }
                    postgres.write_all(&message).await?;
                }
            }
            read = postgres.read_buf(&mut answered) => {
                if read? == 0 {
                    return Ok(());
                }
                program.write_all_buf(&mut answered).await?;
            }
            _ = everything.recv() => return Ok(()),
        }
    }
}

/// Cuts the wire, which the return of this ends on both sides.
async fn make(
    cut: Cut,
    request: Option<Uuid>,
    commit: &[u8],
    program: TcpStream,
    mut postgres: UnixStream,
    plans: &Plans,
) -> io::Result<()> {
    if cut.commits() {
        plans.commits(request);
    }
    match cut {
        Cut::BeforeClaim | Cut::BeforeRecord | Cut::BeforeCommit => {}
        Cut::BeforeCommitUnnoticed => {
            drop(program);
            tokio::time::sleep(LATE).await;
        }
        Cut::AtCommit => postgres.write_all(commit).await?,
        Cut::CommitLate => {
            drop(program);
            tokio::time::sleep(LATE).await;
            postgres.write_all(commit).await?;
            answer_to_commit(&mut postgres).await?;
        }
        Cut::AfterCommit => {
            postgres.write_all(commit).await?;
            answer_to_commit(&mut postgres).await?;
        }
        Cut::AfterCommitEverywhere => {
            postgres.write_all(commit).await?;
            answer_to_commit(&mut postgres).await?;
            // So that no other connection outlives this one in the eyes of the program.
            let _ = plans.everything.send(());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(())
}

/// Waits until PostgreSQL says that it has committed.
async fn answer_to_commit(postgres: &mut UnixStream) -> io::Result<()> {
    const COMMAND_COMPLETE: u8 = b'C';
    const READY: u8 = b'Z';
    let mut answered = BytesMut::new();
    loop {
        while let Some(message) = split(&mut answered, 1) {
            match message[0] {
                COMMAND_COMPLETE => assert!(message.ends_with(b"COMMIT\0"), "{message:?}"),
                READY => return Ok(()),
                _ => {}
            }
        }
        if postgres.read_buf(&mut answered).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// What a connection was told so far.
#[derive(Default)]
struct Session {
    has_begun: bool,
    /// The statements that were prepared, by name.
    statements: HashMap<Vec<u8>, Vec<u8>>,
    /// Whose request the transaction makes.
    request: Option<Uuid>,
}

impl Session {
    /// The next message, whole as it came, once all of it is there.
    fn next(&mut self, asked: &mut BytesMut) -> Option<BytesMut> {
        // The first one has no type.
        let message = split(asked, usize::from(self.has_begun))?;
        self.has_begun = true;
        Some(message)
    }

    /// Follows what a message does to the session; the place where it is then.
    fn understand(&mut self, message: &[u8]) -> Option<Place> {
        let mut body = message.get(5..)?;
        match message[0] {
            b'Q' => match text(&mut body) {
                b"begin" => {
                    self.request = None;
                    None
                }
                b"commit" => Some(Place::Commit),
                _ => None,
            },
            // Parse: a name, and what it stands for.
            b'P' => {
                let name = text(&mut body).to_owned();
                self.statements.insert(name, text(&mut body).to_owned());
                None
            }
            // Bind: a portal, the name of a statement, and values for it.
            b'B' => {
                text(&mut body);
                let sql = self.statements.get(text(&mut body))?;
                if is_claim(sql) {
                    self.request = Uuid::from_slice(first_value(body)).ok();
                    Some(Place::Claim)
                } else if sql.starts_with(b"update request_records") {
                    Some(Place::Record)
                } else {
                    None
                }
            }
            _ => None,
        }
    }
}

fn is_claim(sql: &[u8]) -> bool {
    let insert = b"insert into request_records";
    sql.windows(insert.len()).any(|part| part == insert)
}

/// Takes a message out of what was read: a type of `kind` bytes, and a length that counts
/// itself and what follows it.
pub(crate) fn split(read: &mut BytesMut, kind: usize) -> Option<BytesMut> {
    let length = read.get(kind..)?.get(..4)?;
    let whole = kind + usize::try_from(Buf::get_u32(&mut &length[..])).ok()?;
    (read.len() >= whole).then(|| read.split_to(whole))
}

/// Takes a text that ends with a zero.
pub(crate) fn text<'m>(body: &mut &'m [u8]) -> &'m [u8] {
    let end = body.iter().position(|byte| *byte == 0).unwrap_or_default();
    let text = &body[..end];
    *body = &body[end + 1..];
    text
}

/// The first of the values of a Bind: the formats come before them.
fn first_value(mut body: &[u8]) -> &[u8] {
    let formats = usize::from(body.get_u16());
    body.advance(2 * formats);
    let values = body.get_u16();
    assert!(values > 0, "a record is known by its id");
    let length = usize::try_from(body.get_u32()).unwrap();
    &body[..length]
}
