//! TransferService: any number of users and posts, in and out. Each transfer has one of a few
//! places, so that some connections to the database are always left for calls; and no caller has
//! more than half of them.

mod export;
mod import;

use std::sync::Arc;
use std::time::Duration;

use byline_app::export::Exports;
use byline_app::import::Importer;
use byline_domain::ids::IdGenerator;
use tokio::sync::watch;
use tonic::{Request, Response, Status, Streaming};

use crate::access;
use crate::bootstrap::App;
use crate::convert::Lists;
use crate::pb;
use crate::pb::transfer_service_server::TransferService;
use crate::server::Limits;
use crate::shares::{CallerShares, Share, Shares};
use crate::status::too_many_transfers;

/// The methods of TransferService.
pub(crate) struct TransferRpc {
    exports: Arc<Exports>,
    importer: Arc<Importer>,
    ids: Arc<dyn IdGenerator>,
    lists: Lists,
    places: CallerShares,
    /// Whether transfers have to end, because the server stops.
    stop: watch::Receiver<bool>,
    /// How long the other side of a stream may take or send nothing.
    idle: Duration,
}

/// The place of a transfer under way, which is free again when this is dropped.
type Place = Share<Arc<str>>;

impl TransferRpc {
    /// The methods over these use cases. All transfers end when `stop` turns true.
    pub(crate) fn new(app: &App, limits: &Limits, stop: watch::Receiver<bool>) -> Self {
        Self {
            exports: app.exports.clone(),
            importer: app.importer.clone(),
            ids: app.ids.clone(),
            lists: app.lists.clone(),
            places: Shares::new(limits.max_transfers),
            stop,
            idle: limits.transfer_idle_timeout,
        }
    }

    /// A place for the transfer that is asked for, to be held until its stream has ended.
    fn place<R>(&self, request: &Request<R>) -> Result<Place, Status> {
        let place = self.places.take_for(&access::caller(request));
        place.map_err(too_many_transfers)
    }

    /// Waits until transfers have to end.
    fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stop = self.stop.clone();
        async move {
            if stop.wait_for(|stop| *stop).await.is_err() {
                // Nobody can say so any more.
                std::future::pending::<()>().await;
            }
        }
    }
}

#[tonic::async_trait]
impl TransferService for TransferRpc {
    async fn import_users(
        &self,
        request: Request<Streaming<pb::ImportUsersRequest>>,
    ) -> Result<Response<pb::ImportUsersResponse>, Status> {
        self.import(request).await
    }

    async fn import_posts(
        &self,
        request: Request<Streaming<pb::ImportPostsRequest>>,
    ) -> Result<Response<pb::ImportPostsResponse>, Status> {
        self.import(request).await
    }

    type ExportUsersStream = export::Stream<pb::ExportUsersResponse>;

    async fn export_users(
        &self,
        request: Request<pb::ExportUsersRequest>,
    ) -> Result<Response<Self::ExportUsersStream>, Status> {
        self.export_users_of(&request).await
    }

    type ExportPostsStream = export::Stream<pb::ExportPostsResponse>;

    async fn export_posts(
        &self,
        request: Request<pb::ExportPostsRequest>,
    ) -> Result<Response<Self::ExportPostsStream>, Status> {
        self.export_posts_of(&request).await
    }
}
