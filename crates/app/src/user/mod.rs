//! What can be done with users, one use case a file.

mod batch_get;
mod count;
mod create;
mod delete;
mod get;
mod list;
mod purge;
mod relations;
mod search;
mod undelete;
mod update;

use std::sync::Arc;

use byline_domain::clock::Clock;
use byline_domain::error::Resource;
use byline_domain::ids::{IdGenerator, UserId};
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::post::PostReader;
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::{UnitOfWork, UnitOfWorkFactory};
use byline_domain::user::{User, UserReader};

pub use self::batch_get::{BatchGetUsers, UserBatch};
pub use self::count::CountUsers;
pub use self::create::CreateUser;
pub use self::delete::DeleteUser;
pub use self::get::{GetUser, UserKey};
pub use self::list::{ListUsers, UserList};
pub use self::purge::PurgeUser;
pub use self::search::SearchUsers;
pub use self::undelete::UndeleteUser;
pub use self::update::UpdateUser;
use crate::Error;

/// The use cases of users.
pub struct Users {
    reader: Arc<dyn UserReader>,
    posts: Arc<dyn PostReader>,
    units: Arc<dyn UnitOfWorkFactory>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
}

impl Users {
    /// The use cases over these ports.
    pub fn new(
        reader: Arc<dyn UserReader>,
        posts: Arc<dyn PostReader>,
        units: Arc<dyn UnitOfWorkFactory>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
    ) -> Self {
        Self {
            reader,
            posts,
            units,
            clock,
            ids,
        }
    }
}

/// The user, locked for a change; not found where `trash` does not see it, and
/// refused when the caller expects another state.
async fn lock(
    unit: &mut dyn UnitOfWork,
    id: UserId,
    trash: Trash,
    expected: Option<&ExpectedEtag>,
) -> Result<User, Error> {
    let found = unit.users().find_for_update(id).await?;
    let user = found
        .filter(|user| trash.sees(user.lifecycle.is_deleted()))
        .ok_or_else(|| Error::user_not_found(id))?;
    if expected.is_some_and(|etag| !etag.matches(user.lifecycle.etag())) {
        return Err(Error::EtagMismatch {
            resource: Resource::User,
            id: id.as_uuid(),
        });
    }
    Ok(user)
}
