-- Columns of tables, and their defaults.
with tables as (
    select c.oid, c.relname, c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where nspname !~ '^pg_' and nspname <> 'information_schema' and relkind in ('r', 'p', 'f')
        and relname <> '_sqlx_migrations'
        and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass
            and e.objid = c.oid and e.deptype = 'e')),
identities as (
    select d.refobjid, d.refobjsubid, s.*, c.relname, c.relpersistence, d.objid::regclass::text as name
    from pg_depend d join pg_sequence s on s.seqrelid = d.objid join pg_class c on c.oid = d.objid
    where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype = 'i'),
columns as (
    select a.*, t.name as table, t.relname, typstorage, typcollation,
        pg_get_expr(adbin, adrelid, true) as expression, d.oid as default_oid,
        exists (select from pg_constraint where conrelid = attrelid and conkey = array[attnum]
            and contype = 'n' and not convalidated) as not_valid,
        exists (select from pg_constraint where conrelid = attrelid and conkey = array[attnum]
            and contype = 'n' and connoinherit) as no_inherit
    from tables t join pg_attribute a on attrelid = t.oid join pg_type y on y.oid = atttypid
    left join pg_attrdef d on adrelid = attrelid and adnum = attnum
    where attnum > 0 and not attisdropped)
select 'pg_class'::regclass::int8, attrelid::int8, attnum::int4, 'column', quote_ident(attname), c.table, array[
    'type', format_type(atttypid, atttypmod),
    'collation', case when attcollation <> typcollation then attcollation::regcollation::text end,
    'not null', case when not attnotnull then null when not_valid then 'not valid'
        when no_inherit then 'no inherit' else 'yes' end,
    'generated', case when attgenerated <> '' then expression end,
    'generation', case attgenerated when 's' then 'stored' when 'v' then 'virtual' end,
    'identity', case attidentity when 'a' then 'always' when 'd' then 'by default' end,
    'identity options', case when i.name is not null then format('increment by %s minvalue %s maxvalue %s start with %s cache %s%s',
        seqincrement, seqmin, seqmax, seqstart, seqcache, case when seqcycle then ' cycle' else ' no cycle' end) end,
    'identity sequence', case when i.relname <> c.relname || '_' || attname || '_seq' then i.name end,
    'identity logging', case when i.relpersistence <> t.relpersistence then i.relpersistence::text end,
    '~sequence', i.name,
    'statistics', nullif(attstattarget, -1)::text,
    'storage', case when attstorage <> typstorage then case attstorage when 'p' then 'plain'
        when 'e' then 'external' when 'x' then 'extended' else 'main' end end,
    'compression', case attcompression when 'p' then 'pglz' when 'l' then 'lz4' when '' then null
        else attcompression::text end,
    'options', array_to_string(attoptions, ', '),
    'foreign options', array_to_string(attfdwoptions, ', '),
    'comment', col_description(attrelid, attnum)]
from columns c join pg_class t on t.oid = attrelid
left join identities i on refobjid = attrelid and refobjsubid = attnum
union all
select 'pg_attrdef'::regclass::int8, default_oid::int8, 0, 'default', quote_ident(attname), c.table, array[
    'value', expression]
from columns c where attgenerated = '' and expression is not null
