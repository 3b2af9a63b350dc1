//! Posts on the wire.

use byline_app::post::{
    BatchGetPosts, CountPosts, CreatePost, DeletePost, GetPost, ListPosts, PostBatch, PostList,
    PurgePost, SearchPosts, SetPublished, TransferPosts, UndeletePost, UpdatePost,
};
use byline_domain::count::Counts;
use byline_domain::error::{Invalid, Reason, ValidationError, Violations};
use byline_domain::filter::parse_posts;
use byline_domain::ids::{IdGenerator, NewId, PostId, UserId};
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::order::{Direction, Order};
use byline_domain::page::Page;
use byline_domain::post::{
    Content, FoundPost, Post, PostChanges, PostField, PostFilter, PostGroup, PostHead, PostView,
    Title,
};
use byline_domain::search::SearchQuery;

use super::count::group_by;
use super::list::{self, Lists, Walk, Window};
use super::mask::Mask;
use super::{
    check_key_count, id, id_and_etag, keys, optional_id, read_mask, text, timestamp, trash,
};
use crate::page_token::List;
use crate::pb;

const CHANGEABLE: &[&str] = &["title", "content", "published"];
const READ_ONLY: &[&str] = &[
    "id",
    "published_at",
    "author_id",
    "created_at",
    "updated_at",
    "deleted_at",
    "purge_at",
    "etag",
    "author",
];
const GROUPS: &[(&str, PostGroup)] = &[
    ("author_id", PostGroup::AuthorId),
    ("published", PostGroup::Published),
];
const NEWEST_FIRST: Order<PostField> = Order::by(PostField::CreatedAt, Direction::Descending);

impl From<PostView> for pb::Post {
    fn from(post: PostView) -> Self {
        Self {
            id: id(post.id.as_uuid()),
            title: post.title.map(Title::into_string).unwrap_or_default(),
            content: post.content.flatten().map(Content::into_string),
            published: post.published,
            published_at: post.published_at.flatten().map(timestamp),
            author_id: post
                .author_id
                .map(|author| id(author.as_uuid()))
                .unwrap_or_default(),
            created_at: post.created_at.map(timestamp),
            updated_at: post.updated_at.flatten().map(timestamp),
            deleted_at: post.deleted_at.flatten().map(timestamp),
            purge_at: post.purge_at.flatten().map(timestamp),
            etag: text(post.etag),
            author: post.author.map(|author| (*author).into()),
        }
    }
}

impl From<Post> for pb::Post {
    fn from(post: Post) -> Self {
        PostView::from(post).into()
    }
}

impl From<PostHead> for pb::Post {
    fn from(head: PostHead) -> Self {
        PostView::from(head).into()
    }
}

impl From<FoundPost> for pb::FoundPost {
    fn from(found: FoundPost) -> Self {
        Self {
            post: Some(found.post.into()),
            snippet: found.snippet.to_html(),
            rank: found.rank,
        }
    }
}

/// `ids` gives one to what is made without.
pub(crate) fn create(
    request: pb::CreatePostRequest,
    ids: &dyn IdGenerator,
) -> Result<CreatePost, ValidationError> {
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
            id: NewId::of(id?, || PostId::from_uuid(ids.generate())),
            title: title?,
            content: content?,
            published: post.published.unwrap_or(false),
            author_id: author_id?,
        })
    })();
    violations.finish_with(command)
}

pub(crate) fn get(request: &pb::GetPostRequest) -> Result<GetPost, ValidationError> {
    let mut violations = Violations::new();
    let id = violations.check("id", PostId::parse(&request.id));
    let mask = read_mask::of_posts(request.read_mask.as_ref(), &mut violations);
    let query = id.map(|id| GetPost {
        id,
        trash: trash(request.show_deleted),
        mask,
    });
    violations.finish_with(query)
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
    let mask = read_mask::of_posts(request.read_mask.as_ref(), &mut violations);
    violations.finish()?;
    Ok(BatchGetPosts {
        ids,
        trash: trash(request.show_deleted),
        mask,
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

pub(crate) fn list(
    request: &pb::ListPostsRequest,
    lists: &Lists,
) -> Result<(ListPosts, Walk), ValidationError> {
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
            .map(|order| list::ordered("ListPosts", order)),
        |place| order.as_ref().is_some_and(|order| order.fits(place)),
        parse_posts,
        &mut violations,
    );
    let mask = read_mask::of_posts(request.read_mask.as_ref(), &mut violations);
    violations.finish_with((|| {
        let part = part?;
        let query = ListPosts {
            filter: PostFilter {
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

pub(crate) fn listed(walk: &Walk, answer: PostList) -> pb::ListPostsResponse {
    pb::ListPostsResponse {
        posts: answer.page.items.into_iter().map(Into::into).collect(),
        next_page_token: walk.next_page_token(answer.page.next),
        total_size: answer.total.map(list::size),
    }
}

pub(crate) fn search(
    request: &pb::SearchPostsRequest,
    lists: &Lists,
) -> Result<(SearchPosts, Walk), ValidationError> {
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
            .map(|query| List::of("SearchPosts").with("query", query.as_str())),
        list::is_rank,
        parse_posts,
        &mut violations,
    );
    let mask = read_mask::of_posts(request.read_mask.as_ref(), &mut violations);
    violations.finish_with((|| {
        let part = part?;
        let query = SearchPosts {
            query: query?,
            filter: PostFilter {
                trash: trash(request.show_deleted),
                meets: part.meets,
            },
            page: part.page,
            mask,
        };
        Some((query, part.walk))
    })())
}

pub(crate) fn found(walk: &Walk, answer: Page<FoundPost>) -> pb::SearchPostsResponse {
    pb::SearchPostsResponse {
        results: answer.items.into_iter().map(Into::into).collect(),
        next_page_token: walk.next_page_token(answer.next),
    }
}

pub(crate) fn count(
    request: &pb::CountPostsRequest,
    lists: &Lists,
) -> Result<CountPosts, ValidationError> {
    let mut violations = Violations::new();
    let meets = violations.check("filter", parse_posts(&request.filter, lists.now()));
    let group = violations.check("group_by", group_by(&request.group_by, GROUPS));
    violations.finish_with((|| {
        Some(CountPosts {
            filter: PostFilter {
                trash: trash(request.show_deleted),
                meets: meets?,
            },
            group: group?,
        })
    })())
}

pub(crate) fn counted(counts: Counts) -> pb::CountPostsResponse {
    pb::CountPostsResponse {
        count: list::size(counts.total),
        groups: counts.groups.into_iter().map(Into::into).collect(),
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

pub(crate) fn publish(request: pb::PublishPostRequest) -> Result<SetPublished, ValidationError> {
    set_published(&request.id, request.etag, true)
}

pub(crate) fn unpublish(
    request: pb::UnpublishPostRequest,
) -> Result<SetPublished, ValidationError> {
    set_published(&request.id, request.etag, false)
}

fn set_published(id: &str, etag: String, published: bool) -> Result<SetPublished, ValidationError> {
    let (id, etag) = id_and_etag(id, etag, PostId::parse)?;
    Ok(SetPublished {
        id,
        etag,
        published,
    })
}

pub(crate) fn delete(request: pb::DeletePostRequest) -> Result<DeletePost, ValidationError> {
    let (id, etag) = id_and_etag(&request.id, request.etag, PostId::parse)?;
    Ok(DeletePost { id, etag })
}

pub(crate) fn undelete(request: pb::UndeletePostRequest) -> Result<UndeletePost, ValidationError> {
    let (id, etag) = id_and_etag(&request.id, request.etag, PostId::parse)?;
    Ok(UndeletePost { id, etag })
}

pub(crate) fn transfer(
    request: &pb::TransferPostsRequest,
    lists: &Lists,
) -> Result<TransferPosts, ValidationError> {
    let mut violations = Violations::new();
    let from = violations.check("from_author_id", UserId::parse(&request.from_author_id));
    let to = violations.check("to_author_id", UserId::parse(&request.to_author_id));
    if from.is_some() && from == to {
        let message = "must be another author than from_author_id";
        violations.push(Invalid::new(Reason::Malformed, message).at("to_author_id"));
    }
    let meets = violations.check("filter", parse_posts(&request.filter, lists.now()));
    violations.finish_with((|| {
        Some(TransferPosts {
            from: from?,
            to: to?,
            meets: meets?,
        })
    })())
}

pub(crate) fn transferred(count: u64) -> pb::TransferPostsResponse {
    pb::TransferPostsResponse {
        transferred_count: list::size(count),
    }
}

pub(crate) fn purge(request: pb::PurgePostRequest) -> Result<PurgePost, ValidationError> {
    let (id, etag) = id_and_etag(&request.id, request.etag, PostId::parse)?;
    Ok(PurgePost { id, etag })
}
