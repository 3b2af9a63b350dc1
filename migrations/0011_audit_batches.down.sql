-- No batch is added from here on, which would be lost.
lock table audit_batches in access exclusive mode;

-- As it was before there were batches.
create or replace function expire_audit_events(before timestamptz, at_most integer) returns bigint
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

-- Each event of a batch becomes one by itself, as it was listed. Whoever can write to the database can
-- have given its id to another one of that time: then it has a new one.
insert into audit_events (id, occurred_at, caller, peer, request_id, method, action, resource_kind,
    resource_id, fields)
select case when exists (
            select from audit_events where occurred_at = batches.occurred_at and id = own_id
        ) then gen_random_uuid() else own_id end,
    occurred_at, caller, peer, request_id, method, action, resource_kind, resource_id, fields
from audit_batches batches
cross join unnest(resource_ids) with ordinality as each (resource_id, place)
cross join lateral (
    select (left(batches.id::text, 32) || lpad(to_hex(place), 4, '0'))::uuid as own_id
) given;

drop table audit_batches;
