//! A value that its type refuses.

use byline_domain::error::Corrupt;

use super::*;

#[track_caller]
fn assert_corrupt<T>(
    result: Result<T, RepositoryError>,
    (table, column): (&'static str, &'static str),
    row: uuid::Uuid,
) {
    let error = result.err();
    assert!(
        matches!(
            error,
            Some(RepositoryError::Corrupt(corrupt))
                if corrupt == Corrupt { table, column, id: row }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn of_a_user_is_corrupt_wherever_it_is_read() {
    for (column, change) in [
        ("email", "update users set email = 'no-at-sign'"),
        ("name", r"update users set name = E'two\nlines'"),
        ("role", r"update users set role = E'two\nlines'"),
    ] {
        let mut world = World::new(&patient(1)).await;
        world.insert(&fixtures::user(1)).await;
        execute(&mut world.beside, change).await;

        let (place, id) = (("users", column), fixtures::user_id(1));
        assert_corrupt(world.find(1).await, place, id.as_uuid());
        let all = Fields::all();
        let many = UserReader::find_many(&*world.database, &[id], Trash::Exclude, &all).await;
        assert_corrupt(many, place, id.as_uuid());
        let order = Order::by(UserField::CreatedAt, Direction::Ascending);
        let page = PageRequest::first(PageSize::DEFAULT);
        let filter = UserFilter::all(Trash::Exclude);
        let list = UserReader::list(&*world.database, &filter, &order, &page, &all).await;
        assert_corrupt(list, place, id.as_uuid());
    }
}

/// A post which that statement spoils.
async fn with_a_post(spoil: &'static str) -> (World, Post) {
    let mut world = World::new(&patient(1)).await;
    let author = fixtures::user(1);
    world.insert(&author).await;
    let mut unit = world.database.begin().await.unwrap();
    let post = fixtures::post(1, author.id);
    unit.posts().insert(&post).await.unwrap();
    unit.commit().await.unwrap();
    execute(&mut world.beside, spoil).await;
    (world, post)
}

#[tokio::test]
async fn of_a_post_is_corrupt_wherever_it_is_read() {
    let (world, post) = with_a_post(r"update posts set title = E'two\nlines'").await;

    let (place, id) = (("posts", "title"), post.id.as_uuid());
    let all = Fields::all();
    let one = PostReader::find(&*world.database, post.id, Trash::Exclude, &all).await;
    assert_corrupt(one, place, id);
    let many = PostReader::find_many(&*world.database, &[post.id], Trash::Exclude, &all, 0).await;
    assert_corrupt(many, place, id);
    let order = Order::by(PostField::Title, Direction::Descending);
    let page = PageRequest::first(PageSize::DEFAULT);
    let filter = PostFilter::all(Trash::Include);
    let list = PostReader::list(&*world.database, &filter, &order, &page, &all, 0).await;
    assert_corrupt(list, place, id);
    let query = SearchQuery::parse("two").unwrap();
    let search = PostReader::search(&*world.database, &query, &filter, &page, &all, 0).await;
    assert_corrupt(search, place, id);
}

#[tokio::test]
async fn of_a_post_fails_no_read_that_does_not_ask_for_it() {
    let spoil = r"update posts set title = E'two\nlines', content = E'a bell: \x07'";
    let (world, post) = with_a_post(spoil).await;

    let bare = Fields::none();
    let one = PostReader::find(&*world.database, post.id, Trash::Exclude, &bare).await;
    assert_eq!(one.unwrap().unwrap().id, post.id);
    let page = PageRequest::first(PageSize::DEFAULT);
    let filter = PostFilter::all(Trash::Exclude);
    for (text, snippet) in [
        ("two", "<mark>two</mark>\nlines"),
        ("a bell", "<mark>a</mark> <mark>bell</mark>: \u{7}"),
    ] {
        let query = SearchQuery::parse(text).unwrap();
        let found = PostReader::search(&*world.database, &query, &filter, &page, &bare, 0).await;
        let found = &found.unwrap().items[0];
        assert_eq!(found.post, PostView::bare(post.id));
        assert_eq!(found.snippet.to_html(), snippet);
    }
}

#[tokio::test]
async fn is_named_by_its_place_and_not_repeated() {
    let mut world = World::new(&patient(1)).await;
    world.insert(&fixtures::user(1)).await;
    execute(&mut world.beside, "update users set email = 'no-at-sign'").await;
    let error = world.find(1).await.unwrap_err();
    let words = format!("{error} {error:?}");
    assert!(
        words.contains("users") && words.contains("email"),
        "{words}"
    );
    assert!(!words.contains("no-at-sign"), "{words}");
}

#[tokio::test]
async fn costs_the_pool_no_connection() {
    let mut world = World::new(&patient(1)).await;
    world.insert(&fixtures::user(1)).await;
    execute(&mut world.beside, "update users set email = 'no-at-sign'").await;
    let process = "select pid::bigint from pg_stat_activity
        where datname = current_database() and application_name = 'byline'";
    let before = count(&mut world.beside, process).await;
    assert!(world.find(1).await.is_err());
    world.find(2).await.unwrap();
    assert_eq!(count(&mut world.beside, process).await, before);
}
