//! Reads that are the same as a whole.

use std::hash::Hash;
use std::sync::Arc;

use async_trait::async_trait;
use byline_domain::error::RepositoryError;
use futures_util::future::BoxFuture;

use super::loader::Reads;

type Ask<Q, T> = dyn Fn(Arc<Q>) -> BoxFuture<'static, Result<T, RepositoryError>> + Send + Sync;

/// What answers a question. Those who ask the same one together are answered by one statement.
pub(super) struct Questions<Q, T>(Box<Ask<Q, T>>);

impl<Q, T> Questions<Q, T> {
    pub(super) fn of<P, F>(
        port: &Arc<P>,
        ask: impl Fn(Arc<P>, Arc<Q>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        P: Send + Sync + ?Sized + 'static,
        F: Future<Output = Result<T, RepositoryError>> + Send + 'static,
    {
        let port = Arc::clone(port);
        Self(Box::new(move |question| {
            Box::pin(ask(Arc::clone(&port), question))
        }))
    }
}

#[async_trait]
impl<Q, T> Reads for Questions<Q, T>
where
    Q: Eq + Hash + Send + Sync + 'static,
    T: Clone + Send + 'static,
{
    type Group = Q;
    type Key = ();
    type Row = T;

    async fn one(&self, question: &Arc<Q>, (): ()) -> Result<T, RepositoryError> {
        (self.0)(Arc::clone(question)).await
    }

    async fn many(&self, question: &Arc<Q>, _: &[()]) -> Result<Vec<T>, RepositoryError> {
        Ok(vec![self.one(question, ()).await?])
    }
}
