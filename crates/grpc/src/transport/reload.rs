//! Certificates that are replaced while the server runs. Connections that there are go on.
//!
//! Files are read every second, and taken when they differ and have been the same for two
//! readings, so that one that is being written is left alone. That holds however they
//! are replaced: over the old ones, by renaming, or by the symbolic links of Kubernetes.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

use super::tls::{Contents, Files, Problem};

const PERIOD: Duration = Duration::from_secs(1);

pub(crate) struct Certificates {
    files: Files,
    current: ArcSwap<ServerConfig>,
    /// What is current was in them.
    first: [u8; 32],
}

impl Certificates {
    /// What is in the files, if all of it is right.
    pub(crate) fn load(files: Files) -> Result<Self, Problem> {
        let contents = Contents::read(&files)?;
        Ok(Self {
            current: ArcSwap::from_pointee(contents.config(&files)?),
            first: contents.digest(),
            files,
        })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }

    /// Takes what comes into the files, as long as it is polled.
    pub(super) async fn follow(self: Arc<Self>) {
        let mut settling = Settling::new(Ok(self.first));
        loop {
            tokio::time::sleep(PERIOD).await;
            let files = self.files.clone();
            // The disk may take its time.
            let reading = tokio::task::spawn_blocking(move || Contents::read(&files));
            let Ok(contents) = reading.await else { return };
            let seen = contents.as_ref().map(Contents::digest);
            if !settling.is_new(seen.map_err(Clone::clone)) {
                continue;
            }
            match contents.and_then(|contents| contents.config(&self.files)) {
                Ok(config) => {
                    self.current.store(Arc::new(config));
                    tracing::info!("new certificates were taken");
                }
                Err(problem) => {
                    tracing::error!(%problem, "new certificates were not taken: the old ones stay");
                }
            }
        }
    }
}

/// What was seen in the files.
type Seen = Result<[u8; 32], Problem>;

/// Tells when what is seen is new, and told once.
struct Settling {
    last: Seen,
    told: Seen,
}

impl Settling {
    fn new(known: Seen) -> Self {
        Self {
            last: known.clone(),
            told: known,
        }
    }

    fn is_new(&mut self, seen: Seen) -> bool {
        if seen != self.last {
            self.last = seen;
            return false;
        }
        if seen == self.told {
            return false;
        }
        self.told = seen;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_twice_is_new_once() {
        let mut settling = Settling::new(Ok([0; 32]));
        let seen = [0, 1, 2, 2, 2, 0, 0, 0, 2, 0].map(|number| settling.is_new(Ok([number; 32])));
        let expected = [
            false, false, false, true, false, false, true, false, false, false,
        ];
        assert_eq!(seen, expected);
    }
}
