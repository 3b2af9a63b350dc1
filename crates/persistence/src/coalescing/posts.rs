//! Posts that are asked for one by one, and by one author each.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use byline_domain::count::{CountMode, Counts};
use byline_domain::error::RepositoryError;
use byline_domain::ids::{PostId, UserId};
use byline_domain::order::{Direction, Order};
use byline_domain::page::{LIGHT_BYTES, MAX_BYTES, Page, PageRequest, PageSize};
use byline_domain::post::{FoundPost, PostField, PostFilter, PostGroup, PostReader, PostView};
use byline_domain::search::SearchQuery;
use byline_domain::selection::Fields;
use byline_domain::trash::Trash;
use byline_lanes::Bounds;

use super::loader::{BOUNDS, Loader, Reads};
use super::same::Questions;

/// In which order first pages are shared: that of lists which name none.
static NEWEST_FIRST: Order<PostField> = Order::by(PostField::CreatedAt, Direction::Descending);

/// At most so many first pages a statement, which weigh no more together than an answer may.
const FIRST_PAGES: usize = (MAX_BYTES / LIGHT_BYTES) as usize;

/// What a first page holds at most that is shared. One that holds more is heavy soon.
const SHORT: usize = 100;

/// A reader of posts. Its reads of one post by its id, and of one author's newest posts, the
/// first page of them or their number, are one statement where they arrive together, and so are
/// counts that are the same. All others go to the reader that it is made of, and so does what may
/// come with many contents: it can be as large as an answer may be, whoever shares it has a copy,
/// and whoever waits for a part of it waits for all. Of first pages those that are light are
/// shared, whatever comes with them.
pub struct CoalescingPosts {
    inner: Arc<dyn PostReader>,
    by_id: Loader<ById>,
    newest: Loader<NewestOf>,
    first_pages: Loader<FirstPageOf>,
    of_authors: Loader<CountOf>,
    counts: Loader<Questions<(PostFilter, CountMode), u64>>,
    groups: Loader<Questions<(PostFilter, PostGroup), Counts>>,
}

impl CoalescingPosts {
    /// Reads through that reader. Must be used inside a tokio runtime.
    pub fn new(inner: Arc<dyn PostReader>) -> Self {
        Self::with(inner, |bounds| bounds)
    }

    /// The same for tests: every read goes through the queue.
    pub fn queued(inner: Arc<dyn PostReader>) -> Self {
        Self::with(inner, Bounds::queued)
    }

    fn with(inner: Arc<dyn PostReader>, way: fn(Bounds) -> Bounds) -> Self {
        let bounds = way(BOUNDS);
        // Posts of an author lie far apart and take long to read: while some are sent, others are read.
        let of_an_author = Bounds {
            at_once: 2,
            ..bounds
        };
        let few = Bounds {
            most: FIRST_PAGES,
            ..of_an_author
        };
        let counts = Questions::of(&inner, |port, count: Arc<(_, _)>| async move {
            port.count(&count.0, count.1).await
        });
        let groups = Questions::of(&inner, |port, count: Arc<(_, _)>| async move {
            port.count_by(&count.0, count.1).await
        });
        Self {
            by_id: Loader::new(ById(Arc::clone(&inner)), bounds),
            newest: Loader::new(NewestOf(Arc::clone(&inner)), of_an_author),
            first_pages: Loader::new(FirstPageOf(Arc::clone(&inner)), few),
            of_authors: Loader::new(CountOf(Arc::clone(&inner)), bounds),
            counts: Loader::new(counts, bounds),
            groups: Loader::new(groups, bounds),
            inner,
        }
    }
}

struct ById(Arc<dyn PostReader>);

#[async_trait]
impl Reads for ById {
    type Group = (Trash, Fields<PostField>);
    type Key = PostId;
    type Row = Option<PostView>;

    async fn one(
        &self,
        group: &Arc<Self::Group>,
        id: PostId,
    ) -> Result<Option<PostView>, RepositoryError> {
        let (trash, fields) = &**group;
        self.0.find(id, *trash, fields).await
    }

    async fn many(
        &self,
        group: &Arc<Self::Group>,
        ids: &[PostId],
    ) -> Result<Vec<Option<PostView>>, RepositoryError> {
        let (trash, fields) = &**group;
        let found = self.0.find_many(ids, *trash, fields, 0).await?.into_iter();
        let mut found: HashMap<_, _> = found.map(|post| (post.id, post)).collect();
        Ok(ids.iter().map(|id| found.remove(id)).collect())
    }
}

struct NewestOf(Arc<dyn PostReader>);

#[async_trait]
impl Reads for NewestOf {
    type Group = (Trash, Fields<PostField>);
    type Key = UserId;
    type Row = Vec<PostView>;

    async fn one(
        &self,
        group: &Arc<Self::Group>,
        author: UserId,
    ) -> Result<Vec<PostView>, RepositoryError> {
        let newest = self.many(group, &[author]).await?.pop();
        Ok(newest.unwrap_or_default())
    }

    /// Those that do not fit are asked for again: an author alone has as many as fit.
    async fn many(
        &self,
        group: &Arc<Self::Group>,
        authors: &[UserId],
    ) -> Result<Vec<Vec<PostView>>, RepositoryError> {
        let (trash, fields) = &**group;
        self.0.newest_of(authors, *trash, fields).await
    }
}

/// `None` of a page that is too heavy to be shared: each who wants it reads it outside of the
/// lane, and nobody has a copy of what another one read.
struct FirstPageOf(Arc<dyn PostReader>);

#[async_trait]
impl Reads for FirstPageOf {
    type Group = (Trash, PageSize, Fields<PostField>, u64);
    type Key = UserId;
    type Row = Option<Page<PostView>>;

    async fn one(
        &self,
        group: &Arc<Self::Group>,
        author: UserId,
    ) -> Result<Option<Page<PostView>>, RepositoryError> {
        let page = self.many(group, &[author]).await?.pop();
        Ok(page.flatten())
    }

    /// By a list, whatever the page weighs. Most are light, and of one author a list takes
    /// PostgreSQL less than the statement that leaves out heavy ones. One that is heavy keeps
    /// its lane for as long as a late one does at most, and takes no second statement.
    async fn alone(
        &self,
        group: &Arc<Self::Group>,
        author: UserId,
    ) -> Result<Option<Page<PostView>>, RepositoryError> {
        let (trash, size, fields, each_weighs) = &**group;
        let (filter, page) = (
            PostFilter::of_author(author, *trash),
            PageRequest::first(*size),
        );
        let list = self
            .0
            .list(&filter, &NEWEST_FIRST, &page, fields, *each_weighs);
        Ok(Some(list.await?))
    }

    async fn many(
        &self,
        group: &Arc<Self::Group>,
        authors: &[UserId],
    ) -> Result<Vec<Option<Page<PostView>>>, RepositoryError> {
        let (trash, size, fields, each_weighs) = &**group;
        let pages = self
            .0
            .first_pages_of(authors, *trash, *size, fields, *each_weighs);
        pages.await
    }
}

struct CountOf(Arc<dyn PostReader>);

#[async_trait]
impl Reads for CountOf {
    type Group = Trash;
    type Key = UserId;
    type Row = u64;

    async fn one(&self, trash: &Arc<Trash>, author: UserId) -> Result<u64, RepositoryError> {
        let count = self.many(trash, &[author]).await?.pop();
        Ok(count.unwrap_or_default())
    }

    async fn many(
        &self,
        trash: &Arc<Trash>,
        authors: &[UserId],
    ) -> Result<Vec<u64>, RepositoryError> {
        self.0.count_of(authors, **trash).await
    }
}

#[async_trait]
impl PostReader for CoalescingPosts {
    async fn find(
        &self,
        id: PostId,
        trash: Trash,
        fields: &Fields<PostField>,
    ) -> Result<Option<PostView>, RepositoryError> {
        if fields.has(PostField::Content) {
            return self.inner.find(id, trash, fields).await;
        }
        self.by_id.load((trash, fields.clone()), id).await
    }

    async fn find_many(
        &self,
        ids: &[PostId],
        trash: Trash,
        fields: &Fields<PostField>,
        each_weighs: u64,
    ) -> Result<Vec<PostView>, RepositoryError> {
        self.inner.find_many(ids, trash, fields, each_weighs).await
    }

    async fn list(
        &self,
        filter: &PostFilter,
        order: &Order<PostField>,
        page: &PageRequest,
        fields: &Fields<PostField>,
        each_weighs: u64,
    ) -> Result<Page<PostView>, RepositoryError> {
        if let Some(author) = filter.author()
            && *order == NEWEST_FIRST
            && *page == PageRequest::first(page.size)
            && page.size.get() <= SHORT
        {
            let group = (filter.trash, page.size, fields.clone(), each_weighs);
            if let Some(page) = self.first_pages.load(group, author).await? {
                return Ok(page);
            }
        }
        let page = self.inner.list(filter, order, page, fields, each_weighs);
        page.await
    }

    async fn count(&self, filter: &PostFilter, mode: CountMode) -> Result<u64, RepositoryError> {
        self.counts.load((filter.clone(), mode), ()).await
    }

    async fn count_by(
        &self,
        filter: &PostFilter,
        group: PostGroup,
    ) -> Result<Counts, RepositoryError> {
        self.groups.load((filter.clone(), group), ()).await
    }

    async fn search(
        &self,
        query: &SearchQuery,
        filter: &PostFilter,
        page: &PageRequest,
        fields: &Fields<PostField>,
        each_weighs: u64,
    ) -> Result<Page<FoundPost>, RepositoryError> {
        let found = self.inner.search(query, filter, page, fields, each_weighs);
        found.await
    }

    async fn newest_of(
        &self,
        authors: &[UserId],
        trash: Trash,
        fields: &Fields<PostField>,
    ) -> Result<Vec<Vec<PostView>>, RepositoryError> {
        match authors {
            [author] if !fields.has(PostField::Content) => {
                let newest = self.newest.load((trash, fields.clone()), *author).await?;
                Ok(vec![newest])
            }
            _ => self.inner.newest_of(authors, trash, fields).await,
        }
    }

    async fn first_pages_of(
        &self,
        authors: &[UserId],
        trash: Trash,
        size: PageSize,
        fields: &Fields<PostField>,
        each_weighs: u64,
    ) -> Result<Vec<Option<Page<PostView>>>, RepositoryError> {
        let pages = self
            .inner
            .first_pages_of(authors, trash, size, fields, each_weighs);
        pages.await
    }

    async fn count_of(
        &self,
        authors: &[UserId],
        trash: Trash,
    ) -> Result<Vec<u64>, RepositoryError> {
        match authors {
            [author] => Ok(vec![self.of_authors.load(trash, *author).await?]),
            _ => self.inner.count_of(authors, trash).await,
        }
    }
}
