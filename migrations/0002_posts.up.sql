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
    constraint posts_pkey primary key (id),
    constraint posts_author_id_fkey foreign key (author_id) references users (id) on delete cascade,
    constraint posts_title_check check (char_length(title) between 1 and 200),
    constraint posts_content_check check (octet_length(content) <= 1048576),
    constraint posts_updated_at_check check (updated_at >= created_at),
    constraint posts_deleted_at_check check (deleted_at >= created_at),
    constraint posts_version_check check (version >= 1)
);

-- Serves the foreign key, so that purging a user looks at that user's posts only.
create index posts_author_id_idx on posts (author_id, created_at, id);

-- One index for each order of a list, for the living and for the trash apart, as
-- with users.
create index posts_living_created_at_idx on posts (created_at, id) where deleted_at is null;
create index posts_living_updated_at_idx on posts (coalesce(updated_at, '-infinity'), id) where deleted_at is null;
create index posts_living_title_idx on posts (title collate "C", id) where deleted_at is null;
create index posts_trash_created_at_idx on posts (created_at, id) where deleted_at is not null;
create index posts_trash_updated_at_idx on posts (coalesce(updated_at, '-infinity'), id) where deleted_at is not null;
create index posts_trash_title_idx on posts (title collate "C", id) where deleted_at is not null;
