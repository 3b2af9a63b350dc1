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

-- Removes at most so many events from before that time, 1,000 at once, the oldest first, and
-- answers how many there were. As its owner, so that whoever may call it needs no right to remove
-- events; one of the last 30 days stays, whatever is asked for. What its body names is
-- bound when it is made, and is looked up nowhere when it is called.
create function expire_audit_events(before timestamptz, at_most integer) returns bigint
    language sql volatile security definer
    set search_path = pg_catalog, pg_temp
begin atomic
    with expired as (
        delete from audit_events where ctid = any (array(
            select ctid from audit_events
            where occurred_at < least(before, now() - interval '30 days')
            order by occurred_at, id limit greatest(0, least(coalesce(at_most, 0), 1000))))
        returning 1
    )
    select count(*) from expired;
end;

revoke all on function expire_audit_events(timestamptz, integer) from public;
