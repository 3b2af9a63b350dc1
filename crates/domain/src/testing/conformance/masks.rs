//! Reads answer the fields that are asked for, and no others.

use super::Ports;
use super::exports::rows_of;
use super::orders::by_each;
use super::support::{content, deleted_user, long_life, name, numbers, size, title};
use super::walks::{search_query, sound, walk};
use crate::field::Field;
use crate::order::{Direction, Order};
use crate::page::{PageRequest, PageSize};
use crate::post::{Post, PostField, PostFilter, PostView};
use crate::selection::Fields;
use crate::testing::fixtures::{post, time, user};
use crate::trash::Trash;
use crate::user::{User, UserField, UserFilter, UserView};

static ALL_USERS: UserFilter = UserFilter::all(Trash::Include);
static ALL_POSTS: PostFilter = PostFilter::all(Trash::Include);
static FIRST: PageRequest = PageRequest::first(PageSize::DEFAULT);

/// Nothing, all, the etag alone, each field alone, and all but each field.
fn masks<F: Field>() -> Vec<Fields<F>> {
    let mut masks = vec![Fields::none(), Fields::all(), Fields::none().with_etag()];
    for field in F::ALL {
        masks.push(Fields::none().with(*field));
        masks.push(Fields::all().without(*field));
    }
    masks
}

/// One with every field, and one with whatever can be absent absent.
fn users() -> [User; 2] {
    let full = User {
        is_active: false,
        lifecycle: long_life(),
        ..user(1)
    };
    let bare = User {
        name: None,
        ..user(2)
    };
    [full, bare]
}

/// One with every field, and one with whatever can be absent absent.
fn posts() -> [Post; 2] {
    let full = Post {
        published_at: Some(time(15)),
        lifecycle: long_life(),
        ..post(1, user(1).id)
    };
    let bare = Post {
        content: None,
        ..post(2, user(1).id)
    };
    [full, bare]
}

async fn insert(ports: &Ports) {
    ports.insert_users(&users().each_ref()).await;
    ports.insert_posts(&posts().each_ref()).await;
}

fn user_views(fields: &Fields<UserField>) -> [UserView; 2] {
    users().map(|user| UserView::of(user, fields))
}

fn post_views(fields: &Fields<PostField>) -> [PostView; 2] {
    posts().map(|post| PostView::of(post, fields))
}

pub async fn of_one_user(ports: Ports) {
    insert(&ports).await;
    for fields in masks() {
        for (user, view) in users().into_iter().zip(user_views(&fields)) {
            let found = ports.users.find(user.id, Trash::Include, &fields).await;
            assert_eq!(found.expect("users are read"), Some(view.clone()));
            let email = &user.email;
            let found = ports
                .users
                .find_by_email(email, Trash::Include, &fields)
                .await;
            assert_eq!(found.expect("users are read"), Some(view));
        }
    }
}

pub async fn of_many_users(ports: Ports) {
    insert(&ports).await;
    let ids = users().map(|user| user.id);
    let emails = users().map(|user| user.email);
    let sorted = |mut found: Vec<UserView>| {
        found.sort_by_key(|view| view.id);
        found
    };
    for fields in masks() {
        let found = ports.users.find_many(&ids, Trash::Include, &fields).await;
        let found = sorted(found.expect("users are read"));
        assert_eq!(found, user_views(&fields));
        let found = ports
            .users
            .find_many_by_email(&emails, Trash::Include, &fields)
            .await;
        let found = sorted(found.expect("users are read"));
        assert_eq!(found, user_views(&fields));
    }
}

pub async fn of_listed_users(ports: Ports) {
    insert(&ports).await;
    let order = Order::by(UserField::Id, Direction::Ascending);
    for fields in masks() {
        let page = ports.users.list(&ALL_USERS, &order, &FIRST, &fields).await;
        let page = page.expect("a page is read");
        assert_eq!(page.items, user_views(&fields));
    }
}

pub async fn of_exported_users(ports: Ports) {
    insert(&ports).await;
    let order = Order::by(UserField::Id, Direction::Ascending);
    for fields in masks() {
        let export = ports
            .exporter
            .users(&ALL_USERS, Some(order.clone()), &fields);
        let rows = rows_of(export.await.expect("users are exported")).await;
        assert_eq!(rows, user_views(&fields));
    }
}

pub async fn of_users_that_a_search_finds(ports: Ports) {
    insert(&ports).await;
    // The address of one of them is the query.
    let query = search_query(user(1).email.as_str());
    let [first, _] = users();
    for fields in masks() {
        let page = ports.users.search(&query, &ALL_USERS, &FIRST, &fields);
        let page = page.await.expect("a page is read");
        assert_eq!(page.items, [UserView::of(first.clone(), &fields)]);
    }
}

pub async fn of_one_post(ports: Ports) {
    insert(&ports).await;
    for fields in masks() {
        for view in post_views(&fields) {
            let found = ports.posts.find(view.id, Trash::Include, &fields).await;
            assert_eq!(found.expect("posts are read"), Some(view));
        }
    }
}

pub async fn of_many_posts(ports: Ports) {
    insert(&ports).await;
    let ids = posts().map(|post| post.id);
    for fields in masks() {
        let found = ports
            .posts
            .find_many(&ids, Trash::Include, &fields, 0)
            .await;
        let mut found = found.expect("posts are read");
        found.sort_by_key(|view| view.id);
        assert_eq!(found, post_views(&fields));
    }
}

pub async fn of_listed_posts(ports: Ports) {
    insert(&ports).await;
    let order = Order::by(PostField::Id, Direction::Ascending);
    for fields in masks() {
        let page = ports.posts.list(&ALL_POSTS, &order, &FIRST, &fields, 0);
        let page = page.await.expect("a page is read");
        assert_eq!(page.items, post_views(&fields));
    }
}

pub async fn of_exported_posts(ports: Ports) {
    insert(&ports).await;
    let order = Order::by(PostField::Id, Direction::Ascending);
    for fields in masks() {
        let export = ports
            .exporter
            .posts(&ALL_POSTS, Some(order.clone()), &fields);
        let rows = rows_of(export.await.expect("posts are exported")).await;
        assert_eq!(rows, post_views(&fields));
    }
}

pub async fn of_posts_that_a_search_finds(ports: Ports) {
    insert(&ports).await;
    let query = search_query("post");
    for fields in masks() {
        let page = ports.posts.search(&query, &ALL_POSTS, &FIRST, &fields, 0);
        let found = page.await.expect("a page is read").items.into_iter();
        let mut found: Vec<_> = found.map(|found| found.post).collect();
        found.sort_by_key(|view| view.id);
        assert_eq!(found, post_views(&fields));
    }
}

pub async fn of_the_newest_posts(ports: Ports) {
    insert(&ports).await;
    for fields in masks() {
        let authors = [user(1).id];
        let found = ports.posts.newest_of(&authors, Trash::Include, &fields);
        let found = found.await.expect("posts are read");
        // The first was made last.
        assert_eq!(found, [post_views(&fields)]);
    }
}

pub async fn users_are_listed_by_what_is_not_read(ports: Ports) {
    let named = |number, called| User {
        name: Some(name(called)),
        ..user(number)
    };
    let users = [
        named(1, "b"),
        named(2, "c"),
        named(3, "a"),
        deleted_user(4, 50),
        deleted_user(5, 40),
    ];
    ports.insert_users(&users.each_ref()).await;
    for order in by_each::<UserField>() {
        let page = |request: PageRequest| {
            let (ports, order) = (&ports, &order);
            async move {
                let none = Fields::none();
                let page = ports.users.list(&ALL_USERS, order, &request, &none).await;
                sound(page, &request)
            }
        };
        let met = walk(PageRequest::first(size(1)), page).await;
        let whole = ports.walk_users(&ALL_USERS, &order, size(7)).await;
        let bare = whole.into_iter().map(|user| UserView::bare(user.id));
        assert_eq!(met, bare.collect::<Vec<_>>(), "{order:?}");
    }
}

pub async fn posts_are_listed_by_what_is_not_read(ports: Ports) {
    let saying = |number, named, said| Post {
        title: title(named),
        content: Some(content(said)),
        published_at: (number % 2 == 0).then(|| time(60 - i64::from(number))),
        ..post(u64::from(number), user(1).id)
    };
    let posts: [Post; 4] = [
        saying(1_u8, "b", "z"),
        saying(2, "c", "y"),
        saying(3, "a", "z"),
        saying(4, "b", ""),
    ];
    ports.insert_users(&[&user(1)]).await;
    ports.insert_posts(&posts.each_ref()).await;
    for order in by_each::<PostField>() {
        let page = |request: PageRequest| {
            let (ports, order) = (&ports, &order);
            async move {
                let none = Fields::none();
                let page = ports.posts.list(&ALL_POSTS, order, &request, &none, 0);
                sound(page.await, &request)
            }
        };
        let met = walk(PageRequest::first(size(1)), page).await;
        let whole = ports.walk_posts(&ALL_POSTS, &order, size(7)).await;
        assert_eq!(numbers(&met), numbers(&whole), "{order:?}");
        assert!(met.iter().all(|view| *view == PostView::bare(view.id)));
    }
}
