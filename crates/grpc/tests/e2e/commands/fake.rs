//! A server that hears transfers of users, and answers what it was told to answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use byline_grpc::pb::transfer_service_server::{TransferService, TransferServiceServer};
use byline_grpc::pb::{
    ExportPostsRequest, ExportPostsResponse, ExportUsersRequest, ExportUsersResponse,
    ImportPostsRequest, ImportPostsResponse, ImportReport, ImportSettings, ImportUsersRequest,
    ImportUsersResponse, User,
};
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, Streaming};

/// An import as it was heard.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    pub(super) settings: Option<ImportSettings>,
    /// The rows of each message.
    pub(super) messages: Vec<Vec<User>>,
    /// Whether the call is over, however it ended.
    pub(super) is_over: bool,
}

/// What follows the rows of an export.
#[derive(Clone)]
pub(super) enum Then {
    End,
    Fail(Status),
    /// Nothing more comes, and no end.
    Silence,
    /// The same rows again and again.
    Repeat,
}

/// How far an import comes for the time being.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Until {
    /// No row of it is heard.
    Rows,
    /// All are, and it is not answered.
    Answer,
    /// It is answered.
    End,
}

#[derive(Default)]
struct State {
    imports: Vec<Heard>,
    answers: VecDeque<Result<ImportReport, Status>>,
    exports: Vec<ExportUsersRequest>,
    export: Option<(Vec<User>, Then)>,
    /// What exports are refused with, in turn, before one is made.
    refusals: VecDeque<Status>,
}

/// The server. It ends when it is dropped.
pub(super) struct Fake {
    pub(super) url: String,
    state: Arc<Mutex<State>>,
    until: watch::Sender<Until>,
    task: JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    async fn start(state: State) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(state));
        let (until, allowed) = watch::channel(Until::End);
        let service = Service {
            state: state.clone(),
            until: allowed,
        };
        let service = TransferServiceServer::new(service);
        let task = tokio::spawn(async move {
            let router = tonic::transport::Server::builder().add_service(service);
            let incoming = TcpListenerStream::new(listener);
            router.serve_with_incoming(incoming).await.unwrap();
        });
        Self {
            url,
            state,
            until,
            task,
        }
    }

    /// One that gives imports these answers, in turn.
    pub(super) async fn importing(
        answers: impl IntoIterator<Item = Result<ImportReport, Status>>,
    ) -> Self {
        let answers = answers.into_iter().collect();
        Self::start(State {
            answers,
            ..State::default()
        })
        .await
    }

    /// One that has these rows to export.
    pub(super) async fn exporting(rows: Vec<User>, then: Then) -> Self {
        let export = Some((rows, then));
        Self::start(State {
            export,
            ..State::default()
        })
        .await
    }

    /// One that refuses exports with these, in turn, before it makes one.
    pub(super) async fn exporting_after(refusals: [Status; 2], rows: Vec<User>) -> Self {
        let export = Some((rows, Then::End));
        Self::start(State {
            export,
            refusals: refusals.into(),
            ..State::default()
        })
        .await
    }

    /// Has imports come so far, and no further until this is said again.
    pub(super) fn let_imports_come(&self, until: Until) {
        self.until.send_replace(until);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn imports(&self) -> Vec<Heard> {
        self.state().imports.clone()
    }

    pub(super) fn exports(&self) -> Vec<ExportUsersRequest> {
        self.state().exports.clone()
    }
}

struct Service {
    state: Arc<Mutex<State>>,
    until: watch::Receiver<Until>,
}

impl Service {
    async fn wait(&self, until: Until) {
        let mut allowed = self.until.clone();
        let allowed = allowed.wait_for(|allowed| *allowed >= until).await;
        assert!(allowed.is_ok(), "nobody will ever say so");
    }
}

/// An import under way: notes that it is over, also when it is dropped.
struct Hearing {
    state: Arc<Mutex<State>>,
    index: usize,
}

impl Hearing {
    fn begin(state: &Arc<Mutex<State>>) -> Self {
        let mut locked = state.lock().unwrap();
        locked.imports.push(Heard::default());
        let index = locked.imports.len() - 1;
        drop(locked);
        let state = state.clone();
        Self { state, index }
    }

    fn note(&self, note: impl FnOnce(&mut Heard)) {
        note(&mut self.state.lock().unwrap().imports[self.index]);
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        self.note(|heard| heard.is_over = true);
    }
}

#[tonic::async_trait]
impl TransferService for Service {
    async fn import_users(
        &self,
        request: Request<Streaming<ImportUsersRequest>>,
    ) -> Result<Response<ImportUsersResponse>, Status> {
        let hearing = Hearing::begin(&self.state);
        let mut parts = request.into_inner();
        self.wait(Until::Answer).await;
        while let Some(part) = parts.message().await? {
            hearing.note(|heard| {
                if heard.messages.is_empty() {
                    heard.settings = part.settings;
                } else {
                    assert_eq!(part.settings, None, "settings come once");
                }
                heard.messages.push(part.users);
            });
        }
        self.wait(Until::End).await;
        let answer = self.state.lock().unwrap().answers.pop_front();
        let report = Some(answer.unwrap_or_else(|| Err(Status::internal("no answer is left")))?);
        Ok(Response::new(ImportUsersResponse { report }))
    }

    async fn import_posts(
        &self,
        _: Request<Streaming<ImportPostsRequest>>,
    ) -> Result<Response<ImportPostsResponse>, Status> {
        Err(Status::unimplemented("users only"))
    }

    type ExportUsersStream = BoxStream<'static, Result<ExportUsersResponse, Status>>;

    async fn export_users(
        &self,
        request: Request<ExportUsersRequest>,
    ) -> Result<Response<Self::ExportUsersStream>, Status> {
        let mut state = self.state.lock().unwrap();
        state.exports.push(request.into_inner());
        if let Some(status) = state.refusals.pop_front() {
            return Err(status);
        }
        let (users, then) = state.export.clone().expect("there is something to export");
        let rows = Ok(ExportUsersResponse {
            users: users.clone(),
        });
        let all = stream::iter((!users.is_empty()).then_some(rows.clone()));
        Ok(Response::new(match then {
            Then::End => all.boxed(),
            Then::Fail(status) => all.chain(stream::iter([Err(status)])).boxed(),
            Then::Silence => all.chain(stream::pending()).boxed(),
            Then::Repeat => stream::repeat(rows).boxed(),
        }))
    }

    type ExportPostsStream = BoxStream<'static, Result<ExportPostsResponse, Status>>;

    async fn export_posts(
        &self,
        _: Request<ExportPostsRequest>,
    ) -> Result<Response<Self::ExportPostsStream>, Status> {
        Err(Status::unimplemented("users only"))
    }
}
