//! The requests of several workloads, and who sends them.

use std::collections::BTreeMap;
use std::sync::Arc;

use tonic::transport::Channel;

use super::Caller;
use super::pool::{Pool, Source};
use super::transfers::Transfers;
use super::workload::Workload;
use crate::Failure;
use crate::call::Clients;
use crate::world::World;

/// What servers are asked for.
pub(crate) struct Requests {
    pools: BTreeMap<Workload, Arc<Pool>>,
    /// The deep pages by offset, for all but Byline.
    by_offset: Option<Arc<Pool>>,
    /// How many users an export has.
    pub(crate) living: u64,
}

impl Requests {
    /// Makes the requests of the workloads; Byline is asked for what is not known of the answers.
    pub(crate) async fn make(
        world: &World,
        byline: Channel,
        workloads: impl IntoIterator<Item = Workload>,
    ) -> Result<Self, Failure> {
        let mut requests = Self {
            pools: BTreeMap::new(),
            by_offset: None,
            living: 0,
        };
        let mut source = Source {
            world,
            clients: Clients::new(byline.clone()),
        };
        for workload in workloads {
            if workload == Workload::Export {
                requests.living = Transfers::count(byline.clone()).await?;
            }
            if workload.streams() {
                continue;
            }
            let pool = if workload == Workload::ListUsersDeep {
                let deep = source.deep().await?;
                requests.by_offset = Some(Arc::new(deep.by_offset));
                deep.by_token
            } else {
                source.pool(workload).await?
            };
            requests.pools.insert(workload, Arc::new(pool));
        }
        Ok(requests)
    }

    /// The requests of all workloads that do not stream, as Byline is sent them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Workload, &Pool)> {
        let pools = self.pools.iter();
        pools.map(|(workload, pool)| (*workload, &**pool))
    }

    /// The requests of a workload, as Byline is sent them.
    pub(crate) fn of(&self, workload: Workload) -> Result<&Arc<Pool>, Failure> {
        let pool = self.pools.get(&workload);
        Ok(pool.ok_or_else(|| format!("no requests were made: {}", workload.says()))?)
    }

    /// The requests of a workload, as those are sent them who know no page tokens of Byline.
    pub(crate) fn for_others(&self, workload: Workload) -> Result<&Arc<Pool>, Failure> {
        match &self.by_offset {
            Some(by_offset) if workload == Workload::ListUsersDeep => Ok(by_offset),
            Some(_) | None => self.of(workload),
        }
    }
}

/// Sends the requests of a pool.
pub(crate) struct Sender {
    pub(crate) clients: Clients,
    pub(crate) pool: Arc<Pool>,
    /// The number of the window, of which each makes changes of its own.
    pub(crate) window: u64,
    /// Whether all requests have the same answer.
    pub(crate) is_canned: bool,
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
