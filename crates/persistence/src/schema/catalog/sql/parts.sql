-- What PostgreSQL keeps apart and is part of something else.
select 'pg_rewrite'::regclass::int8, oid::int8, 0, 'pg_class'::regclass::int8, ev_class::int8, 0
from pg_rewrite where rulename = '_RETURN' and oid >= 16384
union all
select 'pg_attrdef'::regclass::int8, d.oid::int8, 0, 'pg_class'::regclass::int8, adrelid::int8, adnum::int4
from pg_attrdef d join pg_attribute on attrelid = adrelid and attnum = adnum where attgenerated <> ''
union all
select 'pg_type'::regclass::int8, t.oid::int8, 0, 'pg_class'::regclass::int8, typrelid::int8, 0
from pg_type t join pg_class c on c.oid = typrelid where relkind <> 'c' and t.oid >= 16384
union all
select 'pg_class'::regclass::int8, typrelid::int8, 0, 'pg_type'::regclass::int8, t.oid::int8, 0
from pg_type t join pg_class c on c.oid = typrelid where relkind = 'c' and t.oid >= 16384
union all
select 'pg_type'::regclass::int8, typarray::int8, 0, 'pg_type'::regclass::int8, oid::int8, 0
from pg_type where typarray >= 16384
union all
select 'pg_type'::regclass::int8, rngmultitypid::int8, 0, 'pg_type'::regclass::int8, rngtypid::int8, 0
from pg_range where rngmultitypid >= 16384
union all
select 'pg_class'::regclass::int8, conindid::int8, 0, 'pg_constraint'::regclass::int8, oid::int8, 0
from pg_constraint where contype in ('p', 'u', 'x')
union all
select 'pg_class'::regclass::int8, objid::int8, 0, refclassid::int8, refobjid::int8, refobjsubid
from pg_depend where classid = 'pg_class'::regclass and refclassid = 'pg_class'::regclass and deptype = 'i'
    and exists (select from pg_sequence where seqrelid = objid)
union all
select classid::int8, objid::int8, 0, refclassid::int8, refobjid::int8, 0
from pg_depend where deptype = 'e'
