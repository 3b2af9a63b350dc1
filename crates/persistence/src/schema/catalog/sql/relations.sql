-- Tables, views, materialized views and sequences.
with mine as (
    select oid from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'),
relations as (
    select c.*, c.oid::regclass::text as name,
        (select string_agg(option, ', ' order by option) from unnest(c.reloptions) option) as options,
        (select string_agg('toast.' || option, ', ' order by option)
            from pg_class t, unnest(t.reloptions) option where t.oid = c.reltoastrelid) as toast_options,
        (select spcname from pg_tablespace t where t.oid = c.reltablespace) as space,
        (select string_agg(format('%s %s', inhparent::regclass, pg_get_expr(c.relpartbound, c.oid)), ', '
            order by inhseqno) from pg_inherits where inhrelid = c.oid) as parents
    from pg_class c
    where c.relnamespace in (select oid from mine) and c.relname <> '_sqlx_migrations'
        and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass
            and e.objid = c.oid and e.deptype = 'e')),
view_columns as (
    select attrelid, string_agg(format('%I %s %s', attname, format_type(atttypid, atttypmod),
            nullif(attcollation, 0)::regcollation), ', ' order by attnum) as columns,
        string_agg(format('%I: %L', attname, col_description(attrelid, attnum)), ', ' order by attname)
            filter (where col_description(attrelid, attnum) is not null) as comments,
        string_agg(format('%I: %s', attname, pg_get_expr(adbin, adrelid)), ', ' order by attname)
            filter (where adbin is not null) as defaults,
        string_agg(format('%I: %s', attname, attstattarget), ', ' order by attname)
            filter (where coalesce(attstattarget, -1) >= 0) as statistics,
        string_agg(format('%I: %s %s', attname, attstorage, attcompression), ', ' order by attname)
            filter (where attstorage <> typstorage or attcompression <> '') as storage
    from pg_attribute a join pg_type t on t.oid = a.atttypid
    left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where attnum > 0 and not attisdropped
    group by attrelid)
select 'pg_class'::regclass::int8, r.oid::int8, 0, 'table', name, null, array[
    'persistence', case relpersistence when 'u' then 'unlogged' end,
    'partitioning', case when relkind = 'p' then pg_get_partkeydef(r.oid) end,
    'inheritance', parents,
    'foreign server', (select format('%I %s', srvname, array_to_string(ftoptions, ', '))
        from pg_foreign_table f join pg_foreign_server s on s.oid = f.ftserver where ftrelid = r.oid),
    'row type', nullif(reloftype, 0)::regtype::text,
    'access method', (select nullif(amname, 'heap') from pg_am where pg_am.oid = relam),
    'tablespace', space,
    'options', nullif(concat_ws(', ', options, toast_options), ''),
    'row level security', case when relrowsecurity then 'enabled' end,
    'row level security of the owner', case when relforcerowsecurity then 'forced' end,
    'replica identity', case relreplident when 'f' then 'full' when 'n' then 'nothing' end,
    'comment', obj_description(r.oid, 'pg_class')]
from relations r where relkind in ('r', 'p', 'f')
union all
select 'pg_class'::regclass::int8, r.oid::int8, 0,
    case relkind when 'v' then 'view' else 'materialized view' end, name, null, array[
    'definition', pg_get_viewdef(r.oid, true),
    'options', nullif(concat_ws(', ', options, toast_options), ''),
    'access method', (select nullif(amname, 'heap') from pg_am where pg_am.oid = relam),
    'tablespace', space,
    'populated', case when not relispopulated then 'no' end,
    'columns', columns,
    'comments of columns', comments,
    'defaults of columns', defaults,
    'statistics of columns', statistics,
    'storage of columns', storage,
    '~grants', nullif(concat_ws(E'\n',
        (select string_agg(format('grant %s on %s to %s%s', privileges, name, grantee, how), E'\n' order by grantee, how)
            from (select case grantee when 0 then 'public' else grantee::regrole::text end as grantee,
                    case when is_grantable then ' with grant option' else '' end as how,
                    string_agg(lower(privilege_type), ', ' order by privilege_type) as privileges
                from aclexplode(relacl) where grantee <> relowner group by 1, 2) granted),
        (select string_agg(format('grant %s (%I) on %s to %s%s', lower(privilege_type), attname, name,
                case grantee when 0 then 'public' else grantee::regrole::text end,
                case when is_grantable then ' with grant option' else '' end), E'\n' order by attnum, grantee, privilege_type)
            from pg_attribute, aclexplode(attacl) where attrelid = r.oid),
        case when relowner <> current_user::regrole then format('alter %s %s owner to %s',
            case relkind when 'v' then 'view' else 'materialized view' end, name, relowner::regrole) end), ''),
    'comment', obj_description(r.oid, 'pg_class')]
from relations r left join view_columns on attrelid = r.oid where relkind in ('v', 'm')
union all
select 'pg_class'::regclass::int8, r.oid::int8, 0, 'sequence', name, null, array[
    'persistence', case relpersistence when 'u' then 'unlogged' end,
    'options', format('as %s increment by %s minvalue %s maxvalue %s start with %s cache %s%s',
        format_type(seqtypid, null), seqincrement, seqmin, seqmax, seqstart, seqcache,
        case when seqcycle then ' cycle' else ' no cycle' end),
    'comment', obj_description(r.oid, 'pg_class')]
from relations r join pg_sequence on seqrelid = r.oid
where not exists (select from pg_depend d where d.classid = 'pg_class'::regclass
    and d.objid = r.oid and d.refclassid = 'pg_class'::regclass and d.deptype = 'i')
union all
select 0, r.oid::int8, 0, 'ownership', name, null, array[
    'owner', format('%s.%I', refobjid::regclass, attname)]
from relations r join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = r.oid
    and d.refclassid = 'pg_class'::regclass and d.deptype = 'a' and d.refobjsubid > 0
join pg_attribute on attrelid = refobjid and attnum = refobjsubid
where relkind = 'S'
