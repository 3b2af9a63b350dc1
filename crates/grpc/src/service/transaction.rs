//! TransactionService: several changes at once.

use std::sync::Arc;

use byline_app::Writer;
use byline_domain::ids::IdGenerator;
use tonic::{Request, Response, Status};

use super::change::change;
use crate::bootstrap::App;
use crate::convert::Lists;
use crate::convert::transaction as convert;
use crate::pb;
use crate::pb::transaction_service_server::TransactionService;

/// The methods of TransactionService.
pub(crate) struct TransactionRpc {
    writer: Arc<Writer>,
    ids: Arc<dyn IdGenerator>,
    lists: Lists,
}

impl TransactionRpc {
    /// The methods over the use cases of `app`.
    pub(crate) fn new(app: &App) -> Self {
        Self {
            writer: app.writer.clone(),
            ids: app.ids.clone(),
            lists: app.lists.clone(),
        }
    }
}

#[tonic::async_trait]
impl TransactionService for TransactionRpc {
    async fn execute_transaction(
        &self,
        request: Request<pb::ExecuteTransactionRequest>,
    ) -> Result<Response<pb::ExecuteTransactionResponse>, Status> {
        let reader = convert::Reader {
            ids: self.ids.as_ref(),
            lists: &self.lists,
        };
        change(
            &self.writer,
            request,
            |request| reader.transaction(request),
            |done| pb::ExecuteTransactionResponse {
                results: convert::results(done),
            },
        )
        .await
    }
}
