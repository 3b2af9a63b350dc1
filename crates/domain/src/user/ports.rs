//! The ports through which users are read and written.

use async_trait::async_trait;

use super::{Address, Email, User, UserField, UserFilter, UserGroup, UserView};
use crate::count::{CountMode, Counts};
use crate::error::{Corrupt, RepositoryError};
use crate::ids::UserId;
use crate::lifecycle::Version;
use crate::order::Order;
use crate::page::{Page, PageRequest};
use crate::search::SearchQuery;
use crate::selection::Fields;
use crate::trash::Trash;

/// Reads users, outside any unit of work. A read sees all that was committed
/// before it began. It reads the fields that are asked for and MUST answer no
/// others. A cursor that does not fit the order ([`Order::fits`]) is a defect of the
/// caller: `Internal`.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait UserReader: Send + Sync {
    /// The user of that id.
    async fn find(
        &self,
        id: UserId,
        trash: Trash,
        fields: &Fields<UserField>,
    ) -> Result<Option<UserView>, RepositoryError>;

    /// The user of that address, in any letter case. Several users in the trash
    /// can share one: the living user comes first, then the one deleted last.
    async fn find_by_email(
        &self,
        email: &Email,
        trash: Trash,
        fields: &Fields<UserField>,
    ) -> Result<Option<UserView>, RepositoryError>;

    /// The users of those ids, each once, in no particular order; ids of nobody
    /// are left out.
    async fn find_many(
        &self,
        ids: &[UserId],
        trash: Trash,
        fields: &Fields<UserField>,
    ) -> Result<Vec<UserView>, RepositoryError>;

    /// The users of those addresses, as [`Self::find_by_email`] finds them, each
    /// once, in no particular order.
    async fn find_many_by_email(
        &self,
        emails: &[Email],
        trash: Trash,
        fields: &Fields<UserField>,
    ) -> Result<Vec<UserView>, RepositoryError>;

    /// A page of users. Walking from page to page MUST meet every user that
    /// stays exactly once. By `created_at`, `updated_at` or `email` alone and without a
    /// filter it MUST cost the same at any depth.
    async fn list(
        &self,
        filter: &UserFilter,
        order: &Order<UserField>,
        page: &PageRequest,
        fields: &Fields<UserField>,
    ) -> Result<Page<UserView>, RepositoryError>;

    /// How many users there are.
    async fn count(&self, filter: &UserFilter, mode: CountMode) -> Result<u64, RepositoryError>;

    /// How many users there are, in all and of each value.
    async fn count_by(
        &self,
        filter: &UserFilter,
        group: UserGroup,
    ) -> Result<Counts, RepositoryError>;

    /// A page of the users whose address or name fits, as [`SearchQuery::rank`] says: the
    /// greatest rank first, and the greater id (the newer user) first among equals.
    ///
    /// Where more than [`SearchQuery::MAX_RANKED`] fit, an adapter may rank them as
    /// [`SearchQuery::coarse_rank`] says, from the first page to the last. A cursor holds
    /// one `Rank`.
    async fn search(
        &self,
        query: &SearchQuery,
        filter: &UserFilter,
        page: &PageRequest,
        fields: &Fields<UserField>,
    ) -> Result<Page<UserView>, RepositoryError>;
}

/// Changes users, inside a unit of work.
///
/// What takes many takes up to 1,000, and MUST cost the database as many statements for
/// them as for one, and none for none.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait UserRepository: Send {
    /// Adds a user. `AlreadyExists` names `id` or `email` when that is taken, and
    /// MUST leave the unit of work usable.
    async fn insert(&mut self, user: &User) -> Result<(), RepositoryError>;

    /// The user of that id, in the trash or not, kept from all other changes
    /// until the unit of work ends.
    async fn find_for_update(&mut self, id: UserId) -> Result<Option<User>, RepositoryError>;

    /// The user of that id, in the trash or not, kept from being changed by
    /// others until the unit of work ends. Several units of work can hold it so.
    async fn find_for_share(&mut self, id: UserId) -> Result<Option<User>, RepositoryError>;

    /// Replaces the user if its stored version is still `expected`, else, and where
    /// there is no such user, `StaleVersion`. `AlreadyExists` names `email` when
    /// another living user has it. Both MUST leave the unit of work usable. An
    /// adapter may answer `Contention` when the other user appears at the same
    /// moment. When the user was made is not replaced.
    async fn update(&mut self, user: &User, expected: Version) -> Result<(), RepositoryError>;

    /// Removes the user for good, and all posts of the user with it. Returns
    /// whether there was one.
    async fn purge(&mut self, id: UserId) -> Result<bool, RepositoryError>;

    /// Adds users as if by [`Self::insert`], one after the other in the order given: whoever
    /// comes first has the id and the address. Answers for each, in that order; of each,
    /// no error but `AlreadyExists`. An id that is given again costs more statements.
    async fn insert_many(
        &mut self,
        users: &[User],
    ) -> Result<Vec<Result<(), RepositoryError>>, RepositoryError>;

    /// The users of those ids, each once, in no particular order, held as
    /// [`Self::find_for_update`] holds one; ids of nobody are left out, and who cannot be
    /// read is held all the same. MUST take hold of them in the order of their ids, so that
    /// no two units of work that hold many wait for each other.
    async fn find_many_for_update(
        &mut self,
        ids: &[UserId],
    ) -> Result<Vec<Result<User, Corrupt>>, RepositoryError>;

    /// The users of those ids as [`Self::find_many_for_update`] finds them, held as
    /// [`Self::find_for_share`] holds one.
    async fn find_many_for_share(
        &mut self,
        ids: &[UserId],
    ) -> Result<Vec<Result<User, Corrupt>>, RepositoryError>;

    /// How each of these addresses is compared with others, and the living user who has
    /// it, in any letter case, in the order given. Holds nobody.
    async fn find_addresses(&mut self, emails: &[Email]) -> Result<Vec<Address>, RepositoryError>;

    /// Replaces each of these users, as [`Self::update`] does, if all stored versions are
    /// those given, else none of them: `StaleVersion`, which MUST leave the unit of work
    /// usable. MUST take hold of them in the order of their ids.
    ///
    /// The caller gives each id once, and no address that another living user has: it
    /// looks with [`Self::find_addresses`] first, and whoever takes an address that
    /// another of them gives up takes another call. Such an address is `Contention`, since to one who has looked it is a user
    /// who appeared at the same moment.
    async fn update_many(&mut self, users: &[(User, Version)]) -> Result<(), RepositoryError>;
}
