-- Columns of tables, and their defaults.
with recursive tables as (
    select c.oid, c.relname, c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where nspname !~ '^pg_' and nspname <> 'information_schema' and relkind in ('r', 'p', 'f')
        and relname <> '_sqlx_migrations'
        and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass
            and e.objid = c.oid and e.deptype = 'e')),
identities as (
    select d.refobjid, d.refobjsubid, s.*, c.relname, c.relpersistence, d.objid::regclass::text as name
    from pg_depend d join pg_sequence s on s.seqrelid = d.objid join pg_class c on c.oid = d.objid
    where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype = 'i'),
-- The type of each column down to what domains and arrays are of.
elements (relation, number, type, typmod, array_of, domain_of) as (
    select attrelid, attnum, atttypid, atttypmod, false, false
    from tables t join pg_attribute on attrelid = t.oid where attnum > 0 and not attisdropped
    union all
    select relation, number, case typtype when 'd' then typbasetype else typelem end,
        case typtype when 'd' then typtypmod else e.typmod end, array_of or typtype <> 'd', domain_of or typtype = 'd'
    from elements e join pg_type y on y.oid = e.type
    where typtype = 'd' or typelem <> 0 and typsubscript = 'array_subscript_handler'::regproc),
element_types as (
    select relation, number, array_of, domain_of, typcategory, format_type(type, null) as element,
        substring(format_type(type, typmod) from '\([0-9, -]+\)') as size,
        (select string_agg(format('%s: %s', format_type(casttarget, null), castcontext), ', ')
            from pg_cast where castsource = type and castsource <> casttarget) as casts
    from elements e join pg_type y on y.oid = e.type
    where not (typtype = 'd' or typelem <> 0 and typsubscript = 'array_subscript_handler'::regproc)),
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
    '~element', element,
    '~size', size,
    '~array', case when array_of then 'yes' end,
    '~domain', case when domain_of then 'yes' end,
    '~string', case when typcategory = 'S' then 'yes' end,
    '~casts', casts,
    '~grants', (select string_agg(format('grant %s (%I) on %s to %s%s', lower(privilege_type), attname, c.table,
            case grantee when 0 then 'public' else grantee::regrole::text end,
            case when is_grantable then ' with grant option' else '' end), E'\n' order by grantee, privilege_type)
        from aclexplode(attacl)),
    '~usual storage', case typstorage when 'p' then 'plain' when 'e' then 'external' when 'x' then 'extended'
        else 'main' end,
    'statistics', nullif(attstattarget, -1)::text,
    'storage', case when attstorage <> typstorage then case attstorage when 'p' then 'plain'
        when 'e' then 'external' when 'x' then 'extended' else 'main' end end,
    'compression', case attcompression when 'p' then 'pglz' when 'l' then 'lz4' when '' then null
        else attcompression::text end,
    'options', array_to_string(attoptions, ', '),
    'foreign options', array_to_string(attfdwoptions, ', '),
    'comment', col_description(attrelid, attnum)]
from columns c join pg_class t on t.oid = attrelid
join element_types on relation = attrelid and number = attnum
left join identities i on refobjid = attrelid and refobjsubid = attnum
union all
select 'pg_attrdef'::regclass::int8, default_oid::int8, 0, 'default', quote_ident(attname), c.table, array[
    'value', expression]
from columns c where attgenerated = '' and expression is not null
