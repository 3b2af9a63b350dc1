//! What can be transferred, and by which calls.

use clap::ValueEnum;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{BoxStream, StreamExt};
use prost_types::FieldMask;
use tonic::Status;

use super::feed::Parts;
use super::fields::Fields;
use super::server::Client;
use crate::pb::{
    ExportPostsRequest, ExportUsersRequest, ImportPostsRequest, ImportReport, ImportSettings,
    ImportUsersRequest, Post, User,
};

/// What is transferred.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Noun {
    /// Accounts
    Users,
    /// What users authored; their authors have to be there first
    Posts,
}

/// Which rows are exported.
#[derive(Clone)]
pub(super) struct Selection {
    pub(super) filter: String,
    pub(super) order_by: String,
    pub(super) show_deleted: bool,
    /// All fields if there are none.
    pub(super) fields: Vec<String>,
}

impl Selection {
    fn mask(&self) -> Option<FieldMask> {
        let paths = self.fields.clone();
        (!paths.is_empty()).then_some(FieldMask { paths })
    }
}

/// A message of rows that are exported.
pub(super) type Chunks<R> = BoxStream<'static, Result<Vec<R>, Status>>;

/// Rows that the contract has calls for.
pub(super) trait Transferred: Fields {
    /// A part of an import.
    type Part: Send + 'static;

    fn part(settings: Option<ImportSettings>, rows: Vec<Self>) -> Self::Part;

    fn import(
        client: Client,
        parts: Parts<Self::Part>,
    ) -> BoxFuture<'static, Result<ImportReport, Status>>;

    fn export(
        client: Client,
        selection: Selection,
    ) -> BoxFuture<'static, Result<Chunks<Self>, Status>>;
}

impl Transferred for User {
    type Part = ImportUsersRequest;

    fn part(settings: Option<ImportSettings>, rows: Vec<Self>) -> Self::Part {
        let users = rows;
        ImportUsersRequest { settings, users }
    }

    fn import(
        mut client: Client,
        parts: Parts<Self::Part>,
    ) -> BoxFuture<'static, Result<ImportReport, Status>> {
        async move {
            let answer = client.import_users(parts).await?.into_inner();
            Ok(answer.report.unwrap_or_default())
        }
        .boxed()
    }

    fn export(
        mut client: Client,
        selection: Selection,
    ) -> BoxFuture<'static, Result<Chunks<Self>, Status>> {
        async move {
            let read_mask = selection.mask();
            let request = ExportUsersRequest {
                filter: selection.filter,
                order_by: selection.order_by,
                show_deleted: selection.show_deleted,
                read_mask,
            };
            let answers = client.export_users(request).await?.into_inner();
            Ok(answers.map(|answer| Ok(answer?.users)).boxed())
        }
        .boxed()
    }
}

impl Transferred for Post {
    type Part = ImportPostsRequest;

    fn part(settings: Option<ImportSettings>, rows: Vec<Self>) -> Self::Part {
        let posts = rows;
        ImportPostsRequest { settings, posts }
    }

    fn import(
        mut client: Client,
        parts: Parts<Self::Part>,
    ) -> BoxFuture<'static, Result<ImportReport, Status>> {
        async move {
            let answer = client.import_posts(parts).await?.into_inner();
            Ok(answer.report.unwrap_or_default())
        }
        .boxed()
    }

    fn export(
        mut client: Client,
        selection: Selection,
    ) -> BoxFuture<'static, Result<Chunks<Self>, Status>> {
        async move {
            let read_mask = selection.mask();
            let request = ExportPostsRequest {
                filter: selection.filter,
                order_by: selection.order_by,
                show_deleted: selection.show_deleted,
                read_mask,
            };
            let answers = client.export_posts(request).await?.into_inner();
            Ok(answers.map(|answer| Ok(answer?.posts)).boxed())
        }
        .boxed()
    }
}
