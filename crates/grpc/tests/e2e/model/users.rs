//! What the contract says of changes to users.

use byline_grpc::pb;

use crate::model::calls::Change;
use crate::model::checks::{self, Checks, Mask};
use crate::model::outcome::{Expected, Made};
use crate::model::refusal::{Refusal, Violation};
use crate::model::state::{Id, Model, Noun, Post, User, kept, known_id};

impl Model {
    /// The user that a change is about, in the trash or not.
    pub(crate) fn any_user(&self, id: &str, etag: &str) -> Result<User, Refusal> {
        let found = self.users.get(&known_id(id));
        let user = found.ok_or_else(|| Refusal::not_found(Noun::User, &id.to_lowercase()))?;
        if etag.is_empty() || user.stamps.has_etag(etag) {
            Ok(user.clone())
        } else {
            Err(Refusal::etag_mismatch())
        }
    }

    /// The user outside the trash that a change is about.
    fn user(&self, id: &str, etag: &str) -> Result<User, Refusal> {
        match self.users.get(&known_id(id)) {
            Some(user) if user.stamps.deleted_at.is_some() => {
                Err(Refusal::not_found(Noun::User, &id.to_lowercase()))
            }
            Some(_) | None => self.any_user(id, etag),
        }
    }

    /// The user that is made of it now.
    pub(crate) fn new_user(&mut self, given: &pb::User) -> User {
        User {
            id: self.new_id(&given.id),
            email: kept(Some(&given.email)).unwrap(),
            name: kept(given.name.as_ref()),
            role: or_user(&given.role),
            is_active: given.is_active.unwrap_or(true),
            stamps: self.born(),
        }
    }

    fn keep_user(&mut self, user: User) -> Expected {
        self.users.insert(user.id.clone(), user.clone());
        Expected::User(user)
    }

    /// Changes the posts of an author that meet it.
    fn each_post(
        &mut self,
        author: &Id,
        meets: impl Fn(&Post) -> bool,
        change: impl Fn(&mut Self, &Post) -> Post,
    ) {
        for id in self.posts_of(author, meets) {
            let post = change(self, &self.posts[&id].clone());
            self.posts.insert(id, post);
        }
    }
}

fn or_user(role: &str) -> String {
    let role = kept(Some(&role.to_owned())).filter(|role| !role.is_empty());
    role.unwrap_or_else(|| "user".to_owned())
}

impl Change for pb::CreateUserRequest {
    fn fill(&mut self, model: &Model) {
        if let Some(user) = &mut self.user {
            model.fill_user(&mut user.id, &mut user.etag);
            model.fill_address(&mut user.email);
        }
    }

    fn violations(&self) -> Vec<Violation> {
        let mut checks = Checks::default();
        match &self.user {
            Some(user) => checks::new_user(user, &mut checks),
            None => checks.check("user", Some("REQUIRED")),
        }
        checks.finish()
    }

    fn make(&self, model: &mut Model) -> Made {
        let given = self.user.as_ref().unwrap();
        let user = model.new_user(given);
        if model.users.contains_key(&user.id) {
            return Err(Refusal::taken(Noun::User, "id"));
        }
        if model.is_taken(&user.email, &user.id) {
            return Err(Refusal::taken(Noun::User, "email"));
        }
        Ok(model.keep_user(user))
    }
}

impl Change for pb::UpdateUserRequest {
    fn fill(&mut self, model: &Model) {
        if let Some(user) = &mut self.user {
            model.fill_user(&mut user.id, &mut user.etag);
            model.fill_address(&mut user.email);
        }
    }

    fn violations(&self) -> Vec<Violation> {
        let mut checks = Checks::default();
        let mask = Mask::of(self.update_mask.as_ref());
        match &self.user {
            Some(user) => checks::changed_user(user, &mask, &mut checks),
            None => checks.check("user", Some("REQUIRED")),
        }
        checks.finish()
    }

    fn make(&self, model: &mut Model) -> Made {
        let given = self.user.as_ref().unwrap();
        let mask = Mask::of(self.update_mask.as_ref());
        let before = model.user(&given.id, &given.etag)?;
        let mut user = before.clone();
        if mask.changes("email", !given.email.is_empty()) {
            user.email = kept(Some(&given.email)).unwrap();
        }
        if mask.changes("name", given.name.is_some()) {
            user.name = kept(given.name.as_ref());
        }
        if mask.changes("role", !given.role.is_empty()) {
            user.role = or_user(&given.role);
        }
        if mask.changes("is_active", given.is_active.is_some()) {
            user.is_active = given.is_active.unwrap_or(true);
        }
        if user == before {
            return Ok(Expected::User(user));
        }
        if model.is_taken(&user.email, &user.id) {
            return Err(Refusal::taken(Noun::User, "email"));
        }
        user.stamps = model.touched(&user.stamps);
        Ok(model.keep_user(user))
    }
}

impl Change for pb::DeleteUserRequest {
    fn fill(&mut self, model: &Model) {
        model.fill_user(&mut self.id, &mut self.etag);
    }

    fn violations(&self) -> Vec<Violation> {
        checks::only_id(&self.id)
    }

    fn make(&self, model: &mut Model) -> Made {
        let mut user = model.user(&self.id, &self.etag)?;
        let living = |post: &Post| post.stamps.deleted_at.is_none();
        if !self.force && !model.posts_of(&user.id, living).is_empty() {
            let id = self.id.to_lowercase();
            return Err(Refusal::precondition("USER_HAS_POSTS", Noun::User, &id));
        }
        model.each_post(&user.id, living, |model, post| Post {
            along: true,
            stamps: model.deleted(&post.stamps),
            ..post.clone()
        });
        user.stamps = model.deleted(&user.stamps);
        Ok(model.keep_user(user))
    }
}

impl Change for pb::UndeleteUserRequest {
    fn fill(&mut self, model: &Model) {
        model.fill_user(&mut self.id, &mut self.etag);
    }

    fn violations(&self) -> Vec<Violation> {
        checks::only_id(&self.id)
    }

    fn make(&self, model: &mut Model) -> Made {
        let mut user = model.any_user(&self.id, &self.etag)?;
        if user.stamps.deleted_at.is_none() {
            let id = self.id.to_lowercase();
            return Err(Refusal::not_deleted(Noun::User, &id));
        }
        if model.is_taken(&user.email, &user.id) {
            return Err(Refusal::taken(Noun::User, "email"));
        }
        let along = |post: &Post| post.along;
        model.each_post(&user.id, along, |model, post| Post {
            along: false,
            stamps: model.undeleted(&post.stamps),
            ..post.clone()
        });
        user.stamps = model.undeleted(&user.stamps);
        Ok(model.keep_user(user))
    }
}

impl Change for pb::PurgeUserRequest {
    fn fill(&mut self, model: &Model) {
        model.fill_user(&mut self.id, &mut self.etag);
    }

    fn violations(&self) -> Vec<Violation> {
        checks::only_id(&self.id)
    }

    fn make(&self, model: &mut Model) -> Made {
        let user = model.any_user(&self.id, &self.etag)?;
        if user.stamps.deleted_at.is_none() {
            let id = self.id.to_lowercase();
            return Err(Refusal::precondition("USER_NOT_IN_TRASH", Noun::User, &id));
        }
        model.posts.retain(|_, post| post.author != user.id);
        model.users.remove(&user.id);
        Ok(Expected::Nothing)
    }
}
