//! What is tried again, and when.

use std::error::Error;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::progress::Progress;
use super::said;
use crate::causes::with_causes;

/// How long to wait before each try after the first, where a server was busy or away.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// The tries that are left.
pub(super) struct Retries {
    pauses: std::array::IntoIter<Duration, 5>,
}

impl Retries {
    pub(super) fn new() -> Self {
        Self {
            pauses: PAUSES.into_iter(),
        }
    }

    /// How long to wait before the next try of what ended so, which is told; `None` if it would go
    /// no better, or was tried often enough.
    pub(super) fn pause_after(
        &mut self,
        status: &Status,
        name: &str,
        progress: &Progress,
    ) -> Option<Duration> {
        if !can_go_better(status) {
            return None;
        }
        let pause = self.pauses.next()?;
        let pause = pause.max(retry_delay(status).unwrap_or_default());
        let said = said(status);
        progress.say(&format!(
            "byline: {name}: {said}; trying again in {pause:?}"
        ));
        progress.waiting();
        Some(pause)
    }
}

/// Whether it may go better another time.
fn can_go_better(status: &Status) -> bool {
    match std::error::Error::source(status) {
        Some(lost) => !is_refused_by_tls(lost),
        None => status.code() == Code::Unavailable || retry_delay(status).is_some(),
    }
}

/// Whether the server has ended the handshake, as it does where it does not take the certificate.
/// HTTP/2 leaves no more of that than the text.
fn is_refused_by_tls(lost: &dyn Error) -> bool {
    with_causes(lost).contains("received fatal alert")
}

fn retry_delay(status: &Status) -> Option<Duration> {
    status.get_error_details().retry_info()?.retry_delay
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_connection_that_is_lost_may_come_back_and_a_certificate_does_not_get_better() {
        let lost = |why: &str| {
            let lost = io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
            Status::from_error(Box::new(lost))
        };
        assert!(can_go_better(&lost("connection reset")));
        assert!(!can_go_better(&lost(
            "received fatal alert: CertificateExpired"
        )));
        assert!(can_go_better(&Status::unavailable("busy")));
        assert!(!can_go_better(&Status::permission_denied("no")));
    }
}
