//! The keys that callers may come with, held in memory: a call costs no statement, and keys
//! that were made up reach no database.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use byline_domain::access::{Caller, KeyId, KeyReader, KeyRecord, PresentedKey, Way};
use byline_domain::clock::Clock;
use byline_domain::error::RepositoryError;
use byline_domain::pause::Pause;
use chrono::{DateTime, TimeDelta, Utc};

/// How long after they were read the keys are read anew for one that is not among them, and
/// which waits for that: who makes up a thousand costs as much as who makes up one.
const AGAIN: TimeDelta = TimeDelta::milliseconds(200);
/// How long it is told of a key that it has expired, rather than that there is none.
const TOLD: TimeDelta = TimeDelta::days(30);

/// Why nobody is known by a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyRefusal {
    /// There is no such key, its secret is another, or it was revoked.
    #[error("there is no such key")]
    Unknown,
    /// It has expired. Told to whoever knows its secret alone.
    #[error("the key has expired")]
    Expired,
    /// The keys cannot be read.
    #[error(transparent)]
    Unavailable(#[from] RepositoryError),
}

/// All keys that are of use.
pub struct KeyRing {
    reader: Arc<dyn KeyReader>,
    clock: Arc<dyn Clock>,
    pause: Arc<dyn Pause>,
    keys: RwLock<Arc<HashMap<KeyId, KeyRecord>>>,
    /// How they were last read; held while they are.
    last: tokio::sync::Mutex<Option<Reading>>,
}

/// How the keys were read.
#[derive(Clone, Copy)]
struct Reading {
    began: DateTime<Utc>,
    ended: DateTime<Utc>,
    failed: bool,
}

impl KeyRing {
    /// An empty one: [`Self::refresh`] fills it.
    pub fn new(reader: Arc<dyn KeyReader>, clock: Arc<dyn Clock>, pause: Arc<dyn Pause>) -> Self {
        Self {
            reader,
            clock,
            pause,
            keys: RwLock::default(),
            last: tokio::sync::Mutex::default(),
        }
    }

    /// Reads all keys. Those that were there stay if that fails.
    pub async fn refresh(&self) -> Result<(), RepositoryError> {
        let mut last = self.last.lock().await;
        self.read(&mut last).await
    }

    /// Who comes with a key that is not at hand: the keys are read anew, a little later if that
    /// was done just now; all who come meanwhile wait for that.
    pub async fn find(&self, key: &PresentedKey) -> Result<Caller, KeyRefusal> {
        let came = self.clock.now();
        let mut last = self.last.lock().await;
        if let Some(found) = self.look_up(key) {
            return found;
        }
        let now = self.clock.now();
        let just_now = last.filter(|last| now - last.ended < AGAIN && last.ended <= now);
        match just_now {
            Some(Reading { failed: true, .. }) => {
                return Err(RepositoryError::Unavailable("not read just now".into()).into());
            }
            // It would have been found.
            Some(last) if last.began >= came => return Err(KeyRefusal::Unknown),
            Some(last) => self.pause.rest(AGAIN - (now - last.ended)).await,
            None => {}
        }
        self.read(&mut last).await?;
        self.look_up(key).unwrap_or(Err(KeyRefusal::Unknown))
    }

    async fn read(&self, last: &mut Option<Reading>) -> Result<(), RepositoryError> {
        let began = self.clock.now();
        let keys = self.reader.usable(began - TOLD).await;
        *last = Some(Reading {
            began,
            ended: self.clock.now(),
            failed: keys.is_err(),
        });
        let keys = keys?.into_iter().map(|key| (key.key.id, key)).collect();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(())
    }

    /// Who comes with that key, as far as is known at hand; `None` if no key of its id is.
    pub fn look_up(&self, presented: &PresentedKey) -> Option<Result<Caller, KeyRefusal>> {
        let keys = Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner));
        let known = keys.get(&presented.id)?;
        Some(if known.key != *presented {
            Err(KeyRefusal::Unknown)
        } else if known.has_expired(self.clock.now()) {
            Err(KeyRefusal::Expired)
        } else {
            Ok(Caller::new(Way::Key, &known.name, known.scopes))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use byline_domain::access::{ApiKey, CallerName, Scope, Scopes};
    use byline_domain::testing::fixtures::time;

    use super::*;

    /// Keys, how often they were read, and whether they can be.
    #[derive(Default)]
    struct Store {
        keys: Mutex<Vec<KeyRecord>>,
        reads: Mutex<u32>,
        is_away: Mutex<bool>,
    }

    #[async_trait::async_trait]
    impl KeyReader for Store {
        async fn usable(&self, _: DateTime<Utc>) -> Result<Vec<KeyRecord>, RepositoryError> {
            *self.reads.lock().unwrap() += 1;
            tokio::task::yield_now().await;
            if *self.is_away.lock().unwrap() {
                return Err(RepositoryError::Unavailable("away".into()));
            }
            Ok(self.keys.lock().unwrap().clone())
        }
    }

    struct Watch(Mutex<DateTime<Utc>>);

    impl Watch {
        fn go(&self, time: TimeDelta) {
            *self.0.lock().unwrap() += time;
        }
    }

    impl Clock for Watch {
        fn now(&self) -> DateTime<Utc> {
            *self.0.lock().unwrap()
        }
    }

    /// Whose time goes by while it waits.
    #[async_trait::async_trait]
    impl Pause for Watch {
        async fn before(&self, retry: u32) {
            panic!("nothing is tried again here: {retry}");
        }

        async fn rest(&self, span: TimeDelta) {
            self.go(span);
        }
    }

    struct World {
        store: Arc<Store>,
        watch: Arc<Watch>,
        ring: KeyRing,
    }

    fn world() -> World {
        let store = Arc::new(Store::default());
        let watch = Arc::new(Watch(Mutex::new(time(0))));
        let ring = KeyRing::new(store.clone(), watch.clone(), watch.clone());
        World { store, watch, ring }
    }

    fn key(number: u8) -> PresentedKey {
        ApiKey::from_random(&[number; ApiKey::RANDOM_BYTES]).presented()
    }

    fn record(number: u8) -> KeyRecord {
        KeyRecord {
            key: key(number),
            name: CallerName::parse(format!("caller {number}")).unwrap(),
            scopes: Scopes::NONE.with(Scope::UsersRead),
            created_at: time(0),
            expires_at: None,
            revoked_at: None,
        }
    }

    impl World {
        fn keep(&self, keys: impl IntoIterator<Item = KeyRecord>) {
            *self.store.keys.lock().unwrap() = keys.into_iter().collect();
        }

        fn reads(&self) -> u32 {
            *self.store.reads.lock().unwrap()
        }

        async fn found(&self, number: u8) -> Option<String> {
            let caller = self.ring.find(&key(number)).await.ok();
            caller.map(|caller| caller.to_string())
        }
    }

    #[tokio::test]
    async fn a_known_key_costs_no_read() {
        let world = world();
        world.keep([record(1)]);
        world.ring.refresh().await.unwrap();
        for _ in 0..3 {
            assert_eq!(world.found(1).await.as_deref(), Some("key:caller 1"));
        }
        assert_eq!(world.reads(), 1);
    }

    #[tokio::test]
    async fn a_new_key_is_known_at_once_and_made_up_ones_cost_a_few_reads_a_second() {
        let world = world();
        world.ring.refresh().await.unwrap();
        world.keep([record(1)]);
        world.watch.go(AGAIN);
        assert_eq!(world.found(1).await.as_deref(), Some("key:caller 1"));
        assert_eq!(world.reads(), 2);

        let ring = Arc::new(world.ring);
        let mut made_up = tokio::task::JoinSet::new();
        for number in 2..100 {
            let ring = Arc::clone(&ring);
            made_up.spawn(async move { ring.find(&key(number)).await });
        }
        for found in made_up.join_all().await {
            assert!(matches!(found, Err(KeyRefusal::Unknown)), "{found:?}");
        }
        assert_eq!(*world.store.reads.lock().unwrap(), 2);
        world.watch.go(AGAIN);
        ring.find(&key(2)).await.unwrap_err();
        assert_eq!(*world.store.reads.lock().unwrap(), 3);
    }

    #[tokio::test]
    async fn a_key_that_is_made_right_after_somebody_made_one_up_is_known_too() {
        let world = world();
        assert_eq!(world.found(2).await, None);
        assert_eq!(world.reads(), 1);
        let a_little = TimeDelta::milliseconds(1);
        world.watch.go(a_little);
        world.keep([record(1)]);
        let came = world.watch.now();
        assert_eq!(world.found(1).await.as_deref(), Some("key:caller 1"));
        assert_eq!(world.watch.now() - came, AGAIN - a_little);
        assert_eq!(world.reads(), 2);
    }

    #[tokio::test]
    async fn another_secret_is_refused_without_a_word_of_the_key() {
        let world = world();
        world.keep([KeyRecord {
            expires_at: Some(time(0)),
            ..record(1)
        }]);
        world.ring.refresh().await.unwrap();
        let other = PresentedKey {
            hash: key(2).hash,
            ..key(1)
        };
        let refusal = world.ring.find(&other).await.unwrap_err();
        assert!(matches!(refusal, KeyRefusal::Unknown), "{refusal}");
        let refusal = world.ring.find(&key(1)).await.unwrap_err();
        assert!(matches!(refusal, KeyRefusal::Expired), "{refusal}");
    }

    #[tokio::test]
    async fn a_key_that_is_gone_is_refused_after_the_next_refresh() {
        let world = world();
        world.keep([record(1)]);
        world.ring.refresh().await.unwrap();
        world.keep([]);
        assert!(world.found(1).await.is_some());
        world.ring.refresh().await.unwrap();
        assert_eq!(world.found(1).await, None);
    }

    #[tokio::test]
    async fn a_database_that_is_away_locks_nobody_out() {
        let world = world();
        world.keep([record(1)]);
        world.ring.refresh().await.unwrap();
        *world.store.is_away.lock().unwrap() = true;
        world.ring.refresh().await.unwrap_err();
        assert!(world.found(1).await.is_some());
        world.watch.go(AGAIN);
        // Who comes right after that does not wait for the database as well.
        let before = world.reads();
        for _ in 0..3 {
            let refusal = world.ring.find(&key(2)).await.unwrap_err();
            assert!(matches!(refusal, KeyRefusal::Unavailable(_)), "{refusal}");
        }
        assert_eq!(world.reads(), before + 1);
    }
}
