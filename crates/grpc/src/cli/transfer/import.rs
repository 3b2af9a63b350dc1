//! `byline import`: a file's rows to a server, all or none of them.

use std::fs::File;
use std::io::{self, Read};
use std::pin::{Pin, pin};
use std::process::ExitCode;

use byline_domain::ids::IdGenerator;
use clap::{Args, ValueEnum};
use tonic::Status;
use tonic_types::StatusExt;
use uuid::Uuid;

use super::feed::{Feed, feed};
use super::format::Format;
use super::lines::Unreadable;
use super::noun::{Noun, Transferred};
use super::progress::Progress;
use super::report::Told;
use super::retry::Retries;
use super::rows::LineMap;
use super::server::Client;
use super::{Ends, said};
use crate::cli::{CommandError, stop_signal};
use crate::pb::{self, Atomicity, ImportReport, ImportSettings};
use crate::status::DOMAIN;
use crate::system::SystemIds;

#[derive(Args, Debug)]
pub(in crate::cli) struct ImportCommand {
    #[command(flatten)]
    ends: Ends,

    /// What becomes of rows that are stored already, by their ids or addresses
    #[arg(long, value_enum, default_value_t = OnConflict::Fail)]
    on_conflict: OnConflict,

    /// Keep the other rows where some have problems, instead of nothing
    #[arg(long)]
    each: bool,

    /// Only try: check everything, and keep nothing
    #[arg(long)]
    validate_only: bool,

    /// Names this import, so that it changes nothing again when it is sent again; a new one if left out
    #[arg(long, value_name = "UUID")]
    request_id: Option<Uuid>,

    /// Print the report as JSON to standard output
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OnConflict {
    /// They are problems
    Fail,
    /// They are passed over
    Skip,
    /// What is stored is changed to what they say
    Update,
}

/// How a try ended.
enum Ended {
    Reported(ImportReport, LineMap),
    /// By the server or on the way to it; `is_sent` if all rows were read by then.
    Refused {
        status: Status,
        is_sent: bool,
    },
    Unreadable(Unreadable),
    Interrupted {
        is_sent: bool,
    },
}

impl ImportCommand {
    pub(in crate::cli) async fn run(self) -> Result<ExitCode, CommandError> {
        match self.ends.noun {
            Noun::Users => Box::pin(Import::new(self).run::<pb::User>()).await,
            Noun::Posts => Box::pin(Import::new(self).run::<pb::Post>()).await,
        }
    }
}

struct Import {
    command: ImportCommand,
    request_id: Uuid,
    /// What the file is called.
    name: String,
}

impl Import {
    fn new(command: ImportCommand) -> Self {
        let name = match command.ends.path() {
            Some(path) => path.display().to_string(),
            None => "standard input".to_owned(),
        };
        Self {
            request_id: command.request_id.unwrap_or_else(|| SystemIds.generate()),
            command,
            name,
        }
    }

    async fn run<R: Transferred>(&self) -> Result<ExitCode, CommandError> {
        let format = match self.command.ends.format() {
            Ok(format) => format,
            Err(usage) => return Ok(usage.told()),
        };
        let (mut input, can_be_read_again) = self
            .open()
            .map_err(|error| format!("{}: {error}", self.name))?;
        let client = self.command.ends.server.client().await?;
        let progress = Progress::of_bytes(self.size());
        let mut stop = pin!(stop_signal());
        let mut retries = Retries::new();
        // Whether an earlier try may have been kept, as far as anybody knows.
        let mut is_uncertain = false;
        loop {
            let ended = self.attempt::<R>(input, format, client.clone(), &progress, stop.as_mut());
            let (status, is_sent) = match ended.await {
                Ended::Reported(report, lines) => return Ok(self.tell(&report, &lines, &progress)),
                Ended::Unreadable(unreadable) => {
                    return Err(self.failed(format_args!(" {unreadable}"), is_uncertain));
                }
                Ended::Interrupted { is_sent } => {
                    return Err(self.failed(format_args!(": interrupted"), is_uncertain || is_sent));
                }
                Ended::Refused { status, is_sent } => (status, is_sent),
            };
            is_uncertain |= is_sent && is_outcome_unknown(&status);
            // Nothing is done twice, since the import has an id.
            let pause = can_be_read_again
                .then(|| retries.pause_after(&status, &self.name, &progress))
                .flatten();
            let Some(pause) = pause else {
                let said = said(&status);
                return Err(self.failed(format_args!(": {said}"), is_uncertain));
            };
            tokio::select! {
                () = stop.as_mut() => {
                    return Err(self.failed(format_args!(": interrupted"), is_uncertain));
                }
                () = tokio::time::sleep(pause) => {}
            }
            progress.again();
            (input, _) = self
                .open()
                .map_err(|error| self.failed(format_args!(": {error}"), is_uncertain))?;
        }
    }

    /// What is read, and whether it is the same when it is opened once more.
    fn open(&self) -> io::Result<(Box<dyn Read + Send>, bool)> {
        let Some(path) = self.command.ends.path() else {
            return Ok((Box::new(io::stdin()), false));
        };
        let file = File::open(path)?;
        let is_file = file.metadata()?.is_file();
        Ok((Box::new(file), is_file))
    }

    /// How many bytes there are to be read, if that is known.
    fn size(&self) -> Option<u64> {
        let about = std::fs::metadata(self.command.ends.path()?).ok()?;
        about.is_file().then_some(about.len())
    }

    fn settings(&self) -> ImportSettings {
        let on_conflict = match self.command.on_conflict {
            OnConflict::Fail => pb::OnConflict::Fail,
            OnConflict::Skip => pb::OnConflict::Skip,
            OnConflict::Update => pb::OnConflict::Update,
        };
        let atomicity = if self.command.each {
            Atomicity::Each
        } else {
            Atomicity::All
        };
        ImportSettings {
            on_conflict: on_conflict.into(),
            atomicity: atomicity.into(),
            request_id: self.request_id.to_string(),
            validate_only: self.command.validate_only,
        }
    }

    async fn attempt<R: Transferred>(
        &self,
        input: Box<dyn Read + Send>,
        format: Format,
        client: Client,
        progress: &Progress,
        mut stop: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Ended {
        let input = progress.bar.wrap_read(input);
        let Feed { parts, mut read } = feed::<R>(input, format, self.settings());
        let mut call = pin!(R::import(client, parts));
        let mut lines = None;
        let mut is_over = false;
        // Whenever this returns before the call does, the call is dropped, and not ended.
        let answer = loop {
            tokio::select! {
                biased;
                () = stop.as_mut() => return Ended::Interrupted { is_sent: lines.is_some() },
                result = &mut read, if !is_over => {
                    is_over = true;
                    match result {
                        Ok(Ok(map)) => {
                            lines = Some(map);
                            progress.settling();
                        }
                        Ok(Err(unreadable)) => return Ended::Unreadable(unreadable),
                        // The call has ended before the file: it tells why.
                        Err(_) => {}
                    }
                }
                answer = call.as_mut() => break answer,
            }
        };
        if !is_over {
            // Both may have come to their ends since the file was asked for.
            match read.try_recv() {
                Ok(Ok(map)) => lines = Some(map),
                Ok(Err(unreadable)) => return Ended::Unreadable(unreadable),
                Err(_) => {}
            }
        }
        let is_sent = lines.is_some();
        match answer {
            Ok(report) => Ended::Reported(report, lines.unwrap_or_default()),
            Err(status) => Ended::Refused { status, is_sent },
        }
    }

    fn tell(&self, report: &ImportReport, lines: &LineMap, progress: &Progress) -> ExitCode {
        let told = Told {
            file: &self.name,
            report,
            lines,
            is_trial: self.command.validate_only,
        };
        progress.bar.finish_and_clear();
        if self.command.json {
            println!("{:#}", told.json());
        } else {
            for problem in told.problems() {
                eprintln!("byline: {problem}");
            }
            eprintln!("{}", told.summary(&progress.seconds()));
        }
        if told.is_fine() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn failed(&self, why: std::fmt::Arguments<'_>, is_uncertain: bool) -> CommandError {
        let name = &self.name;
        if is_uncertain && !self.command.validate_only {
            let id = self.request_id;
            format!(
                "{name}{why}; whether it was kept is not known: to be sure, send the same again \
                 with --request-id {id}"
            )
            .into()
        } else {
            format!("{name}{why}; nothing was kept").into()
        }
    }
}

/// Whether nobody has said what became of the import: the server says so, or that the time was
/// over, which may have been while it was committed, or that it broke; or the status is not
/// the server's, but was made on this side or on the way.
fn is_outcome_unknown(status: &Status) -> bool {
    let details = status.get_error_details();
    let info = details.error_info();
    let reason = info
        .filter(|info| info.domain == DOMAIN)
        .map(|info| info.reason.as_str());
    matches!(
        reason,
        None | Some("OUTCOME_UNKNOWN" | "DEADLINE_EXCEEDED" | "INTERNAL")
    )
}
