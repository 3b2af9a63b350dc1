//! Many users at once, by as many statements as one takes.

use std::collections::{BTreeMap, HashMap, HashSet};

use async_trait::async_trait;
use byline_domain::audit::{Action, Deed};
use byline_domain::error::Resource;
use byline_domain::ids::UserId;
use byline_domain::lifecycle::Version;
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWork;
use byline_domain::user::{Email, User};

use super::delete::note_along;
use super::update::changed;
use super::{CreateUser, DeleteUser, UpdateUser};
use crate::held::Holding;
use crate::{Batched, Error, Outcomes, Precondition, Terms, held};

#[async_trait]
impl Batched for CreateUser {
    type Brief = User;

    async fn make_all(
        items: &[Self],
        unit: &mut dyn UnitOfWork,
        terms: &Terms,
    ) -> Result<Outcomes<User>, Error> {
        let users: Vec<User> = items.iter().map(|item| item.user(terms)).collect();
        let outcomes = unit.users().insert_many(&users).await?;
        let made = users.into_iter().zip(outcomes);
        Ok(made
            .map(|(user, outcome)| {
                outcome?;
                unit.audit()
                    .note(Deed::to_user(Action::UserCreated, user.id));
                Ok::<_, Error>(user)
            })
            .collect())
    }
}

#[async_trait]
impl Batched for UpdateUser {
    type Brief = User;

    async fn make_all(
        items: &[Self],
        unit: &mut dyn UnitOfWork,
        terms: &Terms,
    ) -> Result<Outcomes<User>, Error> {
        let mut users = hold(unit, items.iter().map(|item| item.id)).await?;
        let mut addresses = Addresses::find(unit, items).await?;
        let mut changes = Changes::default();
        let mut outcomes = Vec::with_capacity(items.len());
        for (place, item) in items.iter().enumerate() {
            let (id, etag) = (item.id.as_uuid(), item.etag.as_ref());
            let found = users.get(id);
            let found = found.and_then(|found| held::expect(found, id, Trash::Exclude, etag));
            let before = match found {
                Ok(user) => user,
                Err(error) => {
                    outcomes.push(Err(error));
                    continue;
                }
            };
            let mut after = before.clone();
            if after.apply(item.changes.clone(), terms.now) {
                match addresses.take(place, item.id) {
                    Taken::ByAnother => {
                        outcomes.push(Err(Error::AlreadyExists {
                            resource: Resource::User,
                            field: "email",
                        }));
                        continue;
                    }
                    Taken::AfterAnother => changes.write(unit).await?,
                    Taken::Freely => {}
                }
                unit.audit().note(changed(&before, &after));
                changes.note(&before, after.clone());
                users.put(after.clone());
            }
            outcomes.push(Ok(after));
        }
        changes.write(unit).await?;
        Ok(outcomes)
    }
}

/// Changed users who are not written yet, each with the version that is stored.
#[derive(Default)]
struct Changes(BTreeMap<UserId, (User, Version)>);

impl Changes {
    fn note(&mut self, before: &User, after: User) {
        let stored = self.0.get(&after.id).map(|(_, stored)| *stored);
        let stored = stored.unwrap_or(before.lifecycle.version());
        self.0.insert(after.id, (after, stored));
    }

    async fn write(&mut self, unit: &mut dyn UnitOfWork) -> Result<(), Error> {
        let changed: Vec<_> = std::mem::take(&mut self.0).into_values().collect();
        Ok(unit.users().update_many(&changed).await?)
    }
}

/// Who has the addresses that are asked for, as one request after the other is made.
struct Addresses {
    /// The address that each request asks for, as addresses are compared.
    asked: HashMap<usize, String>,
    holders: HashMap<String, UserId>,
    /// Those that somebody gave up since changes were written last.
    given_up: HashSet<String>,
}

/// How an address is taken.
enum Taken {
    /// Not at all: another living user has it.
    ByAnother,
    /// From one who gave it up, and whose change is to be written first.
    AfterAnother,
    /// From nobody.
    Freely,
}

impl Addresses {
    async fn find(unit: &mut dyn UnitOfWork, items: &[UpdateUser]) -> Result<Self, Error> {
        let asked = items.iter().enumerate();
        let (places, emails): (Vec<usize>, Vec<Email>) = asked
            .filter_map(|(place, item)| Some((place, item.changes.email.clone()?)))
            .unzip();
        let found = unit.users().find_addresses(&emails).await?;
        let holders = found.iter();
        Ok(Self {
            holders: holders
                .filter_map(|address| Some((address.folded.clone(), address.holder?)))
                .collect(),
            asked: places
                .into_iter()
                .zip(found)
                .map(|(place, address)| (place, address.folded))
                .collect(),
            given_up: HashSet::new(),
        })
    }

    /// Has that user take the address that the request at that place asks for.
    fn take(&mut self, place: usize, user: UserId) -> Taken {
        let Some(address) = self.asked.get(&place) else {
            return Taken::Freely;
        };
        match self.holders.get(address) {
            Some(holder) if *holder == user => return Taken::Freely,
            Some(_) => return Taken::ByAnother,
            None => {}
        }
        let is_given_up = self.given_up.contains(address);
        if is_given_up {
            // All that was given up so far is written before this is.
            self.given_up.clear();
        }
        // An address that nobody asks for needs no note that it is given up.
        let own = self.holders.iter().find(|(_, holder)| **holder == user);
        if let Some((own, _)) = own {
            let own = own.clone();
            self.holders.remove(&own);
            self.given_up.insert(own);
        }
        self.holders.insert(address.clone(), user);
        if is_given_up {
            Taken::AfterAnother
        } else {
            Taken::Freely
        }
    }
}

#[async_trait]
impl Batched for DeleteUser {
    type Brief = User;

    async fn make_all(
        items: &[Self],
        unit: &mut dyn UnitOfWork,
        terms: &Terms,
    ) -> Result<Outcomes<User>, Error> {
        let mut users = hold(unit, items.iter().map(|item| item.id)).await?;
        let found: Vec<UserId> = users.read().map(|user| user.id).collect();
        let authors = unit.posts().authors_of_living(&found).await?;
        let authors: HashSet<UserId> = authors.into_iter().collect();
        let mut deleted = Vec::new();
        let mut along = Vec::new();
        let outcomes: Outcomes<User> = items
            .iter()
            .map(|item| {
                let id = item.id;
                let etag = item.etag.as_ref();
                let found = users.get(id.as_uuid())?;
                let mut user = held::expect(found, id.as_uuid(), Trash::Exclude, etag)?;
                if authors.contains(&id) {
                    if !item.force {
                        return Err(Precondition::UserHasPosts { user: id }.into());
                    }
                    along.push(id);
                }
                let version = user.lifecycle.version();
                user.lifecycle.delete(terms.now, terms.retention);
                deleted.push((user.clone(), version));
                // Whoever comes a second time finds them outside the trash no more.
                users.remove(id.as_uuid());
                Ok(user)
            })
            .collect();
        if !along.is_empty() {
            let gone = unit
                .posts()
                .delete_along(&along, terms.now, terms.retention.end(terms.now))
                .await?;
            note_along(unit, gone);
        }
        unit.users().update_many(&deleted).await?;
        for (user, _) in &deleted {
            unit.audit()
                .note(Deed::to_user(Action::UserDeleted, user.id));
        }
        Ok(outcomes)
    }
}

/// The users of those ids, held for a change.
async fn hold(
    unit: &mut dyn UnitOfWork,
    ids: impl Iterator<Item = UserId>,
) -> Result<Holding<User>, Error> {
    let ids: Vec<UserId> = ids.collect();
    let found = unit.users().find_many_for_update(&ids).await?;
    Ok(Holding::of(found))
}
