//! Credentials, and the failures that slow guessing down.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::MemoryStore;
use super::state::State;
use crate::credential::{
    Account, AccountKey, Credential, CredentialReader, CredentialRepository, Failures, Taken,
    Throttle,
};
use crate::error::{RepositoryError, Resource};
use crate::ids::UserId;
use crate::trash::Trash;
use crate::user::{Email, User};

impl State {
    fn account(&self, user: &User) -> Account {
        Account {
            user: user.clone(),
            credential: self.credentials.get(&user.id).cloned(),
        }
    }

    fn take(&mut self, caller: &str, account: &AccountKey, most: u32, now: DateTime<Utc>) -> Taken {
        let caller = key_of_caller(caller);
        let before = self.throttles.get(&caller).copied();
        let Some(failures) = Failures::of_caller(before, now, most) else {
            let until = before.map_or(now, |kept| kept.until);
            return Taken::CallerWaits { until };
        };
        self.throttles.insert(caller, failures);
        let account = key_of(account);
        let before = self.throttles.get(&account).copied();
        match Failures::of_account(before, now) {
            Some(failures) => {
                self.throttles.insert(account, failures);
                Taken::Counted
            }
            None => Taken::AccountWaits,
        }
    }

    fn give_back(&mut self, caller: &str, account: &AccountKey) {
        if let Some(failures) = self.throttles.get_mut(&key_of_caller(caller)) {
            failures.count = failures.count.saturating_sub(1);
        }
        self.throttles.remove(&key_of(account));
    }
}

fn key_of_caller(caller: &str) -> String {
    format!("caller:{caller}")
}

fn key_of(account: &AccountKey) -> String {
    match account {
        AccountKey::User(id) => format!("user:{id}"),
        AccountKey::Nobody(email) => format!("nobody:{}", email.folded()),
    }
}

#[async_trait]
impl CredentialReader for MemoryStore {
    async fn find(&self, id: UserId) -> Result<Option<Account>, RepositoryError> {
        let state = self.snapshot();
        let user = state.users.get(&id);
        Ok(user.map(|user| state.account(user)))
    }

    async fn find_by_email(&self, email: &Email) -> Result<Option<Account>, RepositoryError> {
        let state = self.snapshot();
        let user = state.user_by_email(&email.folded(), Trash::Exclude);
        Ok(user.map(|user| state.account(user)))
    }
}

#[async_trait]
impl CredentialRepository for State {
    async fn find(&mut self, user: UserId) -> Result<Option<Credential>, RepositoryError> {
        Ok(self.credentials.get(&user).cloned())
    }

    async fn put(
        &mut self,
        user: UserId,
        credential: &Credential,
        _now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        if !self.users.contains_key(&user) {
            self.failed = true;
            let missing = RepositoryError::ReferenceMissing {
                resource: Resource::User,
            };
            return Err(RepositoryError::Internal(Box::new(missing)));
        }
        self.credentials.insert(user, credential.clone());
        self.throttles.remove(&key_of(&AccountKey::User(user)));
        Ok(())
    }

    async fn replace(
        &mut self,
        user: UserId,
        before: &Credential,
        anew: &Credential,
    ) -> Result<bool, RepositoryError> {
        match self.credentials.get_mut(&user) {
            Some(kept) if kept == before => {
                *kept = anew.clone();
                Ok(true)
            }
            Some(_) | None => Ok(false),
        }
    }
}

#[async_trait]
impl Throttle for MemoryStore {
    async fn take(
        &self,
        caller: &str,
        account: &AccountKey,
        most: u32,
        now: DateTime<Utc>,
    ) -> Result<Taken, RepositoryError> {
        let _writing = self.writing.lock().await;
        let mut state = State::clone(&self.snapshot());
        let taken = state.take(caller, account, most, now);
        self.publish(state);
        Ok(taken)
    }

    async fn give_back(&self, caller: &str, account: &AccountKey) -> Result<(), RepositoryError> {
        let _writing = self.writing.lock().await;
        let mut state = State::clone(&self.snapshot());
        state.give_back(caller, account);
        self.publish(state);
        Ok(())
    }
}
