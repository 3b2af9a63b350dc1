//! A build over a database of its own, and what its calls take.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tonic::transport::{Channel, Endpoint};

use super::Plan;
use super::build::Build;
use super::callgrind::Server;
use super::relay::{Relay, Watched};
use super::rest::rest;
use super::verdict::per_call;
use crate::Failure;
use crate::call::Clients;
use crate::load::Caller;
use crate::load::requests::{Requests, Sender};
use crate::load::transfers::Transfers;
use crate::load::workload::Workload;
use crate::numbers::{float, whole};
use crate::page::grouped;
use crate::program::{self, POOL_SIZE};
use crate::site::Site;
use crate::world::World;

/// How long a call may take: it is a hundred times as long as usual.
const DEADLINE: Duration = Duration::from_mins(10);

/// Seals the page tokens of all servers, which are asked for by others than those that sealed them.
const KEY: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What a build took in a round.
pub(crate) struct Round {
    /// What it does by itself, in instructions a second.
    pub(crate) idle: f64,
    /// In instructions a call.
    pub(crate) calls: BTreeMap<Workload, f64>,
}

/// A build, ready to be measured.
pub(crate) struct Side {
    pub(crate) name: &'static str,
    pub(crate) build: Build,
    pub(crate) site: Site,
    requests: Requests,
    folder: PathBuf,
}

impl Side {
    /// Makes the database, and has the server itself tell what is to be known for the requests.
    pub(crate) async fn prepare(
        name: &'static str,
        build: Build,
        folder: &Path,
        plan: &Plan,
    ) -> Result<Self, Failure> {
        let folder = folder.join(name);
        let world = World::new(plan.users, plan.posts);
        let site = Site::start(folder.clone(), world).await?;
        // A newer program may need more of the schema than the one that made the database.
        let more = options(&["--migrate"]);
        let more: Vec<_> = more.iter().map(String::as_str).collect();
        let url = site.database.url();
        let (mut server, address) = program::serve(&build.program, &url, &more).await?;
        let channel = connect(address.parse()?).await?;
        let workloads = plan.workloads.iter().copied();
        let requests = Requests::make(&site.world, channel, workloads).await?;
        server.kill().await?;
        Ok(Self {
            name,
            build,
            site,
            requests,
            folder: folder.join("callgrind"),
        })
    }

    /// Counts the calls of all workloads, on a server that has done nothing yet.
    pub(crate) async fn count(&self, plan: &Plan, round: u32) -> Result<Round, Failure> {
        let about = |failure| format!("{}: {failure}", self.name);
        let more = options(&[]);
        let more: Vec<_> = more.iter().map(String::as_str).collect();
        let watched = Watched::default();
        let database = self.site.database.connect_options();
        let (_to_database, url) = Relay::to_database(&database, watched.clone()).await?;
        let program = &self.build.program;
        let mut server = Server::start(program, &url, &more, self.folder.clone()).await?;
        watched.watch(server.id);
        let relay = Relay::to_server(server.address, watched).await?;
        let channel = connect(relay.address).await?;
        let counted = self
            .count_on(&mut server, channel, plan, round)
            .await
            .map_err(about);
        server.stop().await?;
        Ok(counted?)
    }

    async fn count_on(
        &self,
        server: &mut Server,
        channel: Channel,
        plan: &Plan,
        round: u32,
    ) -> Result<Round, Failure> {
        // Before it is warm, since callgrind translates the program anew.
        server.begin().await?;
        let mut clients = BTreeMap::new();
        for workload in plan.workloads.iter().copied() {
            let mut client = self.client(channel.clone(), workload, round)?;
            let calls = plan.calls(workload);
            client
                .call_all(server, calls..calls + calls.min(plan.warm_up))
                .await?;
            self.tidy_after(workload).await?;
            clients.insert(workload, client);
        }
        server.forget().await?;
        let began = Instant::now();
        sleep(plan.idle).await;
        let idle = float(server.counted().await?) / began.elapsed().as_secs_f64();
        let mut calls = BTreeMap::new();
        for (workload, mut client) in clients {
            let made = plan.calls(workload);
            server.forget().await?;
            let began = Instant::now();
            client.call_all(server, 0..made).await?;
            let counted = server.counted().await?;
            let each = per_call(counted, idle, began.elapsed(), made);
            self.tidy_after(workload).await?;
            eprintln!(
                "round {} of {}, {}, {}: {} instructions a call",
                round + 1,
                plan.rounds,
                self.name,
                workload.says(),
                grouped(whole(each)),
            );
            calls.insert(workload, each);
        }
        Ok(Round { idle, calls })
    }

    /// What comes next finds what was there at first.
    async fn tidy_after(&self, workload: Workload) -> Result<(), Failure> {
        if workload.writes() {
            self.site.tidy().await?;
        }
        Ok(())
    }

    fn client(&self, channel: Channel, workload: Workload, round: u32) -> Result<Client, Failure> {
        if workload.streams() {
            let (world, living) = (&self.site.world, self.requests.living);
            return Ok(Client::Streams(
                workload,
                Transfers::new(channel, world, living),
            ));
        }
        Ok(Client::Calls(Sender {
            clients: Clients::patient(channel, DEADLINE),
            pool: self.requests.of(workload)?.clone(),
            window: u64::from(round) + 1,
            is_canned: false,
        }))
    }

    pub(crate) async fn stop(self) -> Result<(), Failure> {
        self.site.stop().await
    }
}

/// Makes the calls of a workload.
enum Client {
    Calls(Sender),
    Streams(Workload, Transfers),
}

impl Client {
    /// One after another, so that no two of them ever share a statement.
    async fn call_all(&mut self, server: &Server, numbers: Range<u64>) -> Result<(), Failure> {
        for number in numbers {
            match self {
                Self::Calls(sender) => sender.call(number).await?,
                Self::Streams(workload, transfers) => transfers.once(*workload).await?.1,
            };
        }
        // What it does of the last one once that is answered.
        rest(server.id).await;
        Ok(())
    }
}

/// A connection of its own.
async fn connect(address: SocketAddr) -> Result<Channel, Failure> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
    Ok(endpoint.connect().await?)
}

/// What every server is told.
fn options(more: &[&str]) -> Vec<String> {
    let (size, deadline) = (POOL_SIZE.to_string(), DEADLINE.as_millis().to_string());
    let all = [
        ["--pool-size", &size],
        ["--max-deadline-ms", &deadline],
        ["--acquire-timeout-ms", &deadline],
        ["--page-token-key", KEY],
    ];
    let all = all.as_flattened().iter().chain(more);
    all.map(|it| (*it).to_owned()).collect()
}
