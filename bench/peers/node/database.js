// The pool, and rows as messages.

import pg from 'pg';

// A Date holds milliseconds, and what PostgreSQL tells has microseconds.
const { TIMESTAMPTZ } = pg.types.builtins;
const parseDate = pg.types.getTypeParser(TIMESTAMPTZ);
pg.types.setTypeParser(TIMESTAMPTZ, (text) => {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  return {
    seconds: Math.floor(parseDate(text).getTime() / 1000),
    nanos: Number(fraction.padEnd(9, '0')),
  };
});

export function createPool(connectionString, max) {
  const pool = new pg.Pool({ connectionString, max });
  pool.on('error', (error) => console.error(error));
  return pool;
}

/** Runs work in a transaction. */
export async function transaction(pool, work) {
  const client = await pool.connect();
  let failure;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    failure = error;
    await client.query('rollback').catch(() => {});
    throw error;
  } finally {
    // A connection that failed at other things than a statement is not used again.
    client.release(failure !== undefined && !(failure instanceof pg.DatabaseError));
  }
}

/** A time of a message as text, to the microsecond; null if it is absent. */
export function toText(time) {
  if (!time) return null;
  const seconds = new Date(time.seconds * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(time.nanos).padStart(9, '0').slice(0, 6)}Z`;
}

export const USER_COLUMNS =
  'id, email, name, role, is_active, created_at, updated_at, deleted_at, purge_at, version';

const POST_COLUMNS_BUT_CONTENT =
  'id, title, published_at, author_id, created_at, updated_at, deleted_at, purge_at, version';

export const POST_COLUMNS = `content, ${POST_COLUMNS_BUT_CONTENT}`;

export { POST_COLUMNS_BUT_CONTENT };

export function toUser({ version, ...user }) {
  return { ...user, etag: etag(version, user.created_at) };
}

export function toPost({ version, ...post }) {
  return {
    ...post,
    published: post.published_at !== null,
    etag: etag(version, post.created_at),
  };
}

function etag(version, createdAt) {
  return `${version}-${createdAt.seconds}.${createdAt.nanos}`;
}
