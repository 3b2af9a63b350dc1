//! Imports and exports, one after another.

use std::time::Duration;

use byline_grpc::pb;
use byline_grpc::pb::transfer_service_client::TransferServiceClient;
use futures_util::stream;
use tokio::time::Instant;
use tonic::transport::Channel;
use tonic::{Request, Status};

use super::workload::Workload;
use super::{self as load, Counted, micros};
use crate::site::IMPORTED;
use crate::world::World;
use crate::{Failure, ids};

/// Rows of an import, and of each of its messages.
const ROWS: usize = 10_000;
const ROWS_OF_A_MESSAGE: usize = 1_000;

/// How long a stream may take.
const DEADLINE: Duration = Duration::from_mins(5);

/// A client of streams.
pub(crate) struct Transfers {
    client: TransferServiceClient<Channel>,
    /// How many users an export has.
    living: u64,
    newcomers: Newcomers,
}

impl Transfers {
    pub(crate) fn new(channel: Channel, world: &World, living: u64) -> Self {
        Self {
            client: TransferServiceClient::new(channel),
            living,
            newcomers: Newcomers::of(world),
        }
    }

    /// How many users an export has.
    pub(crate) async fn count(channel: Channel) -> Result<u64, Failure> {
        Ok(export(&mut TransferServiceClient::new(channel)).await?)
    }

    /// Does that until the time is over, but once at least; what is made for it takes none of the time.
    pub(crate) async fn run(
        &mut self,
        workload: Workload,
        length: Duration,
    ) -> Result<Counted, Failure> {
        let mut counted = Counted {
            calls: 0,
            rows: 0,
            elapsed: Duration::ZERO,
            times: load::times(),
        };
        while counted.elapsed < length {
            let (took, rows) = self.once(workload).await?;
            counted.calls += 1;
            counted.rows += rows;
            counted.elapsed += took;
            counted.times.saturating_record(micros(took).max(1));
        }
        Ok(counted)
    }

    /// Does that once. Answers how long it took, and how many rows came or went.
    pub(crate) async fn once(&mut self, workload: Workload) -> Result<(Duration, u64), Failure> {
        if workload == Workload::Import {
            self.import_once().await
        } else {
            self.export_once().await
        }
    }

    async fn import_once(&mut self) -> Result<(Duration, u64), Failure> {
        let messages = self.newcomers.messages();
        let mut request = Request::new(stream::iter(messages));
        request.set_timeout(DEADLINE);
        let began = Instant::now();
        let answer = self.client.import_users(request).await?;
        let took = began.elapsed();
        let report = answer.into_inner().report.unwrap_or_default();
        let made = u64::try_from(report.created_count)?;
        if !report.applied || made != ROWS as u64 {
            return Err(format!("an import was not made: {report:?}").into());
        }
        Ok((took, made))
    }

    async fn export_once(&mut self) -> Result<(Duration, u64), Failure> {
        let began = Instant::now();
        let rows = export(&mut self.client).await?;
        let took = began.elapsed();
        if rows != self.living {
            return Err(format!("an export has {rows} users of {}", self.living).into());
        }
        Ok((took, rows))
    }
}

async fn export(client: &mut TransferServiceClient<Channel>) -> Result<u64, Status> {
    let mut request = Request::new(pb::ExportUsersRequest::default());
    request.set_timeout(DEADLINE);
    let mut messages = client.export_users(request).await?.into_inner();
    let mut rows = 0;
    while let Some(message) = messages.message().await? {
        rows += message.users.len() as u64;
    }
    Ok(rows)
}

/// Users whom nobody has met, with names as those of the world.
struct Newcomers {
    names: Vec<Option<String>>,
    /// How many there were so far.
    met: u64,
}

impl Newcomers {
    fn of(world: &World) -> Self {
        let numbers = 0..world.users().min(ROWS as u64);
        let names = numbers.map(|number| world.user(number).name);
        Self {
            names: names.map(|name| Some(name?.as_str().to_owned())).collect(),
            met: 0,
        }
    }

    /// The messages of an import.
    fn messages(&mut self) -> Vec<pb::ImportUsersRequest> {
        let of_a_message = || pb::ImportUsersRequest {
            settings: None,
            users: (0..ROWS_OF_A_MESSAGE).map(|_| self.user()).collect(),
        };
        let messages = std::iter::repeat_with(of_a_message);
        messages.take(ROWS / ROWS_OF_A_MESSAGE).collect()
    }

    fn user(&mut self) -> pb::User {
        let number = self.met;
        self.met += 1;
        let name = usize::try_from(number).unwrap_or_default() % self.names.len();
        pb::User {
            id: ids::new().to_string(),
            email: format!("{IMPORTED}{number}@example.com"),
            name: self.names[name].clone(),
            role: "user".to_owned(),
            is_active: Some(true),
            ..pb::User::default()
        }
    }
}
