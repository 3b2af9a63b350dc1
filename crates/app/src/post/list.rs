//! Listing posts.

use byline_domain::page::{CountMode, Order, Page, PageRequest};
use byline_domain::post::{Post, PostFilter, PostSortKey};

use super::Posts;
use crate::Error;

/// The part of a list to get.
#[derive(Clone, Debug)]
pub struct ListPosts {
    /// Which posts.
    pub filter: PostFilter,
    /// In which order.
    pub order: Order<PostSortKey>,
    /// Which page.
    pub page: PageRequest,
    /// Whether, and how exactly, to count the whole list.
    pub total: Option<CountMode>,
}

/// Part of a list.
#[derive(Clone, Debug)]
pub struct PostList {
    /// The page.
    pub page: Page<Post>,
    /// How many posts the whole list has, if that was asked.
    pub total: Option<u64>,
}

impl Posts {
    /// Lists posts, and counts them only when asked to.
    pub async fn list(&self, query: &ListPosts) -> Result<PostList, Error> {
        let page = self
            .reader
            .list(&query.filter, query.order, &query.page)
            .await?;
        let total = match query.total {
            Some(mode) => Some(self.reader.count(&query.filter, mode).await?),
            None => None,
        };
        Ok(PostList { page, total })
    }
}
