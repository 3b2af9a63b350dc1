//! Adding posts that nothing can be in the way of.

use super::Ports;
use super::post_batches::of_each_kind;
use crate::error::RepositoryError;
use crate::post::Post;
use crate::testing::fixtures::{post, user, user_id};
use crate::unit_of_work::UnitOfWork;
use crate::user::User;

async fn insert_fresh(
    unit: &mut dyn UnitOfWork,
    authors: &[&User],
    posts: &[Post],
) -> Result<(), RepositoryError> {
    let authors: Vec<_> = authors.iter().map(|author| author.id).collect();
    let held = unit.users().find_many_for_share(&authors).await;
    held.expect("authors are held");
    unit.posts().insert_fresh(posts).await
}

pub async fn insert_fresh_keeps_every_field(ports: Ports) {
    let (author, other) = (user(1), user(2));
    ports.insert_users(&[&author, &other]).await;
    let posts = of_each_kind(&author, &other);
    let mut unit = ports.begin().await;
    let done = insert_fresh(&mut *unit, &[&author, &other], &posts).await;
    done.expect("nothing is in the way");
    unit.commit().await.expect("a sound unit is committed");
    for post in posts {
        assert_eq!(ports.stored_post(&post).await, Some(post));
    }
}

pub async fn fresh_posts_go_with_what_is_undone(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author]).await;
    let (kept, undone) = (post(1, author.id), post(2, author.id));
    let mut unit = ports.begin().await;
    let mut nested = unit.savepoint().await.expect("a savepoint is set");
    let done = insert_fresh(&mut *nested, &[&author], std::slice::from_ref(&undone)).await;
    done.expect("nothing is in the way");
    nested.rollback().await.expect("it is undone");
    let done = insert_fresh(&mut *unit, &[&author], std::slice::from_ref(&kept)).await;
    done.expect("nothing is in the way");
    unit.commit().await.expect("a sound unit is committed");
    assert_eq!(ports.stored_post(&undone).await, None);
    assert_eq!(ports.stored_post(&kept).await, Some(kept));
}

pub async fn what_is_in_the_way_of_fresh_posts_keeps_all_of_them_out(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author]).await;
    let stored = post(1, author.id);
    ports.insert_posts(&[&stored]).await;
    for in_the_way in [post(1, author.id), post(2, author.id), post(4, user_id(9))] {
        let posts = [post(2, author.id), in_the_way];
        let mut unit = ports.begin().await;
        let done = insert_fresh(&mut *unit, &[&author], &posts).await;
        assert!(
            matches!(done, Err(RepositoryError::Contention(_))),
            "{done:?}"
        );
        drop(unit);
        assert_eq!(ports.stored_post(&posts[0]).await, None);
    }
    assert_eq!(ports.stored_post(&stored).await, Some(stored));
}
