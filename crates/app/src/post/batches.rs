//! Many posts at once, by as many statements as one takes, and without reading what the
//! posts say: a thousand may hold a gigabyte.

use std::collections::{BTreeMap, HashMap, HashSet};

use async_trait::async_trait;
use byline_domain::audit::{Action, Deed};
use byline_domain::error::RepositoryError;
use byline_domain::ids::{PostId, UserId};
use byline_domain::post::{Content, Post, PostHead, PostRewrite};
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWork;

use super::update::changed;
use super::{CreatePost, DeletePost, UpdatePost, living_author};
use crate::held::Holding;
use crate::{Batched, Error, Outcomes, Terms, held};

#[async_trait]
impl Batched for CreatePost {
    type Brief = PostHead;

    async fn make_all(
        items: &[Self],
        unit: &mut dyn UnitOfWork,
        terms: &Terms,
    ) -> Result<Outcomes<PostHead>, Error> {
        let named: HashSet<UserId> = items.iter().map(|item| item.author_id).collect();
        let named: Vec<UserId> = named.into_iter().collect();
        let authors = Holding::of(unit.users().find_many_for_share(&named).await?);
        let (mut posts, mut refusals) = (Vec::new(), HashMap::new());
        for (index, item) in items.iter().enumerate() {
            let author = authors.get(item.author_id.as_uuid());
            match author.and_then(|found| living_author(item.author_id, found.as_ref())) {
                Ok(()) => posts.push(item.post(terms)),
                Err(error) => {
                    refusals.insert(index, error);
                }
            }
        }
        let are_fresh = items.iter().all(|item| item.id.given().is_none());
        let mut made = insert(unit, &posts, are_fresh).await?.into_iter();
        let mut posts = posts.iter();
        let outcomes = (0..items.len()).filter_map(|index| {
            if let Some(error) = refusals.remove(&index) {
                return Some(Err(error));
            }
            let post = posts.next()?;
            let outcome = made.next()?.map(|()| PostHead::from(post));
            if outcome.is_ok() {
                unit.audit()
                    .note(Deed::to_post(Action::PostCreated, post.id));
            }
            Some(outcome.map_err(Error::from))
        });
        Ok(outcomes.collect())
    }
}

/// Adds posts by authors who are held. What became of each.
async fn insert(
    unit: &mut dyn UnitOfWork,
    posts: &[Post],
    are_fresh: bool,
) -> Result<Vec<Result<(), RepositoryError>>, RepositoryError> {
    if !are_fresh {
        return unit.posts().insert_many(posts).await;
    }
    unit.posts().insert_fresh(posts).await?;
    Ok(posts.iter().map(|_| Ok(())).collect())
}

#[async_trait]
impl Batched for UpdatePost {
    type Brief = PostHead;

    async fn make_all(
        items: &[Self],
        unit: &mut dyn UnitOfWork,
        terms: &Terms,
    ) -> Result<Outcomes<PostHead>, Error> {
        let mut heads = hold(unit, items.iter().map(|item| item.id)).await?;
        let repeats = repeats(unit, items).await?;
        let mut rewrites: BTreeMap<PostId, PostRewrite> = BTreeMap::new();
        let outcomes = items.iter().enumerate().map(|(place, item)| {
            let found = heads.get(item.id.as_uuid())?;
            let etag = item.etag.as_ref();
            let before = held::expect(found, item.id.as_uuid(), Trash::Exclude, etag)?;
            let mut after = before.clone();
            let given = item.changes.content.as_ref();
            let content = given.filter(|given| {
                let written = rewrites.get(&item.id);
                let written = written.and_then(|rewrite| rewrite.content.as_ref());
                written.map_or(!repeats.contains(&place), |written| written != *given)
            });
            if after.apply(&item.changes, content.is_some(), terms.now) {
                let rewrite = PostRewrite::of(&before, after.clone(), content.cloned());
                unit.audit().note(changed(&before, &rewrite));
                rewrites
                    .entry(item.id)
                    .and_modify(|first| first.follow(rewrite.clone()))
                    .or_insert(rewrite);
                heads.put(after.clone());
            }
            Ok(after)
        });
        let outcomes = outcomes.collect();
        let rewrites: Vec<_> = rewrites.into_values().collect();
        unit.posts().update_many(&rewrites).await?;
        Ok(outcomes)
    }
}

/// The places of the requests that have a post say what it says already.
async fn repeats(unit: &mut dyn UnitOfWork, items: &[UpdatePost]) -> Result<HashSet<usize>, Error> {
    let given = items.iter().enumerate();
    let (places, contents): (Vec<usize>, Vec<(PostId, Option<Content>)>) = given
        .filter_map(|(place, item)| Some((place, (item.id, item.changes.content.clone()?))))
        .unzip();
    let said = unit.posts().already_say(&contents).await?;
    let said = places.into_iter().zip(said);
    Ok(said
        .filter_map(|(place, same)| same.then_some(place))
        .collect())
}

#[async_trait]
impl Batched for DeletePost {
    type Brief = PostHead;

    async fn make_all(
        items: &[Self],
        unit: &mut dyn UnitOfWork,
        terms: &Terms,
    ) -> Result<Outcomes<PostHead>, Error> {
        let mut heads = hold(unit, items.iter().map(|item| item.id)).await?;
        let mut deleted = Vec::new();
        let outcomes = items
            .iter()
            .map(|item| {
                let found = heads.get(item.id.as_uuid())?;
                let etag = item.etag.as_ref();
                let before = held::expect(found, item.id.as_uuid(), Trash::Exclude, etag)?;
                let mut after = before.clone();
                after.lifecycle.delete(terms.now, terms.retention);
                deleted.push(PostRewrite::of(&before, after.clone(), None));
                unit.audit()
                    .note(Deed::to_post(Action::PostDeleted, item.id));
                // Whoever comes a second time finds it outside the trash no more.
                heads.remove(item.id.as_uuid());
                Ok(after)
            })
            .collect();
        unit.posts().update_many(&deleted).await?;
        Ok(outcomes)
    }
}

/// The posts of those ids without what they say, held for a change.
async fn hold(
    unit: &mut dyn UnitOfWork,
    ids: impl Iterator<Item = PostId>,
) -> Result<Holding<PostHead>, Error> {
    let ids: Vec<PostId> = ids.collect();
    let found = unit.posts().find_heads_for_update(&ids).await?;
    Ok(Holding::of(found))
}

#[cfg(test)]
mod tests {
    use byline_domain::ids::NewId;
    use byline_domain::post::Title;
    use byline_domain::testing::fixtures::{post_id, user, user_id};
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};

    use super::*;
    use crate::testing::run;
    use crate::{Atomicity, Batch};

    /// Makes posts under those ids.
    async fn make(unit: MockUnitOfWork, ids: [NewId<PostId>; 2]) {
        let mut unit = unit;
        let found = unit.users.expect_find_many_for_share().once();
        found.returning(|_| Ok(vec![Ok(user(1))]));
        let batch = Batch {
            items: ids
                .map(|id| CreatePost {
                    id,
                    title: Title::parse("Gardens").expect("a valid title"),
                    content: None,
                    published: false,
                    author_id: user_id(1),
                })
                .into(),
            atomicity: Atomicity::All,
        };
        let made = run(begins([unit]), batch).await.expect("they are made");
        assert!(made.iter().all(Result::is_ok), "{made:?}");
    }

    #[tokio::test]
    async fn posts_under_fresh_ids_are_added_as_such() {
        let mut unit = MockUnitOfWork::committed();
        let added = unit.posts.expect_insert_fresh().once();
        added.withf(|posts| posts.len() == 2).returning(|_| Ok(()));
        make(unit, [1, 2].map(|number| NewId::Fresh(post_id(number)))).await;
    }

    #[tokio::test]
    async fn one_id_that_is_given_has_all_looked_for() {
        let mut unit = MockUnitOfWork::committed();
        let added = unit.posts.expect_insert_many().once();
        added.returning(|posts| Ok(posts.iter().map(|_| Ok(())).collect()));
        make(unit, [NewId::Fresh(post_id(1)), NewId::Given(post_id(2))]).await;
    }
}
