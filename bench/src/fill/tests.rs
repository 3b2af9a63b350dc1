use byline_domain::post::{PostReader, PostView};
use byline_domain::selection::Fields;
use byline_domain::trash::Trash;
use byline_domain::user::{UserReader, UserView};
use byline_persistence::testing::{TestDatabase, count, execute};

use super::*;

const HOW: FillOptions = FillOptions {
    jobs: Some(2),
    keep_indexes: false,
};

/// The definitions of all indexes and constraints.
async fn schema(database: &TestDatabase) -> Vec<String> {
    sqlx::query_scalar(
        "select pg_get_indexdef(indexrelid) || indisvalid || indisprimary from pg_index \
         where indrelid in ('users'::regclass, 'posts'::regclass) \
         union all \
         select conname || ' ' || pg_get_constraintdef(oid) from pg_constraint \
         where conrelid in ('users'::regclass, 'posts'::regclass) \
         union all \
         select attrelid::regclass || ' ' || attnum || ' ' || attstattarget from pg_attribute \
         join pg_class on pg_class.oid = attrelid \
         where attstattarget > 0 and relname ~ '^(users|posts)' order by 1",
    )
    .fetch_all(&mut database.connection().await)
    .await
    .unwrap()
}

#[tokio::test]
async fn what_was_filled_in_is_read_as_it_was_made() {
    let database = TestDatabase::new().await;
    execute(
        &mut database.connection().await,
        "alter index users_name_idx alter column 1 set statistics 500",
    )
    .await;
    let before = schema(&database).await;
    let world = Arc::new(World::new(1_000, 5_000));
    fill(&database.connect_options(), &world, HOW)
        .await
        .unwrap();
    assert_eq!(schema(&database).await, before);

    let reader = database.database();
    let (every, fields) = (Trash::Include, Fields::all());
    let users: Vec<_> = (0..world.users()).map(|n| world.user(n)).collect();
    let ids: Vec<_> = users.iter().map(|user| user.id).collect();
    let mut found = UserReader::find_many(&reader, &ids, every, &fields)
        .await
        .unwrap();
    found.sort_by_key(|user| user.id);
    let made: Vec<_> = users
        .into_iter()
        .map(|user| UserView::of(user, &fields))
        .collect();
    assert!(found == made, "the users differ");

    let fields = Fields::all();
    let posts: Vec<_> = (0..world.posts()).map(|n| world.post(n)).collect();
    for posts in posts.chunks(1_000) {
        let ids: Vec<_> = posts.iter().map(|post| post.id).collect();
        let found = PostReader::find_many(&reader, &ids, every, &fields, 0).await;
        let mut found = found.unwrap();
        found.sort_by_key(|post| post.id);
        let made: Vec<_> = posts
            .iter()
            .cloned()
            .map(|post| PostView::of(post, &fields))
            .collect();
        assert!(found == made, "the posts differ");
    }

    let mut connection = database.connection().await;
    assert_eq!(
        count(&mut connection, "select count(*) from users").await,
        1_000
    );
    assert_eq!(
        count(&mut connection, "select count(*) from posts").await,
        5_000
    );
}

#[tokio::test]
async fn a_database_with_rows_is_left_as_it_is() {
    let database = TestDatabase::new().await;
    let mut connection = database.connection().await;
    execute(
        &mut connection,
        "insert into users (id, email, role, is_active, created_at, version) \
         values ('0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01', 'a@b.c', 'user', true, now(), 1)",
    )
    .await;
    let world = Arc::new(World::new(10, 10));
    let refused = fill(&database.connect_options(), &world, HOW).await;
    assert!(refused.err().unwrap().to_string().contains("not empty"));
    assert_eq!(
        count(&mut connection, "select count(*) from users").await,
        1
    );
}

#[tokio::test]
async fn indexes_come_back_when_rows_cannot() {
    let database = TestDatabase::new().await;
    let before = schema(&database).await;
    let mut connection = database.connection().await;
    execute(&mut connection, "alter table posts add check (title = '')").await;
    let world = Arc::new(World::new(10, 10));
    assert!(
        fill(&database.connect_options(), &world, HOW)
            .await
            .is_err()
    );
    execute(
        &mut connection,
        "alter table posts drop constraint posts_title_check1",
    )
    .await;
    assert_eq!(schema(&database).await, before);
}
