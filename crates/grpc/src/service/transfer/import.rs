//! ImportUsers and ImportPosts.

use byline_app::import::Importing;
use byline_app::{Error, Intent};
use byline_domain::access::Caller;
use tokio_stream::StreamExt;
use tonic::{Request, Response, Status, Streaming};

use super::TransferRpc;
use crate::access;
use crate::convert::import::{Fingerprint, Part, Wish};
use crate::service::change::{Respond, respond};
use crate::service::origin::origin;
use crate::status::{from_app, import_id_reused, invalid, server_stopping, transfer_stalled};

impl TransferRpc {
    /// Imports what the messages hold. The next one is read when the one before it has been
    /// staged: the client sends no faster than the database takes.
    pub(super) async fn import<P: Part>(
        &self,
        request: Request<Streaming<P>>,
    ) -> Result<Response<P::Answer>, Status> {
        let _place = self.place(&request)?;
        let caller = access::caller(&request);
        let origin = origin(&request, P::METHOD);
        let (import, intent) = tokio::select! {
            received = self.receive(request.into_inner(), &caller) => received?,
            () = self.stopped() => return Err(server_stopping()),
        };
        // A server that stops lets it finish, or cuts it off with the connection: nobody may be
        // told that nothing was changed while it is committed.
        let render = Respond::new(P::Answer::from);
        let intent = Intent { origin, ..intent };
        let finished = import.finish(&intent, &render).await;
        if matches!(finished, Err(Error::RequestIdReused)) {
            return Err(import_id_reused());
        }
        respond(finished)
    }

    /// Stages all rows.
    async fn receive<P: Part>(
        &self,
        mut stream: Streaming<P>,
        caller: &Caller,
    ) -> Result<(Importing<'_, P::Row>, Intent), Status> {
        let first = self.next(&mut stream).await?.unwrap_or_default();
        let (settings, mut rows) = first.open();
        let wish = Wish::read(settings, caller).map_err(|error| invalid(&error))?;
        let on_conflict = wish.settings.on_conflict;
        let mut fingerprint = Fingerprint::of(&wish);
        let begun = self.importer.begin::<P::Row>(wish.settings).await;
        let mut import = begun.map_err(from_app)?;
        loop {
            fingerprint.add(&rows);
            let read = |number, one| P::read(number, one, on_conflict, self.ids.as_ref());
            import.put(rows, read).await.map_err(from_app)?;
            let Some(part) = self.next(&mut stream).await? else {
                break;
            };
            let (settings, more) = part.open();
            Wish::refuse_later(settings.as_ref()).map_err(|error| invalid(&error))?;
            rows = more;
        }
        Ok((import, fingerprint.intent(P::METHOD, &wish)))
    }

    /// The next message of an import; `None` at its end.
    async fn next<T>(&self, stream: &mut Streaming<T>) -> Result<Option<T>, Status> {
        tokio::time::timeout(self.idle, stream.next())
            .await
            .map_err(|_| transfer_stalled(self.idle))?
            .transpose()
    }
}
