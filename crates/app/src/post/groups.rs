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
    type Stored = ();

    fn resource(&self) -> Uuid {
        self.id.get().as_uuid()
    }

    fn is_light(&self) -> bool {
        is_light(self.content.as_ref())
    }

    async fn hold(items: &[Self], _unit: &mut dyn UnitOfWork) -> Result<Vec<()>, Error> {
        Ok(vec![(); items.len()])
    }

    fn output(self, made: PostHead, (): ()) -> Post {
        post(made, self.content)
    }
}

#[async_trait]
impl Grouped for UpdatePost {
    /// What it says.
    type Stored = Option<Content>;

    fn resource(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn is_light(&self) -> bool {
        let given = self.changes.content.as_ref();
        given.is_none_or(|content| is_light(content.as_ref()))
    }

    /// Reads what they say where it is not given. That can be more than an answer holds.
    async fn hold(
        items: &[Self],
        unit: &mut dyn UnitOfWork,
    ) -> Result<Vec<Option<Content>>, Error> {
        let is_silent = |item: &Self| item.changes.content.is_none();
        if !items.iter().any(is_silent) {
            return Ok(vec![None; items.len()]);
        }
        let asked = items.iter().map(|item| (item.id, is_silent(item)));
        let asked: Vec<_> = asked.collect();
        Ok(unit.posts().find_contents_for_update(&asked).await?)
    }

    fn output(self, made: PostHead, stored: Option<Content>) -> Post {
        post(made, self.changes.content.unwrap_or(stored))
    }
}
