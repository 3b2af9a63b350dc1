//! Imports over a state: one row after the other.

use std::collections::HashMap;
use std::hash::Hash;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::state::State;
use crate::audit::{Action, AuditLog as _, Deed};
use crate::error::RepositoryError;
use crate::ids::PostId;
use crate::import::{
    Import, MAX_PROBLEMS, OnConflict, PostRow, Problem, ProblemKind, Settled, UserRow,
};
use crate::post::{Post, PostHead, PostRewrite};
use crate::user::User;

/// The rows of an import, and what becomes of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Staged {
    users: Vec<UserRow>,
    posts: Vec<PostRow>,
    user_fates: Vec<Fate<User>>,
    post_fates: Vec<Fate<Post>>,
}

/// What becomes of a row.
#[derive(Clone, Debug)]
enum Fate<T> {
    Make,
    Change(T),
    Unchanged,
    Skip,
    Problem(ProblemKind),
}

/// The first row of each key.
struct Firsts<K>(HashMap<K, u64>);

impl<K: Eq + Hash> Firsts<K> {
    fn new() -> Self {
        Self(HashMap::new())
    }

    /// The earlier row of that key; this one is the first if there is none.
    fn earlier(&mut self, key: Option<K>, row: u64) -> Option<u64> {
        let first = *self.0.entry(key?).or_insert(row);
        (first < row).then_some(first)
    }
}

fn repeated(field: &'static str) -> impl Fn(u64) -> ProblemKind {
    move |earlier| ProblemKind::Repeated { field, earlier }
}

fn sum_up<T>(numbers: impl Iterator<Item = u64>, fates: &[Fate<T>]) -> Settled {
    let mut settled = Settled::default();
    for (row, fate) in numbers.zip(fates) {
        match fate {
            Fate::Make => settled.created += 1,
            Fate::Change(_) => settled.updated += 1,
            Fate::Unchanged => settled.unchanged += 1,
            Fate::Skip => settled.skipped += 1,
            Fate::Problem(kind) => {
                settled.problem_count += 1;
                if settled.problems.len() < MAX_PROBLEMS {
                    settled.problems.push(Problem { row, kind: *kind });
                }
            }
        }
    }
    settled
}

impl State {
    fn fate_of_user(
        &self,
        row: &UserRow,
        on_conflict: OnConflict,
        ids: &mut Firsts<crate::ids::UserId>,
        addresses: &mut Firsts<String>,
    ) -> Fate<User> {
        let is_living = !row.times.is_deleted();
        let address = row.email.as_ref().map(crate::user::Email::folded);
        let holder = row.email.as_ref().and_then(|email| self.holder_of(email));
        let meant = row.id.given().or(holder.map(|user| user.id));
        let met = meant.and_then(|id| self.users.get(&id));
        let is_taken = is_living && holder.is_some_and(|user| Some(user.id) != meant);
        let by_id = ids.earlier(meant, row.number).map(repeated("id"));
        let by_address = addresses
            .earlier(address.filter(|_| is_living), row.number)
            .map(repeated("email"));
        let taken = |field| Fate::Problem(ProblemKind::Taken { field });
        let repeated = by_id.or(by_address);
        if on_conflict == OnConflict::Skip && (repeated.is_some() || met.is_some() || is_taken) {
            return Fate::Skip;
        }
        if let Some(kind) = repeated {
            return Fate::Problem(kind);
        }
        match met {
            Some(_) if on_conflict == OnConflict::Fail => {
                let by_id = row.id.given().is_some();
                taken(if by_id { "id" } else { "email" })
            }
            Some(user) if user.lifecycle.is_deleted() => {
                let id = user.id.as_uuid();
                Fate::Problem(ProblemKind::InTrash { id })
            }
            Some(user) if !is_living => {
                let id = user.id.as_uuid();
                Fate::Problem(ProblemKind::NotInTrash { id })
            }
            Some(_) | None if is_taken => taken("email"),
            Some(user) => {
                let mut changed = user.clone();
                if changed.apply(row.changes(), user.lifecycle.created_at()) {
                    Fate::Change(user.clone())
                } else {
                    Fate::Unchanged
                }
            }
            None if row.email.is_none() => Fate::Problem(ProblemKind::Missing { field: "email" }),
            None => Fate::Make,
        }
    }

    fn fate_of_post(
        &self,
        row: &PostRow,
        on_conflict: OnConflict,
        ids: &mut Firsts<PostId>,
    ) -> Fate<Post> {
        let is_living = !row.times.is_deleted();
        let met = self.posts.get(&row.id.get());
        let repeated = ids.earlier(row.id.given(), row.number).map(repeated("id"));
        if on_conflict == OnConflict::Skip && (repeated.is_some() || met.is_some()) {
            return Fate::Skip;
        }
        if let Some(kind) = repeated {
            return Fate::Problem(kind);
        }
        let Some(post) = met else {
            return self.obstacle_to_post(row).map_or(Fate::Make, Fate::Problem);
        };
        let id = post.id.as_uuid();
        if on_conflict == OnConflict::Fail {
            Fate::Problem(ProblemKind::Taken { field: "id" })
        } else if post.lifecycle.is_deleted() {
            Fate::Problem(ProblemKind::InTrash { id })
        } else if !is_living {
            Fate::Problem(ProblemKind::NotInTrash { id })
        } else if row.author_id.is_some_and(|author| author != post.author_id) {
            Fate::Problem(ProblemKind::OtherAuthor)
        } else if post
            .clone()
            .apply(row.changes(), post.lifecycle.created_at())
        {
            Fate::Change(post.clone())
        } else {
            Fate::Unchanged
        }
    }

    /// Why a post cannot be made.
    fn obstacle_to_post(&self, row: &PostRow) -> Option<ProblemKind> {
        if row.title.is_none() {
            return Some(ProblemKind::Missing { field: "title" });
        }
        let Some(author) = row.author_id else {
            return Some(ProblemKind::Missing { field: "author_id" });
        };
        match self.users.get(&author) {
            None => Some(ProblemKind::AuthorMissing { author }),
            Some(user) if user.lifecycle.is_deleted() && !row.times.is_deleted() => {
                Some(ProblemKind::AuthorInTrash { author })
            }
            Some(_) => None,
        }
    }
}

#[async_trait]
impl Import<UserRow> for State {
    async fn open(&mut self) -> Result<(), RepositoryError> {
        Ok(())
    }

    async fn stage(&mut self, rows: &[UserRow]) -> Result<(), RepositoryError> {
        self.staged.users.extend_from_slice(rows);
        Ok(())
    }

    async fn settle(
        &mut self,
        on_conflict: OnConflict,
        _alone: bool,
    ) -> Result<Settled, RepositoryError> {
        let (mut ids, mut addresses) = (Firsts::new(), Firsts::new());
        let rows = self.staged.users.iter();
        let fates: Vec<_> = rows
            .map(|row| self.fate_of_user(row, on_conflict, &mut ids, &mut addresses))
            .collect();
        let settled = sum_up(self.staged.users.iter().map(|row| row.number), &fates);
        self.staged.user_fates = fates;
        Ok(settled)
    }

    async fn apply(
        &mut self,
        _settled: &Settled,
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        let staged = self.staged.clone();
        for (row, fate) in staged.users.iter().zip(staged.user_fates) {
            match fate {
                Fate::Make => {
                    if let Some(user) = row.user(now) {
                        self.insert_user(&user)?;
                        self.note(Deed::to_user(Action::UserCreated, user.id));
                    }
                }
                Fate::Change(mut user) => {
                    let before = user.clone();
                    user.apply(row.changes(), now);
                    self.update_user(&user, before.lifecycle.version())?;
                    let deed = Deed::to_user(Action::UserUpdated, user.id);
                    self.note(deed.changing(user.differences(&before)));
                }
                Fate::Unchanged | Fate::Skip | Fate::Problem(_) => {}
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Import<PostRow> for State {
    async fn open(&mut self) -> Result<(), RepositoryError> {
        Ok(())
    }

    async fn stage(&mut self, rows: &[PostRow]) -> Result<(), RepositoryError> {
        self.staged.posts.extend_from_slice(rows);
        Ok(())
    }

    async fn settle(
        &mut self,
        on_conflict: OnConflict,
        _alone: bool,
    ) -> Result<Settled, RepositoryError> {
        let mut ids = Firsts::new();
        let rows = self.staged.posts.iter();
        let fates: Vec<_> = rows
            .map(|row| self.fate_of_post(row, on_conflict, &mut ids))
            .collect();
        let settled = sum_up(self.staged.posts.iter().map(|row| row.number), &fates);
        self.staged.post_fates = fates;
        Ok(settled)
    }

    async fn apply(
        &mut self,
        _settled: &Settled,
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        let staged = self.staged.clone();
        for (row, fate) in staged.posts.iter().zip(staged.post_fates) {
            match fate {
                Fate::Make => {
                    if let Some(post) = row.post(now) {
                        self.import_post(&post)?;
                        self.note(Deed::to_post(Action::PostCreated, post.id));
                    }
                }
                Fate::Change(mut post) => {
                    let before = post.clone();
                    post.apply(row.changes(), now);
                    self.update_post(&post, before.lifecycle.version())?;
                    let rewrite = PostRewrite::between(&before, &post);
                    let deed = Deed::to_post(Action::PostUpdated, post.id);
                    self.note(deed.changing(rewrite.differences(&PostHead::from(&before))));
                }
                Fate::Unchanged | Fate::Skip | Fate::Problem(_) => {}
            }
        }
        Ok(())
    }
}

impl State {
    /// Adds a post, which went along with its author if both went into the trash at once.
    fn import_post(&mut self, post: &Post) -> Result<(), RepositoryError> {
        self.insert_post(post)?;
        let author = self.users.get(&post.author_id);
        let deleted_at = author.and_then(|author| author.lifecycle.deleted_at());
        if deleted_at.is_some() && deleted_at == post.lifecycle.deleted_at() {
            self.along.insert(post.id);
        }
        Ok(())
    }
}
