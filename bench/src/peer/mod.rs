//! `bench peer`: a part of the contract over the same tables as services of this kind are usually
//! written in Rust: tonic and sqlx, one statement a request as far as one will do, pages by
//! `limit` and `offset`.

mod posts;
mod rows;
mod transfer;
mod users;

use clap::Args;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tonic::Status;
use tonic::transport::Server;

use crate::services::post_service_server::PostServiceServer;
use crate::services::transfer_service_server::TransferServiceServer;
use crate::services::user_service_server::UserServiceServer;
use crate::{Failure, serving};

#[derive(Args)]
pub(crate) struct PeerCommand {
    /// The PostgreSQL database
    #[arg(long, value_name = "URL")]
    database_url: String,

    /// Connections to the database at most
    #[arg(long, default_value_t = 16, value_name = "N")]
    pool_size: u32,
}

impl PeerCommand {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let pool = PgPoolOptions::new()
            .max_connections(self.pool_size)
            .connect(&self.database_url)
            .await?;
        let service = Service { pool };
        let incoming = serving::listen().await?;
        Server::builder()
            .add_service(UserServiceServer::new(service.clone()))
            .add_service(PostServiceServer::new(service.clone()))
            .add_service(TransferServiceServer::new(service))
            .serve_with_incoming(incoming)
            .await?;
        Ok(())
    }
}

/// All of its services.
#[derive(Clone)]
struct Service {
    pool: PgPool,
}

/// Which rows a page has.
struct Window {
    limit: i64,
    offset: i64,
}

impl Window {
    /// A token is the number of rows before the page.
    fn of(page_size: i32, token: &str) -> Result<Self, Status> {
        let limit = match page_size {
            0 => 50,
            1..=1_000 => page_size,
            1_001.. => 1_000,
            ..0 => return Err(Status::invalid_argument("page_size must not be negative")),
        };
        let offset = match token {
            "" => 0,
            token => token
                .parse()
                .map_err(|_| Status::invalid_argument("page_token is malformed"))?,
        };
        Ok(Self {
            limit: limit.into(),
            offset,
        })
    }

    /// The token of the page after one that has so many rows; empty if there is none.
    fn next(&self, rows: usize) -> String {
        let is_full = i64::try_from(rows).is_ok_and(|rows| rows == self.limit);
        if is_full {
            (self.offset + self.limit).to_string()
        } else {
            String::new()
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` passes it")]
fn failed(error: sqlx::Error) -> Status {
    if matches!(error, sqlx::Error::RowNotFound) {
        return Status::not_found("there is no such thing");
    }
    let of_database = error.as_database_error();
    if of_database.is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation) {
        return Status::not_found("there is no such author");
    }
    if of_database.is_some_and(sqlx::error::DatabaseError::is_unique_violation) {
        return Status::already_exists("it exists already");
    }
    Status::internal(error.to_string())
}

fn id(text: &str) -> Result<uuid::Uuid, Status> {
    let id = text.parse();
    id.map_err(|_| Status::invalid_argument("an id is no UUID"))
}
