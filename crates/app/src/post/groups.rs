//! Changes of posts that are made along with others that arrive together.

use async_trait::async_trait;
use byline_domain::post::{Content, Post, PostHead};
use byline_domain::unit_of_work::UnitOfWork;
use uuid::Uuid;

use super::{CreatePost, UpdatePost};
use crate::{Error, Grouped};

/// Up to so many bytes of content.
const LIGHT: usize = 16 * 1024;

fn is_light(content: Option<&Content>) -> bool {
    content.is_none_or(|content| content.as_str().len() <= LIGHT)
}

fn post(head: PostHead, content: Option<Content>) -> Post {
    Post {
        id: head.id,
        title: head.title,
        content,
        published_at: head.published_at,
        author_id: head.author_id,
        lifecycle: head.lifecycle,
    }
}

#[async_trait]
impl Grouped for CreatePost {
    fn resource(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn is_light(&self) -> bool {
        is_light(self.content.as_ref())
    }

    async fn outputs(
        made: Vec<(&Self, PostHead)>,
        _unit: &mut dyn UnitOfWork,
    ) -> Result<Vec<Post>, Error> {
        let made = made.into_iter();
        Ok(made
            .map(|(change, head)| post(head, change.content.clone()))
            .collect())
    }
}

#[async_trait]
impl Grouped for UpdatePost {
    fn resource(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn is_light(&self) -> bool {
        let given = self.changes.content.as_ref();
        given.is_none_or(|content| is_light(content.as_ref()))
    }

    /// What they say is read where it is not given. Where that is too much at once, each is made
    /// alone.
    async fn outputs(
        made: Vec<(&Self, PostHead)>,
        unit: &mut dyn UnitOfWork,
    ) -> Result<Vec<Post>, Error> {
        let silent = made
            .iter()
            .filter(|(change, _)| change.changes.content.is_none());
        let silent: Vec<_> = silent.map(|(change, _)| change.id).collect();
        let mut stored = unit.posts().find_contents(&silent).await?.into_iter();
        let made = made.into_iter();
        Ok(made
            .map(|(change, head)| {
                let given = change.changes.content.clone();
                post(head, given.unwrap_or_else(|| stored.next().flatten()))
            })
            .collect())
    }
}
