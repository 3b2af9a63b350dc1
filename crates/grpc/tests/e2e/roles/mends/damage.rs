//! What may be wrong with a live database, and the check that tells.

/// One thing that is wrong.
pub(super) struct Damage {
    /// The check that finds it, and none other.
    pub(super) check: &'static str,
    /// Does the damage: statements end with a semicolon, and the rest are commands.
    pub(super) by: &'static [&'static str],
    /// Who looks.
    pub(super) seen: Seen,
    /// Takes away what the damage brought along, such as a schema, and no check minds.
    pub(super) clear: &'static [&'static str],
}

/// Who looks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seen {
    /// The service itself.
    Service,
    /// The owner, for what the service cannot see.
    Owner,
    /// A superuser, for what neither sees.
    Superuser,
}

const fn damage(check: &'static str, by: &'static [&'static str]) -> Damage {
    Damage {
        check,
        by,
        seen: Seen::Service,
        clear: &[],
    }
}

impl Damage {
    const fn seen(mut self, seen: Seen) -> Self {
        self.seen = seen;
        self
    }

    const fn clear(mut self, clear: &'static [&'static str]) -> Self {
        self.clear = clear;
        self
    }
}

const RELOAD: &str = "select pg_reload_conf();";
/// A path of its own, as it was given to mend that, keeps it from all further damage.
const RESET: &str = "alter role byline_service in database byline reset search_path;";

pub(super) const ALL: &[Damage] = &[
    damage(
        "extensions",
        &[
            "drop extension pg_trgm cascade;",
            "create extension pg_trgm version '1.3';",
            "create index users_search_idx on users using gin
                (lower(email) gin_trgm_ops, lower(name) gin_trgm_ops);",
            "alter index users_search_idx alter column 1 set statistics 1000;",
            "alter index users_search_idx alter column 2 set statistics 1000;",
        ],
    ),
    damage("extensions", &["drop extension pg_trgm cascade;"]),
    damage("durability", &["alter system set fsync = off;", RELOAD]),
    damage(
        "durability",
        &["alter system set synchronous_commit = off;", RELOAD],
    ),
    damage(
        "durability",
        &["alter role byline_service set synchronous_commit = off;"],
    ),
    damage(
        "durability",
        &["alter role all set synchronous_commit = off;"],
    ),
    damage("role", &["alter role byline_service createrole;"]),
    damage("role", &["alter role byline_service createdb;"]),
    damage("role", &["alter role byline_service replication;"]),
    damage("role", &["alter role byline_service bypassrls;"]),
    damage("role", &["grant pg_read_all_data to byline_service;"]),
    damage(
        "role",
        &["grant pg_execute_server_program to byline_service;"],
    ),
    damage(
        "role",
        &["alter role byline_service valid until 'yesterday';"],
    ),
    damage(
        "role",
        &["drop owned by byline_service;", "drop role byline_service;"],
    )
    .seen(Seen::Owner),
    damage(
        "settings",
        &["alter role byline_service set default_transaction_read_only = on;"],
    ),
    damage(
        "settings",
        &["alter role byline_service set idle_session_timeout = 60000;"],
    ),
    damage(
        "settings",
        &["alter database byline set default_transaction_isolation = serializable;"],
    ),
    damage(
        "settings",
        &["alter role byline_service in database byline set session_replication_role = replica;"],
    ),
    damage(
        "settings",
        &[
            "alter system set default_transaction_isolation = 'repeatable read';",
            RELOAD,
        ],
    ),
    damage(
        "password",
        &["alter system set password_encryption = 'md5';", RELOAD],
    ),
    damage(
        "password",
        &["alter role byline_service set password_encryption = 'md5';"],
    ),
    damage(
        "password",
        &["set password_encryption = md5; alter role byline_service password 'hunter2';"],
    )
    .seen(Seen::Superuser),
    damage(
        "connections",
        &["alter role byline_service connection limit 5;"],
    ),
    damage(
        "connections",
        &["alter database byline connection limit 5;"],
    ),
    damage("ownership", &["grant byline_owner to byline_service;"]),
    damage(
        "ownership",
        &[
            "create role team;",
            "grant byline_owner to team;",
            "grant team to byline_service;",
            "revoke all on users from byline_service;",
        ],
    )
    .clear(&["drop role team;"]),
    damage(
        "create",
        &["grant create on schema public to byline_service;"],
    ),
    damage(
        "create",
        &["grant create on database byline to byline_service;"],
    ),
    damage(
        "database",
        &["revoke temporary on database byline from public;"],
    ),
    damage(
        "database",
        &["revoke connect on database byline from public, byline_service;"],
    )
    .seen(Seen::Owner),
    damage(
        "table-privileges",
        &["revoke update on users from byline_service;"],
    ),
    damage(
        "table-privileges",
        &["grant truncate on posts to byline_service;"],
    ),
    damage(
        "table-privileges",
        &["grant update on _sqlx_migrations to byline_service;"],
    ),
    damage(
        "table-privileges",
        &["grant insert (id) on api_keys to byline_service;"],
    ),
    damage("table-privileges", &["grant select on users to public;"]),
    damage(
        "function-privileges",
        &["revoke execute on function byline_words(text) from byline_service;"],
    ),
    damage(
        "function-privileges",
        &[
            "create function more() returns int language sql return 1;",
            "alter function more() owner to byline_owner;",
        ],
    )
    .clear(&["drop function more();"]),
    damage(
        "search-path",
        &["alter role byline_service in database byline set search_path = pg_catalog;"],
    )
    .clear(&[RESET]),
    damage(
        "search-path",
        &[
            "create schema byline_service;",
            "grant usage on schema byline_service to byline_service;",
            "create table byline_service.users (id bigint);",
        ],
    )
    .clear(&["drop schema byline_service cascade;", RESET]),
    damage(
        "security-definer",
        &[
            "create schema other;",
            "create function other.more() returns int language sql
                security definer set search_path = public return 1;",
        ],
    )
    .clear(&["drop schema other cascade;"]),
    damage(
        "security-definer",
        &["alter function expire_audit_events(timestamptz, integer) reset search_path;"],
    ),
    damage(
        "audit-triggers",
        &["alter table audit_events disable trigger all;"],
    ),
    damage(
        "audit-triggers",
        &["alter table audit_events enable replica trigger audit_events_are_kept;"],
    ),
    damage(
        "audit-triggers",
        &[
            "drop trigger audit_events_are_kept on audit_events;",
            "drop trigger audit_events_are_not_truncated on audit_events;",
            "drop trigger audit_events_are_of_now on audit_events;",
        ],
    ),
    damage(
        "audit-triggers",
        &[
            "alter table audit_batches disable trigger audit_batches_are_kept;",
            "drop trigger audit_batches_are_of_now on audit_batches;",
        ],
    ),
    damage(
        "audit-triggers",
        &["drop function audit_events_are_of_now() cascade;"],
    ),
    damage(
        "audit-triggers",
        &[
            "create or replace function audit_events_are_kept() returns trigger language plpgsql
            set search_path = pg_catalog, pg_temp as 'begin return old; end';",
        ],
    ),
    damage(
        "audit-triggers",
        &["alter function audit_events_are_kept() set search_path = public;"],
    ),
    damage(
        "audit-triggers",
        &[
            // Names lead there, so that the definition reads the same.
            "create schema other;",
            "create function other.audit_events_are_kept() returns trigger language plpgsql
                as 'begin return old; end';",
            "create or replace trigger audit_events_are_kept before update or delete
                on audit_events for each row execute function other.audit_events_are_kept();",
            "alter database byline set search_path = public, other;",
        ],
    )
    .clear(&[
        "drop schema other cascade;",
        "alter database byline reset search_path;",
    ]),
    damage(
        "audit-triggers",
        &[
            "create or replace trigger audit_events_are_kept before update
            on audit_events for each row execute function audit_events_are_kept();",
        ],
    ),
    damage(
        "indexes",
        &["update pg_index set indisvalid = false
            where indexrelid = 'users_name_idx'::regclass;"],
    ),
    damage("schema", &["byline migrate down --database-url OWNER_URL"]),
    damage(
        "api-keys",
        &[
            "insert into api_keys (id, secret_hash, name, scopes, created_at, expires_at)
            select to_char(n, 'fm0000000000000000'), sha256(n::text::bytea), 'a', '{}', now(),
                case n when 1 then null else now() - interval '1 day' end
            from generate_series(1, 4) n;",
        ],
    ),
    damage(
        "backlog",
        &[
            "insert into audit_events (id, occurred_at, caller, method, action, resource_kind,
                    resource_id, fields)
                values (gen_random_uuid(), now() - interval '800 days', 'a', '', '', '',
                    gen_random_uuid(), '{}');",
            "insert into request_records (id, method, digest, created_at)
                values (gen_random_uuid(), '', sha256(''), now() - interval '3 days');",
        ],
    ),
];

/// The checks that no test here can break, or mend, and why.
pub(super) const UNBROKEN: &[(&str, &str)] = &[
    (
        "connection",
        "a test has its server on this host, where nobody is on the way",
    ),
    (
        "server",
        "an older PostgreSQL, or a standby, would have to run",
    ),
    (
        "encoding",
        "a database gets its encoding when it is made: another one is made, and this one stays",
    ),
];
