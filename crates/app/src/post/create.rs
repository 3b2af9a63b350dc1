//! Making a post.

use byline_domain::ids::{PostId, UserId};
use byline_domain::lifecycle::Lifecycle;
use byline_domain::post::{Content, Post, Title};

use super::{Posts, hold_living_author};
use crate::{Error, retry};

/// A post to be made.
#[derive(Clone, Debug)]
pub struct CreatePost {
    /// The caller's own id; one is made if `None`.
    pub id: Option<PostId>,
    /// What it is called.
    pub title: Title,
    /// What it says.
    pub content: Option<Content>,
    /// Whether it is published at once.
    pub published: bool,
    /// Who wrote it.
    pub author_id: UserId,
}

impl Posts {
    /// Makes a post. `NotFound` names an author who does not exist;
    /// `AlreadyExists` when the id is taken.
    pub async fn create(&self, command: &CreatePost) -> Result<Post, Error> {
        let id = command
            .id
            .unwrap_or_else(|| PostId::from_uuid(self.ids.generate()));
        retry::on_contention(|| self.create_once(id, command)).await
    }

    async fn create_once(&self, id: PostId, command: &CreatePost) -> Result<Post, Error> {
        let now = self.clock.now();
        let mut post = Post {
            id,
            title: command.title.clone(),
            content: command.content.clone(),
            published_at: None,
            author_id: command.author_id,
            lifecycle: Lifecycle::born(now),
        };
        post.set_published(command.published, now);
        let mut unit = self.units.begin().await?;
        hold_living_author(unit.as_mut(), post.author_id).await?;
        unit.posts().insert(&post).await?;
        unit.commit().await?;
        Ok(post)
    }
}
