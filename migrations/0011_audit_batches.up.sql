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
create or replace function expire_audit_events(before timestamptz, at_most integer) returns bigint
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
