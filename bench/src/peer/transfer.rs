//! Imports and exports of users.

use byline_grpc::pb;
use futures_util::TryStreamExt as _;
use sqlx::query_as;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

use super::rows::{UserRow, time, user_columns};
use super::{Service, failed, id};
use crate::ids;
use crate::services::transfer_service_server::TransferService;

/// Rows in a message.
const ROWS: usize = 1_000;

/// Messages that wait to be taken.
const WAITING: usize = 4;

#[tonic::async_trait]
impl TransferService for Service {
    async fn import_users(
        &self,
        request: Request<Streaming<pb::ImportUsersRequest>>,
    ) -> Result<Response<pb::ImportUsersResponse>, Status> {
        let mut messages = request.into_inner();
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        let mut made = 0;
        while let Some(message) = messages.message().await? {
            let columns = Columns::of(message.users)?;
            let done = sqlx::query(
                "insert into users (id, email, name, role, is_active, created_at, updated_at, \
                 deleted_at, purge_at, version) \
                 select id, email, name, role, is_active, coalesce(created_at, now()), \
                     updated_at, deleted_at, purge_at, 1 \
                 from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::boolean[], \
                     $6::timestamptz[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[]) \
                 as row (id, email, name, role, is_active, created_at, updated_at, deleted_at, \
                     purge_at)",
            )
            .bind(&columns.ids)
            .bind(&columns.emails)
            .bind(&columns.names)
            .bind(&columns.roles)
            .bind(&columns.is_active)
            .bind(&columns.times[0])
            .bind(&columns.times[1])
            .bind(&columns.times[2])
            .bind(&columns.times[3])
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
            made += done.rows_affected();
        }
        transaction.commit().await.map_err(failed)?;
        let made = i64::try_from(made).unwrap_or(i64::MAX);
        let report = pb::ImportReport {
            applied: true,
            row_count: made,
            created_count: made,
            ..pb::ImportReport::default()
        };
        Ok(Response::new(pb::ImportUsersResponse {
            report: Some(report),
        }))
    }

    async fn export_users(
        &self,
        request: Request<pb::ExportUsersRequest>,
    ) -> Result<Response<BoxStream<pb::ExportUsersResponse>>, Status> {
        let show_deleted = request.into_inner().show_deleted;
        let (send, receive) = mpsc::channel(WAITING);
        let pool = self.pool.clone();
        tokio::spawn(async move {
            let rows = query_as::<_, UserRow>(concat!(
                "select ",
                user_columns!(),
                " from users where $1 or deleted_at is null"
            ))
            .bind(show_deleted)
            .fetch(&pool);
            let mut messages = rows.try_chunks(ROWS);
            loop {
                let message = match messages.try_next().await {
                    Ok(None) => break,
                    Ok(Some(rows)) => Ok(pb::ExportUsersResponse {
                        users: rows.into_iter().map(Into::into).collect(),
                    }),
                    Err(error) => Err(failed(error.1)),
                };
                if send.send(message).await.is_err() {
                    break;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receive))))
    }
}

/// Users that are to be made, by column.
#[derive(Default)]
struct Columns {
    ids: Vec<Uuid>,
    emails: Vec<String>,
    names: Vec<Option<String>>,
    roles: Vec<String>,
    is_active: Vec<bool>,
    /// When they were made, changed and deleted, and are to be purged.
    times: [Vec<Option<chrono::DateTime<chrono::Utc>>>; 4],
}

impl Columns {
    fn of(users: Vec<pb::User>) -> Result<Self, Status> {
        let mut columns = Self::default();
        for user in users {
            columns.ids.push(match &*user.id {
                "" => ids::new(),
                given => id(given)?,
            });
            columns.emails.push(user.email);
            columns.names.push(user.name);
            columns.roles.push(match user.role {
                role if role.is_empty() => "user".to_owned(),
                role => role,
            });
            columns.is_active.push(user.is_active.unwrap_or(true));
            let times = [
                user.created_at,
                user.updated_at,
                user.deleted_at,
                user.purge_at,
            ];
            for (column, it) in columns.times.iter_mut().zip(times) {
                column.push(time(it));
            }
        }
        Ok(columns)
    }
}
