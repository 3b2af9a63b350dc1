-- The schema at head, to read: all migrations folded into one. Not a migration
-- itself; a test compares it with what the migrations make.
create extension pg_trgm;

-- The language of searches: `byline search-language` gives it another one's rules.
-- check: allow(text search configuration byline) each database has a language of its own
create text search configuration byline (copy = simple);

-- What the parser of text searches would chain to one word, such as a path, a host or a
-- tag, is words to people; it also takes the square of its length in time. Every
-- character becomes one, so that a place in the one text is a place in the other.
create function byline_words(text) returns text language sql immutable strict parallel safe
    return regexp_replace($1, '[-_/.@<>&:#~+%=?;]', ' ', 'g');

-- Accounts. Text is compared and ordered by code point (collation "C"), so that
-- neither the locale of a database nor an upgrade of its libraries reorders an index.
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
    -- From when on the sweeper may remove it; absent outside the trash.
    purge_at timestamptz,
    constraint users_pkey primary key (id),
    constraint users_email_check check (char_length(email) between 1 and 256),
    constraint users_name_check check (char_length(name) between 1 and 100),
    constraint users_role_check check (char_length(role) between 1 and 50),
    constraint users_updated_at_check check (updated_at >= created_at),
    constraint users_deleted_at_check check (deleted_at >= created_at),
    constraint users_version_check check (version >= 1),
    constraint users_purge_at_check check (purge_at >= deleted_at)
);

-- An address is unique among the living, in any letter case; the trash frees it.
create unique index users_email_key on users (lower(email) collate "C") where deleted_at is null;

-- One index for each order of a list, for the living and for the trash apart.
create index users_living_created_at_idx on users (created_at, id) where deleted_at is null;
create index users_living_updated_at_idx on users (coalesce(updated_at, '-infinity'), id) where deleted_at is null;
create index users_living_email_idx on users (lower(email) collate "C", id) where deleted_at is null;
create index users_trash_created_at_idx on users (created_at, id) where deleted_at is not null;
create index users_trash_updated_at_idx on users (coalesce(updated_at, '-infinity'), id) where deleted_at is not null;
create index users_trash_email_idx on users (lower(email) collate "C", id) where deleted_at is not null;

-- Searches: anywhere in a text from three characters on, at its beginning below. What is
-- written waits in a list, and goes into the index many rows at once, which takes a fraction
-- of the time: by the write that finds more in the list than its connection is to leave there,
-- which pays for it (gin_pending_list_limit). Few, since each search reads the whole list.
create index users_search_idx on users using gin (lower(email) gin_trgm_ops, lower(name) gin_trgm_ops);
create index users_name_idx on users (lower(name) collate "C");

-- The newest users of a role, few as they may be.
create index users_living_role_idx on users (role collate "C", created_at, id) where deleted_at is null;

-- What of the trash is due.
create index users_trash_purge_at_idx on users (purge_at, id) where deleted_at is not null;

-- What users author.
create table posts (
    id uuid not null,
    title text not null,
    content text,
    published_at timestamptz,
    author_id uuid not null,
    created_at timestamptz not null,
    updated_at timestamptz,
    deleted_at timestamptz,
    version bigint not null,
    -- A word in the title weighs more than one in the content. Of a content its first
    -- 50,000 characters are searched, since a tsvector has a limit of its own.
    search tsvector not null generated always as (
        setweight(to_tsvector('byline', byline_words(title)), 'A')
        || setweight(to_tsvector('byline', byline_words(left(coalesce(content, ''), 50000))), 'B')
    ) stored,
    -- From when on the sweeper may remove it; absent outside the trash.
    purge_at timestamptz,
    -- Whether it went into the trash along with its author, and comes back so.
    deleted_with_author boolean not null default false,
    constraint posts_pkey primary key (id),
    constraint posts_author_id_fkey foreign key (author_id) references users (id) on delete cascade,
    constraint posts_title_check check (char_length(title) between 1 and 200),
    constraint posts_content_check check (octet_length(content) <= 1048576),
    constraint posts_updated_at_check check (updated_at >= created_at),
    constraint posts_deleted_at_check check (deleted_at >= created_at),
    constraint posts_version_check check (version >= 1),
    constraint posts_purge_at_check check (purge_at >= deleted_at)
);

-- Serves the foreign key, so that purging a user looks at that user's posts only.
create index posts_author_id_idx on posts (author_id, created_at, id);

-- One index for each order of a list, for the living and for the trash apart.
create index posts_living_created_at_idx on posts (created_at, id) where deleted_at is null;
create index posts_living_updated_at_idx on posts (coalesce(updated_at, '-infinity'), id) where deleted_at is null;
create index posts_living_title_idx on posts (title collate "C", id) where deleted_at is null;
create index posts_trash_created_at_idx on posts (created_at, id) where deleted_at is not null;
create index posts_trash_updated_at_idx on posts (coalesce(updated_at, '-infinity'), id) where deleted_at is not null;
create index posts_trash_title_idx on posts (title collate "C", id) where deleted_at is not null;

-- What was published last; what is not published comes after all of it.
create index posts_living_published_at_idx on posts (coalesce(published_at, '-infinity'), id)
    where deleted_at is null;
create index posts_trash_published_at_idx on posts (coalesce(published_at, '-infinity'), id)
    where deleted_at is not null;

-- The newest posts of an author, and whether there are any, whatever the trash holds.
create index posts_living_author_id_idx on posts (author_id, created_at, id) where deleted_at is null;

-- What of the trash is due.
create index posts_trash_purge_at_idx on posts (purge_at, id) where deleted_at is not null;

create index posts_search_idx on posts using gin (search);

-- A sample of 30,000 rows, the default, says too little of a million: a part of a name that
-- one in a hundred has was expected to find too few, and an author to have too many posts.
alter index users_search_idx alter column 1 set statistics 1000;
alter index users_search_idx alter column 2 set statistics 1000;
alter table posts alter column author_id set statistics 1000;

-- What PostgreSQL counts of a partial index it does not use for a guess: without these it
-- takes every third row to be later than any time, and reads a whole list for the few that
-- were changed since.
create statistics users_updated_at_stat on (coalesce(updated_at, '-infinity')) from users;
create statistics users_deleted_at_stat on (coalesce(deleted_at, '-infinity')) from users;
create statistics posts_updated_at_stat on (coalesce(updated_at, '-infinity')) from posts;
create statistics posts_deleted_at_stat on (coalesce(deleted_at, '-infinity')) from posts;
create statistics posts_published_at_stat on (coalesce(published_at, '-infinity')) from posts;

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

-- The keys by which callers prove who they are. Of a secret its SHA-256 alone is kept.
create table api_keys (
    id text not null,
    secret_hash bytea not null,
    name text not null,
    scopes text[] not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    constraint api_keys_pkey primary key (id),
    constraint api_keys_id_check check (id ~ '^[0-9a-f]{16}$'),
    constraint api_keys_secret_hash_check check (octet_length(secret_hash) = 32),
    constraint api_keys_name_check check (char_length(name) between 1 and 256)
);

-- What is kept of the passwords of users: a table of its own, so that no statement about users
-- reads it by accident.
create table credentials (
    user_id uuid not null,
    -- A PHC string, or what another program wrote.
    hash text not null,
    -- The version of the pepper that the hash was made with; absent where it was made without.
    pepper_version integer,
    -- Whether another program made the hash: of what was typed, byte for byte.
    is_imported boolean not null,
    -- When the password was set or imported. To hash it anew changes nothing of that.
    set_at timestamptz not null,
    constraint credentials_pkey primary key (user_id),
    constraint credentials_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint credentials_hash_check check (octet_length(hash) between 1 and 512),
    constraint credentials_pepper_version_check check (pepper_version between 1 and 65535),
    constraint credentials_is_imported_check check (not (is_imported and pepper_version is not null))
);

-- The failures of accounts and of callers, by which guessing is slowed down. A key is the
-- SHA-256 of whose they are: an address of nobody may be a secret that was typed into the wrong field.
create table throttles (
    key bytea not null,
    failures integer not null,
    -- Until when no attempt is let through.
    waits_until timestamptz not null,
    forgotten_at timestamptz not null,
    -- Whether the last attempt was let through: what the statement that counts it answers.
    is_let_through boolean not null,
    constraint throttles_pkey primary key (key),
    constraint throttles_key_check check (octet_length(key) = 32),
    constraint throttles_failures_check check (failures >= 0)
);

-- Those forgotten for longest are swept first.
create index throttles_forgotten_at_idx on throttles (forgotten_at);

-- Who did what to which id. No foreign keys: an event outlives what it is about.
create table audit_events (
    id uuid not null,
    occurred_at timestamptz not null,
    caller text not null,
    -- Absent where no call did it.
    peer text,
    request_id text,
    method text not null,
    action text not null,
    -- What `resource_id` is the id of.
    resource_kind text not null,
    resource_id uuid not null,
    -- The names of the fields that were changed, and never their values.
    fields text[] not null,
    -- How many posts of a user it was done to, where an event is about these.
    count bigint,
    -- In the order in which events are listed, so that they need no index more.
    constraint audit_events_pkey primary key (occurred_at, id),
    -- What cannot be read, or does not fit into an index, would be in the way of all others.
    constraint audit_events_occurred_at_check check (isfinite(occurred_at)),
    constraint audit_events_caller_check check (char_length(caller) between 1 and 300),
    constraint audit_events_peer_check check (char_length(peer) <= 100),
    constraint audit_events_request_id_check check (char_length(request_id) <= 300),
    constraint audit_events_method_check check (char_length(method) <= 100),
    constraint audit_events_action_check check (char_length(action) <= 100),
    constraint audit_events_resource_kind_check check (char_length(resource_kind) <= 100),
    constraint audit_events_fields_check check (array_position(fields, null) is null),
    constraint audit_events_count_check check (count >= 0)
);

create index audit_events_resource_id_idx on audit_events (resource_id, occurred_at, id);
create index audit_events_caller_idx on audit_events (caller collate "C", occurred_at, id);
create index audit_events_request_id_idx
    on audit_events (request_id collate "C", occurred_at, id) where request_id is not null;

-- Nobody changes an event, or removes one of the last 30 days, whatever they are granted.
create function audit_events_are_kept() returns trigger language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'DELETE' then
        if old.occurred_at < now() - interval '30 days' then
            return old;
        end if;
    end if;
    raise insufficient_privilege using message = 'audit events are neither changed nor removed';
end
$$;

create trigger audit_events_are_kept before update or delete on audit_events
    for each row execute function audit_events_are_kept();
create trigger audit_events_are_not_truncated before truncate on audit_events
    for each statement execute function audit_events_are_kept();

-- Nobody but the owner adds an event of another time, which would stand before all others for
-- ever, or be gone at once. An hour is for clocks that differ.
create function audit_events_are_of_now() returns trigger language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    owner oid;
begin
    select relowner into owner from pg_class where oid = tg_relid;
    if exists (
        select from added
        where occurred_at not between clock_timestamp() - interval '1 hour'
            and clock_timestamp() + interval '1 hour'
    ) and not pg_has_role(session_user, owner, 'usage') then
        raise insufficient_privilege using message = 'audit events are of now';
    end if;
    return null;
end
$$;

create trigger audit_events_are_of_now after insert on audit_events
    referencing new table as added
    for each statement execute function audit_events_are_of_now();

-- What one call made: an event for each, which differ in nothing but `resource_ids`. That of
-- the n-th has the id of the row with n in its last 16 bits, which are 0 in that of the row.
create table audit_batches (
    id uuid not null,
    occurred_at timestamptz not null,
    caller text not null,
    -- Absent where no call did it.
    peer text,
    request_id text,
    method text not null,
    action text not null,
    -- What `resource_ids` are the ids of.
    resource_kind text not null,
    resource_ids uuid[] not null,
    -- The names of the fields that were changed, and never their values.
    fields text[] not null,
    -- In the order in which events are listed, so that they need no index more.
    constraint audit_batches_pkey primary key (occurred_at, id),
    -- What cannot be read, or does not fit into an index, would be in the way of all others.
    constraint audit_batches_id_check check (right(id::text, 4) = '0000'),
    constraint audit_batches_occurred_at_check check (isfinite(occurred_at)),
    constraint audit_batches_caller_check check (char_length(caller) between 1 and 300),
    constraint audit_batches_peer_check check (char_length(peer) <= 100),
    constraint audit_batches_request_id_check check (char_length(request_id) <= 300),
    constraint audit_batches_method_check check (char_length(method) <= 100),
    constraint audit_batches_action_check check (char_length(action) <= 100),
    constraint audit_batches_resource_kind_check check (char_length(resource_kind) <= 100),
    constraint audit_batches_resource_ids_check check (
        cardinality(resource_ids) between 1 and 100 and array_ndims(resource_ids) = 1
        and array_lower(resource_ids, 1) = 1 and array_position(resource_ids, null) is null
    ),
    constraint audit_batches_fields_check check (array_position(fields, null) is null)
);

-- Searched by those who ask about one resource, who are few: more may wait for it than for others.
create index audit_batches_resource_ids_idx on audit_batches using gin (resource_ids)
    with (gin_pending_list_limit = 1024);
create index audit_batches_caller_idx on audit_batches (caller collate "C", occurred_at, id);
create index audit_batches_request_id_idx
    on audit_batches (request_id collate "C", occurred_at, id) where request_id is not null;

create trigger audit_batches_are_kept before update or delete on audit_batches
    for each row execute function audit_events_are_kept();
create trigger audit_batches_are_not_truncated before truncate on audit_batches
    for each statement execute function audit_events_are_kept();
create trigger audit_batches_are_of_now after insert on audit_batches
    referencing new table as added
    for each statement execute function audit_events_are_of_now();

-- Removes at most so many events and so many batches from before that time, 1,000 of either at
-- once, the oldest first, and answers how many events there were in all. As its owner, so that
-- whoever may call it needs no right to remove events; one of the last 30 days stays, whatever is
-- asked for. What its body names is bound when it is made, and is looked up nowhere when it is
-- called.
create function expire_audit_events(before timestamptz, at_most integer) returns bigint
    language sql volatile security definer
    set search_path = pg_catalog, pg_temp
begin atomic
    with expired as (
        delete from audit_events where ctid = any (array(
            select ctid from audit_events
            where occurred_at < least(before, now() - interval '30 days')
            order by occurred_at, id limit greatest(0, least(coalesce(at_most, 0), 1000))))
        returning 1 as events
    ), expired_batches as (
        delete from audit_batches where ctid = any (array(
            select ctid from audit_batches
            where occurred_at < least(before, now() - interval '30 days')
            order by occurred_at, id limit greatest(0, least(coalesce(at_most, 0), 1000))))
        returning cardinality(resource_ids) as events
    )
    select coalesce(sum(events), 0)::bigint
    from (table expired union all table expired_batches) gone;
end;

revoke all on function expire_audit_events(timestamptz, integer) from public;
