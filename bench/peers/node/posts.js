// PostService: reads, makes and changes posts.

import grpc from '@grpc/grpc-js';
import { v7 as uuid } from 'uuid';

import { POST_COLUMNS, POST_COLUMNS_BUT_CONTENT, toPost } from './database.js';
import {
  MAX_PAGE_SIZE, answers, invalid, notFound, pageFrom, pageOf, refusal, refuse,
} from './calls.js';
import { refuseTotal } from './users.js';

// The one filter that is understood.
const AUTHOR_FILTER = /^\s*author_id\s*=\s*"?([0-9a-f-]{36})"?\s*$/i;

// In how much of a content a snippet is looked for.
const LOOKED_THROUGH = 20_000;

// No text holds these, so that what is found can be marked before all is escaped.
const OPEN = '\u0002';
const CLOSE = '\u0003';
const HEADLINE = `MaxFragments=1, MaxWords=40, MinWords=15, StartSel="${OPEN}", StopSel="${CLOSE}"`;

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export function postService(pool) {
  return {
    GetPost: answers(async (request) => {
      refuse(request, 'show_deleted', 'read_mask');
      const { rows } = await pool.query({
        name: 'get_post',
        text: `select ${POST_COLUMNS} from posts where id = $1 and deleted_at is null`,
        values: [request.id],
      });
      if (rows.length === 0) throw notFound('post', request.id);
      return { post: toPost(rows[0]) };
    }),

    ListPosts: answers(async (request) => {
      refuse(request, 'order_by', 'show_deleted', 'read_mask');
      refuseTotal(request);
      const page = pageOf(request);
      const window = [page.limit + 1, page.offset];
      const author = AUTHOR_FILTER.exec(request.filter)?.[1];
      if (request.filter && !author) throw invalid('filter can only be author_id = "UUID" here');
      const { rows } = await pool.query({
        name: author ? 'list_posts_of_author' : 'list_posts',
        text: `select ${POST_COLUMNS} from posts
          where deleted_at is null ${author ? 'and author_id = $3' : ''}
          order by created_at desc, id desc limit $1 offset $2`,
        values: author ? [...window, author] : window,
      });
      const { rows: posts, next_page_token } = pageFrom(rows, page);
      return { posts: posts.map(toPost), next_page_token };
    }),

    SearchPosts: answers(async (request) => {
      refuse(request, 'filter', 'show_deleted', 'read_mask');
      if (!request.query) throw invalid('query is required');
      const page = pageOf(request);
      const { rows } = await pool.query({
        name: 'search_posts',
        // To make a headline takes long, so none is made of what the page leaves out.
        text: `with best as (
            select ${POST_COLUMNS}, ts_rank(search, query) as rank, query
            from posts, websearch_to_tsquery('byline', $1) query
            where search @@ query and deleted_at is null
            order by rank desc, id desc limit $2 offset $3)
          select ${POST_COLUMNS}, rank,
            ts_headline('byline', title, query, '${HEADLINE}') as in_title,
            ts_headline('byline', left(content, ${LOOKED_THROUGH}), query, '${HEADLINE}')
              as in_content
          from best order by rank desc, id desc`,
        values: [request.query, page.limit + 1, page.offset],
      });
      const { rows: found, next_page_token } = pageFrom(rows, page);
      const results = found.map(({ rank, in_title, in_content, ...post }) => ({
        post: toPost(post),
        snippet: snippet(in_title, in_content),
        rank,
      }));
      return { results, next_page_token };
    }),

    CreatePost: answers(async (request) => {
      refuse(request, 'request_id', 'validate_only');
      const { post } = request;
      if (!post) throw invalid('post is required');
      await checkAuthors(pool, [post.author_id]);
      const { rows } = await pool.query({
        name: 'create_post',
        text: `insert into posts
            (id, title, content, published_at, author_id, created_at, version)
          values ($1, $2, $3, case when $4 then now() end, $5, now(), 1)
          returning ${POST_COLUMNS}`,
        values: [
          post.id || uuid(), post.title, post.content, post.published ?? false, post.author_id,
        ],
      });
      return { post: toPost(rows[0]) };
    }),

    UpdatePost: answers(async (request) => {
      refuse(request, 'request_id', 'validate_only');
      const { post } = request;
      if (!post) throw invalid('post is required');
      refuse(post, 'etag');
      const { rows } = await pool.query({
        name: 'update_post',
        // A change that makes no difference keeps the etag.
        text: `update posts set title = $2,
            version = case when title = $2 then version else version + 1 end,
            updated_at = case when title = $2 then updated_at else now() end
          where id = $1 and deleted_at is null
          returning ${POST_COLUMNS}`,
        values: [post.id, titleOf(request)],
      });
      if (rows.length === 0) throw notFound('post', post.id);
      return { post: toPost(rows[0]) };
    }),

    BatchCreatePosts: answers(async (request) => {
      refuse(request, 'request_id', 'validate_only');
      if (request.atomicity === 'ATOMICITY_EACH') {
        throw invalid('atomicity can only be ATOMICITY_ALL here');
      }
      const posts = request.requests.map(({ post }) => post);
      if (posts.length < 1 || posts.length > MAX_PAGE_SIZE) {
        throw invalid(`requests must be 1 to ${MAX_PAGE_SIZE}`);
      }
      if (!posts.every(Boolean)) throw invalid('post is required');
      await checkAuthors(pool, [...new Set(posts.map((post) => post.author_id))]);
      const ids = posts.map((post) => (post.id || uuid()).toLowerCase());
      const { rows } = await pool.query({
        name: 'batch_create_posts',
        text: `insert into posts
            (id, title, content, published_at, author_id, created_at, version)
          select id, title, content, case when published then now() end, author_id, now(), 1
          from unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[], $5::uuid[])
            given (id, title, content, published, author_id)
          returning ${POST_COLUMNS_BUT_CONTENT}`,
        values: [
          ids,
          posts.map((post) => post.title),
          posts.map((post) => post.content ?? null),
          posts.map((post) => post.published ?? false),
          posts.map((post) => post.author_id),
        ],
      });
      // The order of what an insert returns is promised nowhere.
      const made = new Map(rows.map((row) => [row.id, toPost(row)]));
      return { results: ids.map((id) => ({ post: made.get(id) })) };
    }),
  };
}

/** Refuses posts of nobody, and of who is in the trash. */
async function checkAuthors(pool, ids) {
  const { rows } = await pool.query({
    name: 'authors',
    text: 'select id, deleted_at is not null as deleted from users where id = any($1::uuid[])',
    values: [ids],
  });
  const deleted = new Map(rows.map((row) => [row.id, row.deleted]));
  for (const id of ids) {
    const isDeleted = deleted.get(id.toLowerCase());
    if (isDeleted === undefined) throw notFound('user', id);
    if (isDeleted) {
      throw refusal(grpc.status.FAILED_PRECONDITION, `user ${id} is in the trash`);
    }
  }
}

/** The title to set, and nothing else. */
function titleOf({ post, update_mask: mask }) {
  const paths = mask?.paths ?? [];
  const others = post.content !== undefined || post.published !== undefined;
  const isTitle = paths.length === 0 ? !others : paths.length === 1 && paths[0] === 'title';
  if (!isTitle) throw invalid('only the title can be changed here');
  if (!post.title) throw invalid('post.title is required');
  return post.title;
}

/** HTML of the headline of the content, or of the title where the content says nothing. */
function snippet(inTitle, inContent) {
  const headline = inContent?.includes(OPEN) ? inContent : inTitle;
  return headline
    .replace(/[&<>"']/g, (character) => ENTITIES[character])
    .replaceAll(OPEN, '<mark>')
    .replaceAll(CLOSE, '</mark>');
}
