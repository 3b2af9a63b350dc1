//! What is asked for.

use clap::ValueEnum;

use crate::program::POOL_SIZE;

/// A kind of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Workload {
    GetUser,
    BatchGetUsers,
    GetUserPosts,
    ListUsers,
    ListUsersDeep,
    ListPosts,
    SearchUsers,
    SearchPosts,
    CreatePost,
    UpdatePost,
    BatchCreatePosts,
    Import,
    Export,
    Mixed,
}

/// How a workload counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Calls,
    Rows,
}

impl Workload {
    pub(crate) const fn says(self) -> &'static str {
        match self {
            Self::GetUser => "GetUser",
            Self::BatchGetUsers => "BatchGetUsers, 100",
            Self::GetUserPosts => "GetUser with posts",
            Self::ListUsers => "ListUsers, 50, first page",
            Self::ListUsersDeep => "ListUsers, 50, deep page",
            Self::ListPosts => "ListPosts of an author",
            Self::SearchUsers => "SearchUsers",
            Self::SearchPosts => "SearchPosts",
            Self::CreatePost => "CreatePost",
            Self::UpdatePost => "UpdatePost",
            Self::BatchCreatePosts => "BatchCreatePosts, 100",
            Self::Import => "ImportUsers, 10,000",
            Self::Export => "ExportUsers",
            Self::Mixed => "9 GetUser, 1 CreatePost",
        }
    }

    /// What exactly a call asks for.
    pub(crate) const fn explains(self) -> &'static str {
        match self {
            Self::GetUser => "one user by id",
            Self::BatchGetUsers => "100 users by id",
            Self::GetUserPosts => "one user by id, and the newest posts without their contents",
            Self::ListUsers => "the 50 newest users",
            Self::ListUsersDeep => {
                "50 users around page 10,000, or around the middle of a list that has no such page; \
                 peers are asked for the same pages by their offset"
            }
            Self::ListPosts => "the 50 newest posts of an author, with their contents",
            Self::SearchUsers => "users by a part of one address",
            Self::SearchPosts => {
                "posts by a word that about 20 of them have, ranked and with snippets"
            }
            Self::CreatePost => "a post of about 20 words",
            Self::UpdatePost => "a post's title",
            Self::BatchCreatePosts => {
                "100 such posts, all or none; no more in flight than there are connections to the database"
            }
            Self::Import => "10,000 users in ten messages, all or none, one import after another",
            Self::Export => "all users, one export after another",
            Self::Mixed => "nine users by id, then a new post",
        }
    }

    /// Whether it changes the database.
    pub(crate) const fn writes(self) -> bool {
        match self {
            Self::CreatePost
            | Self::UpdatePost
            | Self::BatchCreatePosts
            | Self::Import
            | Self::Mixed => true,
            Self::GetUser
            | Self::BatchGetUsers
            | Self::GetUserPosts
            | Self::ListUsers
            | Self::ListUsersDeep
            | Self::ListPosts
            | Self::SearchUsers
            | Self::SearchPosts
            | Self::Export => false,
        }
    }

    /// How many calls are in flight at most on each of so many connections: what takes long
    /// would else wait longer for a connection to the database than a server has it wait.
    pub(crate) fn most_in_flight(self, connections: usize) -> usize {
        if self == Self::BatchCreatePosts {
            (POOL_SIZE / connections.max(1)).max(1)
        } else {
            usize::MAX
        }
    }

    /// Whether its calls are streams, of which one is under way at a time.
    pub(crate) const fn streams(self) -> bool {
        matches!(self, Self::Import | Self::Export)
    }

    pub(crate) const fn unit(self) -> Unit {
        if self.streams() {
            Unit::Rows
        } else {
            Unit::Calls
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_workload_has_a_name_of_its_own() {
        let all = Workload::value_variants();
        let names: HashSet<_> = all.iter().map(|it| it.says()).collect();
        assert_eq!(names.len(), all.len());
    }
}
