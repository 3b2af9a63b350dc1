//! Walks through all pages of a list.

use super::Ports;
use crate::error::RepositoryError;
use crate::page::{Cursor, Direction, Order, Page, PageRequest, PageSize};
use crate::post::{Post, PostFilter, PostSortKey};
use crate::search::SearchQuery;
use crate::trash::Trash;
use crate::user::{User, UserFilter, UserSortKey};

pub(super) const BOTH_WAYS: [Direction; 2] = [Direction::Ascending, Direction::Descending];

/// More pages than any walk here has.
const ENDLESS: usize = 1_000;

/// The sizes of page at which a list is walked.
pub(super) const SIZES: [i32; 3] = [1, 3, 7];

impl Ports {
    pub(super) async fn user_page(
        &self,
        trash: Trash,
        order: Order<UserSortKey>,
        request: &PageRequest,
    ) -> Page<User> {
        let page = self.users.list(&UserFilter { trash }, order, request).await;
        sound(page, request)
    }

    pub(super) async fn post_page(
        &self,
        trash: Trash,
        order: Order<PostSortKey>,
        request: &PageRequest,
    ) -> Page<Post> {
        let page = self.posts.list(&PostFilter { trash }, order, request).await;
        sound(page, request)
    }

    pub(super) async fn search_page(
        &self,
        text: &str,
        trash: Trash,
        request: &PageRequest,
    ) -> Page<User> {
        let query = SearchQuery::parse(text).expect("a valid query");
        let filter = UserFilter { trash };
        let page = self.users.search(&query, &filter, request).await;
        sound(page, request)
    }

    pub(super) async fn walk_users(
        &self,
        trash: Trash,
        order: Order<UserSortKey>,
        size: PageSize,
    ) -> Vec<User> {
        let mut walk = Walk::new(size);
        while let Some(request) = walk.request() {
            walk.take(self.user_page(trash, order, &request).await);
        }
        walk.met
    }

    pub(super) async fn walk_posts(
        &self,
        trash: Trash,
        order: Order<PostSortKey>,
        size: PageSize,
    ) -> Vec<Post> {
        let mut walk = Walk::new(size);
        while let Some(request) = walk.request() {
            walk.take(self.post_page(trash, order, &request).await);
        }
        walk.met
    }

    pub(super) async fn walk_search(&self, text: &str, trash: Trash, size: PageSize) -> Vec<User> {
        let mut walk = Walk::new(size);
        while let Some(request) = walk.request() {
            walk.take(self.search_page(text, trash, &request).await);
        }
        walk.met
    }
}

/// The page, which holds no more than was asked for, and which another follows
/// only if it holds something.
fn sound<T>(page: Result<Page<T>, RepositoryError>, request: &PageRequest) -> Page<T> {
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

struct Walk<T> {
    size: PageSize,
    next: Option<Cursor>,
    pages: usize,
    met: Vec<T>,
}

impl<T> Walk<T> {
    const fn new(size: PageSize) -> Self {
        Self {
            size,
            next: None,
            pages: 0,
            met: Vec::new(),
        }
    }

    /// The request for the next page; `None` at the end.
    fn request(&self) -> Option<PageRequest> {
        (self.pages == 0 || self.next.is_some()).then(|| after(self.size, self.next.clone()))
    }

    fn take(&mut self, page: Page<T>) {
        assert!(
            self.pages == 0 || !page.items.is_empty(),
            "a page that was announced is not empty"
        );
        self.pages += 1;
        assert!(self.pages < ENDLESS, "a walk comes to an end");
        self.met.extend(page.items);
        self.next = page.next;
    }
}
