//! What can be imported.

use byline_domain::error::Resource;
use byline_domain::ids::{PostId, UserId};
use byline_domain::import::{Import, PostRow, UserRow};
use byline_domain::lifecycle::Retention;
use byline_domain::unit_of_work::UnitOfWork;
use uuid::Uuid;

use crate::Precondition;

/// A row of an import.
pub trait Row: Send + Sync + Sized + 'static {
    /// What it is about.
    const RESOURCE: Resource;

    /// The port through which it is imported.
    fn port(unit: &mut dyn UnitOfWork) -> &mut dyn Import<Self>;

    /// The same, to stay in the trash that long if it comes there and does not say.
    #[must_use]
    fn kept_for(self, retention: Retention) -> Self;

    /// What is to be done first when this is in the trash.
    fn in_trash(id: Uuid) -> Precondition;

    /// What is to be done first when this is not in the trash.
    fn not_in_trash(id: Uuid) -> Precondition;
}

impl Row for UserRow {
    const RESOURCE: Resource = Resource::User;

    fn port(unit: &mut dyn UnitOfWork) -> &mut dyn Import<Self> {
        unit.user_import()
    }

    fn kept_for(mut self, retention: Retention) -> Self {
        self.times = self.times.kept_for(retention);
        self
    }

    fn in_trash(id: Uuid) -> Precondition {
        let user = UserId::from_uuid(id);
        Precondition::UserInTrash { user }
    }

    fn not_in_trash(id: Uuid) -> Precondition {
        let user = UserId::from_uuid(id);
        Precondition::UserNotInTrash { user }
    }
}

impl Row for PostRow {
    const RESOURCE: Resource = Resource::Post;

    fn port(unit: &mut dyn UnitOfWork) -> &mut dyn Import<Self> {
        unit.post_import()
    }

    fn kept_for(mut self, retention: Retention) -> Self {
        self.times = self.times.kept_for(retention);
        self
    }

    fn in_trash(id: Uuid) -> Precondition {
        let post = PostId::from_uuid(id);
        Precondition::PostInTrash { post }
    }

    fn not_in_trash(id: Uuid) -> Precondition {
        let post = PostId::from_uuid(id);
        Precondition::PostNotInTrash { post }
    }
}
