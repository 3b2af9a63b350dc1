//! What is measured: each read method, over what makes a difference to its cost.

use byline_grpc::pb;
use byline_grpc::pb::get_user_request::Key;
use prost_types::FieldMask;

use super::walk::Walks;
use crate::call::Call;
use crate::world::dice::Dice;
use crate::world::{LAST_NAMES, World, part_of_address};

/// A call with other keys every time.
pub(crate) struct Case {
    /// Such as `GetUser`.
    pub(crate) method: &'static str,
    /// What is asked for; with the method, another for every case.
    pub(crate) what: &'static str,
    pub(crate) call: fn(&Site<'_>, &mut Dice) -> Call,
}

/// What a case makes its keys of.
pub(crate) struct Site<'a> {
    pub(crate) world: &'a World,
    pub(crate) walks: &'a Walks,
}

pub(crate) const PAGE: i32 = 50;
const BATCH: usize = 100;

/// Each stands in every address.
pub(crate) const LETTERS: &[&str] = &["exa", "xam", "amp", "mpl", "ple"];

/// The rank of a word that nearly half of the posts have.
pub(crate) const EVERYWHERE: usize = 3;

pub(crate) const FIRST: &str = "page 1";
pub(crate) const DEEP: &str = "page 10,000";
pub(crate) const FIRST_BY_EMAIL: &str = "page 1 by `email`";
pub(crate) const DEEP_BY_EMAIL: &str = "page 10,000 by `email`";
pub(crate) const FOUND_USERS: &str = "broad: 3 letters, in all";
pub(crate) const DEEP_FOUND_USERS: &str = "page 10,000 of 3 letters, in all";
pub(crate) const FOUND_POSTS: &str = "a word that is everywhere";
pub(crate) const DEEP_FOUND_POSTS: &str = "page 10,000 of a word that is everywhere";
pub(crate) const NARROW: &str = r#"`role = "admin"`"#;
pub(crate) const BROAD: &str = "`is_active = true`";
pub(crate) const OF_POSTS: &str = "`posts.published = true`";
pub(crate) const OF_ONE: &str = "`author_id = …`";
pub(crate) const OF_ADMINS: &str = r#"`author.role = "admin"`"#;
pub(crate) const PUBLISHED: &str = "`published = true` by `published_at desc`";

const fn case(
    method: &'static str,
    what: &'static str,
    call: fn(&Site<'_>, &mut Dice) -> Call,
) -> Case {
    Case { method, what, call }
}

/// Every case of users.
#[rustfmt::skip]
pub(crate) const USERS: &[Case] = &[
    case("GetUser", "by id", |site, dice| get_user(Key::Id(site.world.living_user(dice).id.to_string()), &[])),
    case("GetUser", "by e-mail", |site, dice| {
        get_user(Key::Email(site.world.living_user(dice).email.as_str().to_owned()), &[])
    }),
    case("GetUser", "with `posts` and `post_count`", |site, dice| {
        get_user(Key::Id(author(site, dice)), &["*", "posts", "post_count"])
    }),
    case("BatchGetUsers", "100 ids", |site, dice| Call::BatchGetUsers(pb::BatchGetUsersRequest {
        ids: (0..BATCH).map(|_| site.world.living_user(dice).id.to_string()).collect(),
        ..Default::default()
    })),
    case("ListUsers", FIRST, |_, _| list_users("", "", &[])),
    case("ListUsers", DEEP, |site, dice| site.walks.users.page(dice)),
    case("ListUsers", FIRST_BY_EMAIL, |_, _| list_users("", "email", &[])),
    case("ListUsers", DEEP_BY_EMAIL, |site, dice| site.walks.users_by_email.page(dice)),
    case("ListUsers", NARROW, |_, _| list_users(r#"role = "admin""#, "", &[])),
    case("ListUsers", r#"`role = "admin"` by `email`"#, |_, _| list_users(r#"role = "admin""#, "email", &[])),
    case("ListUsers", BROAD, |_, _| list_users("is_active = true", "", &[])),
    case("ListUsers", OF_POSTS, |_, _| list_users("posts.published = true", "", &[])),
    case("ListUsers", "by `name, created_at desc`", |_, _| list_users("", "name, created_at desc", &[])),
    case("ListUsers", "with `posts`", |_, _| list_users("", "", &["*", "posts"])),
    case("ListUsers", "total EXACT", |_, _| list_users_counted(pb::TotalMode::Exact)),
    case("ListUsers", "total ESTIMATE", |_, _| list_users_counted(pb::TotalMode::Estimate)),
    case("SearchUsers", "narrow: a part of one address", |site, dice| {
        search_users(&part_of_address(&site.world.living_user(dice)))
    }),
    case("SearchUsers", "medium: a surname, 1 %", |_, dice| search_users(&dice.pick(LAST_NAMES).to_lowercase())),
    case("SearchUsers", FOUND_USERS, |_, dice| search_users(LETTERS[below(dice, 5)])),
    case("SearchUsers", DEEP_FOUND_USERS, |site, dice| site.walks.found_users.page(dice)),
    case("SearchUsers", "short: 2 letters", |site, dice| {
        search_users(&site.world.living_user(dice).email.folded().chars().take(2).collect::<String>())
    }),
    case("CountUsers", "all", |_, _| count_users("", "")),
    case("CountUsers", NARROW, |_, _| count_users(r#"role = "admin""#, "")),
    case("CountUsers", BROAD, |_, _| count_users("is_active = true", "")),
    case("CountUsers", "group by `role`", |_, _| count_users("", "role")),
];

/// Every case of posts.
#[rustfmt::skip]
pub(crate) const POSTS: &[Case] = &[
    case("GetPost", "by id", |site, dice| get_post(site, dice, &[])),
    case("GetPost", "with `author`", |site, dice| get_post(site, dice, &["*", "author"])),
    case("BatchGetPosts", "100 ids", |site, dice| Call::BatchGetPosts(pb::BatchGetPostsRequest {
        ids: (0..BATCH).map(|_| post(site, dice)).collect(),
        ..Default::default()
    })),
    case("ListPosts", FIRST, |_, _| list_posts("", "", &[])),
    case("ListPosts", DEEP, |site, dice| site.walks.posts.page(dice)),
    case("ListPosts", OF_ONE, |site, dice| {
        list_posts(&format!(r#"author_id = "{}""#, author(site, dice)), "", &[])
    }),
    case("ListPosts", OF_ADMINS, |_, _| list_posts(r#"author.role = "admin""#, "", &[])),
    case("ListPosts", "with `author`", |_, _| list_posts("", "", &["*", "author"])),
    case("ListPosts", PUBLISHED, |_, _| list_posts("published = true", "published_at desc", &[])),
    case("SearchPosts", "a rare word, 20 posts", |site, dice| search_posts(&site.world.some_rare_word(dice))),
    case("SearchPosts", "a usual word, 1 %", |site, dice| search_posts(site.world.word(250 + below(dice, 150)))),
    case("SearchPosts", "a common word, 15 %", |site, dice| search_posts(site.world.word(18 + below(dice, 8)))),
    case("SearchPosts", FOUND_POSTS, |site, _| search_posts(site.world.word(EVERYWHERE))),
    case("SearchPosts", DEEP_FOUND_POSTS, |site, dice| site.walks.found_posts.page(dice)),
    case("SearchPosts", "a phrase of two words", |site, dice| search_posts(&phrase(site, dice))),
    case("CountPosts", "all", |_, _| count_posts("", "")),
    case("CountPosts", OF_ONE, |site, dice| {
        count_posts(&format!(r#"author_id = "{}""#, author(site, dice)), "")
    }),
    case("CountPosts", "group by `published`", |_, _| count_posts("", "published")),
];

fn below(dice: &mut Dice, bound: u64) -> usize {
    usize::try_from(dice.below(bound)).unwrap_or_default()
}

fn post(site: &Site<'_>, dice: &mut Dice) -> String {
    site.world.living_post(dice).id.to_string()
}

/// Who wrote some post: who writes much is met often.
fn author(site: &Site<'_>, dice: &mut Dice) -> String {
    site.world.living_post(dice).author_id.to_string()
}

/// Two words that stand together in some post.
fn phrase(site: &Site<'_>, dice: &mut Dice) -> String {
    let post = site.world.living_post(dice);
    let content = post.content.as_ref().map_or("", |content| content.as_str());
    let words: Vec<_> = content.split_whitespace().skip(4).take(2).collect();
    format!("\"{}\"", words.join(" "))
}

fn mask(paths: &[&str]) -> Option<FieldMask> {
    let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
    (!paths.is_empty()).then_some(FieldMask { paths })
}

fn get_user(key: Key, paths: &[&str]) -> Call {
    Call::GetUser(pb::GetUserRequest {
        key: Some(key),
        read_mask: mask(paths),
        ..Default::default()
    })
}

fn list_users(filter: &str, order_by: &str, paths: &[&str]) -> Call {
    Call::ListUsers(pb::ListUsersRequest {
        filter: filter.to_owned(),
        order_by: order_by.to_owned(),
        page_size: PAGE,
        read_mask: mask(paths),
        ..Default::default()
    })
}

fn list_users_counted(total: pb::TotalMode) -> Call {
    Call::ListUsers(pb::ListUsersRequest {
        page_size: PAGE,
        total: total.into(),
        ..Default::default()
    })
}

fn search_users(query: &str) -> Call {
    Call::SearchUsers(pb::SearchUsersRequest {
        query: query.to_owned(),
        page_size: PAGE,
        ..Default::default()
    })
}

fn count_users(filter: &str, group_by: &str) -> Call {
    Call::CountUsers(pb::CountUsersRequest {
        filter: filter.to_owned(),
        group_by: group_by.to_owned(),
        ..Default::default()
    })
}

fn get_post(site: &Site<'_>, dice: &mut Dice, paths: &[&str]) -> Call {
    Call::GetPost(pb::GetPostRequest {
        id: post(site, dice),
        read_mask: mask(paths),
        ..Default::default()
    })
}

fn list_posts(filter: &str, order_by: &str, paths: &[&str]) -> Call {
    Call::ListPosts(pb::ListPostsRequest {
        filter: filter.to_owned(),
        order_by: order_by.to_owned(),
        page_size: PAGE,
        read_mask: mask(paths),
        ..Default::default()
    })
}

fn search_posts(query: &str) -> Call {
    Call::SearchPosts(pb::SearchPostsRequest {
        query: query.to_owned(),
        page_size: PAGE,
        ..Default::default()
    })
}

fn count_posts(filter: &str, group_by: &str) -> Call {
    Call::CountPosts(pb::CountPostsRequest {
        filter: filter.to_owned(),
        group_by: group_by.to_owned(),
        ..Default::default()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_case_has_a_name_of_its_own() {
        let all = USERS.iter().chain(POSTS);
        let names: HashSet<_> = all.map(|case| (case.method, case.what)).collect();
        assert_eq!(names.len(), USERS.len() + POSTS.len());
    }
}
