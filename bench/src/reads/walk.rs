//! Deep pages: tokens around page 10,000, which are got as any caller gets them, by
//! walking there.

use byline_grpc::pb;
use prost_types::FieldMask;

use super::cases::{EVERYWHERE, LETTERS, PAGE};
use crate::Failure;
use crate::call::{Call, Clients};
use crate::world::World;
use crate::world::dice::Dice;

/// Page 10,000 ends with this row.
const DEEP_ROW: u64 = 500_000;

/// The page size by which the walk gets there.
const STRIDE: i32 = 1_000;

/// Walks down some lists of a site.
pub(crate) struct Walks {
    pub(crate) users: Walk,
    pub(crate) users_by_email: Walk,
    pub(crate) posts: Walk,
    pub(crate) found_users: Walk,
    pub(crate) found_posts: Walk,
}

impl Walks {
    /// Walks to around page 10,000, or to the middle of a list that is shorter than twice
    /// that, and collects the tokens of that many pages.
    pub(crate) async fn go(
        clients: &mut Clients,
        world: &World,
        pages: u64,
    ) -> Result<Self, Failure> {
        let users = |order_by: &str| {
            Call::ListUsers(pb::ListUsersRequest {
                order_by: order_by.to_owned(),
                ..Default::default()
            })
        };
        let posts = Call::ListPosts(pb::ListPostsRequest::default());
        let found_users = Call::SearchUsers(pb::SearchUsersRequest {
            query: LETTERS[0].to_owned(),
            ..Default::default()
        });
        let found_posts = Call::SearchPosts(pb::SearchPostsRequest {
            query: world.word(EVERYWHERE).to_owned(),
            ..Default::default()
        });
        Ok(Self {
            users: Walk::go(clients, users(""), world.users(), pages).await?,
            users_by_email: Walk::go(clients, users("email"), world.users(), pages).await?,
            posts: Walk::go(clients, posts, world.posts(), pages).await?,
            found_users: Walk::go(clients, found_users, world.users(), pages).await?,
            // A third of the posts has the word at the very least.
            found_posts: Walk::go(clients, found_posts, world.posts() / 3, pages).await?,
        })
    }
}

/// Pages deep in a list.
pub(crate) struct Walk {
    call: Call,
    tokens: Vec<String>,
    /// How many rows come before the first of the pages.
    row: u64,
}

impl Walk {
    /// Walks down the list, which has so many rows, as [`Walks::go`] says.
    pub(crate) async fn go(
        clients: &mut Clients,
        call: Call,
        rows: u64,
        pages: u64,
    ) -> Result<Self, Failure> {
        let middle = DEEP_ROW.min(rows / 2);
        let page = u64::try_from(PAGE)?;
        let pages = pages.min(rows / 4 / page).max(1);
        let start = middle.saturating_sub(page * pages / 2);
        let mut walk = Self {
            call,
            tokens: Vec::new(),
            row: 0,
        };
        let mut token = String::new();
        while walk.row < start {
            let left = i32::try_from(start - walk.row).unwrap_or(i32::MAX);
            token = walk.step(clients, token, STRIDE.min(left)).await?;
        }
        let row = walk.row;
        for _ in 0..pages {
            walk.tokens.push(token.clone());
            token = walk.step(clients, token, PAGE).await?;
        }
        walk.row = row;
        Ok(walk)
    }

    /// Goes on by one page, and answers the token of the next.
    async fn step(
        &mut self,
        clients: &mut Clients,
        token: String,
        size: i32,
    ) -> Result<String, Failure> {
        let ids = FieldMask {
            paths: vec!["id".to_owned()],
        };
        let answer = clients.send(self.at(token, size, Some(ids))).await?;
        self.row += answer.rows();
        let token = answer.next_page_token();
        if token.is_empty() {
            return Err(format!("a list ended at row {}, before it is deep", self.row).into());
        }
        Ok(token)
    }

    fn at(&self, token: String, size: i32, mask: Option<FieldMask>) -> Call {
        macro_rules! turn_to {
            ($request:ident) => {{
                $request.page_token = token;
                $request.page_size = size;
                $request.read_mask = mask;
            }};
        }
        let mut call = self.call.clone();
        match &mut call {
            Call::ListUsers(request) => turn_to!(request),
            Call::ListPosts(request) => turn_to!(request),
            Call::SearchUsers(request) => turn_to!(request),
            Call::SearchPosts(request) => turn_to!(request),
            Call::GetUser(_)
            | Call::BatchGetUsers(_)
            | Call::CountUsers(_)
            | Call::GetPost(_)
            | Call::BatchGetPosts(_)
            | Call::CountPosts(_)
            | Call::CreatePost(_)
            | Call::UpdatePost(_)
            | Call::BatchCreatePosts(_) => {}
        }
        call
    }

    /// One of the pages.
    pub(crate) fn page(&self, dice: &mut Dice) -> Call {
        self.at(dice.pick(&self.tokens).clone(), PAGE, None)
    }

    /// The tokens of the pages, and how many rows come before the first of them.
    pub(crate) fn tokens(&self) -> (&[String], u64) {
        (&self.tokens, self.row)
    }

    /// Which pages they are, counted from 1.
    pub(crate) fn pages(&self) -> std::ops::RangeInclusive<u64> {
        let first = self.row / 50 + 1;
        first..=first + self.tokens.len() as u64 - 1
    }
}
