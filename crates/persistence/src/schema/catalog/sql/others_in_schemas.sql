-- Schemas, extensions, types, functions and text search configurations.
with mine as (
    select n.oid, nspname from pg_namespace n where nspname !~ '^pg_' and nspname <> 'information_schema'),
types as (
    select t.*, t.oid::regtype::text as name, obj_description(t.oid, 'pg_type') as comment,
        nullif(concat_ws(E'\n',
        (select string_agg(format('grant %s on type %s to %s%s', privileges, t.oid::regtype, grantee, how), E'\n' order by grantee, how)
            from (select case grantee when 0 then 'public' else grantee::regrole::text end as grantee,
                    case when is_grantable then ' with grant option' else '' end as how,
                    string_agg(lower(privilege_type), ', ' order by privilege_type) as privileges
                from aclexplode(typacl) where grantee <> typowner group by 1, 2) granted),
        case when typacl is not null and not exists (select from aclexplode(typacl) where grantee = 0)
            then format('revoke all on type %s from public', t.oid::regtype) end,
        case when typowner <> current_user::regrole then format('alter type %s owner to %s', t.oid::regtype, typowner::regrole) end), '') as grants
    from pg_type t join mine on mine.oid = typnamespace
    where not exists (select from pg_depend e where e.classid = 'pg_type'::regclass
        and e.objid = t.oid and e.deptype = 'e'))
select 'pg_namespace'::regclass::int8, m.oid::int8, 0, 'schema', quote_ident(nspname), null, array[
    'comment', nullif(obj_description(m.oid, 'pg_namespace'), 'standard public schema')]
from mine m where not exists (select from pg_depend e where e.classid = 'pg_namespace'::regclass
    and e.objid = m.oid and e.deptype = 'e')
union all
select 'pg_extension'::regclass::int8, x.oid::int8, 0, 'extension', quote_ident(extname), null, array[
    'schema', case when extname <> 'plpgsql' then extnamespace::regnamespace::text end,
    'version', nullif(extversion, default_version),
    'comment', nullif(obj_description(x.oid, 'pg_extension'), a.comment)]
from pg_extension x left join pg_available_extensions a on a.name = extname
union all
select 'pg_type'::regclass::int8, t.oid::int8, 0, 'enum', name, null, array[
    'values', (select string_agg(quote_literal(enumlabel), ', ' order by enumsortorder)
        from pg_enum where enumtypid = t.oid),
    '~grants', grants,
    'comment', comment]
from types t where typtype = 'e'
union all
select 'pg_type'::regclass::int8, t.oid::int8, 0, 'domain', name, null, array[
    'type', format_type(typbasetype, typtypmod),
    'collation', case when typcollation <> (select b.typcollation from pg_type b where b.oid = t.typbasetype)
        then typcollation::regcollation::text end,
    'not null', case when typnotnull then 'yes' end,
    'default', coalesce(pg_get_expr(typdefaultbin, 0, true), typdefault),
    '~grants', grants,
    'comment', comment]
from types t where typtype = 'd'
union all
select 'pg_constraint'::regclass::int8, c.oid::int8, 0, 'domain constraint', quote_ident(conname), t.name, array[
    'definition', regexp_replace(pg_get_constraintdef(c.oid, true), ' NOT VALID$', ''),
    'validity', case when not convalidated then 'not valid' end,
    'comment', obj_description(c.oid, 'pg_constraint')]
from pg_constraint c join types t on t.oid = contypid where contype = 'c'
union all
select 'pg_type'::regclass::int8, t.oid::int8, 0, 'composite', t.name, null, array[
    'attributes', (select string_agg(concat_ws(' ', quote_ident(attname), format_type(atttypid, atttypmod),
            case when attcollation <> b.typcollation then 'collate ' || attcollation::regcollation end),
            ', ' order by attnum)
        from pg_attribute join pg_type b on b.oid = atttypid
        where attrelid = t.typrelid and attnum > 0 and not attisdropped),
    'comments of columns', (select string_agg(format('%I: %L', attname, col_description(attrelid, attnum)), ', '
            order by attname)
        from pg_attribute where attrelid = t.typrelid and col_description(attrelid, attnum) is not null),
    '~grants', grants,
    'comment', comment]
from types t join pg_class c on c.oid = typrelid where relkind = 'c'
union all
select 'pg_proc'::regclass::int8, p.oid::int8, 0, case prokind when 'p' then 'procedure' else 'function' end,
    p.oid::regprocedure::text, null, array[
    'definition', pg_get_functiondef(p.oid),
    'signature', concat_ws(' returns ', pg_get_function_arguments(p.oid), pg_get_function_result(p.oid)),
    'window', case prokind when 'w' then 'yes' end,
    '~arguments', pg_get_function_arguments(p.oid),
    '~result', pg_get_function_result(p.oid),
    '~grants', nullif(concat_ws(E'\n',
        (select string_agg(format('grant %s on routine %s to %s%s', privileges, p.oid::regprocedure, grantee, how), E'\n' order by grantee, how)
            from (select case grantee when 0 then 'public' else grantee::regrole::text end as grantee,
                    case when is_grantable then ' with grant option' else '' end as how,
                    string_agg(lower(privilege_type), ', ' order by privilege_type) as privileges
                from aclexplode(proacl) where grantee <> proowner group by 1, 2) granted),
        case when proacl is not null and not exists (select from aclexplode(proacl) where grantee = 0)
            then format('revoke all on routine %s from public', p.oid::regprocedure) end,
        case when proowner <> current_user::regrole then format('alter routine %s owner to %s', p.oid::regprocedure, proowner::regrole) end), ''),
    '~schema', quote_ident(nspname),
    'comment', obj_description(p.oid, 'pg_proc')]
from pg_proc p join mine m on m.oid = pronamespace
where prokind in ('f', 'p', 'w') and not exists (select from pg_depend e
    -- A range brings its own.
    where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype in ('e', 'i'))
union all
select 'pg_ts_config'::regclass::int8, c.oid::int8, 0, 'text search configuration', c.oid::regconfig::text, null, array[
    'parser', case when pg_ts_parser_is_visible(p.oid) then quote_ident(prsname)
        else format('%s.%I', prsnamespace::regnamespace, prsname) end,
    'mappings', mappings,
    -- One of PostgreSQL's own with the same mappings.
    '~copy', (select min(o.oid::regconfig::text) from pg_ts_config o
        where o.cfgnamespace = 'pg_catalog'::regnamespace and o.cfgparser = c.cfgparser
        and not exists (
            (select maptokentype, mapseqno, mapdict from pg_ts_config_map where mapcfg = o.oid
                except select maptokentype, mapseqno, mapdict from pg_ts_config_map where mapcfg = c.oid)
            union all
            (select maptokentype, mapseqno, mapdict from pg_ts_config_map where mapcfg = c.oid
                except select maptokentype, mapseqno, mapdict from pg_ts_config_map where mapcfg = o.oid))),
    'comment', obj_description(c.oid, 'pg_ts_config')]
from pg_ts_config c join mine m on m.oid = cfgnamespace join pg_ts_parser p on p.oid = cfgparser
left join lateral (
    select string_agg(format('%s: %s', alias, dictionaries), '; ' order by alias) as mappings
    from (select maptokentype, string_agg(mapdict::regdictionary::text, ', ' order by mapseqno) as dictionaries
        from pg_ts_config_map where mapcfg = c.oid group by maptokentype) by_token
    join ts_token_type(c.cfgparser) on tokid = maptokentype) mapped on true
where not exists (select from pg_depend e where e.classid = 'pg_ts_config'::regclass
    and e.objid = c.oid and e.deptype = 'e')
