//! ExportUsers and ExportPosts.

use std::pin::Pin;
use std::time::Duration;

use byline_app::Error;
use byline_app::export::Exported;
use futures_util::stream;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{Place, TransferRpc};
use crate::convert::export as convert;
use crate::layers::call;
use crate::layers::deadline::Expiry;
use crate::pb;
use crate::service::read::read;
use crate::status::{deadline_exceeded, from_app, server_stopping, transfer_stalled};

/// The messages of an export.
pub(super) type Stream<M> = Pin<Box<dyn tokio_stream::Stream<Item = Result<M, Status>> + Send>>;

/// How many messages wait to be taken at most.
const WAITING: usize = 1;

impl TransferRpc {
    pub(super) async fn export_users_of(
        &self,
        request: &Request<pb::ExportUsersRequest>,
    ) -> Result<Response<Stream<pb::ExportUsersResponse>>, Status> {
        let query = read(request, |request, _| convert::users(request, &self.lists))?;
        let place = self.place(request)?;
        let rows = self.exports.users(&query).await.map_err(from_app)?;
        Ok(self.stream(rows, place, request))
    }

    pub(super) async fn export_posts_of(
        &self,
        request: &Request<pb::ExportPostsRequest>,
    ) -> Result<Response<Stream<pb::ExportPostsResponse>>, Status> {
        let query = read(request, |request, _| convert::posts(request, &self.lists))?;
        let place = self.place(request)?;
        let rows = self.exports.posts(&query).await.map_err(from_app)?;
        Ok(self.stream(rows, place, request))
    }

    /// Sends the rows on a task of its own: the stream is not looked at while its client
    /// takes nothing, and that is when it has to be ended.
    fn stream<T, M, R>(
        &self,
        mut rows: Exported<T>,
        place: Place,
        request: &Request<R>,
    ) -> Response<Stream<M>>
    where
        T: Send + 'static,
        M: From<Vec<T>> + Send + 'static,
    {
        let expiry = request.extensions().get::<Expiry>().copied();
        let (idle, stopped) = (self.idle, self.stopped());
        let (messages, taken) = mpsc::channel(WAITING);
        let (end, ended) = oneshot::channel();
        tokio::spawn(call::carried(async move {
            let how = tokio::select! {
                how = send_all(&mut rows, &messages, idle) => how,
                // Nobody is told any more.
                () = messages.closed() => Ok(()),
                status = over(expiry) => Err(status),
                () = stopped => Err(server_stopping()),
            };
            // So that whoever learns of the end finds the place free.
            drop((rows, place));
            let _ = end.send(how);
        }));
        let last = async {
            match ended.await {
                Ok(Ok(())) => None,
                Ok(Err(status)) => Some(Err(status)),
                Err(broken_off) => Some(Err(from_app(Error::Internal(broken_off.into())))),
            }
        };
        let last = stream::StreamExt::filter_map(stream::once(last), std::future::ready);
        Response::new(Box::pin(ReceiverStream::new(taken).map(Ok).chain(last)))
    }
}

/// Sends message after message, each as the one before it is taken.
async fn send_all<T, M: From<Vec<T>>>(
    rows: &mut Exported<T>,
    messages: &mpsc::Sender<M>,
    idle: Duration,
) -> Result<(), Status> {
    while let Some(part) = rows.next().await.map_err(from_app)? {
        let sending = messages.send(part.into());
        match tokio::time::timeout(idle, sending).await {
            Ok(Ok(())) => {}
            // Nobody is told any more.
            Ok(Err(_)) => return Ok(()),
            Err(_) => return Err(transfer_stalled(idle)),
        }
    }
    Ok(())
}

/// Waits until the time is over, if it is bounded, and tells so.
async fn over(expiry: Option<Expiry>) -> Status {
    match expiry {
        Some(Expiry { at, time }) => {
            tokio::time::sleep_until(at).await;
            deadline_exceeded(time)
        }
        None => std::future::pending().await,
    }
}
