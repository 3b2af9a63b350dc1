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
