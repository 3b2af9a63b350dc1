-- What was answered to requests with an id, so that a retry is answered the same.
create table request_records (
    id uuid not null,
    method text not null,
    digest bytea not null,
    -- Absent only inside the transaction that makes the change.
    response bytea,
    created_at timestamptz not null,
    constraint request_records_pkey primary key (id),
    constraint request_records_digest_check check (octet_length(digest) = 32)
);

-- The oldest are swept first.
create index request_records_created_at_idx on request_records (created_at);

-- From when on the sweeper may remove what is in the trash; absent outside it. What is in
-- the trash without it, since a program older than this put it there, is kept.
alter table users add column purge_at timestamptz;
alter table posts add column purge_at timestamptz;

-- Whether the post went into the trash along with its author, and comes back so.
alter table posts add column deleted_with_author boolean not null default false;

-- Nothing vanishes sooner than a retention from now.
update users set purge_at = now() + interval '30 days' where deleted_at is not null;
update posts set purge_at = now() + interval '30 days' where deleted_at is not null;

alter table users add constraint users_purge_at_check check (purge_at >= deleted_at);
alter table posts add constraint posts_purge_at_check check (purge_at >= deleted_at);

create index users_trash_purge_at_idx on users (purge_at, id) where deleted_at is not null;
create index posts_trash_purge_at_idx on posts (purge_at, id) where deleted_at is not null;
