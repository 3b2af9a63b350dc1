//! A server whose operator has transactions see one moment.

use byline_domain::lifecycle::Version;

use super::*;

#[tokio::test]
async fn is_contention_and_leaves_the_connection_in_use() {
    let mut world = World::new(&patient(2)).await;
    let user = fixtures::user(1);
    world.insert(&user).await;
    let one_moment = world
        .test
        .connect_options()
        .options([("default_transaction_isolation", "repeatable read")]);
    let database = Database::new(one_moment, &patient(1));
    let mut unit = database.begin().await.unwrap();
    let found = unit.users().find_for_share(fixtures::user_id(2)).await;
    assert_eq!(found.unwrap(), None);

    let mut changed = user.clone();
    changed.lifecycle.touch(fixtures::time(500));
    let mut other = world.database.begin().await.unwrap();
    let updated = other.users().update(&changed, Version::FIRST).await;
    updated.unwrap();
    other.commit().await.unwrap();

    let backends = count(&mut world.beside, BACKENDS).await;
    let failed = unit.users().find_for_update(user.id).await.unwrap_err();
    assert!(
        matches!(&failed, RepositoryError::Contention(source) if source.to_string().starts_with("40001")),
        "{failed:?}"
    );
    unit.rollback().await.unwrap();
    let mut unit = database.begin().await.unwrap();
    let found = unit.users().find_for_update(user.id).await.unwrap();
    assert_eq!(found, Some(changed));
    unit.rollback().await.unwrap();
    world.until(BACKENDS, backends).await;
}
