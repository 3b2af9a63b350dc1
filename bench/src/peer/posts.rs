//! Reads and changes of posts.

use std::collections::HashMap;

use byline_grpc::pb;
use chrono::{DateTime, Utc};
use sqlx::query_as;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::rows::{FoundRow, PostRow, post_columns, post_columns_without_content};
use super::{Service, Window, failed, id};
use crate::ids;
use crate::services::post_service_server::PostService;

#[tonic::async_trait]
impl PostService for Service {
    async fn get_post(
        &self,
        request: Request<pb::GetPostRequest>,
    ) -> Result<Response<pb::GetPostResponse>, Status> {
        let row: PostRow = query_as(concat!(
            "select ",
            post_columns!(),
            " from posts where id = $1 and deleted_at is null"
        ))
        .bind(id(&request.into_inner().id)?)
        .fetch_one(&self.pool)
        .await
        .map_err(failed)?;
        Ok(Response::new(pb::GetPostResponse {
            post: Some(row.into()),
        }))
    }

    async fn list_posts(
        &self,
        request: Request<pb::ListPostsRequest>,
    ) -> Result<Response<pb::ListPostsResponse>, Status> {
        let request = request.into_inner();
        let window = Window::of(request.page_size, &request.page_token)?;
        let rows: Vec<PostRow> = query_as(concat!(
            "select ",
            post_columns!(),
            " from posts where author_id = $1 and deleted_at is null \
             order by created_at desc, id desc limit $2 offset $3"
        ))
        .bind(author_in(&request.filter)?)
        .bind(window.limit)
        .bind(window.offset)
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        Ok(Response::new(pb::ListPostsResponse {
            next_page_token: window.next(rows.len()),
            posts: rows.into_iter().map(Into::into).collect(),
            total_size: None,
        }))
    }

    async fn search_posts(
        &self,
        request: Request<pb::SearchPostsRequest>,
    ) -> Result<Response<pb::SearchPostsResponse>, Status> {
        let request = request.into_inner();
        let window = Window::of(request.page_size, &request.page_token)?;
        // A snippet is made of what is on the page alone.
        let rows: Vec<FoundRow> = query_as(concat!(
            "select ",
            post_columns!(),
            ", rank, \
             ts_headline('byline', coalesce(content, title), wanted, \
                 'StartSel=<mark>, StopSel=</mark>') as snippet \
             from (select *, ts_rank(search, wanted) as rank \
                 from posts, websearch_to_tsquery('byline', $1) wanted \
                 where search @@ wanted and deleted_at is null \
                 order by rank desc, id desc limit $2 offset $3) page \
             order by rank desc, id desc"
        ))
        .bind(&request.query)
        .bind(window.limit)
        .bind(window.offset)
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        Ok(Response::new(pb::SearchPostsResponse {
            next_page_token: window.next(rows.len()),
            results: rows.into_iter().map(Into::into).collect(),
        }))
    }

    async fn create_post(
        &self,
        request: Request<pb::CreatePostRequest>,
    ) -> Result<Response<pb::CreatePostResponse>, Status> {
        let post = NewPost::of(request.into_inner())?;
        // The foreign key knows whether there is such an author.
        let row: PostRow = query_as(concat!(
            "insert into posts (id, title, content, published_at, author_id, created_at, version) \
             values ($1, $2, $3, $4, $5, $6, 1) returning ",
            post_columns!()
        ))
        .bind(post.id)
        .bind(post.title)
        .bind(post.content)
        .bind(post.published_at)
        .bind(post.author_id)
        .bind(post.created_at)
        .fetch_one(&self.pool)
        .await
        .map_err(failed)?;
        Ok(Response::new(pb::CreatePostResponse {
            post: Some(row.into()),
        }))
    }

    async fn update_post(
        &self,
        request: Request<pb::UpdatePostRequest>,
    ) -> Result<Response<pb::UpdatePostResponse>, Status> {
        let request = request.into_inner();
        let post = request.post.unwrap_or_default();
        let paths = request.update_mask.unwrap_or_default().paths;
        let names = |path| paths.iter().any(|it| it == path);
        let row: PostRow = query_as(concat!(
            "update posts set title = case when $2 then $3 else title end, \
             content = case when $4 then $5 else content end, \
             published_at = case when not $6 then published_at when $7 \
                 then coalesce(published_at, now()) end, \
             updated_at = now(), version = version + 1 \
             where id = $1 and deleted_at is null returning ",
            post_columns!()
        ))
        .bind(id(&post.id)?)
        .bind(names("title"))
        .bind(&post.title)
        .bind(names("content"))
        .bind(&post.content)
        .bind(names("published"))
        .bind(post.published.unwrap_or_default())
        .fetch_one(&self.pool)
        .await
        .map_err(failed)?;
        Ok(Response::new(pb::UpdatePostResponse {
            post: Some(row.into()),
        }))
    }

    async fn batch_create_posts(
        &self,
        request: Request<pb::BatchCreatePostsRequest>,
    ) -> Result<Response<pb::BatchCreatePostsResponse>, Status> {
        let requests = request.into_inner().requests;
        let mut columns = Columns::default();
        for request in requests {
            columns.push(NewPost::of(request)?);
        }
        let rows: Vec<PostRow> = query_as(concat!(
            "insert into posts (id, title, content, published_at, author_id, created_at, version) \
             select *, 1 from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], \
                 $5::uuid[], $6::timestamptz[]) \
             returning ",
            post_columns_without_content!()
        ))
        .bind(&columns.ids)
        .bind(&columns.titles)
        .bind(&columns.contents)
        .bind(&columns.published_at)
        .bind(&columns.author_ids)
        .bind(&columns.created_at)
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        let made = rows.into_iter().map(|row| (row.id, pb::Post::from(row)));
        let mut made: HashMap<_, _> = made.collect();
        let results = columns.ids.iter().map(|id| pb::PostResult {
            result: made.remove(id).map(pb::post_result::Result::Post),
        });
        Ok(Response::new(pb::BatchCreatePostsResponse {
            results: results.collect(),
        }))
    }
}

/// A post that is to be made.
struct NewPost {
    id: Uuid,
    title: String,
    content: Option<String>,
    published_at: Option<DateTime<Utc>>,
    author_id: Uuid,
    created_at: DateTime<Utc>,
}

impl NewPost {
    fn of(request: pb::CreatePostRequest) -> Result<Self, Status> {
        let post = request.post.unwrap_or_default();
        let now = DateTime::from(std::time::SystemTime::now());
        Ok(Self {
            id: match &*post.id {
                "" => ids::new(),
                given => id(given)?,
            },
            title: post.title,
            content: post.content,
            published_at: post.published.unwrap_or_default().then_some(now),
            author_id: id(&post.author_id)?,
            created_at: now,
        })
    }
}

/// Posts that are to be made, by column.
#[derive(Default)]
struct Columns {
    ids: Vec<Uuid>,
    titles: Vec<String>,
    contents: Vec<Option<String>>,
    published_at: Vec<Option<DateTime<Utc>>>,
    author_ids: Vec<Uuid>,
    created_at: Vec<DateTime<Utc>>,
}

impl Columns {
    fn push(&mut self, post: NewPost) {
        self.ids.push(post.id);
        self.titles.push(post.title);
        self.contents.push(post.content);
        self.published_at.push(post.published_at);
        self.author_ids.push(post.author_id);
        self.created_at.push(post.created_at);
    }
}

/// The one filter that is known.
fn author_in(filter: &str) -> Result<Uuid, Status> {
    let author = filter.strip_prefix("author_id = \"");
    let author = author.and_then(|rest| rest.strip_suffix('"'));
    id(author.ok_or_else(|| Status::invalid_argument("only author_id = \"…\" is known"))?)
}
