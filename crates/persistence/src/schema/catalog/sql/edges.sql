-- What depends on what.
select classid::int8, objid::int8, objsubid, refclassid::int8, refobjid::int8, refobjsubid
from pg_depend d
where deptype <> 'e' and objid >= 16384
    -- A sequence is there before the column that owns it.
    and not (deptype = 'a' and classid = 'pg_class'::regclass and refclassid = 'pg_class'::regclass
        and exists (select from pg_class where oid = objid and relkind = 'S'))
union all
select 0, objid::int8, 0, refclassid::int8, refobjid::int8, refobjsubid
from pg_depend
where deptype = 'a' and classid = 'pg_class'::regclass and refclassid = 'pg_class'::regclass
    and exists (select from pg_class where oid = objid and relkind = 'S')
union all
select 0, seqrelid::int8, 0, 'pg_class'::regclass::int8, seqrelid::int8, 0 from pg_sequence
