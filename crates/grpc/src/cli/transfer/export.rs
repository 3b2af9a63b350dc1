//! `byline export`: a server's rows into a file, as they are at one moment.

use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use futures_util::TryStreamExt;
use tokio::sync::{mpsc, oneshot};
use tonic::Status;

use super::fields::Field;
use super::noun::{Chunks, Noun, Selection, Transferred};
use super::progress::{self, Progress};
use super::retry::Retries;
use super::rows::RowWriter;
use super::server::Client;
use super::{Ends, Usage, said, target};
use crate::cli::{CommandError, stop_signal};
use crate::pb;

/// Messages that wait to be written.
const AHEAD: usize = 4;

#[derive(Args, Debug)]
pub(in crate::cli) struct ExportCommand {
    #[command(flatten)]
    ends: Ends,

    /// Which rows, as in "role = admin AND created_at < 2026-01-01T00:00:00Z"; all if left out
    #[arg(long, default_value = "", hide_default_value = true)]
    filter: String,

    /// In which order, as in "created_at desc"; in no particular one, which is the fastest, if left out
    #[arg(long, default_value = "", hide_default_value = true)]
    order_by: String,

    /// Export what is in the trash too
    #[arg(long)]
    show_deleted: bool,

    /// Which fields, as in id,email; all if left out. The id is always there
    #[arg(long, value_delimiter = ',', value_name = "FIELD,…")]
    fields: Vec<String>,
}

/// Why rows did not get into the file.
enum Broken {
    ByServer(Status),
    ByFile(io::Error),
    Interrupted,
}

impl ExportCommand {
    pub(in crate::cli) async fn run(self) -> Result<ExitCode, CommandError> {
        match self.ends.noun {
            Noun::Users => Box::pin(self.export::<pb::User>()).await,
            Noun::Posts => Box::pin(self.export::<pb::Post>()).await,
        }
    }

    async fn export<R: Transferred>(self) -> Result<ExitCode, CommandError> {
        let checked = self.ends.format().and_then(|format| {
            let fields = columns::<R>(&self.fields)?;
            Ok(RowWriter::new(format, fields))
        });
        let writer = match checked {
            Ok(writer) => writer,
            Err(usage) => return Ok(usage.told()),
        };
        let name = match self.ends.path() {
            Some(path) => path.display().to_string(),
            None => "standard output".to_owned(),
        };
        let client = self.ends.server.client().await?;
        let (file, pending) =
            target::open(self.ends.path()).map_err(|error| format!("{name}: {error}"))?;
        let progress = Progress::of_rows();
        let selection = Selection {
            filter: self.filter,
            order_by: self.order_by,
            show_deleted: self.show_deleted,
            fields: self.fields,
        };
        let work = async {
            let chunks = begin(&client, &selection, &name, &progress).await;
            write_all(chunks.map_err(Broken::ByServer)?, writer, file, &progress).await
        };
        let done = tokio::select! {
            () = stop_signal() => Err(Broken::Interrupted),
            done = work => done,
        };
        let done = done.and_then(|()| match pending {
            Some(pending) => pending.keep().map_err(Broken::ByFile),
            None => Ok(()),
        });
        progress.bar.finish_and_clear();
        let why = match done {
            Ok(()) => {
                let count = progress.bar.position().try_into().unwrap_or(i64::MAX);
                eprintln!("{name}: {}; {}", progress::rows(count), progress.seconds());
                return Ok(ExitCode::SUCCESS);
            }
            // Whoever reads has had enough: nothing that has to be told.
            Err(Broken::ByFile(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                return Ok(ExitCode::FAILURE);
            }
            Err(Broken::ByFile(error)) => error.to_string(),
            Err(Broken::ByServer(status)) => said(&status),
            Err(Broken::Interrupted) => "interrupted".to_owned(),
        };
        Err(format!("{name}: {why}; the export is not whole").into())
    }
}

/// Begins an export, when the server has a place for it.
async fn begin<R: Transferred>(
    client: &Client,
    selection: &Selection,
    name: &str,
    progress: &Progress,
) -> Result<Chunks<R>, Status> {
    let mut retries = Retries::new();
    loop {
        let status = match R::export(client.clone(), selection.clone()).await {
            Ok(chunks) => return Ok(chunks),
            Err(status) => status,
        };
        let Some(pause) = retries.pause_after(&status, name, progress) else {
            return Err(status);
        };
        tokio::time::sleep(pause).await;
        progress.again();
    }
}

/// The fields that are written: those that were named, and the id.
fn columns<R: Transferred>(names: &[String]) -> Result<Vec<&'static Field<R>>, Usage> {
    if names.is_empty() {
        return Ok(R::FIELDS
            .iter()
            .filter(|field| field.is_written())
            .collect());
    }
    let mut columns: Vec<&'static Field<R>> = Vec::new();
    let id = names.iter().all(|name| name != "id").then_some("id");
    for name in id.into_iter().chain(names.iter().map(String::as_str)) {
        let known = R::FIELDS
            .iter()
            .find(|field| field.name == name && field.is_written());
        let field = known.ok_or_else(|| {
            Usage(format!(
                "--fields: there is no field {name:?}: expected some of {}",
                R::names()
            ))
        })?;
        if columns.iter().any(|it| it.name == field.name) {
            return Err(Usage(format!("--fields: {name} is there twice")));
        }
        columns.push(field);
    }
    Ok(columns)
}

/// What waits to be written.
enum Part<R> {
    Next(Vec<R>),
    /// There is no more.
    End,
}

/// Writes all rows, and has them on the disk when it answers.
async fn write_all<R: Transferred>(
    mut chunks: Chunks<R>,
    writer: RowWriter<R>,
    file: File,
    progress: &Progress,
) -> Result<(), Broken> {
    let (send, receive) = mpsc::channel(AHEAD);
    let (done, written) = oneshot::channel();
    // A thread of its own may wait for whoever reads a pipe, and an interruption need not.
    std::thread::spawn(move || {
        let result = write(receive, &writer, &file);
        // Whoever started it may be gone.
        let _ = done.send(result);
    });
    while let Some(rows) = chunks.try_next().await.map_err(Broken::ByServer)? {
        let count = rows.len().try_into().unwrap_or(u64::MAX);
        if send.send(Part::Next(rows)).await.is_err() {
            break;
        }
        progress.bar.inc(count);
    }
    let _ = send.send(Part::End).await;
    let written = written.await;
    let written = written.unwrap_or_else(|_| Err(io::Error::other("writing has failed")));
    written.map_err(Broken::ByFile)
}

fn write<R: Transferred>(
    mut parts: mpsc::Receiver<Part<R>>,
    writer: &RowWriter<R>,
    mut file: &File,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    writer.begin(&mut bytes);
    loop {
        match parts.blocking_recv() {
            Some(Part::Next(rows)) => {
                for row in &rows {
                    writer.write(row, &mut bytes);
                }
                file.write_all(&bytes)?;
                bytes.clear();
            }
            Some(Part::End) => {
                // The header of an export without a row.
                file.write_all(&bytes)?;
                return target::finish(file);
            }
            None => return Err(io::ErrorKind::Interrupted.into()),
        }
    }
}
