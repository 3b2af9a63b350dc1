//! Reads of the posts that are committed.

use std::cmp::Reverse;

use async_trait::async_trait;

use super::MemoryStore;
use super::counting::count_each;
use super::filter::meets_post;
use super::paging::{by_keys, by_rank, check_cursor, is_rank, page_of};
use super::state::State;
use super::words::WordQuery;
use crate::count::{CountMode, Counts};
use crate::error::RepositoryError;
use crate::filter::Value;
use crate::ids::{PostId, UserId};
use crate::order::Order;
use crate::page::{Cursor, LIGHT_BYTES, MAX_BYTES, Page, PageRequest, PageSize, SortValue};
use crate::post::{
    Content, FoundPost, Post, PostField, PostFilter, PostGroup, PostReader, PostView, Snippet,
};
use crate::search::{SearchQuery, millionths};
use crate::selection::Fields;
use crate::trash::Trash;
use crate::user::{User, UserView};

impl State {
    fn posts_in(&self, trash: Trash) -> impl Iterator<Item = &Post> + Clone {
        let posts = self.posts.values();
        posts.filter(move |post| trash.sees(post.lifecycle.is_deleted()))
    }

    pub(super) fn posts_meant<'a>(
        &'a self,
        filter: &'a PostFilter,
    ) -> impl Iterator<Item = &'a Post> {
        let meets = move |post: &&Post| match &filter.meets {
            Some(tree) => meets_post(tree, post, self.user(post.author_id, filter.trash)),
            None => true,
        };
        self.posts_in(filter.trash).filter(meets)
    }

    /// The posts of that author, on that side of the trash.
    pub(super) fn posts_of(
        &self,
        author: UserId,
        trash: Trash,
    ) -> impl Iterator<Item = &Post> + Clone {
        let posts = self.posts_in(trash);
        posts.filter(move |post| post.author_id == author)
    }

    /// The newest first, at most so many.
    fn newest_of(&self, author: UserId, trash: Trash, most: usize) -> Vec<&Post> {
        let mut posts: Vec<_> = self.posts_of(author, trash).collect();
        posts.sort_by_key(|post| Reverse((post.lifecycle.created_at(), post.id)));
        posts.truncate(most);
        posts
    }
}

/// The bytes of the longer of its texts.
fn longer_text(post: &Post) -> usize {
    let content = post.content.as_ref().map_or("", Content::as_str);
    content.len().max(post.title.as_str().len())
}

fn place(post: &Post, values: Vec<SortValue>) -> Cursor {
    let id = post.id.as_uuid();
    Cursor { values, id }
}

/// How many of `posts`, one after the other, weigh no more than `room`.
fn fitting(posts: &[PostView], mut room: u64) -> usize {
    let fits = |post: &&PostView| match room.checked_sub(post.weight()) {
        Some(left) => {
            room = left;
            true
        }
        None => false,
    };
    posts.iter().take_while(fits).count()
}

#[async_trait]
impl PostReader for MemoryStore {
    async fn find(
        &self,
        id: PostId,
        trash: Trash,
        fields: &Fields<PostField>,
    ) -> Result<Option<PostView>, RepositoryError> {
        let state = self.snapshot();
        let post = state.posts_in(trash).find(|post| post.id == id);
        Ok(post.map(|post| PostView::of(post.clone(), fields)))
    }

    async fn find_many(
        &self,
        ids: &[PostId],
        trash: Trash,
        fields: &Fields<PostField>,
        each_weighs: u64,
    ) -> Result<Vec<PostView>, RepositoryError> {
        let state = self.snapshot();
        let found: Vec<PostView> = state
            .posts_in(trash)
            .filter(|post| ids.contains(&post.id))
            .map(|post| PostView::of(post.clone(), fields))
            .collect();
        let weight = |post: &PostView| post.weight() + each_weighs;
        if found.iter().map(weight).sum::<u64>() > MAX_BYTES {
            return Err(RepositoryError::TooLarge);
        }
        Ok(found)
    }

    async fn list(
        &self,
        filter: &PostFilter,
        order: &Order<PostField>,
        page: &PageRequest,
        fields: &Fields<PostField>,
        each_weighs: u64,
    ) -> Result<Page<PostView>, RepositoryError> {
        check_cursor(page, |cursor| order.fits(cursor))?;
        let state = self.snapshot();
        let rows = state.posts_meant(filter).map(|post| {
            let values = order.keys().map(|key| post.sort_value(key.field));
            let view = PostView::of(post.clone(), fields);
            (place(post, values.collect()), view)
        });
        let weight = |post: &PostView| post.weight() + each_weighs;
        Ok(page_of(rows.collect(), page, by_keys(order), weight))
    }

    async fn count(&self, filter: &PostFilter, _mode: CountMode) -> Result<u64, RepositoryError> {
        Ok(self.snapshot().posts_meant(filter).count() as u64)
    }

    async fn count_by(
        &self,
        filter: &PostFilter,
        group: PostGroup,
    ) -> Result<Counts, RepositoryError> {
        let state = self.snapshot();
        let posts = state.posts_meant(filter);
        Ok(match group {
            PostGroup::AuthorId => count_each(posts.map(|post| post.author_id), |author| {
                Value::Id(author.as_uuid())
            }),
            PostGroup::Published => count_each(posts.map(Post::is_published), Value::Bool),
        })
    }

    async fn search(
        &self,
        query: &SearchQuery,
        filter: &PostFilter,
        page: &PageRequest,
        fields: &Fields<PostField>,
        each_weighs: u64,
    ) -> Result<Page<FoundPost>, RepositoryError> {
        check_cursor(page, is_rank)?;
        let query = WordQuery::parse(query);
        let state = self.snapshot();
        let rows = state.posts_meant(filter).filter_map(|post| {
            let content = post.content.as_ref().map_or("", Content::as_str);
            let hit = query.find(post.title.as_str(), content)?;
            let found = FoundPost {
                post: PostView::of(post.clone(), fields),
                snippet: hit.snippet,
                rank: hit.rank,
            };
            let rank = SortValue::Rank(millionths(hit.rank));
            Some((place(post, vec![rank]), found))
        });
        let snippet = |id: &PostId| state.posts.get(id).map_or(0, longer_text);
        let weight = |found: &FoundPost| {
            found.post.weight() + Snippet::weight(snippet(&found.post.id)) + each_weighs
        };
        Ok(page_of(rows.collect(), page, by_rank, weight))
    }

    async fn newest_of(
        &self,
        authors: &[UserId],
        trash: Trash,
        fields: &Fields<PostField>,
    ) -> Result<Vec<Vec<PostView>>, RepositoryError> {
        let state = self.snapshot();
        let mut room = MAX_BYTES;
        let mut answer: Vec<Vec<PostView>> = Vec::new();
        for author in authors {
            let newest = state.newest_of(*author, trash, UserView::MAX_POSTS);
            let newest = newest.into_iter();
            let mut posts: Vec<_> = newest
                .map(|post| PostView::of(post.clone(), fields))
                .collect();
            let weight = User::MAX_BYTES + posts.iter().map(PostView::weight).sum::<u64>();
            if let Some(left) = room.checked_sub(weight) {
                room = left;
                answer.push(posts);
                continue;
            }
            if answer.is_empty() {
                posts.truncate(fitting(&posts, room - User::MAX_BYTES));
                answer.push(posts);
            }
            break;
        }
        Ok(answer)
    }

    async fn first_pages_of(
        &self,
        authors: &[UserId],
        trash: Trash,
        size: PageSize,
        fields: &Fields<PostField>,
        each_weighs: u64,
    ) -> Result<Vec<Option<Page<PostView>>>, RepositoryError> {
        let state = self.snapshot();
        let page = |author: &UserId| {
            let newest = state.newest_of(*author, trash, size.get() + 1);
            let places = newest.iter().map(|post| {
                let created_at = SortValue::Time(post.lifecycle.created_at());
                place(post, vec![created_at])
            });
            let views = newest
                .iter()
                .map(|post| PostView::of((*post).clone(), fields));
            let rows: Vec<_> = places.zip(views).collect();
            let weights = rows.iter().map(|(_, post)| post.weight() + each_weighs);
            let more = rows.len() > size.get();
            (weights.sum::<u64>() <= LIGHT_BYTES)
                .then(|| Page::new(rows.into_iter().take(size.get()), more))
        };
        Ok(authors.iter().map(page).collect())
    }

    async fn count_of(
        &self,
        authors: &[UserId],
        trash: Trash,
    ) -> Result<Vec<u64>, RepositoryError> {
        let state = self.snapshot();
        let count = |author: &UserId| state.posts_of(*author, trash).count() as u64;
        Ok(authors.iter().map(count).collect())
    }
}
