//! Many users at once, by as many statements as one takes.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use byline_domain::error::Resource;
use byline_domain::ids::UserId;
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWork;
use byline_domain::user::{Email, User};

use super::{CreateUser, DeleteUser, UpdateUser};
use crate::batch::{any_twice, one_by_one};
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
            .map(|(user, outcome)| outcome.map(|()| user).map_err(Error::from))
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
        if any_twice(items.iter().map(|item| item.id)) {
            return one_by_one(items, unit, terms, |user| user).await;
        }
        let mut users = hold(unit, items.iter().map(|item| item.id)).await?;
        let new: Vec<Email> = items
            .iter()
            .filter_map(|item| item.changes.email.clone())
            .collect();
        let holders = unit.users().living_by_email(&new).await?;
        if may_meet(&new, &holders, items) {
            return one_by_one(items, unit, terms, |user| user).await;
        }
        let taken: HashMap<Email, UserId> = holders
            .into_iter()
            .map(|(holder, email)| (email, holder))
            .collect();
        let is_taken = |item: &Self| {
            let new = item.changes.email.as_ref();
            new.and_then(|email| taken.get(email))
                .is_some_and(|holder| *holder != item.id)
        };
        let mut changed = Vec::new();
        let outcomes = items
            .iter()
            .map(|item| {
                let found = users.remove(&item.id);
                let etag = item.etag.as_ref();
                let mut user = held::expect(found, item.id.as_uuid(), Trash::Exclude, etag)?;
                let version = user.lifecycle.version();
                if user.apply(item.changes.clone(), terms.now) {
                    if is_taken(item) {
                        return Err(Error::AlreadyExists {
                            resource: Resource::User,
                            field: "email",
                        });
                    }
                    changed.push((user.clone(), version));
                }
                Ok(user)
            })
            .collect();
        unit.users().update_many(&changed).await?;
        Ok(outcomes)
    }
}

/// Whether what one of the changes does to addresses may be in the way of another: the
/// same new address twice, or one that another of these users has and may give up.
fn may_meet(new: &[Email], holders: &[(UserId, Email)], items: &[UpdateUser]) -> bool {
    // Of other letters the database may know more than `folded` does.
    let plain = new.len() < 2 || new.iter().all(|email| email.as_str().is_ascii());
    let changing: HashMap<UserId, Option<&Email>> = items
        .iter()
        .map(|item| (item.id, item.changes.email.as_ref()))
        .collect();
    let moves = holders.iter().any(|(holder, email)| {
        let own = changing.get(holder).copied().flatten();
        own.is_some_and(|own| own != email)
    });
    !plain || moves || any_twice(new.iter().map(Email::folded))
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
        let found: Vec<UserId> = users.keys().copied().collect();
        let authors = unit.posts().authors_of_living(&found).await?;
        let authors: HashSet<UserId> = authors.into_iter().collect();
        let mut deleted = Vec::new();
        let mut along = Vec::new();
        let outcomes: Outcomes<User> = items
            .iter()
            .map(|item| {
                let id = item.id;
                let etag = item.etag.as_ref();
                let found = users.get(&id).cloned();
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
                users.remove(&id);
                Ok(user)
            })
            .collect();
        if !along.is_empty() {
            unit.posts()
                .delete_along(&along, terms.now, terms.retention.end(terms.now))
                .await?;
        }
        unit.users().update_many(&deleted).await?;
        Ok(outcomes)
    }
}

/// The users of those ids, held for a change.
async fn hold(
    unit: &mut dyn UnitOfWork,
    ids: impl Iterator<Item = UserId>,
) -> Result<HashMap<UserId, User>, Error> {
    let ids: Vec<UserId> = ids.collect();
    let found = unit.users().find_many_for_update(&ids).await?;
    Ok(found.into_iter().map(|user| (user.id, user)).collect())
}
