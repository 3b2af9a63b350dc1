//! What the contract says of imports.

use std::collections::BTreeMap;

use byline_grpc::pb;
use proptest::sample::Index;

use crate::model::calls::Change;
use crate::model::checks::{self, Checks};
use crate::model::outcome::{Expected, Made};
use crate::model::refusal::{Refusal, Violation};
use crate::model::report::{Fate, Report};
use crate::model::state::{Chosen, Id, Model, Noun, Stamps, kept, known_id, micros};
use crate::model::times::{self, Times, times};

/// An import that is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Import<R> {
    pub(crate) on_conflict: i32,
    pub(crate) atomicity: i32,
    pub(crate) rows: Vec<R>,
    /// Behind how many rows a message ends and another one begins.
    pub(crate) cuts: Vec<usize>,
    /// Whether the last message has settings, too.
    pub(crate) says_twice: bool,
}

impl<R: Clone> Import<R> {
    /// The messages. Settings that say nothing are left out.
    pub(crate) fn parts(
        &self,
        request_id: &str,
        validate_only: bool,
    ) -> Vec<(Option<pb::ImportSettings>, &[R])> {
        let settings = pb::ImportSettings {
            on_conflict: self.on_conflict,
            atomicity: self.atomicity,
            request_id: request_id.to_owned(),
            validate_only,
        };
        let says = settings != pb::ImportSettings::default();
        let begins = std::iter::once(0).chain(self.cuts.iter().copied());
        let ends = self.cuts.iter().copied().chain([self.rows.len()]);
        let rows = begins.zip(ends).map(|(begin, end)| &self.rows[begin..end]);
        let mut parts: Vec<_> = rows.map(|rows| (None, rows)).collect();
        parts[0].0 = says.then(|| settings.clone());
        if self.says_twice() {
            parts[self.cuts.len()].0 = Some(settings);
        }
        if !says && self.rows.is_empty() && !self.says_twice() {
            parts.clear();
        }
        parts
    }

    /// The same in one message, and with nothing left out.
    pub(crate) fn plain(&self) -> Self {
        Self {
            on_conflict: self.on_conflict.max(pb::OnConflict::Fail.into()),
            atomicity: self.atomicity.max(pb::Atomicity::All.into()),
            cuts: Vec::new(),
            ..self.clone()
        }
    }

    pub(crate) fn divide(&mut self, cuts: &[Index]) {
        let cuts = cuts.iter().map(|cut| cut.index(self.rows.len() + 1));
        self.cuts = cuts.collect();
        self.cuts.sort_unstable();
    }

    /// Whether settings come with a later message than the first.
    fn says_twice(&self) -> bool {
        self.says_twice && !self.cuts.is_empty()
    }

    fn is(&self, on_conflict: pb::OnConflict) -> bool {
        self.on_conflict == i32::from(on_conflict)
    }
}

/// A row of an import.
trait Row: Clone {
    fn id(&self) -> &str;
    fn times(&self) -> Times;
    fn fill(&mut self, model: &Model);

    /// What is wrong with its fields, but for its times.
    fn check(&self, may_be_stored: bool, checks: &mut Checks);

    /// Makes of it what becomes of it, given what was stored before all rows.
    fn import(
        &self,
        import: &Import<Self>,
        earlier: Option<Refusal>,
        stored: &Model,
        model: &mut Model,
    ) -> Result<Fate, Refusal>;

    /// The resource that it means, and the address that it gives to somebody outside the trash.
    fn means(&self, stored: &Model) -> (Option<Id>, Option<String>);
}

/// The first rows that mean something.
#[derive(Default)]
struct Firsts(BTreeMap<(&'static str, Id), i64>);

impl Firsts {
    /// Why the row of that number is about the same as an earlier one.
    fn note(&mut self, row: i64, meant: Option<Id>, address: Option<String>) -> Option<Refusal> {
        let address = address.map(Chosen::Known);
        let mut note = |field, key: Option<Id>| {
            let first = *self.0.entry((field, key?)).or_insert(row);
            (first < row).then(|| Refusal::repeated(field, first))
        };
        let (by_id, by_address) = (note("id", meant), note("email", address));
        by_id.or(by_address)
    }
}

impl<R: Row> Change for Import<R> {
    fn fill(&mut self, model: &Model) {
        for row in &mut self.rows {
            row.fill(model);
        }
    }

    fn violations(&self) -> Vec<Violation> {
        let mut checks = Checks::default();
        let unknown = |is_known: bool| (!is_known).then_some("UNKNOWN");
        let is_known = pb::OnConflict::try_from(self.on_conflict).is_ok();
        checks.check("settings.on_conflict", unknown(is_known));
        let is_known = pb::Atomicity::try_from(self.atomicity).is_ok();
        checks.check("settings.atomicity", unknown(is_known));
        checks.finish()
    }

    fn later_violations(&self) -> Vec<Violation> {
        let mut checks = Checks::default();
        checks.check("settings", self.says_twice().then_some("MALFORMED"));
        checks.finish()
    }

    fn make(&self, model: &mut Model) -> Made {
        let stored = model.clone();
        let (mut firsts, mut report) = (Firsts::default(), Report::default());
        for row in &self.rows {
            let number = report.next_row();
            let mut checks = Checks::default();
            let may_be_stored = self.is(pb::OnConflict::Update) && !row.id().is_empty();
            row.check(may_be_stored, &mut checks);
            row.times().check(&mut checks);
            let wrong = checks.finish();
            report.note(if wrong.is_empty() {
                let (meant, address) = row.means(&stored);
                let earlier = firsts.note(number, meant, address);
                row.import(self, earlier, &stored, model)
            } else {
                Err(Refusal::invalid(wrong))
            });
        }
        report.applied =
            report.problem_count == 0 || self.atomicity == i32::from(pb::Atomicity::Each);
        Ok(Expected::Imported(report))
    }
}

fn given(id: &str) -> Option<Id> {
    (!id.is_empty()).then(|| known_id(id))
}

/// Whether what is met keeps a row that is not passed over from changing it.
fn assert_changeable<R: Clone>(
    import: &Import<R>,
    (noun, id): (Noun, &Id),
    (stored, row_is_living): (&Stamps, bool),
    by: &str,
) -> Result<(), Refusal> {
    let Chosen::Known(id) = id else {
        panic!("{id:?} is not known")
    };
    let refused = |why: &str| {
        let reason = format!("{}_{why}", noun.upper());
        Err(Refusal::precondition(&reason, noun, id))
    };
    if !import.is(pb::OnConflict::Update) {
        Err(Refusal::taken(noun, by))
    } else if stored.deleted_at.is_some() {
        refused("IN_TRASH")
    } else if !row_is_living {
        refused("NOT_IN_TRASH")
    } else {
        Ok(())
    }
}

impl Row for pb::User {
    fn id(&self) -> &str {
        &self.id
    }

    fn times(&self) -> Times {
        times!(self)
    }

    fn fill(&mut self, model: &Model) {
        model.fill_user(&mut self.id, &mut self.etag);
        model.fill_address(&mut self.email);
    }

    fn check(&self, may_be_stored: bool, checks: &mut Checks) {
        checks::user_row(self, may_be_stored, checks);
    }

    fn means(&self, stored: &Model) -> (Option<Id>, Option<String>) {
        let address = kept(Some(&self.email)).filter(|email| !email.is_empty());
        let holder = address.as_ref().and_then(|email| stored.holder(email));
        let meant = given(&self.id).or_else(|| holder.map(|user| user.id.clone()));
        let address = address.filter(|_| self.deleted_at.is_none());
        let folded = address.map(|email| stored.letters.folded(&email).to_owned());
        (meant, folded)
    }

    fn import(
        &self,
        import: &Import<Self>,
        earlier: Option<Refusal>,
        stored: &Model,
        model: &mut Model,
    ) -> Result<Fate, Refusal> {
        let (meant, address) = self.means(stored);
        let met = meant.as_ref().and_then(|id| stored.users.get(id));
        let email = kept(Some(&self.email)).unwrap();
        let holder = address.and_then(|_| stored.holder(&email));
        let is_taken = holder.is_some_and(|user| Some(&user.id) != meant.as_ref());
        let skips = import.is(pb::OnConflict::Skip);
        if skips && (earlier.is_some() || met.is_some() || is_taken) {
            return Ok(Fate::Skipped);
        }
        earlier.map_or(Ok(()), Err)?;
        if let Some(user) = met {
            let by = if self.id.is_empty() { "email" } else { "id" };
            let stamps = (&user.stamps, self.deleted_at.is_none());
            assert_changeable(import, (Noun::User, &user.id), stamps, by)?;
        }
        if is_taken {
            return Err(Refusal::taken(Noun::User, "email"));
        }
        let Some((user, id)) = met.zip(meant) else {
            if email.is_empty() {
                let missing = ("email".to_owned(), "REQUIRED".to_owned());
                return Err(Refusal::invalid(vec![missing]));
            }
            let mut user = model.new_user(self);
            user.stamps = self.times().stamps(user.stamps);
            model.users.insert(user.id.clone(), user);
            return Ok(Fate::Created);
        };
        let Chosen::Known(known) = &id else {
            panic!("{id:?} is not known")
        };
        let update = pb::UpdateUserRequest {
            user: Some(Self {
                id: known.clone(),
                etag: String::new(),
                ..self.clone()
            }),
            ..pb::UpdateUserRequest::default()
        };
        update.make(model)?;
        Ok(changed(model.users[&id] != *user))
    }
}

const fn changed(is_changed: bool) -> Fate {
    if is_changed {
        Fate::Updated
    } else {
        Fate::Unchanged
    }
}

impl Row for pb::Post {
    fn id(&self) -> &str {
        &self.id
    }

    fn times(&self) -> Times {
        times!(self)
    }

    fn fill(&mut self, model: &Model) {
        model.fill_post(&mut self.id, &mut self.etag);
        model.fill_user(&mut self.author_id, &mut String::new());
        model.fill_time(&mut self.deleted_at, &self.author_id);
    }

    fn check(&self, may_be_stored: bool, checks: &mut Checks) {
        checks::post_row(self, may_be_stored, checks);
        let is_stray = self.published_at.is_some() && self.published != Some(true);
        let stray = is_stray.then_some("MALFORMED");
        checks.check(
            "published_at",
            times::unreadable(self.published_at).or(stray),
        );
    }

    fn means(&self, _: &Model) -> (Option<Id>, Option<String>) {
        (given(&self.id), None)
    }

    fn import(
        &self,
        import: &Import<Self>,
        earlier: Option<Refusal>,
        stored: &Model,
        model: &mut Model,
    ) -> Result<Fate, Refusal> {
        let met = given(&self.id).and_then(|id| stored.posts.get(&id));
        if import.is(pb::OnConflict::Skip) && (earlier.is_some() || met.is_some()) {
            return Ok(Fate::Skipped);
        }
        earlier.map_or(Ok(()), Err)?;
        let invalid = |field: &str, reason: &str| {
            let violation = (field.to_owned(), reason.to_owned());
            Err(Refusal::invalid(vec![violation]))
        };
        let author = known_id(&self.author_id);
        let is_living = self.deleted_at.is_none();
        if let Some(post) = met {
            let stamps = (&post.stamps, is_living);
            assert_changeable(import, (Noun::Post, &post.id), stamps, "id")?;
            if !self.author_id.is_empty() && author != post.author {
                return invalid("author_id", "READ_ONLY");
            }
            let update = pb::UpdatePostRequest {
                post: Some(Self {
                    etag: String::new(),
                    ..self.clone()
                }),
                ..pb::UpdatePostRequest::default()
            };
            update.make(model)?;
            return Ok(changed(model.posts[&post.id] != *post));
        }
        if self.title.is_empty() {
            return invalid("title", "REQUIRED");
        }
        if self.author_id.is_empty() {
            return invalid("author_id", "REQUIRED");
        }
        let found = stored.users.get(&author);
        if is_living || found.is_none() {
            stored.author(&author)?;
        }
        let mut post = model.new_post(self);
        post.stamps = self.times().stamps(post.stamps);
        let since = self.published_at.as_ref().map(micros).map(Chosen::Known);
        post.published_at = since.or(post.published_at);
        let author_left = found.and_then(|author| author.stamps.deleted_at.as_ref());
        post.along = !is_living && author_left == post.stamps.deleted_at.as_ref();
        model.posts.insert(post.id.clone(), post);
        Ok(Fate::Created)
    }
}
