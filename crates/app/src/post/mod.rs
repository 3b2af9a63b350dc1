//! What can be done with posts, one use case a file.

mod batch_get;
mod batches;
mod count;
mod create;
mod delete;
mod get;
mod groups;
mod list;
mod publish;
mod purge;
mod relations;
mod search;
mod transfer;
mod undelete;
mod update;

use std::sync::Arc;

use byline_domain::ids::{PostId, UserId};
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::post::{Post, PostReader};
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWork;
use byline_domain::user::{User, UserReader};

pub use self::batch_get::{BatchGetPosts, PostBatch};
pub use self::count::CountPosts;
pub use self::create::CreatePost;
pub use self::delete::DeletePost;
pub use self::get::GetPost;
pub use self::list::{ListPosts, PostList};
pub use self::publish::SetPublished;
pub use self::purge::PurgePost;
pub use self::search::SearchPosts;
pub use self::transfer::TransferPosts;
pub use self::undelete::UndeletePost;
pub use self::update::UpdatePost;
use crate::{Error, Precondition, held};

/// The use cases that read posts. Those that change them are [`crate::Mutation`]s.
pub struct Posts {
    reader: Arc<dyn PostReader>,
    authors: Arc<dyn UserReader>,
}

impl Posts {
    /// The use cases over these ports.
    pub fn new(reader: Arc<dyn PostReader>, authors: Arc<dyn UserReader>) -> Self {
        Self { reader, authors }
    }
}

/// The post, held for a change, as [`held::expect`] says.
async fn lock(
    unit: &mut dyn UnitOfWork,
    id: PostId,
    trash: Trash,
    expected: Option<&ExpectedEtag>,
) -> Result<Post, Error> {
    let found = unit.posts().find_for_update(id).await?;
    held::expect(found, id.as_uuid(), trash, expected)
}

/// Makes sure that the author lives, and goes on living until the unit of work
/// ends: a living post never has an author in the trash.
async fn hold_living_author(unit: &mut dyn UnitOfWork, author: UserId) -> Result<(), Error> {
    let found = unit.users().find_for_share(author).await?;
    living_author(author, found.as_ref())
}

/// Refuses an author who does not exist or is in the trash.
fn living_author(author: UserId, found: Option<&User>) -> Result<(), Error> {
    match found {
        None => Err(Error::user_not_found(author)),
        Some(user) if user.lifecycle.is_deleted() => {
            Err(Precondition::AuthorInTrash { author }.into())
        }
        Some(_) => Ok(()),
    }
}
