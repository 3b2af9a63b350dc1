//! What the contract says of changes to posts.

use byline_grpc::pb;

use crate::model::calls::Change;
use crate::model::checks::{self, Checks, Mask};
use crate::model::filters;
use crate::model::outcome::{Expected, Made};
use crate::model::refusal::{Refusal, Violation};
use crate::model::state::{Chosen, Id, Model, Noun, Post, kept, known_id};

impl Model {
    /// The post that a change is about, in the trash or not.
    fn any_post(&self, id: &str, etag: &str) -> Result<Post, Refusal> {
        let found = self.posts.get(&known_id(id));
        let post = found.ok_or_else(|| Refusal::not_found(Noun::Post, &id.to_lowercase()))?;
        if etag.is_empty() || post.stamps.has_etag(etag) {
            Ok(post.clone())
        } else {
            Err(Refusal::etag_mismatch())
        }
    }

    /// The post outside the trash that a change is about.
    fn post(&self, id: &str, etag: &str) -> Result<Post, Refusal> {
        match self.posts.get(&known_id(id)) {
            Some(post) if post.stamps.deleted_at.is_some() => {
                Err(Refusal::not_found(Noun::Post, &id.to_lowercase()))
            }
            Some(_) | None => self.any_post(id, etag),
        }
    }

    /// An author who may have posts outside the trash.
    pub(crate) fn author(&self, id: &Id) -> Result<(), Refusal> {
        let Chosen::Known(name) = id else {
            return Ok(());
        };
        match self.users.get(id) {
            None => Err(Refusal::not_found(Noun::User, name)),
            Some(user) if user.stamps.deleted_at.is_some() => {
                Err(Refusal::precondition("AUTHOR_IN_TRASH", Noun::User, name))
            }
            Some(_) => Ok(()),
        }
    }

    /// The post that is made of it now.
    pub(crate) fn new_post(&mut self, given: &pb::Post) -> Post {
        let stamps = self.born();
        let now = Some(stamps.created_at.clone());
        Post {
            id: self.new_id(&given.id),
            title: kept(Some(&given.title)).unwrap(),
            content: kept(given.content.as_ref()),
            published_at: now.filter(|_| given.published.unwrap_or(false)),
            author: known_id(&given.author_id),
            along: false,
            stamps,
        }
    }

    fn keep_post(&mut self, post: Post) -> Expected {
        self.posts.insert(post.id.clone(), post.clone());
        Expected::Post(post)
    }

    /// Keeps the post if it is another one than before. `published`: whether it is to be.
    fn change_post(&mut self, before: &Post, mut post: Post, published: bool) -> Expected {
        if post == *before && published == before.published_at.is_some() {
            return Expected::Post(post);
        }
        post.stamps = self.touched(&post.stamps);
        let since = before.published_at.clone();
        let since = since.or_else(|| post.stamps.updated_at.clone());
        post.published_at = since.filter(|_| published);
        self.keep_post(post)
    }

    fn publish(&mut self, id: &str, etag: &str, published: bool) -> Made {
        let post = self.post(id, etag)?;
        Ok(self.change_post(&post, post.clone(), published))
    }
}

impl Change for pb::CreatePostRequest {
    fn fill(&mut self, model: &Model) {
        if let Some(post) = &mut self.post {
            model.fill_post(&mut post.id, &mut post.etag);
            model.fill_user(&mut post.author_id, &mut String::new());
        }
    }

    fn violations(&self) -> Vec<Violation> {
        let mut checks = Checks::default();
        match &self.post {
            Some(post) => checks::new_post(post, &mut checks),
            None => checks.check("post", Some("REQUIRED")),
        }
        checks.finish()
    }

    fn make(&self, model: &mut Model) -> Made {
        let given = self.post.as_ref().unwrap();
        let post = model.new_post(given);
        model.author(&post.author)?;
        if model.posts.contains_key(&post.id) {
            return Err(Refusal::taken(Noun::Post, "id"));
        }
        Ok(model.keep_post(post))
    }
}

impl Change for pb::UpdatePostRequest {
    fn fill(&mut self, model: &Model) {
        if let Some(post) = &mut self.post {
            model.fill_post(&mut post.id, &mut post.etag);
            model.fill_user(&mut post.author_id, &mut String::new());
        }
    }

    fn violations(&self) -> Vec<Violation> {
        let mut checks = Checks::default();
        let mask = Mask::of(self.update_mask.as_ref());
        match &self.post {
            Some(post) => checks::changed_post(post, &mask, &mut checks),
            None => checks.check("post", Some("REQUIRED")),
        }
        checks.finish()
    }

    fn make(&self, model: &mut Model) -> Made {
        let given = self.post.as_ref().unwrap();
        let mask = Mask::of(self.update_mask.as_ref());
        let before = model.post(&given.id, &given.etag)?;
        let mut post = before.clone();
        if mask.changes("title", !given.title.is_empty()) {
            post.title = kept(Some(&given.title)).unwrap();
        }
        if mask.changes("content", given.content.is_some()) {
            post.content = kept(given.content.as_ref());
        }
        let published = if mask.changes("published", given.published.is_some()) {
            given.published.unwrap_or(false)
        } else {
            before.published_at.is_some()
        };
        Ok(model.change_post(&before, post, published))
    }
}

macro_rules! of_one_post {
    ($($request:ident |$model:ident, $id:ident, $etag:ident| $make:expr;)*) => {
        $(
            impl Change for pb::$request {
                fn fill(&mut self, model: &Model) {
                    model.fill_post(&mut self.id, &mut self.etag);
                }

                fn violations(&self) -> Vec<Violation> {
                    checks::only_id(&self.id)
                }

                fn make(&self, $model: &mut Model) -> Made {
                    let ($id, $etag) = (&self.id, &self.etag);
                    $make
                }
            }
        )*
    };
}

of_one_post! {
    PublishPostRequest |model, id, etag| model.publish(id, etag, true);
    UnpublishPostRequest |model, id, etag| model.publish(id, etag, false);
    DeletePostRequest |model, id, etag| {
        let mut post = model.post(id, etag)?;
        post.stamps = model.deleted(&post.stamps);
        Ok(model.keep_post(post))
    };
    UndeletePostRequest |model, id, etag| {
        let mut post = model.any_post(id, etag)?;
        if post.stamps.deleted_at.is_none() {
            return Err(Refusal::not_deleted(Noun::Post, &id.to_lowercase()));
        }
        model.author(&post.author)?;
        post.stamps = model.undeleted(&post.stamps);
        Ok(model.keep_post(post))
    };
    PurgePostRequest |model, id, etag| {
        let post = model.any_post(id, etag)?;
        if post.stamps.deleted_at.is_none() {
            let id = id.to_lowercase();
            return Err(Refusal::precondition("POST_NOT_IN_TRASH", Noun::Post, &id));
        }
        model.posts.remove(&post.id);
        Ok(Expected::Nothing)
    };
}

impl Change for pb::TransferPostsRequest {
    fn fill(&mut self, model: &Model) {
        model.fill_user(&mut self.from_author_id, &mut String::new());
        model.fill_user(&mut self.to_author_id, &mut String::new());
    }

    fn violations(&self) -> Vec<Violation> {
        let mut checks = Checks::default();
        let (from, to) = (&self.from_author_id, &self.to_author_id);
        checks.check("from_author_id", checks::id(from));
        let is_same = checks::id(from).is_none() && known_id(from) == known_id(to);
        let same = is_same.then_some("MALFORMED");
        checks.check("to_author_id", checks::id(to).or(same));
        checks.check("filter", filters::wrong(&self.filter));
        checks.finish()
    }

    fn make(&self, model: &mut Model) -> Made {
        let (from, to) = (known_id(&self.from_author_id), known_id(&self.to_author_id));
        model.author(&from)?;
        model.author(&to)?;
        let given = model.posts_of(&from, |post| {
            post.stamps.deleted_at.is_none() && filters::meets(&self.filter, post)
        });
        for id in &given {
            let post = &model.posts[id].clone();
            let post = Post {
                author: to.clone(),
                stamps: model.touched(&post.stamps),
                ..post.clone()
            };
            model.posts.insert(id.clone(), post);
        }
        Ok(Expected::Transferred(i64::try_from(given.len()).unwrap()))
    }
}
