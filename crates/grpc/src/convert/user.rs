//! Users on the wire.

use byline_app::user::{
    BatchGetUsers, CreateUser, DeleteUser, GetUser, ListUsers, PurgeUser, SearchUsers,
    UndeleteUser, UpdateUser, UserBatch, UserKey, UserList,
};
use byline_domain::error::{Invalid, ValidationError, Violations};
use byline_domain::ids::UserId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::page::{Direction, Order, Page, SortValue};
use byline_domain::search::SearchQuery;
use byline_domain::user::{Email, Role, User, UserChanges, UserFilter, UserName, UserSortKey};

use super::list::{self, Window, next_page_token, total_size};
use super::mask::Mask;
use super::{Output, check_key_count, keys, optional_id, trash};
use crate::pb;

const CHANGEABLE: &[&str] = &["email", "name", "role", "is_active"];
const READ_ONLY: &[&str] = &["id", "created_at", "updated_at", "deleted_at", "etag"];

const SORT_KEYS: &[(&str, UserSortKey)] = &[
    ("created_at", UserSortKey::CreatedAt),
    ("updated_at", UserSortKey::UpdatedAt),
    ("email", UserSortKey::Email),
];
const NEWEST_FIRST: Order<UserSortKey> = Order {
    key: UserSortKey::CreatedAt,
    direction: Direction::Descending,
};

impl From<User> for pb::User {
    fn from(user: User) -> Self {
        let output = Output::from(&user.lifecycle);
        Self {
            id: user.id.to_string(),
            email: user.email.as_str().to_owned(),
            name: user.name.map(|name| name.as_str().to_owned()),
            role: user.role.as_str().to_owned(),
            is_active: Some(user.is_active),
            created_at: output.created_at,
            updated_at: output.updated_at,
            deleted_at: output.deleted_at,
            etag: output.etag,
        }
    }
}

fn role(text: String) -> Result<Role, Invalid> {
    if text.is_empty() {
        Ok(Role::default())
    } else {
        Role::parse(text)
    }
}

pub(crate) fn create(request: pb::CreateUserRequest) -> Result<CreateUser, ValidationError> {
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
            id: id?,
            email: email?,
            name: name?,
            role: role?,
            is_active: user.is_active.unwrap_or(true),
        })
    })();
    violations.finish_with(command)
}

pub(crate) fn get(request: pb::GetUserRequest) -> Result<GetUser, ValidationError> {
    use pb::get_user_request::Key;
    let (field, key) = match request.key {
        Some(Key::Id(id)) => ("id", UserId::parse(&id).map(UserKey::Id)),
        Some(Key::Email(email)) => ("email", Email::parse(email).map(UserKey::Email)),
        None => ("key", Err(Invalid::required())),
    };
    Ok(GetUser {
        key: key.map_err(|invalid| invalid.at(field))?,
        trash: trash(request.show_deleted),
    })
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
    violations.finish()?;
    Ok(BatchGetUsers {
        ids,
        emails,
        trash: trash(request.show_deleted),
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

/// What a page token of ListUsers is bound to.
fn list_name(order: Order<UserSortKey>, filter: &UserFilter) -> String {
    format!("users {order:?} {filter:?}")
}

pub(crate) fn list(request: &pb::ListUsersRequest) -> Result<ListUsers, ValidationError> {
    let mut violations = Violations::new();
    let filter = UserFilter {
        trash: trash(request.show_deleted),
    };
    let order = violations.check(
        "order_by",
        list::order(&request.order_by, SORT_KEYS, NEWEST_FIRST),
    );
    let total = violations.check("total", list::total(request.total));
    let window = Window {
        page_size: request.page_size,
        page_token: &request.page_token,
        skip: request.skip,
    };
    let name = order.map(|order| list_name(order, &filter));
    let page = window.parse(
        name.as_deref(),
        |value| order.is_some_and(|order| order.key.fits(value)),
        &mut violations,
    );
    let query = (|| {
        Some(ListUsers {
            order: order?,
            page: page?,
            total: total?,
            filter,
        })
    })();
    violations.finish_with(query)
}

pub(crate) fn listed(query: &ListUsers, answer: UserList) -> pb::ListUsersResponse {
    pb::ListUsersResponse {
        users: answer.page.items.into_iter().map(Into::into).collect(),
        next_page_token: next_page_token(&list_name(query.order, &query.filter), answer.page.next),
        total_size: total_size(answer.total),
    }
}

/// What a page token of SearchUsers is bound to.
fn search_name(query: &SearchQuery, filter: &UserFilter) -> String {
    format!("found users {query:?} {filter:?}")
}

pub(crate) fn search(request: pb::SearchUsersRequest) -> Result<SearchUsers, ValidationError> {
    let mut violations = Violations::new();
    let filter = UserFilter {
        trash: trash(request.show_deleted),
    };
    let query = violations.check("query", SearchQuery::parse(request.query));
    let window = Window {
        page_size: request.page_size,
        page_token: &request.page_token,
        skip: request.skip,
    };
    let name = query.as_ref().map(|query| search_name(query, &filter));
    let page = window.parse(
        name.as_deref(),
        |value| matches!(value, SortValue::Rank(rank) if SearchQuery::RANKS.contains(rank)),
        &mut violations,
    );
    let query = (|| {
        Some(SearchUsers {
            query: query?,
            page: page?,
            filter,
        })
    })();
    violations.finish_with(query)
}

pub(crate) fn found(query: &SearchUsers, answer: Page<User>) -> pb::SearchUsersResponse {
    pb::SearchUsersResponse {
        users: answer.items.into_iter().map(Into::into).collect(),
        next_page_token: next_page_token(&search_name(&query.query, &query.filter), answer.next),
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

fn id_and_etag(id: &str, etag: String) -> Result<(UserId, Option<ExpectedEtag>), ValidationError> {
    let id = UserId::parse(id).map_err(|invalid| invalid.at("id"))?;
    Ok((id, ExpectedEtag::from_request(etag)))
}

pub(crate) fn delete(request: pb::DeleteUserRequest) -> Result<DeleteUser, ValidationError> {
    let (id, etag) = id_and_etag(&request.id, request.etag)?;
    Ok(DeleteUser { id, etag })
}

pub(crate) fn undelete(request: pb::UndeleteUserRequest) -> Result<UndeleteUser, ValidationError> {
    let (id, etag) = id_and_etag(&request.id, request.etag)?;
    Ok(UndeleteUser { id, etag })
}

pub(crate) fn purge(request: pb::PurgeUserRequest) -> Result<PurgeUser, ValidationError> {
    let (id, etag) = id_and_etag(&request.id, request.etag)?;
    Ok(PurgeUser { id, etag })
}
