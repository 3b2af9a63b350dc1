-- What lies on relations: constraints, indexes, triggers and extended statistics.
with relations as (
    select c.oid, c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where nspname !~ '^pg_' and nspname <> 'information_schema' and relkind in ('r', 'p', 'f', 'v', 'm')
        and relname <> '_sqlx_migrations'
        and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass
            and e.objid = c.oid and e.deptype = 'e')),
indexes as (
    select i.*, c.relname, indexrelid::regclass::text as index, pg_get_indexdef(indexrelid, 0, true) as definition,
        (select spcname from pg_tablespace t where t.oid = c.reltablespace) as space,
        (select string_agg(format('%s: %s', attnum, attstattarget), ', ' order by attnum) from pg_attribute
            where attrelid = indexrelid and coalesce(attstattarget, -1) >= 0) as statistics,
        obj_description(indexrelid, 'pg_class') as comment
    from pg_index i join pg_class c on c.oid = indexrelid where indrelid in (select oid from relations))
select 'pg_constraint'::regclass::int8, c.oid::int8, 0, 'constraint', quote_ident(conname), r.name, array[
    'definition', regexp_replace(pg_get_constraintdef(c.oid, true), ' NOT VALID$', ''),
    'validity', case when not convalidated and pg_get_constraintdef(c.oid, true) ~ ' NOT VALID$'
        then 'not valid' end,
    '~type', contype::text,
    '~deferrable', case when condeferred then 'deferrable initially deferred' when condeferrable then 'deferrable' end,
    'index', i.definition,
    '~index_name', i.index,
    'state of the index', case when not indisvalid then 'invalid' end,
    'tablespace', space,
    'statistics', statistics,
    'clustered', case when indisclustered then 'yes' end,
    'replica identity', case when indisreplident then 'yes' end,
    'comment of the index', comment,
    'triggers', (select string_agg(distinct tgenabled::text, ', ') from pg_trigger
        where tgconstraint = c.oid and tgisinternal and tgenabled <> 'O'),
    'comment', obj_description(c.oid, 'pg_constraint')]
from pg_constraint c join relations r on r.oid = conrelid
left join indexes i on indexrelid = conindid and contype in ('p', 'u', 'x')
where contype in ('c', 'f', 'p', 'u', 'x')
union all
select 'pg_class'::regclass::int8, indexrelid::int8, 0, 'index', index, r.name, array[
    'definition', definition,
    'state', case when not indisvalid then 'invalid' end,
    'tablespace', space,
    'statistics', statistics,
    'clustered', case when indisclustered then 'yes' end,
    'replica identity', case when indisreplident then 'yes' end,
    'comment', comment]
from indexes join relations r on r.oid = indrelid
where not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u', 'x'))
union all
select 'pg_trigger'::regclass::int8, t.oid::int8, 0, 'trigger', quote_ident(tgname), r.name, array[
    'definition', pg_get_triggerdef(t.oid, true),
    'firing', case tgenabled when 'D' then 'disable' when 'A' then 'enable always' when 'R' then 'enable replica' end,
    'comment', obj_description(t.oid, 'pg_trigger')]
from pg_trigger t join relations r on r.oid = tgrelid where not tgisinternal
union all
select 'pg_statistic_ext'::regclass::int8, s.oid::int8, 0, 'statistics', case when pg_statistics_obj_is_visible(s.oid)
        then quote_ident(stxname) else format('%s.%I', stxnamespace::regnamespace, stxname) end, r.name, array[
    'definition', regexp_replace(pg_get_statisticsobjdef(s.oid), '^CREATE STATISTICS ("([^"]|"")*"|[^" .]+)(\.("([^"]|"")*"|[^" .]+))?', ''),
    'target', nullif(stxstattarget, -1)::text,
    'comment', obj_description(s.oid, 'pg_statistic_ext')]
from pg_statistic_ext s join relations r on r.oid = stxrelid
