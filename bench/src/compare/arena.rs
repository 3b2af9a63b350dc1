//! All contenders over one database, ready to be measured.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use byline_grpc::pb;
use byline_grpc::pb::user_service_client::UserServiceClient;

use super::contender::{Contender, Programs, Server};
use super::parity;
use super::pgbench::Pgbench;
use super::window::{Meter, Window};
use crate::Failure;
use crate::call::Clients;
use crate::load::Load;
use crate::load::pool::Pool;
use crate::load::requests::{Requests, Sender};
use crate::load::transfers::Transfers;
use crate::load::workload::Workload;
use crate::site::Site;
use crate::wire::Answers;

/// Before what is counted: connections, plans and caches are warm then.
const WARM_UP: Duration = Duration::from_millis(500);

/// How much is asked for at once, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) connections: usize,
    /// Calls in flight on each of them.
    pub(crate) in_flight: usize,
    /// Calls in a second, of an open loop.
    pub(crate) rate: Option<f64>,
    pub(crate) length: Duration,
}

impl Shape {
    pub(crate) const fn callers(self) -> usize {
        self.connections * self.in_flight
    }

    /// For that workload.
    pub(crate) fn of(self, workload: Workload) -> Self {
        let most = workload.most_in_flight(self.connections);
        Self {
            in_flight: self.in_flight.min(most),
            ..self
        }
    }
}

/// The contenders, and what they are asked for.
pub(crate) struct Arena {
    // Before the database that they are over.
    servers: Vec<Server>,
    pub(crate) site: Site,
    /// From the start of Byline's process to its first answer, in seconds.
    pub(crate) first_answer: f64,
    pgbench: Option<Pgbench>,
    requests: Requests,
    /// The windows so far.
    windows: u64,
}

impl Arena {
    /// Starts all of them, makes the requests of the workloads, and compares the answers to them.
    pub(crate) async fn open(
        site: Site,
        programs: &Programs,
        contenders: &[Contender],
        workloads: &[Workload],
    ) -> Result<Self, Failure> {
        let (byline, first_answer) = start_byline(programs).await?;
        eprintln!("making requests");
        // That one is always wanted for how much memory a crowd takes.
        let one_more = [Workload::GetUser].into_iter();
        let one_more = one_more.filter(|it| !workloads.contains(it));
        let all = workloads.iter().copied().chain(one_more);
        let mut arena = Self {
            first_answer,
            pgbench: None,
            requests: Requests::make(&site.world, byline.connect().await?, all).await?,
            windows: 0,
            servers: Vec::new(),
            site,
        };
        let answers = arena.record(&byline).await?;
        answers.write(&programs.answers)?;
        // What was written to be recorded.
        arena.site.tidy().await?;
        arena.servers.push(byline);
        for contender in contenders {
            if *contender == Contender::Pgbench {
                let folder = programs.answers.with_extension("pgbench");
                arena.pgbench = Some(Pgbench::new(folder)?);
            } else if *contender != Contender::Byline {
                let server = programs.start(*contender).await?;
                if contender.is_server() {
                    arena.compare(&server).await?;
                }
                arena.servers.push(server);
            }
        }
        Ok(arena)
    }

    /// What Byline answers to one request of each kind.
    async fn record(&self, byline: &Server) -> Result<Answers, Failure> {
        let mut clients = Clients::new(byline.connect().await?);
        let mut answers = Answers::default();
        for (workload, pool) in self.requests.iter() {
            // A mixture begins with the one and ends with the other.
            let ends = if workload == Workload::Mixed {
                0..10
            } else {
                0..1
            };
            for number in ends {
                let call = pool.usual(number);
                let answer = clients.send(call.clone()).await?;
                answers.add(&call, &answer);
            }
        }
        Ok(answers)
    }

    /// Compares the answers of a server to Byline's.
    async fn compare(&self, server: &Server) -> Result<(), Failure> {
        let mut clients = Clients::new(self.byline()?.connect().await?);
        let reads = self.requests.iter();
        let reads = reads.filter(|(workload, _)| !workload.writes());
        for (workload, pool) in reads {
            let answer = clients.send(pool.usual(0)).await?;
            let call = self.pool(server.contender, workload)?.usual(0);
            parity::check(workload, &answer, server, call).await?;
        }
        Ok(())
    }

    fn byline(&self) -> Result<&Server, Failure> {
        self.server(Contender::Byline)
    }

    fn server(&self, contender: Contender) -> Result<&Server, Failure> {
        let found = self.servers.iter().find(|it| it.contender == contender);
        Ok(found.ok_or_else(|| format!("{} was not started", contender.says()))?)
    }

    /// The requests that a contender is sent.
    fn pool(&self, contender: Contender, workload: Workload) -> Result<&Arc<Pool>, Failure> {
        if contender == Contender::Byline {
            self.requests.of(workload)
        } else {
            self.requests.for_others(workload)
        }
    }

    /// Measures a workload on a contender.
    pub(crate) async fn measure(
        &mut self,
        contender: Contender,
        workload: Workload,
        shape: Shape,
    ) -> Result<Window, Failure> {
        let shape = shape.of(workload);
        self.windows += 1;
        if workload.writes() {
            self.site.checkpoint().await?;
        }
        if contender == Contender::Pgbench {
            let pgbench = self.pgbench.as_ref().ok_or("pgbench was not asked for")?;
            let callers = shape.callers();
            return pgbench
                .run(workload, &self.site, callers, shape.length)
                .await;
        }
        let server = self.server(contender)?;
        let measured = if workload.streams() {
            self.transfer(server, workload, shape).await
        } else {
            self.load(server, workload, shape).await
        };
        let about = |failure| format!("{}, {}: {failure}", contender.says(), workload.says());
        let window = measured.map_err(about)?;
        if workload == Workload::Import {
            // A few of them have more rows than there were.
            self.site.tidy().await?;
        }
        Ok(window)
    }

    async fn load(
        &self,
        server: &Server,
        workload: Workload,
        shape: Shape,
    ) -> Result<Window, Failure> {
        let pool = self.pool(server.contender, workload)?;
        let mut callers = Vec::new();
        for _ in 0..shape.connections {
            let clients = Clients::new(server.connect().await?);
            callers.extend((0..shape.in_flight).map(|_| Sender {
                clients: clients.clone(),
                pool: pool.clone(),
                window: self.windows,
                is_canned: server.contender == Contender::Wire,
            }));
        }
        let mut load = Load::start(callers, shape.rate);
        load.run_for(WARM_UP).await?;
        let meter = Meter::start(Some(server.processes), self.site.postgres)?;
        let counted = load.measure(shape.length).await?;
        Ok(Window::of(counted, &meter.stop()))
    }

    async fn transfer(
        &self,
        server: &Server,
        workload: Workload,
        shape: Shape,
    ) -> Result<Window, Failure> {
        let mut transfers = Transfers::new(
            server.connect().await?,
            &self.site.world,
            self.requests.living,
        );
        let meter = Meter::start(Some(server.processes), self.site.postgres)?;
        let counted = transfers.run(workload, shape.length).await?;
        Ok(Window::of(counted, &meter.stop()))
    }

    /// Ends all of them, and the database after them.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        for server in self.servers {
            server.stop().await?;
        }
        self.site.stop().await
    }
}

/// Where the answers of the wire are kept.
pub(crate) fn answers_in(folder: &Path) -> std::path::PathBuf {
    folder.join("answers")
}

/// Starts Byline, and takes the time until it has answered a call.
async fn start_byline(programs: &Programs) -> Result<(Server, f64), Failure> {
    let began = Instant::now();
    let server = programs.start(Contender::Byline).await?;
    let request = pb::ListUsersRequest {
        page_size: 1,
        ..Default::default()
    };
    UserServiceClient::new(server.connect().await?)
        .list_users(request)
        .await?;
    Ok((server, began.elapsed().as_secs_f64()))
}
