// UserService: reads users.

import { POST_COLUMNS_BUT_CONTENT, USER_COLUMNS, toPost, toUser } from './database.js';
import {
  MAX_PAGE_SIZE, answers, invalid, notFound, pageFrom, pageOf, refuse,
} from './calls.js';

// How many of a user's posts come along with the user.
const MAX_POSTS = 100;

// Fewer characters are looked for at the beginning only.
const MIN_PART = 3;

const FIELDS = new Set([
  'id', 'email', 'name', 'role', 'is_active', 'created_at', 'updated_at', 'deleted_at',
  'purge_at', 'etag',
]);

export function userService(pool) {
  return {
    GetUser: answers(async (request) => {
      refuse(request, 'email', 'show_deleted');
      const paths = request.read_mask?.paths ?? [];
      if (paths.some((path) => !FIELDS.has(path) && path !== '*' && path !== 'posts')) {
        throw invalid('read_mask names what is not read here');
      }
      const users = await pool.query({
        name: 'get_user',
        text: `select ${USER_COLUMNS} from users where id = $1 and deleted_at is null`,
        values: [request.id],
      });
      if (users.rows.length === 0) throw notFound('user', request.id);
      const user = masked(toUser(users.rows[0]), paths);
      if (paths.includes('posts')) {
        const posts = await pool.query({
          name: 'posts_of_user',
          text: `select ${POST_COLUMNS_BUT_CONTENT} from posts
            where author_id = $1 and deleted_at is null
            order by created_at desc, id desc limit ${MAX_POSTS}`,
          values: [request.id],
        });
        user.posts = posts.rows.map(toPost);
      }
      return { user };
    }),

    BatchGetUsers: answers(async (request) => {
      refuse(request, 'emails', 'show_deleted', 'read_mask');
      const ids = request.ids.map((id) => id.toLowerCase());
      if (ids.length < 1 || ids.length > MAX_PAGE_SIZE) {
        throw invalid(`ids must be 1 to ${MAX_PAGE_SIZE}`);
      }
      const { rows } = await pool.query({
        name: 'batch_get_users',
        text: `select ${USER_COLUMNS} from users
          where id = any($1::uuid[]) and deleted_at is null`,
        values: [ids],
      });
      const users = new Map(rows.map((row) => [row.id, toUser(row)]));
      return {
        users: ids.filter((id) => users.has(id)).map((id) => users.get(id)),
        missing_ids: ids.filter((id) => !users.has(id)),
      };
    }),

    ListUsers: answers(async (request) => {
      refuse(request, 'order_by', 'filter', 'show_deleted', 'read_mask');
      refuseTotal(request);
      const page = pageOf(request);
      const { rows } = await pool.query({
        name: 'list_users',
        text: `select ${USER_COLUMNS} from users where deleted_at is null
          order by created_at desc, id desc limit $1 offset $2`,
        values: [page.limit + 1, page.offset],
      });
      const { rows: users, next_page_token } = pageFrom(rows, page);
      return { users: users.map(toUser), next_page_token };
    }),

    SearchUsers: answers(async (request) => {
      refuse(request, 'filter', 'show_deleted', 'read_mask');
      if (!request.query) throw invalid('query is required');
      const page = pageOf(request);
      const query = request.query.toLowerCase();
      const { rows } = await pool.query({
        name: 'search_users',
        // As the index over the trigrams of the lower case can tell.
        text: `select ${USER_COLUMNS} from users
          where (lower(email) like $1 or lower(name) like $1) and deleted_at is null
          order by greatest(similarity(lower(email), $2), similarity(lower(name), $2)) desc,
            id desc
          limit $3 offset $4`,
        values: [toPattern(query), query, page.limit + 1, page.offset],
      });
      const { rows: users, next_page_token } = pageFrom(rows, page);
      return { users: users.map(toUser), next_page_token };
    }),
  };
}

/** Refuses to count what is listed. */
export function refuseTotal({ total }) {
  if (total !== 'TOTAL_MODE_UNSPECIFIED') throw invalid('total is not heeded here');
}

/** The fields that a mask names; the id always comes. */
function masked(user, paths) {
  if (paths.length === 0 || paths.includes('*')) return user;
  return Object.fromEntries(
    Object.entries(user).filter(([field]) => field === 'id' || paths.includes(field)),
  );
}

function toPattern(query) {
  const escaped = query.replace(/[\\%_]/g, '\\$&');
  return [...query].length < MIN_PART ? `${escaped}%` : `%${escaped}%`;
}
