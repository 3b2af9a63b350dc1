//! Getting many users at once.

use std::collections::HashMap;

use byline_domain::ids::UserId;
use byline_domain::trash::Trash;
use byline_domain::user::{Email, User};

use super::Users;
use crate::Error;

/// The users to get.
#[derive(Clone, Debug)]
pub struct BatchGetUsers {
    /// By id.
    pub ids: Vec<UserId>,
    /// By e-mail address, in any letter case.
    pub emails: Vec<Email>,
    /// Whether to look in the trash too.
    pub trash: Trash,
}

/// The users that were found.
#[derive(Clone, Debug, Default)]
pub struct UserBatch {
    /// In the order in which they were asked for: ids, then addresses.
    pub users: Vec<User>,
    /// The ids of nobody.
    pub missing_ids: Vec<UserId>,
    /// The addresses of nobody.
    pub missing_emails: Vec<Email>,
}

impl Users {
    /// Gets many users in at most two reads. A key given twice is answered twice.
    pub async fn batch_get(&self, query: &BatchGetUsers) -> Result<UserBatch, Error> {
        let mut batch = UserBatch::default();
        if !query.ids.is_empty() {
            let found = self.reader.find_many(&query.ids, query.trash).await?;
            let found: HashMap<_, _> = found.into_iter().map(|user| (user.id, user)).collect();
            for id in &query.ids {
                match found.get(id) {
                    Some(user) => batch.users.push(user.clone()),
                    None => batch.missing_ids.push(*id),
                }
            }
        }
        if !query.emails.is_empty() {
            let found = self
                .reader
                .find_many_by_email(&query.emails, query.trash)
                .await?;
            let found: HashMap<_, _> = found
                .into_iter()
                .map(|user| (user.email.folded(), user))
                .collect();
            for email in &query.emails {
                match found.get(&email.folded()) {
                    Some(user) => batch.users.push(user.clone()),
                    None => batch.missing_emails.push(email.clone()),
                }
            }
        }
        Ok(batch)
    }
}
