//! What can be done with users, one use case a file.

mod batch_get;
mod batches;
mod count;
mod create;
mod delete;
mod get;
mod groups;
mod list;
mod purge;
mod relations;
mod search;
mod undelete;
mod update;

use std::sync::Arc;

use byline_domain::ids::UserId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::post::PostReader;
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWork;
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
use crate::{Error, held};

/// The use cases that read users. Those that change them are [`crate::Mutation`]s.
pub struct Users {
    reader: Arc<dyn UserReader>,
    posts: Arc<dyn PostReader>,
}

impl Users {
    /// The use cases over these ports.
    pub fn new(reader: Arc<dyn UserReader>, posts: Arc<dyn PostReader>) -> Self {
        Self { reader, posts }
    }
}

/// The user, held for a change, as [`held::expect`] says.
async fn lock(
    unit: &mut dyn UnitOfWork,
    id: UserId,
    trash: Trash,
    expected: Option<&ExpectedEtag>,
) -> Result<User, Error> {
    let found = unit.users().find_for_update(id).await?;
    held::expect(found, id.as_uuid(), trash, expected)
}
