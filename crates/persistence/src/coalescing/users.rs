//! Users who are asked for one by one.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use byline_domain::count::{CountMode, Counts};
use byline_domain::error::RepositoryError;
use byline_domain::ids::UserId;
use byline_domain::order::Order;
use byline_domain::page::{Page, PageRequest};
use byline_domain::search::SearchQuery;
use byline_domain::selection::Fields;
use byline_domain::trash::Trash;
use byline_domain::user::{Email, UserField, UserFilter, UserGroup, UserReader, UserView};
use byline_lanes::Bounds;

use super::loader::{BOUNDS, Loader, Reads};
use super::same::Questions;

/// A reader of users. Its reads of one user by its id are one statement where they arrive
/// together, and so are lists, searches and counts that are the same. All others go to the
/// reader that it is made of.
pub struct CoalescingUsers {
    inner: Arc<dyn UserReader>,
    by_id: Loader<ById>,
    lists: Loader<Questions<List, Page<UserView>>>,
    searches: Loader<Questions<Search, Page<UserView>>>,
    counts: Loader<Questions<(UserFilter, CountMode), u64>>,
    groups: Loader<Questions<(UserFilter, UserGroup), Counts>>,
}

/// A list. The page comes first, since in it they mostly differ.
type List = (PageRequest, UserFilter, Order<UserField>, Fields<UserField>);
type Search = (SearchQuery, PageRequest, UserFilter, Fields<UserField>);

impl CoalescingUsers {
    /// Reads through that reader. Must be used inside a tokio runtime.
    pub fn new(inner: Arc<dyn UserReader>) -> Self {
        Self::with(inner, |bounds| bounds)
    }

    /// The same for tests: every read goes through the queue.
    pub fn queued(inner: Arc<dyn UserReader>) -> Self {
        Self::with(inner, Bounds::queued)
    }

    fn with(inner: Arc<dyn UserReader>, way: fn(Bounds) -> Bounds) -> Self {
        let bounds = way(BOUNDS);
        let lists = Questions::of(&inner, |port, list: Arc<List>| async move {
            let (page, filter, order, fields) = &*list;
            port.list(filter, order, page, fields).await
        });
        let searches = Questions::of(&inner, |port, search: Arc<Search>| async move {
            let (query, page, filter, fields) = &*search;
            port.search(query, filter, page, fields).await
        });
        let counts = Questions::of(&inner, |port, count: Arc<(_, _)>| async move {
            port.count(&count.0, count.1).await
        });
        let groups = Questions::of(&inner, |port, count: Arc<(_, _)>| async move {
            port.count_by(&count.0, count.1).await
        });
        Self {
            by_id: Loader::new(ById(Arc::clone(&inner)), bounds),
            lists: Loader::new(lists, bounds),
            searches: Loader::new(searches, bounds),
            counts: Loader::new(counts, bounds),
            groups: Loader::new(groups, bounds),
            inner,
        }
    }
}

struct ById(Arc<dyn UserReader>);

#[async_trait]
impl Reads for ById {
    type Group = (Trash, Fields<UserField>);
    type Key = UserId;
    type Row = Option<UserView>;

    async fn one(
        &self,
        group: &Arc<Self::Group>,
        id: UserId,
    ) -> Result<Option<UserView>, RepositoryError> {
        let (trash, fields) = &**group;
        self.0.find(id, *trash, fields).await
    }

    async fn many(
        &self,
        group: &Arc<Self::Group>,
        ids: &[UserId],
    ) -> Result<Vec<Option<UserView>>, RepositoryError> {
        let (trash, fields) = &**group;
        let found = self.0.find_many(ids, *trash, fields).await?.into_iter();
        let mut found: HashMap<_, _> = found.map(|user| (user.id, user)).collect();
        Ok(ids.iter().map(|id| found.remove(id)).collect())
    }
}

#[async_trait]
impl UserReader for CoalescingUsers {
    async fn find(
        &self,
        id: UserId,
        trash: Trash,
        fields: &Fields<UserField>,
    ) -> Result<Option<UserView>, RepositoryError> {
        self.by_id.load((trash, fields.clone()), id).await
    }

    async fn find_by_email(
        &self,
        email: &Email,
        trash: Trash,
        fields: &Fields<UserField>,
    ) -> Result<Option<UserView>, RepositoryError> {
        self.inner.find_by_email(email, trash, fields).await
    }

    async fn find_many(
        &self,
        ids: &[UserId],
        trash: Trash,
        fields: &Fields<UserField>,
    ) -> Result<Vec<UserView>, RepositoryError> {
        match ids {
            // The author of a post.
            [id] => Ok(Vec::from_iter(self.find(*id, trash, fields).await?)),
            _ => self.inner.find_many(ids, trash, fields).await,
        }
    }

    async fn find_many_by_email(
        &self,
        emails: &[Email],
        trash: Trash,
        fields: &Fields<UserField>,
    ) -> Result<Vec<UserView>, RepositoryError> {
        self.inner.find_many_by_email(emails, trash, fields).await
    }

    async fn list(
        &self,
        filter: &UserFilter,
        order: &Order<UserField>,
        page: &PageRequest,
        fields: &Fields<UserField>,
    ) -> Result<Page<UserView>, RepositoryError> {
        let list = (page.clone(), filter.clone(), order.clone(), fields.clone());
        self.lists.load(list, ()).await
    }

    async fn count(&self, filter: &UserFilter, mode: CountMode) -> Result<u64, RepositoryError> {
        self.counts.load((filter.clone(), mode), ()).await
    }

    async fn count_by(
        &self,
        filter: &UserFilter,
        group: UserGroup,
    ) -> Result<Counts, RepositoryError> {
        self.groups.load((filter.clone(), group), ()).await
    }

    async fn search(
        &self,
        query: &SearchQuery,
        filter: &UserFilter,
        page: &PageRequest,
        fields: &Fields<UserField>,
    ) -> Result<Page<UserView>, RepositoryError> {
        let search = (query.clone(), page.clone(), filter.clone(), fields.clone());
        self.searches.load(search, ()).await
    }
}
