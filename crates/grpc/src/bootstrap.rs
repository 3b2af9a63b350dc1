//! The composition root: the only file that names concrete adapters.

use std::sync::Arc;

use byline_app::export::Exports;
use byline_app::import::Importer;
use byline_app::post::Posts;
use byline_app::user::Users;
use byline_app::{Load, Sweep, Writer};
use byline_domain::clock::Clock;
use byline_domain::ids::IdGenerator;
use byline_domain::lifecycle::Retention;
use byline_domain::sweep::Sweeper;
use byline_domain::unit_of_work::UnitOfWorkFactory;
use byline_persistence::{Database, PgConnectOptions, PoolSettings};

use crate::convert::Lists;
use crate::page_token::{Keys, PageTokens};
use crate::system::{RandomPause, SystemClock, SystemIds};

/// Everything that a server is made of.
pub(crate) struct App {
    pub(crate) users: Arc<Users>,
    pub(crate) posts: Arc<Posts>,
    pub(crate) exports: Arc<Exports>,
    pub(crate) importer: Arc<Importer>,
    pub(crate) writer: Arc<Writer>,
    pub(crate) units: Arc<dyn UnitOfWorkFactory>,
    pub(crate) ids: Arc<dyn IdGenerator>,
    sweeper: Arc<dyn Sweeper>,
    clock: Arc<dyn Clock>,
    pub(crate) lists: Lists,
    pub(crate) database: Database,
}

impl App {
    /// Puts the layers together over one database. `keys` seal page tokens; what is deleted
    /// can be brought back for `retention`.
    pub(crate) fn new(
        server: PgConnectOptions,
        pool: &PoolSettings,
        keys: Keys,
        retention: Retention,
    ) -> Self {
        let database = Database::new(server, pool);
        let port = Arc::new(database.clone());
        let clock = Arc::new(SystemClock);
        let ids = Arc::new(SystemIds);
        Self {
            users: Arc::new(Users::new(port.clone(), port.clone())),
            posts: Arc::new(Posts::new(port.clone(), port.clone())),
            exports: Arc::new(Exports::new(port.clone())),
            importer: Arc::new(Importer::new(
                port.clone(),
                clock.clone(),
                Arc::new(RandomPause),
                retention,
            )),
            writer: Arc::new(Writer::new(
                port.clone(),
                clock.clone(),
                Arc::new(RandomPause),
                retention,
            )),
            units: port.clone(),
            sweeper: port,
            clock: clock.clone(),
            ids,
            lists: Lists::new(PageTokens::new(keys, clock.clone()), clock),
            database,
        }
    }
    /// What removes what has had its time, and waits while that load is high.
    pub(crate) fn sweep(&self, load: Arc<dyn Load>) -> Sweep {
        let pause = Arc::new(RandomPause);
        Sweep::new(self.sweeper.clone(), self.clock.clone(), pause, load)
    }
}
