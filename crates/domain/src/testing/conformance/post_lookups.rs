//! Finding posts by what names them.

use super::Ports;
use super::support::{BOTH_SIDES, deleted_post};
use crate::testing::fixtures::{post, post_id, user};
use crate::trash::Trash;

pub async fn an_empty_store_finds_nothing(ports: Ports) {
    for trash in BOTH_SIDES {
        assert_eq!(ports.find_post(post_id(1), trash).await, None);
        assert_eq!(ports.find_posts(&[post_id(1)], trash).await, []);
    }
}

pub async fn find_by_id(ports: Ports) {
    let author = user(1);
    let (one, two) = (post(1, author.id), post(2, author.id));
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&[&one, &two]).await;
    for trash in BOTH_SIDES {
        assert_eq!(ports.find_post(two.id, trash).await, Some(two.clone()));
        assert_eq!(ports.find_post(post_id(3), trash).await, None);
    }
}

pub async fn find_by_id_in_the_trash(ports: Ports) {
    let author = user(1);
    let deleted = deleted_post(1, &author, 50);
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&[&deleted]).await;
    assert_eq!(ports.find_post(deleted.id, Trash::Exclude).await, None);
    assert_eq!(
        ports.find_post(deleted.id, Trash::Include).await,
        Some(deleted)
    );
}

pub async fn find_many_finds_each_post_once(ports: Ports) {
    let author = user(1);
    let posts = [1, 2, 3].map(|number| post(number, author.id));
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&posts.each_ref()).await;
    let ids = [3, 1, 3, 9, 1].map(post_id);
    assert_eq!(
        ports.find_posts(&ids, Trash::Exclude).await,
        [posts[0].clone(), posts[2].clone()]
    );
}

pub async fn find_many_of_no_ids_finds_nothing(ports: Ports) {
    let author = user(1);
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&[&post(1, author.id)]).await;
    for trash in BOTH_SIDES {
        assert_eq!(ports.find_posts(&[], trash).await, []);
    }
}

pub async fn find_many_in_the_trash(ports: Ports) {
    let author = user(1);
    let (living, deleted) = (post(1, author.id), deleted_post(2, &author, 50));
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&[&living, &deleted]).await;
    let ids = [living.id, deleted.id];
    assert_eq!(
        ports.find_posts(&ids, Trash::Exclude).await,
        std::slice::from_ref(&living)
    );
    assert_eq!(
        ports.find_posts(&ids, Trash::Include).await,
        [living, deleted]
    );
}
