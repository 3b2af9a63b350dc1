//! The key set as it is known now, and how it is kept up to date.
//!
//! One task reads, [`Keys::follow`], however many calls want it to: what calls do is to ask
//! it and to wait a little. So a call that is dropped stops no reading that others wait for.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;

use super::algorithms::Algorithms;
use super::key_set::{KeySet, NoKeys};
use super::source::{JwksSource, Reader};
use super::{JwtError, Refusal};
use crate::system;

/// How many calls wait at once for a key that is not known yet.
const MAX_WAITING: usize = 100;

/// When a key set is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// So often at least.
    pub(super) every: Duration,
    /// So long after a reading that failed at least.
    pub(super) after_failure: Duration,
    /// So long after the last reading at the earliest, when a token names a key that is not
    /// known; `None` for not at all.
    pub(super) on_demand: Option<Duration>,
    /// How long a call waits for that.
    pub(super) wait: Duration,
    /// How long reading may take.
    pub(super) time_out: Duration,
}

impl Pace {
    pub(super) fn of(source: &JwksSource) -> Self {
        let (every, after_failure, on_demand) = match source {
            // It costs next to nothing, and does not tell when it changes.
            JwksSource::File(_) => (Duration::from_secs(5), Duration::from_secs(5), None),
            JwksSource::Url(_) => (
                Duration::from_mins(5),
                Duration::from_secs(10),
                Some(Duration::from_secs(10)),
            ),
        };
        Self {
            every,
            after_failure,
            on_demand,
            wait: Duration::from_secs(2),
            time_out: Duration::from_secs(5),
        }
    }
}

/// The key set of a source.
pub(super) struct Keys {
    source: JwksSource,
    reader: Reader,
    algorithms: Algorithms,
    pace: Pace,
    known: watch::Sender<Known>,
    /// Some call has met a key that is not known.
    wanted: Notify,
    waiting: Semaphore,
}

/// What is known after a reading.
struct Known {
    /// The last one that could be used, unless all its keys were withdrawn since.
    set: Option<Arc<KeySet>>,
    /// Of the document that it was read from.
    digest: [u8; 32],
    /// Why the last reading gave none.
    failure: Option<String>,
    /// When the last reading began.
    tried: Instant,
}

/// What of a reading is worth a line in the log.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Changed,
    Failing,
    Withdrawn,
    Recovered,
}

/// What a reading gave; `None` if it is what is known already.
type Reading = Result<Option<(KeySet, [u8; 32])>, NoKeys>;

impl Known {
    fn nothing() -> Self {
        Self {
            set: None,
            digest: [0; 32],
            failure: None,
            tried: Instant::now(),
        }
    }

    /// A set takes the place of the one before, and so does one without keys; a failure leaves it.
    fn take(&mut self, reading: Reading, tried: Instant) -> Option<News> {
        self.tried = tried;
        match reading {
            Ok(new) => {
                let recovered = self.failure.take().is_some();
                let changed = new.map(|(set, digest)| {
                    self.set = Some(Arc::new(set));
                    self.digest = digest;
                    News::Changed
                });
                changed.or(recovered.then_some(News::Recovered))
            }
            Err(reason) => {
                let is_new = self.failure.replace(reason.problem().to_owned()).is_none();
                match reason {
                    NoKeys::Withdrawn(_) if self.set.take().is_some() => Some(News::Withdrawn),
                    NoKeys::Withdrawn(_) | NoKeys::Unreadable(_) => is_new.then_some(News::Failing),
                }
            }
        }
    }

    /// The set, if it has a key of that name or the name says nothing.
    fn with(&self, kid: Option<&str>) -> Option<Arc<KeySet>> {
        let set = self.set.as_ref()?;
        kid.is_none_or(|kid| set.knows(kid)).then(|| set.clone())
    }
}

impl Keys {
    /// Reads the set once. A file that cannot be used is an error; a URL is tried again.
    pub(super) async fn start(
        source: JwksSource,
        algorithms: Algorithms,
        pace: Pace,
    ) -> Result<Self, JwtError> {
        let reader = Reader::new(&source, pace.time_out)
            .map_err(|problem| JwtError::new(&source, problem))?;
        let keys = Self {
            source,
            reader,
            algorithms,
            pace,
            known: watch::Sender::new(Known::nothing()),
            wanted: Notify::new(),
            waiting: Semaphore::new(MAX_WAITING),
        };
        keys.renew().await;
        let failure = keys.known.borrow().failure.clone();
        match (failure, &keys.source) {
            (Some(problem), JwksSource::File(_)) => Err(JwtError::new(&keys.source, problem)),
            _ => Ok(keys),
        }
    }

    /// The set to look for the key of a token in. `Unavailable` if that may be in a set that
    /// could not be read, or not yet.
    pub(super) async fn find(&self, kid: Option<&str>) -> Result<Arc<KeySet>, Refusal> {
        let known = self.known.borrow().with(kid);
        if let Some(set) = known {
            return Ok(set);
        }
        self.renewed().await?;
        let known = self.known.borrow();
        match (&known.set, &known.failure) {
            (_, Some(problem)) => Err(Refusal::Unavailable(problem.clone())),
            (Some(set), None) => Ok(set.clone()),
            (None, None) => Err(Refusal::Unavailable("no keys yet".to_owned())),
        }
    }

    /// Waits until the set is read anew, if it is time for that.
    async fn renewed(&self) -> Result<(), Refusal> {
        let mut known = self.known.subscribe();
        let before = known.borrow_and_update().tried;
        if !self.is_time(before) {
            return Ok(());
        }
        let Ok(_waiting) = self.waiting.try_acquire() else {
            let problem = "too many calls wait for the keys to be read";
            return Err(Refusal::Unavailable(problem.to_owned()));
        };
        self.wanted.notify_one();
        let reading = known.wait_for(|known| known.tried != before);
        let reading = tokio::time::timeout(self.pace.wait, reading).await;
        reading.map(drop).map_err(|_| {
            let problem = "the keys could not be read in time";
            Refusal::Unavailable(problem.to_owned())
        })
    }

    /// Whether the set may be read because of a token.
    fn is_time(&self, tried: Instant) -> bool {
        let rest = self.pace.on_demand;
        rest.is_some_and(|rest| tried.elapsed() >= rest)
    }

    /// Reads the set whenever it is time. Never ends.
    pub(super) async fn follow(&self) {
        loop {
            self.pause().await;
            self.renew().await;
        }
    }

    async fn pause(&self) {
        let (tried, failing) = {
            let known = self.known.borrow();
            (known.tried, known.failure.is_some())
        };
        let longest = if failing {
            self.pace.after_failure
        } else {
            self.pace.every
        };
        // Replicas that started together do not all come at once.
        let rest = longest.mul_f64(1.0 - 0.2 * system::fraction());
        let asked = async {
            loop {
                self.wanted.notified().await;
                // Somebody may have asked while the set was being read.
                if self.is_time(tried) {
                    break;
                }
            }
        };
        tokio::select! {
            () = tokio::time::sleep_until(tried + rest) => {}
            () = asked => {}
        }
    }

    async fn renew(&self) {
        let tried = Instant::now();
        let reading = self.read().await;
        let mut news = None;
        self.known
            .send_modify(|known| news = known.take(reading, tried));
        if let Some(news) = news {
            self.tell(&news);
        }
    }

    async fn read(&self) -> Reading {
        let document = self.reader.read().await?;
        let digest = Sha256::digest(&document).into();
        let is_known = {
            let known = self.known.borrow();
            known.set.is_some() && known.digest == digest
        };
        if is_known {
            return Ok(None);
        }
        Ok(Some((KeySet::parse(&document, &self.algorithms)?, digest)))
    }

    fn tell(&self, news: &News) {
        let known = self.known.borrow();
        let set = known.set.as_ref();
        let (jwks, keys) = (&self.source, set.map_or(0, |set| set.len()));
        match news {
            News::Changed => tracing::info!(
                %jwks,
                keys,
                unusable = set.map_or("", |set| set.unusable()),
                "read the keys of tokens"
            ),
            News::Failing => tracing::warn!(
                %jwks,
                keys,
                problem = known.failure.as_deref().unwrap_or_default(),
                "the keys of tokens cannot be read; those known before stay, and it is tried again"
            ),
            News::Withdrawn => tracing::warn!(
                %jwks,
                problem = known.failure.as_deref().unwrap_or_default(),
                "all keys of tokens were withdrawn: no token can be verified until there is one"
            ),
            News::Recovered => tracing::info!(%jwks, keys, "the keys of tokens can be read again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> (KeySet, [u8; 32]) {
        let x = "A".repeat(43);
        let document = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}]}}"#);
        let allowed = Algorithms::parse("EdDSA").unwrap();
        (
            KeySet::parse(document.as_bytes(), &allowed).unwrap(),
            [1; 32],
        )
    }

    #[test]
    fn a_source_that_is_away_is_told_of_once_and_so_is_its_return() {
        let mut known = Known::nothing();
        let now = Instant::now();
        let away = || Err(NoKeys::Unreadable("away".to_owned()));
        assert_eq!(known.take(away(), now), Some(News::Failing));
        assert_eq!(known.take(away(), now), None);
        assert_eq!(known.take(Ok(Some(set())), now), Some(News::Changed));
        assert_eq!(known.take(Ok(None), now), None);
        assert_eq!(known.take(away(), now), Some(News::Failing));
        assert_eq!(known.take(Err("other".to_owned().into()), now), None);
        assert!(known.set.is_some());
        assert_eq!(known.take(Ok(None), now), Some(News::Recovered));
        assert!(known.set.is_some() && known.failure.is_none());
    }

    #[test]
    fn keys_that_are_withdrawn_are_gone_even_after_a_failure() {
        let mut known = Known::nothing();
        let now = Instant::now();
        let none = || Err(NoKeys::Withdrawn("none".to_owned()));
        known.take(Ok(Some(set())), now);
        known.take(Err("away".to_owned().into()), now);
        assert_eq!(known.take(none(), now), Some(News::Withdrawn));
        assert!(known.set.is_none());
        assert_eq!(known.take(none(), now), None);
        assert_eq!(known.take(Ok(Some(set())), now), Some(News::Changed));
        assert!(known.set.is_some() && known.failure.is_none());
    }
}
