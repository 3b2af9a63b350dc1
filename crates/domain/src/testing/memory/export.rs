//! Exports of what is committed when they begin.

use async_trait::async_trait;
use uuid::Uuid;

use super::MemoryStore;
use super::paging::by_keys;
use crate::error::RepositoryError;
use crate::export::{Export, Exporter, Gathering};
use crate::field::Field;
use crate::order::Order;
use crate::page::{Cursor, SortValue};
use crate::post::{Post, PostField, PostFilter, PostView};
use crate::selection::Fields;
use crate::user::{User, UserField, UserFilter, UserView};

#[async_trait]
impl Exporter for MemoryStore {
    async fn users(
        &self,
        filter: &UserFilter,
        order: Option<Order<UserField>>,
        fields: &Fields<UserField>,
    ) -> Result<Box<dyn Export<UserView>>, RepositoryError> {
        let state = self.snapshot();
        let mut users: Vec<_> = state.users_meant(filter).collect();
        sort(
            &mut users,
            order.as_ref(),
            |user| user.id.as_uuid(),
            User::sort_value,
        );
        let users = users.into_iter().map(|user| {
            let view = UserView::of(user.clone(), fields);
            (view.weight(), view)
        });
        Ok(Parts::of(users))
    }

    async fn posts(
        &self,
        filter: &PostFilter,
        order: Option<Order<PostField>>,
        fields: &Fields<PostField>,
    ) -> Result<Box<dyn Export<PostView>>, RepositoryError> {
        let state = self.snapshot();
        let mut posts: Vec<_> = state.posts_meant(filter).collect();
        sort(
            &mut posts,
            order.as_ref(),
            |post| post.id.as_uuid(),
            Post::sort_value,
        );
        let posts = posts.into_iter().map(|post| {
            let view = PostView::of(post.clone(), fields);
            (view.weight(), view)
        });
        Ok(Parts::of(posts))
    }
}

fn sort<T, F: Field>(
    rows: &mut [&T],
    order: Option<&Order<F>>,
    id: impl Fn(&T) -> Uuid,
    value: impl Fn(&T, F) -> SortValue,
) {
    let Some(order) = order else {
        return;
    };
    let compare = by_keys(order);
    let place = |row: &T| Cursor {
        values: order.keys().map(|key| value(row, key.field)).collect(),
        id: id(row),
    };
    rows.sort_by(|a, b| compare(&place(a), &place(b)));
}

/// All rows, in parts.
struct Parts<T>(std::vec::IntoIter<Vec<T>>);

impl<T: Send + 'static> Parts<T> {
    fn of(rows: impl Iterator<Item = (u64, T)>) -> Box<dyn Export<T>> {
        let mut gathering = Gathering::default();
        let mut parts = Vec::new();
        for (weight, row) in rows {
            parts.extend(gathering.add(row, weight));
        }
        parts.extend(gathering.take());
        Box::new(Self(parts.into_iter()))
    }
}

#[async_trait]
impl<T: Send> Export<T> for Parts<T> {
    async fn next(&mut self) -> Result<Option<Vec<T>>, RepositoryError> {
        Ok(self.0.next())
    }
}
