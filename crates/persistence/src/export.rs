//! Exports: one statement each, over one moment, whose rows are read as they are taken.

use async_trait::async_trait;
use byline_domain::error::RepositoryError;
use byline_domain::export::{Export, Exporter, Gathering};
use byline_domain::order::Order;
use byline_domain::post::{PostField, PostFilter, PostView};
use byline_domain::selection::Fields;
use byline_domain::unit_of_work::UnitOfWork;
use byline_domain::user::{UserField, UserFilter, UserView};
use futures_util::TryStreamExt;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use tokio::sync::mpsc;

use crate::filter::{Noun, Rows};
use crate::keyset::push_order;
use crate::meter;
use crate::pool::Database;
use crate::row::{Values, unreadable};
use crate::unit_of_work::PgUnitOfWork;
use crate::watch::{Heard, Watch};
use crate::{post, user};

/// How many parts are read ahead.
const AHEAD: usize = 2;

#[async_trait]
impl Exporter for Database {
    async fn users(
        &self,
        filter: &UserFilter,
        order: Option<Order<UserField>>,
        fields: &Fields<UserField>,
    ) -> Result<Box<dyn Export<UserView>>, RepositoryError> {
        let rows = filter.into();
        let query = select(&user::columns(fields), &rows, order.as_ref());
        let fields = fields.clone();
        self.export(query, rows.is_common(), move |row| {
            let user = user::view(row, &fields)?;
            Ok((user.weight(), user))
        })
        .await
    }

    async fn posts(
        &self,
        filter: &PostFilter,
        order: Option<Order<PostField>>,
        fields: &Fields<PostField>,
    ) -> Result<Box<dyn Export<PostView>>, RepositoryError> {
        let rows = filter.into();
        let query = select(&post::columns(fields), &rows, order.as_ref());
        let fields = fields.clone();
        self.export(query, rows.is_common(), move |row| {
            let post = post::view(row, &fields)?;
            Ok((post.weight(), post))
        })
        .await
    }
}

/// The statement that reads those columns of all rows.
fn select<F: Noun>(
    columns: &[&str],
    rows: &Rows<'_, F::Test>,
    order: Option<&Order<F>>,
) -> QueryBuilder<Postgres> {
    let columns = columns.join(", ");
    let mut query = QueryBuilder::new(format!("select {columns} from {} where ", F::TABLE));
    rows.push(&mut query);
    if let Some(order) = order {
        push_order(&mut query, order);
    }
    query
}

impl Database {
    /// Runs the statement on a task of its own, since its rows borrow the connection. What
    /// is not taken stays on the server, as soon as the buffers between are full; when
    /// nobody takes any more, the connection is closed, and the server stops.
    ///
    /// Rows come by COPY where the statement has no values to bind, which COPY takes none of.
    async fn export<T, R>(
        &self,
        query: QueryBuilder<Postgres>,
        by_copy: bool,
        read: R,
    ) -> Result<Box<dyn Export<T>>, RepositoryError>
    where
        T: Send + 'static,
        R: Fn(Values<'_>) -> Result<(u64, T), RepositoryError> + Send + 'static,
    {
        let (unit, watch) = self.open_export().await?;
        let (parts, taken) = mpsc::channel(AHEAD);
        tokio::spawn(meter::carried(async move {
            let heard = Heard::default();
            let sink = Sink {
                read,
                gathering: Gathering::default(),
                parts: &parts,
                heard: &heard,
            };
            let reading = async {
                if by_copy {
                    read_copied(unit, &query, sink).await
                } else {
                    read_selected(unit, query, sink).await
                }
            };
            let telling = async {
                let read = tokio::select! {
                    read = reading => read,
                    lost = watch.lost(&heard) => Err(lost),
                };
                let _ = parts.send(read.map(|()| None)).await;
            };
            tokio::select! {
                () = telling => {}
                () = parts.closed() => {}
            }
        }));
        Ok(Box::new(Parts(taken)))
    }

    /// The transaction of an export, and what watches over it.
    async fn open_export(&self) -> Result<(PgUnitOfWork<'static>, Watch), RepositoryError> {
        let opening = async {
            let mut unit = self.open_snapshot().await?;
            let backend = unit.bound_as_transfer().await?;
            Ok((unit, self.watch(backend)))
        };
        // Nothing of it takes time, and it is not watched over yet.
        tokio::time::timeout(self.transfer_bounds().silence, opening)
            .await
            .unwrap_or_else(|_| {
                let told = "the server says nothing";
                Err(RepositoryError::Unavailable(told.into()))
            })
    }
}

/// `None` says that all have come: a task that broke off says nothing.
type Part<T> = Result<Option<Vec<T>>, RepositoryError>;

/// Where rows go.
struct Sink<'a, T, R> {
    read: R,
    gathering: Gathering<T>,
    parts: &'a mpsc::Sender<Part<T>>,
    heard: &'a Heard,
}

impl<T, R> Sink<'_, T, R>
where
    T: Send,
    R: Fn(Values<'_>) -> Result<(u64, T), RepositoryError> + Send,
{
    async fn take(&mut self, row: Values<'_>) -> Result<(), RepositoryError> {
        self.heard.note();
        let (weight, row) = (self.read)(row)?;
        if let Some(part) = self.gathering.add(row, weight) {
            // Nobody takes it any more: this whole future is about to be dropped.
            let _ = self.parts.send(Ok(Some(part))).await;
        }
        Ok(())
    }

    async fn end(mut self, unit: PgUnitOfWork<'static>) -> Result<(), RepositoryError> {
        if let Some(part) = self.gathering.take() {
            let _ = self.parts.send(Ok(Some(part))).await;
        }
        Box::new(unit).commit().await
    }
}

async fn read_selected<T, R>(
    mut unit: PgUnitOfWork<'static>,
    mut query: QueryBuilder<Postgres>,
    mut sink: Sink<'_, T, R>,
) -> Result<(), RepositoryError>
where
    T: Send,
    R: Fn(Values<'_>) -> Result<(u64, T), RepositoryError> + Send,
{
    let mut statement = unit.statement().await?;
    let mut rows = query.build().persistent(false).fetch(&mut *statement);
    let end = loop {
        match rows.try_next().await {
            Ok(Some(row)) => sink.take(Values::from(&row)).await?,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    drop(rows);
    statement.finish(end)?;
    sink.end(unit).await
}

async fn read_copied<T, R>(
    mut unit: PgUnitOfWork<'static>,
    query: &QueryBuilder<Postgres>,
    mut sink: Sink<'_, T, R>,
) -> Result<(), RepositoryError>
where
    T: Send,
    R: Fn(Values<'_>) -> Result<(u64, T), RepositoryError> + Send,
{
    let query = query.sql();
    let copy = format!("copy ({}) to stdout (format binary)", query.as_str());
    let mut statement = unit.statement().await?;
    let end = copy_rows(&mut statement, &copy, &mut sink).await?;
    statement.finish_or_close(end)?;
    sink.end(unit).await
}

/// Reads all rows of a COPY; answers how the driver says that it ended.
async fn copy_rows<T, R>(
    connection: &mut PgConnection,
    copy: &str,
    sink: &mut Sink<'_, T, R>,
) -> Result<Result<(), sqlx::Error>, RepositoryError>
where
    T: Send,
    R: Fn(Values<'_>) -> Result<(u64, T), RepositoryError> + Send,
{
    let mut rows = match connection.copy_out_raw(copy).await {
        Ok(rows) => rows,
        Err(error) => return Ok(Err(error)),
    };
    let mut is_first = true;
    loop {
        let bytes = match rows.try_next().await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(Ok(())),
            Err(error) => return Ok(Err(error)),
        };
        let row = if is_first {
            after_header(&bytes).ok_or_else(unreadable)?
        } else {
            &*bytes
        };
        is_first = false;
        if let Some(values) = of_row(row)? {
            sink.take(Values::copied(values)).await?;
        }
    }
}

/// What follows the header of a COPY: a signature and flags of 15 bytes, and an extension
/// with its length in front.
fn after_header(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.get(15..)?.split_first_chunk()?;
    rest.get(usize::try_from(u32::from_be_bytes(*length)).ok()?..)
}

/// The values of a row, which has their number in front; of what ends the rows, which is not
/// a number of values, and of nothing there are none.
fn of_row(bytes: &[u8]) -> Result<Option<&[u8]>, RepositoryError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let (columns, values) = bytes.split_first_chunk().ok_or_else(unreadable)?;
    Ok((i16::from_be_bytes(*columns) >= 0).then_some(values))
}

/// The parts that were read ahead.
struct Parts<T>(mpsc::Receiver<Part<T>>);

#[async_trait]
impl<T: Send> Export<T> for Parts<T> {
    async fn next(&mut self) -> Result<Option<Vec<T>>, RepositoryError> {
        let broken_off = || RepositoryError::Internal("an export broke off".into());
        self.0.recv().await.ok_or_else(broken_off)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_copy_sends_is_told_apart() {
        let header = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\x02ab";
        let first = [&header[..], &[0, 1, 0, 0, 0, 1, 7]].concat();
        let rows = after_header(&first).unwrap();
        assert_eq!(of_row(rows).unwrap(), Some(&[0, 0, 0, 1, 7][..]));
        assert_eq!(of_row(after_header(header).unwrap()).unwrap(), None);
        assert_eq!(of_row(&[0xff, 0xff]).unwrap(), None);
        assert!(of_row(&[0]).is_err());
        assert_eq!(after_header(&header[..20]), None);
    }
}
