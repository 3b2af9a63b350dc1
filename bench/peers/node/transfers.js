// TransferService: takes in and gives out any number of rows.

import { once } from 'node:events';

import Cursor from 'pg-cursor';
import { v7 as uuid } from 'uuid';

import { POST_COLUMNS, USER_COLUMNS, toPost, toText, toUser, transaction } from './database.js';
import { answers, invalid, refuse, toStatus } from './calls.js';

// How many rows are written, read and sent at once.
const ROWS = 1000;

// How many bytes of contents go into a message of at most 4 MiB; one has at most 1 MiB.
const MESSAGE_BYTES = 2 * 1024 * 1024;

const TIMES = [
  ['created_at', 'timestamptz', (row) => toText(row.created_at) ?? new Date()],
  ['updated_at', 'timestamptz', (row) => toText(row.updated_at)],
  ['deleted_at', 'timestamptz', (row) => toText(row.deleted_at)],
  ['purge_at', 'timestamptz', (row) => toText(row.purge_at)],
  ['version', 'bigint', () => 1],
];

const USERS = {
  name: 'users',
  columns: [
    ['id', 'uuid', (user) => user.id || uuid()],
    ['email', 'text', (user) => user.email],
    ['name', 'text', (user) => user.name ?? null],
    ['role', 'text', (user) => user.role || 'user'],
    ['is_active', 'boolean', (user) => user.is_active ?? true],
    ...TIMES,
  ],
};

const POSTS = {
  name: 'posts',
  columns: [
    ['id', 'uuid', (post) => post.id || uuid()],
    ['title', 'text', (post) => post.title],
    ['content', 'text', (post) => post.content ?? null],
    ['published_at', 'timestamptz', publishedAt],
    ['author_id', 'uuid', (post) => post.author_id],
    ...TIMES,
  ],
};

export function transferService(pool) {
  return {
    ImportUsers: answers((call) => importRows(pool, USERS, call)),
    ImportPosts: answers((call) => importRows(pool, POSTS, call)),

    ExportUsers: exports(pool, (request) => ({
      text: `select ${USER_COLUMNS} from users ${where(request)}`,
      toMessages: (rows) => [{ users: rows.map(toUser) }],
    })),
    ExportPosts: exports(pool, (request) => ({
      text: `select ${POST_COLUMNS} from posts ${where(request)}`,
      toMessages: (rows) => bySize(rows).map((part) => ({ posts: part.map(toPost) })),
    })),
  };
}

/** Inserts what comes, all or nothing. */
async function importRows(pool, { name, columns }, call) {
  const names = columns.map(([column]) => column).join(', ');
  const arrays = columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ');
  const insert = (client, rows) => client.query({
    name: `import_${name}`,
    text: `insert into ${name} (${names}) select * from unnest(${arrays})`,
    values: columns.map(([, , value]) => rows.map(value)),
  });
  return transaction(pool, async (client) => {
    let count = 0;
    let rows = [];
    for await (const message of call) {
      checkSettings(message.settings);
      rows.push(...message[name]);
      while (rows.length >= ROWS) {
        await insert(client, rows.slice(0, ROWS));
        count += ROWS;
        rows = rows.slice(ROWS);
      }
    }
    if (rows.length > 0) await insert(client, rows);
    count += rows.length;
    return { report: { applied: true, row_count: count, created_count: count } };
  });
}

/** Refuses all settings but the defaults; a request with an id is not kept by it, though. */
function checkSettings(settings) {
  if (!settings) return;
  const { on_conflict: onConflict, atomicity, validate_only: validateOnly } = settings;
  const isDefault = ['ON_CONFLICT_UNSPECIFIED', 'ON_CONFLICT_FAIL'].includes(onConflict)
    && atomicity !== 'ATOMICITY_EACH' && !validateOnly;
  if (!isDefault) throw invalid('an import can only be all or nothing here, of rows that are new');
}

/** Makes a handler that streams what a statement finds, as fast as it is taken. */
function exports(pool, statement) {
  return async (call) => {
    let client;
    try {
      refuse(call.request, 'filter', 'order_by', 'read_mask');
      const { text, toMessages } = statement(call.request);
      client = await pool.connect();
      const cursor = client.query(new Cursor(text));
      try {
        let rows;
        while (!call.cancelled && (rows = await cursor.read(ROWS)).length > 0) {
          for (const message of toMessages(rows)) {
            if (!call.write(message) && !call.cancelled) await drained(call);
          }
        }
      } finally {
        await cursor.close();
      }
      call.end();
    } catch (error) {
      call.emit('error', toStatus(error));
    } finally {
      client?.release();
    }
  };
}

/** Waits until the caller took what was written, or went away. */
async function drained(call) {
  const done = new AbortController();
  const { signal } = done;
  try {
    await Promise.race([once(call, 'drain', { signal }), once(call, 'cancelled', { signal })]);
  } finally {
    done.abort();
  }
}

function where({ show_deleted: showDeleted }) {
  return showDeleted ? '' : 'where deleted_at is null';
}

function publishedAt(post) {
  if (!post.published) return null;
  return toText(post.published_at ?? post.created_at) ?? new Date();
}

/** Parts that each fit into a message. */
function bySize(posts) {
  const parts = [];
  let size = Infinity;
  for (const post of posts) {
    const more = Buffer.byteLength(post.title) + Buffer.byteLength(post.content ?? '');
    if (size + more > MESSAGE_BYTES) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1).push(post);
    size += more;
  }
  return parts;
}
