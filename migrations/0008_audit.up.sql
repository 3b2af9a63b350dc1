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
    -- What `resource_id` is the id of. That is absent where an event is about many.
    resource_kind text not null,
    resource_id uuid,
    -- The names of the fields that were changed, and never their values.
    fields text[] not null,
    -- How many it was done to, where an event is about many.
    count bigint,
    -- In the order in which events are listed, so that they need no index more.
    constraint audit_events_pkey primary key (occurred_at, id),
    constraint audit_events_count_check check (count >= 0)
);

create index audit_events_resource_id_idx on audit_events (resource_id, occurred_at, id)
    where resource_id is not null;
create index audit_events_caller_idx on audit_events (caller collate "C", occurred_at, id);

-- Nobody changes an event, or removes one of the last 30 days, whatever they are granted.
create function audit_events_are_kept() returns trigger language plpgsql as $$
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

-- Removes at most so many events from before that time, the oldest first, and answers how
-- many there were. As its owner, so that whoever may call it needs no right to remove
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
            order by occurred_at, id limit at_most))
        returning 1
    )
    select count(*) from expired;
end;

revoke all on function expire_audit_events(timestamptz, integer) from public;
