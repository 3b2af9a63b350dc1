//! Walks through all pages of a list.

use super::Ports;
use super::support::{whole_post, whole_user};
use crate::error::RepositoryError;
use crate::order::{Direction, Order};
use crate::page::{Cursor, Page, PageRequest, PageSize};
use crate::post::{FoundPost, Post, PostField, PostFilter};
use crate::search::SearchQuery;
use crate::selection::Fields;
use crate::trash::Trash;
use crate::user::{User, UserField, UserFilter};

pub(super) const BOTH_WAYS: [Direction; 2] = [Direction::Ascending, Direction::Descending];

/// More pages than any walk here has.
const ENDLESS: usize = 1_000;

/// The sizes of page at which a list is walked.
pub(super) const SIZES: [i32; 3] = [1, 3, 7];

impl Ports {
    pub(super) async fn user_page(
        &self,
        filter: &UserFilter,
        order: &Order<UserField>,
        request: &PageRequest,
    ) -> Page<User> {
        let page = self
            .users
            .list(filter, order, request, &Fields::all())
            .await;
        sound(page, request).map(whole_user)
    }

    pub(super) async fn post_page(
        &self,
        filter: &PostFilter,
        order: &Order<PostField>,
        request: &PageRequest,
    ) -> Page<Post> {
        let page = self
            .posts
            .list(filter, order, request, &Fields::all(), 0)
            .await;
        sound(page, request).map(whole_post)
    }

    pub(super) async fn search_page(
        &self,
        text: &str,
        filter: &UserFilter,
        request: &PageRequest,
    ) -> Page<User> {
        let query = search_query(text);
        let page = self
            .users
            .search(&query, filter, request, &Fields::all())
            .await;
        sound(page, request).map(whole_user)
    }

    pub(super) async fn found_page(
        &self,
        text: &str,
        filter: &PostFilter,
        request: &PageRequest,
    ) -> Page<FoundPost> {
        let query = search_query(text);
        let page = self
            .posts
            .search(&query, filter, request, &Fields::all(), 0)
            .await;
        sound(page, request)
    }

    /// All users from the start.
    pub(super) async fn walk_users(
        &self,
        filter: &UserFilter,
        order: &Order<UserField>,
        size: PageSize,
    ) -> Vec<User> {
        let page = |request| async move { self.user_page(filter, order, &request).await };
        walk(PageRequest::first(size), page).await
    }

    /// The living users that follow a page.
    pub(super) async fn rest_of_users(
        &self,
        order: &Order<UserField>,
        size: PageSize,
        next: Option<Cursor>,
    ) -> Vec<User> {
        let page = |request| async move {
            let filter = UserFilter::all(Trash::Exclude);
            self.user_page(&filter, order, &request).await
        };
        rest(size, next, page).await
    }

    /// All posts from the start.
    pub(super) async fn walk_posts(
        &self,
        filter: &PostFilter,
        order: &Order<PostField>,
        size: PageSize,
    ) -> Vec<Post> {
        let page = |request| async move { self.post_page(filter, order, &request).await };
        walk(PageRequest::first(size), page).await
    }

    /// The living posts that follow a page.
    pub(super) async fn rest_of_posts(
        &self,
        order: &Order<PostField>,
        size: PageSize,
        next: Option<Cursor>,
    ) -> Vec<Post> {
        let page = |request| async move {
            let filter = PostFilter::all(Trash::Exclude);
            self.post_page(&filter, order, &request).await
        };
        rest(size, next, page).await
    }

    /// All users that a search finds.
    pub(super) async fn walk_search(
        &self,
        text: &str,
        filter: &UserFilter,
        size: PageSize,
    ) -> Vec<User> {
        let page = |request| async move { self.search_page(text, filter, &request).await };
        walk(PageRequest::first(size), page).await
    }

    /// All posts that a search finds.
    pub(super) async fn walk_found(
        &self,
        text: &str,
        filter: &PostFilter,
        size: PageSize,
    ) -> Vec<FoundPost> {
        let page = |request| async move { self.found_page(text, filter, &request).await };
        walk(PageRequest::first(size), page).await
    }
}

pub(super) fn search_query(text: &str) -> SearchQuery {
    SearchQuery::parse(text).expect("a valid query")
}

/// The page, which holds no more than was asked for, and which another follows
/// only if it holds something.
pub(super) fn sound<T>(page: Result<Page<T>, RepositoryError>, request: &PageRequest) -> Page<T> {
    let page = page.expect("a page is read");
    assert!(page.items.len() <= request.size.get());
    assert!(page.next.is_none() || !page.items.is_empty());
    page
}

/// The request for what follows a place.
pub(super) fn after(size: PageSize, cursor: Option<Cursor>) -> PageRequest {
    PageRequest {
        after: cursor,
        ..PageRequest::first(size)
    }
}

/// All items of the pages from `first` on.
pub(super) async fn walk<T, P>(
    first: PageRequest,
    page_at: impl Fn(PageRequest) -> P + Send,
) -> Vec<T>
where
    T: Send,
    P: Future<Output = Page<T>> + Send,
{
    let pages = pages(first, page_at).await;
    let announced = &pages[1..];
    assert!(
        announced.iter().all(|page| !page.is_empty()),
        "a page that was announced is not empty"
    );
    pages.into_iter().flatten().collect()
}

/// All items of the pages that follow one, while rows come and go.
pub(super) async fn rest<T, P>(
    size: PageSize,
    next: Option<Cursor>,
    page_at: impl Fn(PageRequest) -> P + Send,
) -> Vec<T>
where
    T: Send,
    P: Future<Output = Page<T>> + Send,
{
    if next.is_none() {
        return Vec::new();
    }
    let pages = pages(after(size, next), page_at).await;
    pages.into_iter().flatten().collect()
}

/// The items of each page from `first` on.
pub(super) async fn pages<T, P>(
    first: PageRequest,
    page_at: impl Fn(PageRequest) -> P + Send,
) -> Vec<Vec<T>>
where
    T: Send,
    P: Future<Output = Page<T>> + Send,
{
    let size = first.size;
    let mut request = first;
    let mut met = Vec::new();
    while met.len() < ENDLESS {
        let page = page_at(request).await;
        met.push(page.items);
        if page.next.is_none() {
            return met;
        }
        request = after(size, page.next);
    }
    panic!("a walk comes to an end");
}
