// What the methods have in common: refusals, answers and pages.

import grpc from '@grpc/grpc-js';

const { status } = grpc;

const DEFAULT_PAGE_SIZE = 50;
export const MAX_PAGE_SIZE = 1000;

// What PostgreSQL's refusals mean, by their SQLSTATEs.
const REFUSALS = {
  '22P02': [status.INVALID_ARGUMENT, 'an id is not a UUID'],
  23503: [status.NOT_FOUND, 'there is no such author'],
  23505: [status.ALREADY_EXISTS, 'there is one with this id or e-mail already'],
  23514: [status.INVALID_ARGUMENT, 'a field is empty, too long or out of order'],
};

export function refusal(code, details) {
  return Object.assign(new Error(details), { code, details });
}

export function invalid(details) {
  return refusal(status.INVALID_ARGUMENT, details);
}

export function notFound(kind, id) {
  return refusal(status.NOT_FOUND, `${kind} ${id} was not found`);
}

/** An error as a status of gRPC. */
export function toStatus(error) {
  if (error.details !== undefined && typeof error.code === 'number') return error;
  const known = REFUSALS[error.code];
  if (known) return refusal(...known);
  console.error(error);
  return refusal(status.INTERNAL, 'internal error');
}

/** Makes a handler of gRPC of a function of what is asked, which answers by a promise. */
export function answers(method) {
  return (call, callback) => {
    method(call.request ?? call).then(
      (answer) => callback(null, answer),
      (error) => callback(toStatus(error)),
    );
  };
}

/** Refuses a request with a field that this server does not know how to heed. */
export function refuse(request, ...fields) {
  for (const field of fields) {
    const value = request[field];
    if (Array.isArray(value) ? value.length > 0 : value) {
      throw invalid(`${field} is not heeded here`);
    }
  }
}

/** How many rows to skip and to read. */
export function pageOf({ page_size: size, page_token: token, skip }) {
  if (size < 0 || skip < 0) throw invalid('page_size and skip must not be negative');
  if (!/^\d*$/.test(token)) throw invalid('page_token is none');
  return {
    offset: Number(token) + skip,
    limit: Math.min(size || DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE),
  };
}

/** The rows of a page, of which one more was read to know whether there is a next one. */
export function pageFrom(rows, { offset, limit }) {
  return rows.length > limit
    ? { rows: rows.slice(0, limit), next_page_token: String(offset + limit) }
    : { rows, next_page_token: '' };
}
