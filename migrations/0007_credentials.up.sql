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
