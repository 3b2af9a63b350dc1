//! Exports on the wire.

use byline_app::export::{ExportPosts, ExportUsers};
use byline_domain::error::{ValidationError, Violations};
use byline_domain::filter::{parse_posts, parse_users};
use byline_domain::order::Order;
use byline_domain::post::{PostFilter, PostView};
use byline_domain::user::{UserFilter, UserView};

use super::{Lists, read_mask, trash};
use crate::pb;

pub(crate) fn users(
    request: &pb::ExportUsersRequest,
    lists: &Lists,
) -> Result<ExportUsers, ValidationError> {
    let mut violations = Violations::new();
    let order = violations.check("order_by", Order::parse_any(&request.order_by));
    let meets = violations.check("filter", parse_users(&request.filter, lists.now()));
    let mask = request.read_mask.as_ref();
    let fields = read_mask::of_exported_users(mask, &mut violations);
    violations.finish_with((|| {
        let trash = trash(request.show_deleted);
        Some(ExportUsers {
            filter: UserFilter {
                trash,
                meets: meets?,
            },
            order: order?,
            fields,
        })
    })())
}

pub(crate) fn posts(
    request: &pb::ExportPostsRequest,
    lists: &Lists,
) -> Result<ExportPosts, ValidationError> {
    let mut violations = Violations::new();
    let order = violations.check("order_by", Order::parse_any(&request.order_by));
    let meets = violations.check("filter", parse_posts(&request.filter, lists.now()));
    let mask = request.read_mask.as_ref();
    let fields = read_mask::of_exported_posts(mask, &mut violations);
    violations.finish_with((|| {
        let trash = trash(request.show_deleted);
        Some(ExportPosts {
            filter: PostFilter {
                trash,
                meets: meets?,
            },
            order: order?,
            fields,
        })
    })())
}

impl From<Vec<UserView>> for pb::ExportUsersResponse {
    fn from(users: Vec<UserView>) -> Self {
        Self {
            users: users.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Vec<PostView>> for pb::ExportPostsResponse {
    fn from(posts: Vec<PostView>) -> Self {
        Self {
            posts: posts.into_iter().map(Into::into).collect(),
        }
    }
}
