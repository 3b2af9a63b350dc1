//! Posts that go into the trash with their author, or change hands together.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::filter::meets_post;
use super::state::State;
use crate::filter::{Filter, PostTest};
use crate::ids::UserId;
use crate::post::{Given, Post, PostAge};
use crate::trash::Trash;

impl State {
    pub(super) fn authors_of_living_posts(&self, authors: &[UserId]) -> Vec<UserId> {
        let asked: BTreeSet<_> = authors.iter().copied().collect();
        let has_living = |author: &UserId| self.posts_of(*author, Trash::Exclude).next().is_some();
        asked.into_iter().filter(has_living).collect()
    }

    pub(super) fn delete_posts_along(
        &mut self,
        authors: &[UserId],
        now: DateTime<Utc>,
        purge_at: DateTime<Utc>,
    ) -> Vec<(UserId, u64)> {
        let mut counts = BTreeMap::new();
        for (id, post) in &mut self.posts {
            if authors.contains(&post.author_id) && !post.lifecycle.is_deleted() {
                post.lifecycle.delete_until(now, purge_at);
                self.along.insert(*id);
                *counts.entry(post.author_id).or_default() += 1;
            }
        }
        counts.into_iter().collect()
    }

    pub(super) fn undelete_posts_along(&mut self, author: UserId, now: DateTime<Utc>) -> u64 {
        let mut count = 0;
        for (id, post) in &mut self.posts {
            if post.author_id == author && self.along.remove(id) {
                post.lifecycle.undelete(now);
                count += 1;
            }
        }
        count
    }

    pub(super) fn transfer_posts(
        &mut self,
        from: UserId,
        to: UserId,
        meets: Option<&Filter<PostTest>>,
        now: DateTime<Utc>,
        after: Option<PostAge>,
        limit: u32,
    ) -> Given {
        if from == to {
            return Given::default();
        }
        let is_meant = |post: &&Post| match meets {
            Some(tree) => meets_post(tree, post, self.user(from, Trash::Exclude)),
            None => true,
        };
        let posts = self.posts_of(from, Trash::Exclude).filter(is_meant);
        let ages = posts.map(|post| PostAge {
            created_at: post.lifecycle.created_at(),
            id: post.id,
        });
        let mut found: Vec<_> = ages.filter(|age| Some(*age) > after).collect();
        found.sort_unstable();
        found.truncate(size(limit));
        for age in &found {
            if let Some(post) = self.posts.get_mut(&age.id) {
                post.author_id = to;
                post.lifecycle.touch(now);
            }
        }
        Given {
            count: found.len() as u64,
            last: found.last().copied(),
        }
    }
}

/// A limit as a length.
pub(super) fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
