//! What can be done with posts, one use case a file.

mod batch_get;
mod count;
mod create;
mod delete;
mod get;
mod list;
mod publish;
mod purge;
mod relations;
mod search;
mod undelete;
mod update;

use std::sync::Arc;

use byline_domain::clock::Clock;
use byline_domain::error::Resource;
use byline_domain::ids::{IdGenerator, PostId, UserId};
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::post::{Post, PostReader};
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::{UnitOfWork, UnitOfWorkFactory};
use byline_domain::user::UserReader;

pub use self::batch_get::{BatchGetPosts, PostBatch};
pub use self::count::CountPosts;
pub use self::create::CreatePost;
pub use self::delete::DeletePost;
pub use self::get::GetPost;
pub use self::list::{ListPosts, PostList};
pub use self::publish::SetPublished;
pub use self::purge::PurgePost;
pub use self::search::SearchPosts;
pub use self::undelete::UndeletePost;
pub use self::update::UpdatePost;
use crate::{Error, Precondition};

/// The use cases of posts.
pub struct Posts {
    reader: Arc<dyn PostReader>,
    authors: Arc<dyn UserReader>,
    units: Arc<dyn UnitOfWorkFactory>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
}

impl Posts {
    /// The use cases over these ports.
    pub fn new(
        reader: Arc<dyn PostReader>,
        authors: Arc<dyn UserReader>,
        units: Arc<dyn UnitOfWorkFactory>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
    ) -> Self {
        Self {
            reader,
            authors,
            units,
            clock,
            ids,
        }
    }
}

/// The post, locked for a change; not found where `trash` does not see it, and
/// refused when the caller expects another state.
async fn lock(
    unit: &mut dyn UnitOfWork,
    id: PostId,
    trash: Trash,
    expected: Option<&ExpectedEtag>,
) -> Result<Post, Error> {
    let found = unit.posts().find_for_update(id).await?;
    let post = found
        .filter(|post| trash.sees(post.lifecycle.is_deleted()))
        .ok_or_else(|| Error::post_not_found(id))?;
    if expected.is_some_and(|etag| !etag.matches(post.lifecycle.etag())) {
        return Err(Error::EtagMismatch {
            resource: Resource::Post,
            id: id.as_uuid(),
        });
    }
    Ok(post)
}

/// Makes sure that the author lives, and goes on living until the unit of work
/// ends: a living post never has an author in the trash.
async fn hold_living_author(unit: &mut dyn UnitOfWork, author: UserId) -> Result<(), Error> {
    match unit.users().find_for_share(author).await? {
        None => Err(Error::user_not_found(author)),
        Some(user) if user.lifecycle.is_deleted() => {
            Err(Precondition::AuthorInTrash { author }.into())
        }
        Some(_) => Ok(()),
    }
}
