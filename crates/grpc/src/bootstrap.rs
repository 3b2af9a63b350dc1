//! The composition root: the only file that names concrete adapters.

use std::sync::Arc;

use byline_app::post::Posts;
use byline_app::user::Users;
use byline_domain::ids::IdGenerator;
use byline_domain::unit_of_work::UnitOfWorkFactory;
use byline_persistence::{Database, PgConnectOptions, PoolSettings};

use crate::convert::Lists;
use crate::page_token::{Keys, PageTokens};
use crate::system::{SystemClock, SystemIds};

/// Everything that a server is made of.
pub(crate) struct App {
    pub(crate) users: Arc<Users>,
    pub(crate) posts: Arc<Posts>,
    pub(crate) units: Arc<dyn UnitOfWorkFactory>,
    pub(crate) ids: Arc<dyn IdGenerator>,
    pub(crate) lists: Lists,
    pub(crate) database: Database,
}

impl App {
    /// Puts the layers together over one database. `keys` seal page tokens.
    pub(crate) fn new(server: PgConnectOptions, pool: &PoolSettings, keys: Keys) -> Self {
        let database = Database::new(server, pool);
        let port = Arc::new(database.clone());
        let clock = Arc::new(SystemClock);
        let ids = Arc::new(SystemIds);
        Self {
            users: Arc::new(Users::new(
                port.clone(),
                port.clone(),
                port.clone(),
                clock.clone(),
                ids.clone(),
            )),
            posts: Arc::new(Posts::new(
                port.clone(),
                port.clone(),
                port.clone(),
                clock.clone(),
                ids.clone(),
            )),
            units: port,
            ids,
            lists: Lists::new(PageTokens::new(keys, clock.clone()), clock),
            database,
        }
    }
}
