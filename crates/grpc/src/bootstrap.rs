//! The composition root: the only file that names concrete adapters.

use std::sync::Arc;

use byline_app::access::{self, KeyRing};
use byline_app::audit::AuditTrail;
use byline_app::credential::{CredentialPorts, Credentials};
use byline_app::export::Exports;
use byline_app::import::Importer;
use byline_app::post::Posts;
use byline_app::user::Users;
use byline_app::{GroupCommit, Grouped, Load, Sweep, Writer};
use byline_domain::audit::AuditRetention;
use byline_domain::clock::Clock;
use byline_domain::ids::IdGenerator;
use byline_domain::lifecycle::Retention;
use byline_domain::meter::Meter;
use byline_domain::sweep::Sweeper;
use byline_domain::unit_of_work::UnitOfWorkFactory;
use byline_persistence::meter::CallMeter;
use byline_persistence::{
    CoalescingPosts, CoalescingUsers, Database, PgConnectOptions, PoolSettings,
};

use crate::convert::Lists;
use crate::page_token::{Keys, PageTokens};
use crate::passwords::{HashPoolSettings, HashSettings, Hashing, Peppers};
use crate::system::{RandomPause, SystemClock, SystemIds};

/// How passwords are hashed and verified.
pub(crate) struct PasswordSettings {
    /// How new hashes are made.
    pub(crate) hashes: HashSettings,
    /// The peppers that hashes are made by.
    pub(crate) peppers: Peppers,
    /// On how many threads, and how many calls wait for them.
    pub(crate) pool: HashPoolSettings,
    /// How many verifications of a caller may fail within a minute.
    pub(crate) failures_per_minute: u32,
}

impl PasswordSettings {
    /// Those of a program that hashes none.
    pub(crate) fn unused() -> Self {
        Self {
            hashes: HashSettings::LEAST,
            peppers: Peppers::default(),
            pool: HashPoolSettings {
                threads: 1,
                queue: 0,
            },
            failures_per_minute: 1,
        }
    }
}

/// What makes changes that arrive together.
pub(crate) struct Groups {
    writer: Arc<Writer>,
    meter: Arc<dyn Meter>,
    size: usize,
}

impl Groups {
    /// Makes changes of one kind.
    pub(crate) fn of<M: Grouped>(&self) -> GroupCommit<M> {
        GroupCommit::new(self.writer.clone(), self.meter.clone(), self.size)
    }
}

/// Everything that a server is made of.
pub(crate) struct App {
    pub(crate) users: Arc<Users>,
    pub(crate) posts: Arc<Posts>,
    pub(crate) audit: Arc<AuditTrail>,
    pub(crate) exports: Arc<Exports>,
    pub(crate) importer: Arc<Importer>,
    pub(crate) writer: Arc<Writer>,
    pub(crate) groups: Groups,
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) units: Arc<dyn UnitOfWorkFactory>,
    pub(crate) ids: Arc<dyn IdGenerator>,
    sweeper: Arc<dyn Sweeper>,
    clock: Arc<dyn Clock>,
    pub(crate) lists: Lists,
    pub(crate) database: Database,
}

impl App {
    /// For a command that seals no tokens, hashes no passwords and deletes nothing.
    pub(crate) fn for_command(server: PgConnectOptions, pool: &PoolSettings) -> Self {
        let (keys, passwords) = (Keys::generate(), PasswordSettings::unused());
        Self::new(server, pool, keys, Retention::DEFAULT, passwords, 1)
    }

    /// Puts the layers together over one database. `keys` seal page tokens; what is deleted
    /// can be brought back for `retention`. Of changes that arrive together a transaction makes
    /// `group_size` at most.
    pub(crate) fn new(
        server: PgConnectOptions,
        pool: &PoolSettings,
        keys: Keys,
        retention: Retention,
        passwords: PasswordSettings,
        group_size: usize,
    ) -> Self {
        let database = Database::new(server, pool);
        let port = Arc::new(database.clone());
        let user_reader = Arc::new(CoalescingUsers::new(port.clone()));
        let post_reader = Arc::new(CoalescingPosts::new(port.clone()));
        let clock = Arc::new(SystemClock);
        let ids = Arc::new(SystemIds);
        let writer = Arc::new(Writer::new(
            port.clone(),
            clock.clone(),
            Arc::new(RandomPause),
            retention,
        ));
        let PasswordSettings {
            hashes,
            peppers,
            pool,
            failures_per_minute,
        } = passwords;
        let of_credentials = CredentialPorts {
            reader: port.clone(),
            throttle: port.clone(),
            hasher: Arc::new(Hashing::new(hashes, peppers, pool)),
            units: port.clone(),
            clock: clock.clone(),
        };
        Self {
            credentials: Arc::new(Credentials::new(
                of_credentials,
                writer.clone(),
                failures_per_minute,
            )),
            users: Arc::new(Users::new(user_reader.clone(), post_reader.clone())),
            posts: Arc::new(Posts::new(post_reader, user_reader)),
            audit: Arc::new(AuditTrail::new(port.clone())),
            exports: Arc::new(Exports::new(port.clone())),
            importer: Arc::new(Importer::new(
                port.clone(),
                clock.clone(),
                Arc::new(RandomPause),
                retention,
            )),
            groups: Groups {
                writer: writer.clone(),
                meter: Arc::new(CallMeter),
                size: group_size,
            },
            writer,
            units: port.clone(),
            sweeper: port,
            clock: clock.clone(),
            ids,
            lists: Lists::new(PageTokens::new(keys, clock.clone()), clock),
            database,
        }
    }

    /// What tells the time.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// The API keys that callers come with.
    pub(crate) fn key_ring(&self) -> KeyRing {
        KeyRing::new(
            Arc::new(self.database.clone()),
            self.clock.clone(),
            Arc::new(RandomPause),
        )
    }

    /// What operators do with API keys.
    pub(crate) fn keys(&self) -> access::Keys {
        access::Keys::new(Arc::new(self.database.clone()), self.clock.clone())
    }

    /// What removes what has had its time, events of the audit log after that retention, and
    /// waits while that load is high.
    pub(crate) fn sweep(&self, load: Arc<dyn Load>, audit_retention: AuditRetention) -> Sweep {
        let pause = Arc::new(RandomPause);
        Sweep::new(
            self.sweeper.clone(),
            self.clock.clone(),
            pause,
            load,
            audit_retention,
        )
    }
}
