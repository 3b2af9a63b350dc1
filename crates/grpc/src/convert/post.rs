//! Posts on the wire.

use byline_app::post::{
    BatchGetPosts, CreatePost, DeletePost, GetPost, ListPosts, PostBatch, PostList, PurgePost,
    SetPublished, UndeletePost, UpdatePost,
};
use byline_domain::error::{Invalid, ValidationError, Violations};
use byline_domain::ids::{PostId, UserId};
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::page::{Direction, Order};
use byline_domain::post::{Content, Post, PostChanges, PostFilter, PostSortKey, Title};

use super::list::{self, Window, next_page_token, total_size};
use super::mask::Mask;
use super::{Output, check_key_count, keys, optional_id, timestamp, trash};
use crate::pb;

const CHANGEABLE: &[&str] = &["title", "content", "published"];
const READ_ONLY: &[&str] = &[
    "id",
    "published_at",
    "author_id",
    "created_at",
    "updated_at",
    "deleted_at",
    "etag",
];

const SORT_KEYS: &[(&str, PostSortKey)] = &[
    ("created_at", PostSortKey::CreatedAt),
    ("updated_at", PostSortKey::UpdatedAt),
    ("title", PostSortKey::Title),
];
const NEWEST_FIRST: Order<PostSortKey> = Order {
    key: PostSortKey::CreatedAt,
    direction: Direction::Descending,
};

impl From<Post> for pb::Post {
    fn from(post: Post) -> Self {
        let output = Output::from(&post.lifecycle);
        Self {
            id: post.id.to_string(),
            title: post.title.as_str().to_owned(),
            published: Some(post.is_published()),
            content: post.content.map(|content| content.as_str().to_owned()),
            published_at: post.published_at.map(timestamp),
            author_id: post.author_id.to_string(),
            created_at: output.created_at,
            updated_at: output.updated_at,
            deleted_at: output.deleted_at,
            etag: output.etag,
        }
    }
}

pub(crate) fn create(request: pb::CreatePostRequest) -> Result<CreatePost, ValidationError> {
    let mut violations = Violations::new();
    let Some(post) = request.post else {
        return Err(Invalid::required().at("post").into());
    };
    let id = violations.check("post.id", optional_id(&post.id, PostId::parse));
    let title = violations.check("post.title", Title::parse(post.title));
    let content = violations.check("post.content", post.content.map(Content::parse).transpose());
    let author_id = violations.check("post.author_id", UserId::parse(&post.author_id));
    let command = (|| {
        Some(CreatePost {
            id: id?,
            title: title?,
            content: content?,
            published: post.published.unwrap_or(false),
            author_id: author_id?,
        })
    })();
    violations.finish_with(command)
}

pub(crate) fn get(request: &pb::GetPostRequest) -> Result<GetPost, ValidationError> {
    Ok(GetPost {
        id: PostId::parse(&request.id).map_err(|invalid| invalid.at("id"))?,
        trash: trash(request.show_deleted),
    })
}

pub(crate) fn batch_get(
    request: &pb::BatchGetPostsRequest,
) -> Result<BatchGetPosts, ValidationError> {
    let mut violations = Violations::new();
    let ids = if check_key_count(&mut violations, "ids", request.ids.len()) {
        keys(&mut violations, "ids", &request.ids, PostId::parse)
    } else {
        Vec::new()
    };
    violations.finish()?;
    Ok(BatchGetPosts {
        ids,
        trash: trash(request.show_deleted),
    })
}

impl From<PostBatch> for pb::BatchGetPostsResponse {
    fn from(batch: PostBatch) -> Self {
        Self {
            posts: batch.posts.into_iter().map(Into::into).collect(),
            missing_ids: batch.missing_ids.iter().map(ToString::to_string).collect(),
        }
    }
}

/// What a page token of ListPosts is bound to.
fn list_name(order: Order<PostSortKey>, filter: &PostFilter) -> String {
    format!("posts {order:?} {filter:?}")
}

pub(crate) fn list(request: &pb::ListPostsRequest) -> Result<ListPosts, ValidationError> {
    let mut violations = Violations::new();
    let filter = PostFilter {
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
        Some(ListPosts {
            order: order?,
            page: page?,
            total: total?,
            filter,
        })
    })();
    violations.finish_with(query)
}

pub(crate) fn listed(query: &ListPosts, answer: PostList) -> pb::ListPostsResponse {
    pb::ListPostsResponse {
        posts: answer.page.items.into_iter().map(Into::into).collect(),
        next_page_token: next_page_token(&list_name(query.order, &query.filter), answer.page.next),
        total_size: total_size(answer.total),
    }
}

pub(crate) fn update(request: pb::UpdatePostRequest) -> Result<UpdatePost, ValidationError> {
    let mut violations = Violations::new();
    let Some(post) = request.post else {
        return Err(Invalid::required().at("post").into());
    };
    let mask = Mask::parse(request.update_mask, CHANGEABLE, READ_ONLY, &mut violations);
    let id = violations.check("post.id", PostId::parse(&post.id));
    let mut changes = PostChanges::default();
    if mask.changes("title", !post.title.is_empty()) {
        changes.title = violations.check("post.title", Title::parse(post.title));
    }
    if mask.changes("content", post.content.is_some()) {
        let content = post.content.map(Content::parse).transpose();
        changes.content = violations.check("post.content", content);
    }
    if mask.changes("published", post.published.is_some()) {
        changes.published = Some(post.published.unwrap_or(false));
    }
    let command = id.map(|id| UpdatePost {
        id,
        etag: ExpectedEtag::from_request(post.etag),
        changes,
    });
    violations.finish_with(command)
}

fn id_and_etag(id: &str, etag: String) -> Result<(PostId, Option<ExpectedEtag>), ValidationError> {
    let id = PostId::parse(id).map_err(|invalid| invalid.at("id"))?;
    Ok((id, ExpectedEtag::from_request(etag)))
}

pub(crate) fn publish(request: pb::PublishPostRequest) -> Result<SetPublished, ValidationError> {
    set_published(&request.id, request.etag, true)
}

pub(crate) fn unpublish(
    request: pb::UnpublishPostRequest,
) -> Result<SetPublished, ValidationError> {
    set_published(&request.id, request.etag, false)
}

fn set_published(id: &str, etag: String, published: bool) -> Result<SetPublished, ValidationError> {
    let (id, etag) = id_and_etag(id, etag)?;
    Ok(SetPublished {
        id,
        etag,
        published,
    })
}

pub(crate) fn delete(request: pb::DeletePostRequest) -> Result<DeletePost, ValidationError> {
    let (id, etag) = id_and_etag(&request.id, request.etag)?;
    Ok(DeletePost { id, etag })
}

pub(crate) fn undelete(request: pb::UndeletePostRequest) -> Result<UndeletePost, ValidationError> {
    let (id, etag) = id_and_etag(&request.id, request.etag)?;
    Ok(UndeletePost { id, etag })
}

pub(crate) fn purge(request: pb::PurgePostRequest) -> Result<PurgePost, ValidationError> {
    let (id, etag) = id_and_etag(&request.id, request.etag)?;
    Ok(PurgePost { id, etag })
}
