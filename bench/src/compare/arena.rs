//! All contenders over one database, ready to be measured.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::contender::{Contender, Programs, Server};
use super::load::{Caller, Load};
use super::parity;
use super::pgbench::Pgbench;
use super::pool::{Pool, Source};
use super::site::Site;
use super::transfers::Transfers;
use super::window::{Meter, Window};
use super::workload::Workload;
use crate::Failure;
use crate::call::Clients;
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
}

/// The contenders, and what they are asked for.
pub(crate) struct Arena {
    // Before the database that they are over.
    servers: Vec<Server>,
    pub(crate) site: Site,
    /// From the start of Byline's process to its first answer, in seconds.
    pub(crate) first_answer: f64,
    pgbench: Option<Pgbench>,
    pools: BTreeMap<Workload, Arc<Pool>>,
    /// The deep pages by offset, for all but Byline.
    by_offset: Option<Arc<Pool>>,
    /// How many users an export has.
    living: u64,
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
        let (byline, first_answer) = site.start_byline(programs).await?;
        let mut arena = Self {
            first_answer,
            pgbench: None,
            pools: BTreeMap::new(),
            by_offset: None,
            living: 0,
            windows: 0,
            servers: Vec::new(),
            site,
        };
        arena.prepare(&byline, workloads).await?;
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

    /// Makes the requests of the workloads.
    async fn prepare(&mut self, byline: &Server, workloads: &[Workload]) -> Result<(), Failure> {
        eprintln!("making requests");
        let channel = byline.connect().await?;
        let mut source = Source {
            world: &self.site.world,
            clients: Clients::new(channel.clone()),
        };
        // That one is always wanted for what is measured of Byline alone.
        let one_more = [Workload::GetUser].into_iter();
        let one_more = one_more.filter(|it| !workloads.contains(it));
        for workload in workloads.iter().copied().chain(one_more) {
            if workload == Workload::Export {
                self.living = Transfers::count(channel.clone()).await?;
            }
            if workload.streams() {
                continue;
            }
            let pool = if workload == Workload::ListUsersDeep {
                let deep = source.deep().await?;
                self.by_offset = Some(Arc::new(deep.by_offset));
                deep.by_token
            } else {
                source.pool(workload).await?
            };
            self.pools.insert(workload, Arc::new(pool));
        }
        Ok(())
    }

    /// What Byline answers to one request of each kind.
    async fn record(&self, byline: &Server) -> Result<Answers, Failure> {
        let mut clients = Clients::new(byline.connect().await?);
        let mut answers = Answers::default();
        for (workload, pool) in &self.pools {
            // A mixture begins with the one and ends with the other.
            let ends = if *workload == Workload::Mixed {
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
        let reads = self.pools.iter().filter(|(workload, _)| !workload.writes());
        for (workload, pool) in reads {
            let answer = clients.send(pool.usual(0)).await?;
            let call = self.pool(server.contender, *workload, pool).usual(0);
            parity::check(*workload, &answer, server, call).await?;
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
    fn pool<'a>(
        &'a self,
        contender: Contender,
        workload: Workload,
        pool: &'a Arc<Pool>,
    ) -> &'a Arc<Pool> {
        match &self.by_offset {
            Some(by_offset)
                if workload == Workload::ListUsersDeep && contender != Contender::Byline =>
            {
                by_offset
            }
            Some(_) | None => pool,
        }
    }

    /// Measures a workload on a contender.
    pub(crate) async fn measure(
        &mut self,
        contender: Contender,
        workload: Workload,
        shape: Shape,
    ) -> Result<Window, Failure> {
        let most = workload.most_in_flight(shape.connections);
        let shape = Shape {
            in_flight: shape.in_flight.min(most),
            ..shape
        };
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
        let pool = self.pools.get(&workload).ok_or("no requests were made")?;
        let pool = self.pool(server.contender, workload, pool);
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
        let mut transfers = Transfers::new(server.connect().await?, &self.site.world, self.living);
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

/// Sends the requests of a pool.
struct Sender {
    clients: Clients,
    pool: Arc<Pool>,
    window: u64,
    /// Whether all requests have the same answer.
    is_canned: bool,
}

impl Caller for Sender {
    async fn call(&mut self, number: u64) -> Result<u64, Failure> {
        let (call, expected) = self.pool.nth(self.window, number);
        let method = call.method();
        let answer = self.clients.send(call).await;
        let answer = answer.map_err(|status| format!("{method}: {status}"))?;
        let resources = answer.resources();
        if resources != expected && !self.is_canned {
            return Err(format!("{method}: {resources} resources, and {expected} expected").into());
        }
        Ok(resources)
    }
}
