//! What weighs in an answer: what is read, and what is sent with it.

use super::Ports;
use super::heavy_posts::heavy;
use super::support::{numbers, size, title};
use super::walks::{pages, search_query, sound};
use crate::error::RepositoryError;
use crate::order::{Direction, Order};
use crate::page::{MAX_BYTES, PageRequest};
use crate::post::{Content, FoundPost, Post, PostField, PostFilter, PostView, Snippet};
use crate::selection::Fields;
use crate::testing::fixtures::{post, post_id, user};
use crate::trash::Trash;

static LIVING: PostFilter = PostFilter::all(Trash::Exclude);

/// What is sent with a post of which three weigh exactly as much as one answer may,
/// if only the id is read.
const THIRD: u64 = MAX_BYTES / 3 - Post::FIXED_BYTES;

fn without_content() -> Fields<PostField> {
    Fields::all().without(PostField::Content)
}

async fn insert(ports: &Ports, posts: [Post; 4]) {
    ports.insert_users(&[&user(1)]).await;
    ports.insert_posts(&posts.each_ref()).await;
}

/// Four posts of that title.
fn light() -> [Post; 4] {
    [1, 2, 3, 4].map(|number| Post {
        title: title("Needle"),
        ..post(number, user(1).id)
    })
}

/// The posts on each page of a list, the oldest first.
async fn listed(ports: &Ports, fields: &Fields<PostField>, each: u64) -> Vec<Vec<u64>> {
    let order = &Order::by(PostField::CreatedAt, Direction::Ascending);
    let page = |request: PageRequest| async move {
        let page = ports.posts.list(&LIVING, order, &request, fields, each);
        sound(page.await, &request)
    };
    let pages = pages(PageRequest::first(size(7)), page).await;
    pages
        .iter()
        .map(|page: &Vec<PostView>| numbers(page))
        .collect()
}

/// The posts on each page of what a search finds.
async fn found(ports: &Ports, fields: &Fields<PostField>, each: u64) -> Vec<Vec<u64>> {
    let query = &search_query("needle");
    let page = |request: PageRequest| async move {
        let page = ports.posts.search(query, &LIVING, &request, fields, each);
        sound(page.await, &request)
    };
    let pages = pages(PageRequest::first(size(7)), page).await;
    pages
        .iter()
        .map(|page: &Vec<FoundPost>| numbers(page))
        .collect()
}

pub async fn a_content_that_is_not_read_weighs_nothing(ports: Ports) {
    insert(&ports, [1, 2, 3, 4].map(heavy)).await;
    assert_eq!(listed(&ports, &Fields::all(), 0).await, [[1, 2], [3, 4]]);
    assert_eq!(listed(&ports, &without_content(), 0).await, [[1, 2, 3, 4]]);

    let ids = [1, 2, 3, 4].map(post_id);
    let found = ports
        .posts
        .find_many(&ids, Trash::Exclude, &without_content(), 0)
        .await;
    assert_eq!(found.expect("posts are read").len(), 4);
}

pub async fn what_is_sent_with_each_post_weighs_in_a_list(ports: Ports) {
    insert(&ports, light()).await;
    let bare = Fields::none();
    assert_eq!(listed(&ports, &bare, THIRD).await, [vec![1, 2, 3], vec![4]]);
    assert_eq!(listed(&ports, &bare, THIRD + 1).await, [[1, 2], [3, 4]]);
    let titled = bare.with(PostField::Title);
    assert_eq!(listed(&ports, &titled, THIRD).await, [[1, 2], [3, 4]]);
    let each = THIRD - "Needle".len() as u64;
    assert_eq!(
        listed(&ports, &titled, each).await,
        [vec![1, 2, 3], vec![4]]
    );
}

pub async fn what_is_sent_with_each_post_weighs_in_find_many(ports: Ports) {
    insert(&ports, light()).await;
    let ids = [1, 2, 3].map(post_id);
    let bare = Fields::none();
    let found = ports.posts.find_many(&ids, Trash::Exclude, &bare, THIRD);
    assert_eq!(found.await.expect("posts are read").len(), 3);
    let found = ports
        .posts
        .find_many(&ids, Trash::Exclude, &bare, THIRD + 1);
    assert!(matches!(found.await, Err(RepositoryError::TooLarge)));
}

pub async fn a_page_of_a_search_ends_before_it_grows_too_heavy(ports: Ports) {
    let posts = [1, 2, 3, 4].map(|number| Post {
        title: title("Needle"),
        ..heavy(number)
    });
    insert(&ports, posts).await;
    assert_eq!(found(&ports, &Fields::all(), 0).await, [[4, 3], [2, 1]]);
    assert_eq!(found(&ports, &without_content(), 0).await, [[4, 3, 2, 1]]);
}

pub async fn what_is_sent_with_each_post_weighs_in_a_search(ports: Ports) {
    insert(&ports, light()).await;
    let bare = Fields::none();
    // The content is longer than the title.
    let third = THIRD - Snippet::weight("Content 1".len());
    assert_eq!(found(&ports, &bare, third).await, [vec![4, 3, 2], vec![1]]);
    assert_eq!(found(&ports, &bare, third + 1).await, [[4, 3], [2, 1]]);
}

pub async fn a_snippet_weighs_what_its_text_can_make_it(ports: Ports) {
    let post = |number, content: Option<&str>| Post {
        title: title("Needle"),
        content: content.map(|text| Content::parse(text).expect("valid content")),
        ..post(number, user(1).id)
    };
    let long = "x".repeat(100_000);
    let posts = [
        post(1, Some(&long)),
        post(2, None),
        post(3, Some("a needle")),
        post(4, Some("é")),
    ];
    insert(&ports, posts).await;
    let bare = Fields::none();
    let texts = ["Needle".len(), "a needle".len(), "Needle".len()];
    let snippets: u64 = texts.into_iter().map(Snippet::weight).sum();
    let long = Snippet::MAX_HTML_BYTES as u64;
    let each = (MAX_BYTES - snippets - long) / 4 - Post::FIXED_BYTES;
    assert_eq!(found(&ports, &bare, each).await.concat().len(), 4);
    assert_eq!(found(&ports, &bare, each).await.len(), 1);
    let pages = found(&ports, &bare, each + 1).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
}
