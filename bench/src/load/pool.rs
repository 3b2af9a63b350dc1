//! The requests of a workload, made from the world by dice before anything is measured.

use std::collections::HashSet;

use byline_grpc::pb;
use byline_grpc::pb::get_user_request::Key;
use prost_types::FieldMask;

use super::workload::Workload;
use crate::Failure;
use crate::call::{Call, Clients};
use crate::reads::walk::Walk;
use crate::world::dice::{Dice, Stream};
use crate::world::{World, part_of_address};

const PAGE: i32 = 50;
const BATCH: usize = 100;

/// So many requests of each kind, which come again and again.
const MANY: usize = 10_000;
const SOME: usize = 500;
/// Of those that hold a hundred.
const FEW: usize = 100;

/// How many pages are known in the depth of a list.
const DEEP_PAGES: u64 = 100;

/// Requests, each with how many resources its answer has.
pub(crate) struct Pool(Vec<(Call, u64)>);

impl Pool {
    /// The request of a number, and how many resources its answer has. In no two windows, which
    /// have numbers of their own, the same change is made again.
    pub(crate) fn nth(&self, window: u64, number: u64) -> (Call, u64) {
        let index = number % self.0.len() as u64;
        let (mut call, expected) = self.0[usize::try_from(index).unwrap_or_default()].clone();
        if let Call::UpdatePost(request) = &mut call
            && let Some(post) = &mut request.post
        {
            post.title = format!("{} {window}-{number}", post.title);
        }
        (call, expected)
    }

    /// A request whose answer is neither large nor small; where all answers are of a size, that of
    /// the number.
    pub(crate) fn usual(&self, number: u64) -> Call {
        let mut sizes: Vec<_> = self.0.iter().map(|(_, size)| *size).collect();
        sizes.sort_unstable();
        let middle = sizes[sizes.len() / 2];
        if sizes.first() == sizes.last() {
            return self.nth(0, number).0;
        }
        let found = self.0.iter().find(|(_, size)| *size == middle);
        found.map_or_else(|| self.nth(0, number).0, |(call, _)| call.clone())
    }

    fn known(calls: impl IntoIterator<Item = Call>, expected: u64) -> Self {
        Self(calls.into_iter().map(|call| (call, expected)).collect())
    }

    /// What is not known of the answers is asked for: those that have none are left out.
    async fn asked(
        clients: &mut Clients,
        calls: impl IntoIterator<Item = Call>,
    ) -> Result<Self, Failure> {
        let mut pool = Vec::new();
        for call in calls {
            let answer = clients.send(call.clone()).await?;
            // What fills a page may be more, of which each server is free to show some.
            let is_page = matches!(call, Call::SearchUsers(_) | Call::SearchPosts(_))
                && answer.rows() >= u64::from(PAGE.unsigned_abs());
            if answer.rows() > 0 && !is_page {
                pool.push((call, answer.resources()));
            }
        }
        if pool.is_empty() {
            return Err("nothing was found to ask for: the world is too small".into());
        }
        Ok(Self(pool))
    }
}

/// Where the requests of a workload come from.
pub(crate) struct Source<'a> {
    pub(crate) world: &'a World,
    /// Of Byline, whose answers are those that are expected.
    pub(crate) clients: Clients,
}

/// The pages in the depth of a list: by the tokens of Byline, and by offset.
pub(crate) struct Deep {
    pub(crate) by_token: Pool,
    pub(crate) by_offset: Pool,
}

impl Source<'_> {
    /// The requests of a workload but for [`Workload::ListUsersDeep`] and those that stream.
    pub(crate) async fn pool(&mut self, workload: Workload) -> Result<Pool, Failure> {
        let mut dice = Dice::new(Stream::Keys, workload as u64);
        let dice = &mut dice;
        let rows = u64::from(PAGE.unsigned_abs());
        Ok(match workload {
            Workload::GetUser => Pool::known(times(MANY, || self.get_user(dice)), 1),
            Workload::BatchGetUsers => {
                let calls = times(FEW, || self.batch_get_users(dice));
                Pool::known(calls, BATCH as u64)
            }
            Workload::GetUserPosts => {
                let calls = times(SOME, || get_user(self.author(dice), &["*", "posts"]));
                Pool::asked(&mut self.clients, calls).await?
            }
            Workload::ListUsers | Workload::ListUsersDeep => {
                Pool::known([list_users(String::new())], rows)
            }
            Workload::ListPosts => {
                let calls = times(SOME, || list_posts(&self.author(dice)));
                Pool::asked(&mut self.clients, calls).await?
            }
            Workload::SearchUsers => {
                let calls = times(SOME, || self.search_users(dice));
                Pool::asked(&mut self.clients, calls).await?
            }
            Workload::SearchPosts => {
                let calls = times(SOME, || search_posts(self.world.some_rare_word(dice)));
                Pool::asked(&mut self.clients, calls).await?
            }
            Workload::CreatePost => Pool::known(
                times(MANY / 10, || Call::CreatePost(self.create_post(dice))),
                1,
            ),
            Workload::UpdatePost => Pool::known(self.update_posts(dice), 1),
            Workload::BatchCreatePosts => {
                let calls = times(FEW, || {
                    Call::BatchCreatePosts(pb::BatchCreatePostsRequest {
                        requests: times(BATCH, || self.create_post(dice)),
                        ..Default::default()
                    })
                });
                Pool::known(calls, BATCH as u64)
            }
            Workload::Mixed => {
                let mut number = 0;
                let calls = times(MANY, || {
                    number += 1;
                    if number % 10 == 0 {
                        Call::CreatePost(self.create_post(dice))
                    } else {
                        self.get_user(dice)
                    }
                });
                Pool::known(calls, 1)
            }
            Workload::Import | Workload::Export => return Err("a stream is no request".into()),
        })
    }

    /// The requests of [`Workload::ListUsersDeep`].
    pub(crate) async fn deep(&mut self) -> Result<Deep, Failure> {
        let users = self.world.users();
        let walk = Walk::go(
            &mut self.clients,
            list_users(String::new()),
            users,
            DEEP_PAGES,
        )
        .await?;
        let (tokens, row) = walk.tokens();
        let offsets = (0_u64..).map(|page| row + page * u64::from(PAGE.unsigned_abs()));
        let by_offset = tokens.iter().zip(offsets);
        let by_offset = by_offset.map(|(_, offset)| list_users(offset.to_string()));
        let rows = u64::from(PAGE.unsigned_abs());
        Ok(Deep {
            by_token: Pool::known(tokens.iter().cloned().map(list_users), rows),
            by_offset: Pool::known(by_offset, rows),
        })
    }

    fn get_user(&self, dice: &mut Dice) -> Call {
        get_user(self.world.living_user(dice).id.to_string(), &[])
    }

    fn batch_get_users(&self, dice: &mut Dice) -> Call {
        Call::BatchGetUsers(pb::BatchGetUsersRequest {
            ids: times(BATCH, || self.world.living_user(dice).id.to_string()),
            ..Default::default()
        })
    }

    /// Who wrote some post: who writes much is met often.
    fn author(&self, dice: &mut Dice) -> String {
        self.world.living_post(dice).author_id.to_string()
    }

    fn search_users(&self, dice: &mut Dice) -> Call {
        Call::SearchUsers(pb::SearchUsersRequest {
            query: part_of_address(&self.world.living_user(dice)),
            page_size: PAGE,
            ..Default::default()
        })
    }

    fn create_post(&self, dice: &mut Dice) -> pb::CreatePostRequest {
        let post = self.world.living_post(dice);
        pb::CreatePostRequest {
            post: Some(pb::Post {
                title: post.title.as_str().to_owned(),
                content: post.content.map(|content| content.as_str().to_owned()),
                author_id: post.author_id.to_string(),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    /// No post twice: those that are under way at once would wait for one another.
    fn update_posts(&self, dice: &mut Dice) -> Vec<Call> {
        let posts = times(MANY, || self.world.living_post(dice));
        let mut met = HashSet::new();
        let posts = posts.into_iter().filter(|post| met.insert(post.id));
        let calls = posts.map(|post| {
            Call::UpdatePost(pb::UpdatePostRequest {
                post: Some(pb::Post {
                    id: post.id.to_string(),
                    // What a title of 200 characters has no room for is added to it.
                    title: post.title.as_str().chars().take(150).collect(),
                    ..Default::default()
                }),
                update_mask: mask(&["title"]),
                ..Default::default()
            })
        });
        calls.collect()
    }
}

fn times<T>(count: usize, make: impl FnMut() -> T) -> Vec<T> {
    std::iter::repeat_with(make).take(count).collect()
}

fn mask(paths: &[&str]) -> Option<FieldMask> {
    let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
    (!paths.is_empty()).then_some(FieldMask { paths })
}

fn get_user(id: String, paths: &[&str]) -> Call {
    Call::GetUser(pb::GetUserRequest {
        key: Some(Key::Id(id)),
        read_mask: mask(paths),
        ..Default::default()
    })
}

fn list_users(page_token: String) -> Call {
    Call::ListUsers(pb::ListUsersRequest {
        page_size: PAGE,
        page_token,
        ..Default::default()
    })
}

fn list_posts(author: &str) -> Call {
    Call::ListPosts(pb::ListPostsRequest {
        filter: format!(r#"author_id = "{author}""#),
        page_size: PAGE,
        ..Default::default()
    })
}

fn search_posts(query: String) -> Call {
    Call::SearchPosts(pb::SearchPostsRequest {
        query,
        page_size: PAGE,
        ..Default::default()
    })
}
