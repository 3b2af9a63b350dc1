//! Users on the wire.

use byline_app::user::{
    BatchGetUsers, CountUsers, CreateUser, DeleteUser, GetUser, ListUsers, PurgeUser, SearchUsers,
    UndeleteUser, UpdateUser, UserBatch, UserKey, UserList,
};
use byline_domain::count::Counts;
use byline_domain::error::{Invalid, Reason, ValidationError, Violations};
use byline_domain::filter::parse_users;
use byline_domain::ids::{IdGenerator, UserId};
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::order::{Direction, Order};
use byline_domain::page::Page;
use byline_domain::search::SearchQuery;
use byline_domain::user::{
    Email, Role, User, UserChanges, UserField, UserFilter, UserGroup, UserName, UserView,
};

use super::count::group_by;
use super::list::{self, Lists, Walk, Window};
use super::mask::Mask;
use super::{
    check_key_count, id, id_and_etag, keys, optional_id, read_mask, text, timestamp, trash,
};
use crate::page_token::List;
use crate::pb;

const CHANGEABLE: &[&str] = &["email", "name", "role", "is_active"];
const READ_ONLY: &[&str] = &[
    "id",
    "created_at",
    "updated_at",
    "deleted_at",
    "purge_at",
    "etag",
    "post_count",
    "posts",
];
const GROUPS: &[(&str, UserGroup)] = &[
    ("role", UserGroup::Role),
    ("is_active", UserGroup::IsActive),
];
const NEWEST_FIRST: Order<UserField> = Order::by(UserField::CreatedAt, Direction::Descending);

impl From<UserView> for pb::User {
    fn from(user: UserView) -> Self {
        Self {
            id: id(user.id.as_uuid()),
            email: user.email.map(Email::into_string).unwrap_or_default(),
            name: user.name.flatten().map(UserName::into_string),
            role: user.role.map(Role::into_string).unwrap_or_default(),
            is_active: user.is_active,
            created_at: user.created_at.map(timestamp),
            updated_at: user.updated_at.flatten().map(timestamp),
            deleted_at: user.deleted_at.flatten().map(timestamp),
            purge_at: user.purge_at.flatten().map(timestamp),
            etag: text(user.etag),
            post_count: user.post_count.map(list::size),
            posts: user.posts.into_iter().flatten().map(Into::into).collect(),
        }
    }
}

impl From<User> for pb::User {
    fn from(user: User) -> Self {
        UserView::from(user).into()
    }
}

fn role(text: String) -> Result<Role, Invalid> {
    if text.is_empty() {
        Ok(Role::default())
    } else {
        Role::parse(text)
    }
}

/// `ids` gives one to what is made without.
pub(crate) fn create(
    request: pb::CreateUserRequest,
    ids: &dyn IdGenerator,
) -> Result<CreateUser, ValidationError> {
    let mut violations = Violations::new();
    let Some(user) = request.user else {
        return Err(Invalid::required().at("user").into());
    };
    let id = violations.check("user.id", optional_id(&user.id, UserId::parse));
    let email = violations.check("user.email", Email::parse(user.email));
    let name = violations.check("user.name", user.name.map(UserName::parse).transpose());
    let role = violations.check("user.role", role(user.role));
    let command = (|| {
        Some(CreateUser {
            id: id?.unwrap_or_else(|| UserId::from_uuid(ids.generate())),
            email: email?,
            name: name?,
            role: role?,
            is_active: user.is_active.unwrap_or(true),
        })
    })();
    violations.finish_with(command)
}

pub(crate) fn get(request: &pb::GetUserRequest) -> Result<GetUser, ValidationError> {
    use pb::get_user_request::Key;
    let mut violations = Violations::new();
    let (field, key) = match &request.key {
        Some(Key::Id(id)) => ("id", UserId::parse(id).map(UserKey::Id)),
        Some(Key::Email(email)) => ("email", Email::parse(email.as_str()).map(UserKey::Email)),
        None => (
            "key",
            Err(Invalid::new(
                Reason::Required,
                "is required: set id or email",
            )),
        ),
    };
    let key = violations.check(field, key);
    let mask = read_mask::of_users(request.read_mask.as_ref(), &mut violations);
    let query = key.map(|key| GetUser {
        key,
        trash: trash(request.show_deleted),
        mask,
    });
    violations.finish_with(query)
}

pub(crate) fn batch_get(
    request: &pb::BatchGetUsersRequest,
) -> Result<BatchGetUsers, ValidationError> {
    let mut violations = Violations::new();
    let count = request.ids.len() + request.emails.len();
    let (mut ids, mut emails) = (Vec::new(), Vec::new());
    if check_key_count(&mut violations, "ids", count) {
        ids = keys(&mut violations, "ids", &request.ids, UserId::parse);
        emails = keys(&mut violations, "emails", &request.emails, |text| {
            Email::parse(text)
        });
    }
    let mask = read_mask::of_users(request.read_mask.as_ref(), &mut violations);
    violations.finish()?;
    Ok(BatchGetUsers {
        ids,
        emails,
        trash: trash(request.show_deleted),
        mask,
    })
}

impl From<UserBatch> for pb::BatchGetUsersResponse {
    fn from(batch: UserBatch) -> Self {
        Self {
            users: batch.users.into_iter().map(Into::into).collect(),
            missing_ids: batch.missing_ids.iter().map(ToString::to_string).collect(),
            missing_emails: batch
                .missing_emails
                .iter()
                .map(|email| email.as_str().to_owned())
                .collect(),
        }
    }
}

pub(crate) fn list(
    request: &pb::ListUsersRequest,
    lists: &Lists,
) -> Result<(ListUsers, Walk), ValidationError> {
    let mut violations = Violations::new();
    let order = Order::parse(&request.order_by, NEWEST_FIRST);
    let order = violations.check("order_by", order);
    let total = violations.check("total", list::total(request.total));
    let window = Window {
        page_size: request.page_size,
        page_token: &request.page_token,
        skip: request.skip,
        filter: &request.filter,
        show_deleted: request.show_deleted,
    };
    let part = window.parse(
        lists,
        order
            .as_ref()
            .map(|order| list::ordered("ListUsers", order)),
        |place| order.as_ref().is_some_and(|order| order.fits(place)),
        parse_users,
        &mut violations,
    );
    let mask = read_mask::of_users(request.read_mask.as_ref(), &mut violations);
    violations.finish_with((|| {
        let part = part?;
        let query = ListUsers {
            filter: UserFilter {
                trash: trash(request.show_deleted),
                meets: part.meets,
            },
            order: order?,
            page: part.page,
            total: total?,
            mask,
        };
        Some((query, part.walk))
    })())
}

pub(crate) fn listed(walk: &Walk, answer: UserList) -> pb::ListUsersResponse {
    pb::ListUsersResponse {
        users: answer.page.items.into_iter().map(Into::into).collect(),
        next_page_token: walk.next_page_token(answer.page.next),
        total_size: answer.total.map(list::size),
    }
}

pub(crate) fn search(
    request: &pb::SearchUsersRequest,
    lists: &Lists,
) -> Result<(SearchUsers, Walk), ValidationError> {
    let mut violations = Violations::new();
    let query = violations.check("query", SearchQuery::parse(request.query.as_str()));
    let window = Window {
        page_size: request.page_size,
        page_token: &request.page_token,
        skip: request.skip,
        filter: &request.filter,
        show_deleted: request.show_deleted,
    };
    let part = window.parse(
        lists,
        query
            .as_ref()
            .map(|query| List::of("SearchUsers").with("query", query.as_str())),
        list::is_rank,
        parse_users,
        &mut violations,
    );
    let mask = read_mask::of_users(request.read_mask.as_ref(), &mut violations);
    violations.finish_with((|| {
        let part = part?;
        let query = SearchUsers {
            query: query?,
            filter: UserFilter {
                trash: trash(request.show_deleted),
                meets: part.meets,
            },
            page: part.page,
            mask,
        };
        Some((query, part.walk))
    })())
}

pub(crate) fn found(walk: &Walk, answer: Page<UserView>) -> pb::SearchUsersResponse {
    pb::SearchUsersResponse {
        users: answer.items.into_iter().map(Into::into).collect(),
        next_page_token: walk.next_page_token(answer.next),
    }
}

pub(crate) fn count(
    request: &pb::CountUsersRequest,
    lists: &Lists,
) -> Result<CountUsers, ValidationError> {
    let mut violations = Violations::new();
    let meets = violations.check("filter", parse_users(&request.filter, lists.now()));
    let group = violations.check("group_by", group_by(&request.group_by, GROUPS));
    violations.finish_with((|| {
        Some(CountUsers {
            filter: UserFilter {
                trash: trash(request.show_deleted),
                meets: meets?,
            },
            group: group?,
        })
    })())
}

pub(crate) fn counted(counts: Counts) -> pb::CountUsersResponse {
    pb::CountUsersResponse {
        count: list::size(counts.total),
        groups: counts.groups.into_iter().map(Into::into).collect(),
    }
}

pub(crate) fn update(request: pb::UpdateUserRequest) -> Result<UpdateUser, ValidationError> {
    let mut violations = Violations::new();
    let Some(user) = request.user else {
        return Err(Invalid::required().at("user").into());
    };
    let mask = Mask::parse(request.update_mask, CHANGEABLE, READ_ONLY, &mut violations);
    let id = violations.check("user.id", UserId::parse(&user.id));
    let mut changes = UserChanges::default();
    if mask.changes("email", !user.email.is_empty()) {
        changes.email = violations.check("user.email", Email::parse(user.email));
    }
    if mask.changes("name", user.name.is_some()) {
        let name = user.name.map(UserName::parse).transpose();
        changes.name = violations.check("user.name", name);
    }
    if mask.changes("role", !user.role.is_empty()) {
        changes.role = violations.check("user.role", role(user.role));
    }
    if mask.changes("is_active", user.is_active.is_some()) {
        changes.is_active = Some(user.is_active.unwrap_or(true));
    }
    let command = id.map(|id| UpdateUser {
        id,
        etag: ExpectedEtag::from_request(user.etag),
        changes,
    });
    violations.finish_with(command)
}

pub(crate) fn delete(request: pb::DeleteUserRequest) -> Result<DeleteUser, ValidationError> {
    let force = request.force;
    let (id, etag) = id_and_etag(&request.id, request.etag, UserId::parse)?;
    Ok(DeleteUser { id, etag, force })
}

pub(crate) fn undelete(request: pb::UndeleteUserRequest) -> Result<UndeleteUser, ValidationError> {
    let (id, etag) = id_and_etag(&request.id, request.etag, UserId::parse)?;
    Ok(UndeleteUser { id, etag })
}

pub(crate) fn purge(request: pb::PurgeUserRequest) -> Result<PurgeUser, ValidationError> {
    let (id, etag) = id_and_etag(&request.id, request.etag, UserId::parse)?;
    Ok(PurgeUser { id, etag })
}
