-- Accounts. Text is compared and ordered by code point (collation "C"), so that
-- neither the locale of a database nor an upgrade of its libraries reorders an index.
create extension if not exists pg_trgm;

create table users (
    id uuid not null,
    email text not null,
    name text,
    role text not null,
    is_active boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz,
    deleted_at timestamptz,
    version bigint not null,
    constraint users_pkey primary key (id),
    constraint users_email_check check (char_length(email) between 1 and 256),
    constraint users_name_check check (char_length(name) between 1 and 100),
    constraint users_role_check check (char_length(role) between 1 and 50),
    constraint users_updated_at_check check (updated_at >= created_at),
    constraint users_deleted_at_check check (deleted_at >= created_at),
    constraint users_version_check check (version >= 1)
);

-- An address is unique among the living, in any letter case; the trash frees it.
create unique index users_email_key on users (lower(email) collate "C") where deleted_at is null;

-- One index for each order of a list, for the living and for the trash apart: a
-- list of the living costs the same however full the trash is, and a row is
-- still in one index for each order.
create index users_living_created_at_idx on users (created_at, id) where deleted_at is null;
create index users_living_updated_at_idx on users (coalesce(updated_at, '-infinity'), id) where deleted_at is null;
create index users_living_email_idx on users (lower(email) collate "C", id) where deleted_at is null;
create index users_trash_created_at_idx on users (created_at, id) where deleted_at is not null;
create index users_trash_updated_at_idx on users (coalesce(updated_at, '-infinity'), id) where deleted_at is not null;
create index users_trash_email_idx on users (lower(email) collate "C", id) where deleted_at is not null;

-- Searches: anywhere in a text from three characters on, at its beginning below. Without
-- fastupdate, since a long list of pending entries makes a search read the whole table.
create index users_search_idx on users using gin (lower(email) gin_trgm_ops, lower(name) gin_trgm_ops)
    with (fastupdate = off);
create index users_name_idx on users (lower(name) collate "C");
