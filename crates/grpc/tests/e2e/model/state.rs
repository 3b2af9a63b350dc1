//! The model's users and posts, and what of them the service is free to choose.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use byline_grpc::pb;
use prost_types::Timestamp;

use crate::model::letters::{Letters, nfc};
use crate::model::outcome::{Learnt, Made};

/// How long the trash keeps things, in microseconds: 30 days.
const RETENTION: i64 = 30 * 24 * 60 * 60 * 1_000_000;

/// The last moment that can be told: the end of the year 9999.
const LATEST: i64 = 253_402_300_799_999_999;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noun {
    User,
    Post,
}

impl Noun {
    pub(crate) const fn upper(self) -> &'static str {
        match self {
            Self::User => "USER",
            Self::Post => "POST",
        }
    }

    pub(crate) fn type_name(self) -> String {
        match self {
            Self::User => "byline.v1.User".to_owned(),
            Self::Post => "byline.v1.Post".to_owned(),
        }
    }
}

/// What the service chooses: known once it has answered, a number until then. The same
/// number means the same choice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Chosen<T> {
    Known(T),
    Open(u32),
}

/// In microseconds since 1970.
pub(crate) type Time = Chosen<i64>;
pub(crate) type Id = Chosen<String>;

pub(crate) fn micros(time: &Timestamp) -> i64 {
    time.seconds * 1_000_000 + i64::from(time.nanos) / 1_000
}

pub(crate) fn timestamp(micros: i64) -> Timestamp {
    Timestamp {
        seconds: micros.div_euclid(1_000_000),
        nanos: i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap(),
    }
}

/// When a resource was made and changed, and the name of its state.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stamps {
    pub(crate) created_at: Time,
    pub(crate) updated_at: Option<Time>,
    pub(crate) deleted_at: Option<Time>,
    /// Of what came into the trash with a time to leave it; a retention later if `None`.
    pub(crate) purge_at: Option<i64>,
    pub(crate) etag: Chosen<String>,
}

impl Stamps {
    fn purge_at(&self, deleted_at: i64) -> i64 {
        self.purge_at
            .unwrap_or_else(|| LATEST.min(deleted_at + RETENTION))
    }

    fn last(&self) -> &Time {
        self.updated_at.as_ref().unwrap_or(&self.created_at)
    }

    /// Whether a caller names this state by it: nobody knows an etag that was not told yet.
    pub(crate) fn has_etag(&self, etag: &str) -> bool {
        matches!(&self.etag, Chosen::Known(known) if known == etag)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct User {
    pub(crate) id: Id,
    pub(crate) email: String,
    pub(crate) name: Option<String>,
    pub(crate) role: String,
    pub(crate) is_active: bool,
    pub(crate) stamps: Stamps,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Post {
    pub(crate) id: Id,
    pub(crate) title: String,
    pub(crate) content: Option<String>,
    pub(crate) published_at: Option<Time>,
    pub(crate) author: Id,
    /// Whether it went into the trash along with its author.
    pub(crate) along: bool,
    pub(crate) stamps: Stamps,
}

impl User {
    /// The message that shows the user; `None` while something of it is not known.
    pub(crate) fn shown(&self, learnt: &Learnt) -> Option<pb::User> {
        let deleted_at = known(self.stamps.deleted_at.as_ref(), learnt)?;
        Some(pb::User {
            id: learnt.text(&self.id)?,
            email: self.email.clone(),
            name: self.name.clone(),
            role: self.role.clone(),
            is_active: Some(self.is_active),
            created_at: Some(timestamp(learnt.time(&self.stamps.created_at)?)),
            updated_at: known(self.stamps.updated_at.as_ref(), learnt)?.map(timestamp),
            deleted_at: deleted_at.map(timestamp),
            purge_at: deleted_at.map(|time| timestamp(self.stamps.purge_at(time))),
            etag: learnt.text(&self.stamps.etag)?,
            ..pb::User::default()
        })
    }
}

impl Post {
    /// The message that shows the post; `None` while something of it is not known.
    pub(crate) fn shown(&self, learnt: &Learnt) -> Option<pb::Post> {
        let deleted_at = known(self.stamps.deleted_at.as_ref(), learnt)?;
        Some(pb::Post {
            id: learnt.text(&self.id)?,
            title: self.title.clone(),
            content: self.content.clone(),
            published: Some(self.published_at.is_some()),
            published_at: known(self.published_at.as_ref(), learnt)?.map(timestamp),
            author_id: learnt.text(&self.author)?,
            created_at: Some(timestamp(learnt.time(&self.stamps.created_at)?)),
            updated_at: known(self.stamps.updated_at.as_ref(), learnt)?.map(timestamp),
            deleted_at: deleted_at.map(timestamp),
            purge_at: deleted_at.map(|time| timestamp(self.stamps.purge_at(time))),
            etag: learnt.text(&self.stamps.etag)?,
            author: None,
        })
    }
}

#[expect(clippy::option_option, reason = "not known is not the same as absent")]
fn known(time: Option<&Time>, learnt: &Learnt) -> Option<Option<i64>> {
    match time {
        Some(time) => learnt.time(time).map(Some),
        None => Some(None),
    }
}

/// All that the service keeps, but for what it answered to requests with an id.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) users: BTreeMap<Id, User>,
    pub(crate) posts: BTreeMap<Id, Post>,
    pub(crate) letters: Arc<Letters>,
    /// The etags that each id was ever shown with.
    pub(crate) etags: BTreeMap<String, BTreeSet<String>>,
    open: u32,
    /// Of each pair the second is not before the first.
    order: Vec<(Time, Time)>,
}

impl Model {
    pub(crate) fn new(letters: Arc<Letters>) -> Self {
        Self {
            users: BTreeMap::new(),
            posts: BTreeMap::new(),
            letters,
            etags: BTreeMap::new(),
            open: 0,
            order: Vec::new(),
        }
    }

    /// The last choice that was left open.
    pub(crate) const fn last_open(&self) -> u32 {
        self.open
    }

    fn open(&mut self) -> u32 {
        self.open += 1;
        self.open
    }

    /// The id that a request gives, or one that the service makes.
    pub(crate) fn new_id(&mut self, given: &str) -> Id {
        if given.is_empty() {
            Chosen::Open(self.open())
        } else {
            known_id(given)
        }
    }

    /// The stamps of what is made now.
    pub(crate) fn born(&mut self) -> Stamps {
        Stamps {
            created_at: Chosen::Open(self.open()),
            updated_at: None,
            deleted_at: None,
            purge_at: None,
            etag: Chosen::Open(self.open()),
        }
    }

    /// The same after a change.
    pub(crate) fn touched(&mut self, stamps: &Stamps) -> Stamps {
        let now = Chosen::Open(self.open());
        self.order.push((stamps.last().clone(), now.clone()));
        Stamps {
            updated_at: Some(now),
            etag: Chosen::Open(self.open()),
            ..stamps.clone()
        }
    }

    /// The same after it was put in the trash.
    pub(crate) fn deleted(&mut self, stamps: &Stamps) -> Stamps {
        let touched = self.touched(stamps);
        Stamps {
            deleted_at: touched.updated_at.clone(),
            purge_at: None,
            ..touched
        }
    }

    /// The same after it was taken out of the trash.
    pub(crate) fn undeleted(&mut self, stamps: &Stamps) -> Stamps {
        Stamps {
            deleted_at: None,
            purge_at: None,
            ..self.touched(stamps)
        }
    }

    /// Whether a user outside the trash other than `id` has the address.
    pub(crate) fn is_taken(&self, email: &str, id: &Id) -> bool {
        self.holder(email).is_some_and(|user| user.id != *id)
    }

    /// The user outside the trash who has the address.
    pub(crate) fn holder(&self, email: &str) -> Option<&User> {
        let folded = self.letters.folded(email);
        self.users.values().find(|user| {
            user.stamps.deleted_at.is_none() && self.letters.folded(&user.email) == folded
        })
    }

    /// The ids of the posts of an author that meet it.
    pub(crate) fn posts_of(&self, author: &Id, meets: impl Fn(&Post) -> bool) -> Vec<Id> {
        let posts = self.posts.values();
        let of_author = posts.filter(|post| post.author == *author && meets(post));
        of_author.map(|post| post.id.clone()).collect()
    }

    /// Makes a change of its own, which leaves nothing behind if it is refused.
    pub(crate) fn attempt(&mut self, change: impl FnOnce(&mut Self) -> Made) -> Made {
        let mut tried = self.clone();
        let outcome = change(&mut tried);
        if outcome.is_ok() {
            *self = tried;
        }
        outcome
    }

    /// Puts in what was learnt of the service's choices. Tells what breaks a rule: time
    /// that runs backwards, or an etag that named another state before.
    pub(crate) fn settle(&mut self, learnt: &Learnt) -> Result<(), String> {
        for (before, after) in self.order.drain(..) {
            // What was undone again is never learnt.
            if let (Some(before), Some(after)) = (learnt.time(&before), learnt.time(&after))
                && after < before
            {
                return Err(format!("a change at {after} after one at {before}"));
            }
        }
        self.check_etags(learnt)?;
        for (id, _, etag) in &learnt.etags {
            let seen = self.etags.entry(id.clone()).or_default();
            seen.insert(etag.clone());
        }
        let users = std::mem::take(&mut self.users).into_values();
        let users = users.map(|mut user| {
            settle_text(&mut user.id, learnt);
            user.stamps.settle(learnt);
            (user.id.clone(), user)
        });
        self.users = users.collect();
        let posts = std::mem::take(&mut self.posts).into_values();
        let posts = posts.map(|mut post| {
            settle_text(&mut post.id, learnt);
            settle_text(&mut post.author, learnt);
            settle_time(post.published_at.as_mut(), learnt);
            post.stamps.settle(learnt);
            (post.id.clone(), post)
        });
        self.posts = posts.collect();
        Ok(())
    }

    /// Every change of a resource names its state by an etag that no other state had.
    pub(crate) fn check_etags(&self, learnt: &Learnt) -> Result<(), String> {
        let mut numbers = BTreeMap::new();
        for (id, number, etag) in &learnt.etags {
            let is_old = self.etags.get(id).is_some_and(|seen| seen.contains(etag));
            let first = numbers.entry((id, etag)).or_insert(number);
            if is_old || *first != number {
                return Err(format!("{id} changed, and has the etag {etag} again"));
            }
        }
        Ok(())
    }
}

impl Stamps {
    fn settle(&mut self, learnt: &Learnt) {
        settle_text(&mut self.etag, learnt);
        settle_time(Some(&mut self.created_at), learnt);
        settle_time(self.updated_at.as_mut(), learnt);
        settle_time(self.deleted_at.as_mut(), learnt);
    }
}

fn settle_text(text: &mut Chosen<String>, learnt: &Learnt) {
    let known = learnt.text(text).expect("all was learnt");
    *text = Chosen::Known(known);
}

fn settle_time(time: Option<&mut Time>, learnt: &Learnt) {
    if let Some(time) = time {
        *time = Chosen::Known(learnt.time(time).expect("all was learnt"));
    }
}

/// An id that a request names, in either letter case.
pub(crate) fn known_id(given: &str) -> Id {
    Chosen::Known(given.to_lowercase())
}

/// A text as it is kept.
pub(crate) fn kept(text: Option<&String>) -> Option<String> {
    text.map(|text| nfc(text))
}
