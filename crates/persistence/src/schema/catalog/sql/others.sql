-- What no statement is made for. Each with all that makes it what it is, without
-- numbers of objects, which are others in each database.
with defined (class, object, definition) as (
    select 'pg_policy'::regclass, oid, concat_ws(' ', polcmd, polpermissive,
        (select string_agg(role::regrole::text, ', ' order by role::regrole::text) from unnest(polroles) role
            where role <> 0),
        pg_get_expr(polqual, polrelid), 'check', pg_get_expr(polwithcheck, polrelid)) from pg_policy
    union all
    select 'pg_rewrite'::regclass, oid, concat_ws(' ', pg_get_ruledef(oid, true), ev_enabled)
        from pg_rewrite where rulename <> '_RETURN'
    union all
    select 'pg_operator'::regclass, oid, concat_ws(' ', oprcode::regprocedure, oprcom::regoperator,
        oprnegate::regoperator, oprrest, oprjoin, oprcanhash, oprcanmerge) from pg_operator
    union all
    select 'pg_cast'::regclass, oid, concat_ws(' ', castfunc::regprocedure, castcontext, castmethod) from pg_cast
    union all
    select 'pg_collation'::regclass, oid, (to_jsonb(c) - array['oid', 'collname', 'collnamespace', 'collowner',
        'collversion'])::text from pg_collation c
    union all
    select 'pg_proc'::regclass, p.oid, concat_ws(' ', pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
        aggkind, aggnumdirectargs, aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn,
        aggminvtransfn, aggmfinalfn, aggfinalextra, aggmfinalextra, aggfinalmodify, aggmfinalmodify,
        aggsortop::regoperator, aggtranstype::regtype, aggtransspace, aggmtranstype::regtype, aggmtransspace,
        quote_nullable(agginitval), quote_nullable(aggminitval), proparallel) from pg_aggregate a
        join pg_proc p on p.oid = aggfnoid
    union all
    select 'pg_type'::regclass, rngtypid, concat_ws(' ', rngsubtype::regtype, rngmultitypid::regtype,
        nullif(rngcollation, 0)::regcollation, (pg_identify_object('pg_opclass'::regclass, rngsubopc, 0)).identity,
        rngcanonical, rngsubdiff) from pg_range
    union all
    select 'pg_type'::regclass, t.oid, concat_ws(' ', typlen, typbyval, typcategory, typispreferred, typisdefined,
        typdelim, typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze, typsubscript,
        typalign, typstorage, nullif(typelem, 0)::regtype, nullif(typcollation, 0)::regcollation,
        quote_nullable(typdefault)) from pg_type t
        where typtype in ('b', 'p') and not exists (select from pg_type e where e.typarray = t.oid)
    union all
    select 'pg_event_trigger'::regclass, oid, concat_ws(' ', evtevent, evtfoid::regprocedure, evtenabled,
        array_to_string(evttags, ', ')) from pg_event_trigger
    union all
    select 'pg_publication'::regclass, p.oid, concat_ws(' ', (to_jsonb(p) - array['oid', 'pubname', 'pubowner'])::text,
        (select string_agg(format('%s %s %s', prrelid::regclass, pg_get_expr(prqual, prrelid),
            (select string_agg(attname, ', ' order by attname) from pg_attribute
                where attrelid = prrelid and attnum = any (prattrs))), '; ' order by prrelid::regclass::text)
            from pg_publication_rel where prpubid = p.oid),
        (select string_agg(pnnspid::regnamespace::text, ', ' order by pnnspid::regnamespace::text)
            from pg_publication_namespace where pnpubid = p.oid)) from pg_publication p
    union all
    select 'pg_opfamily'::regclass, f.oid, (
        select string_agg((pg_identify_object('pg_amop'::regclass, o.oid, 0)).identity || ' ' || amopopr::regoperator, '; '
            order by (pg_identify_object('pg_amop'::regclass, o.oid, 0)).identity) from pg_amop o where amopfamily = f.oid)
        || coalesce((
        select string_agg((pg_identify_object('pg_amproc'::regclass, o.oid, 0)).identity || ' ' || amproc::regprocedure, '; '
            order by (pg_identify_object('pg_amproc'::regclass, o.oid, 0)).identity) from pg_amproc o
            where amprocfamily = f.oid), '') from pg_opfamily f
    union all
    select 'pg_opclass'::regclass, oid, concat_ws(' ', (pg_identify_object('pg_opfamily'::regclass, opcfamily, 0)).identity,
        opcintype::regtype, opcdefault, nullif(opckeytype, 0)::regtype) from pg_opclass
    union all
    select 'pg_ts_dict'::regclass, oid, concat_ws(' ',
        (pg_identify_object('pg_ts_template'::regclass, dicttemplate, 0)).identity, dictinitoption) from pg_ts_dict
    union all
    select 'pg_ts_parser'::regclass, oid, concat_ws(' ', prsstart, prstoken, prsend, prsheadline, prslextype)
        from pg_ts_parser
    union all
    select 'pg_ts_template'::regclass, oid, concat_ws(' ', tmplinit, tmpllexize) from pg_ts_template
    union all
    select 'pg_language'::regclass, oid, concat_ws(' ', lanpltrusted, lanplcallfoid::regprocedure,
        laninline::regprocedure, lanvalidator::regprocedure) from pg_language
    union all
    select 'pg_transform'::regclass, oid, concat_ws(' ', trffromsql, trftosql) from pg_transform
    union all
    select 'pg_conversion'::regclass, oid, concat_ws(' ', conforencoding, contoencoding, conproc, condefault)
        from pg_conversion
    union all
    select 'pg_am'::regclass, oid, concat_ws(' ', amtype, amhandler) from pg_am
    union all
    select 'pg_foreign_data_wrapper'::regclass, oid, concat_ws(' ', fdwhandler::regprocedure,
        fdwvalidator::regprocedure, array_to_string(fdwoptions, ', ')) from pg_foreign_data_wrapper
    union all
    select 'pg_foreign_server'::regclass, s.oid, concat_ws(' ', fdwname, srvtype, srvversion,
        array_to_string(srvoptions, ', ')) from pg_foreign_server s
        join pg_foreign_data_wrapper f on f.oid = srvfdw
    union all
    select 'pg_subscription'::regclass, oid, concat_ws(' ', subenabled, array_to_string(subpublications, ', '))
        from pg_subscription where subdbid = (select oid from pg_database where datname = current_database())
    union all
    -- Its options hold passwords, and are nobody's to see but its owner's.
    select 'pg_user_mapping'::regclass, umid, coalesce(md5(array_to_string(umoptions, ', ')), '') from pg_user_mappings
)
select class::oid::int8, object::int8, 0, 'other', format('%s %s', o.type, o.identity), null, array[
    'definition', definition,
    'comment', obj_description(object, (select relname from pg_class where oid = class))]
from defined cross join lateral pg_identify_object(class, object, 0) o
-- Those below are PostgreSQL's own.
where object >= 16384
    and coalesce(o.schema, '') !~ '^(pg_toast|pg_temp|information_schema)'
    and not exists (select from pg_depend e where e.classid = class and e.objid = object and e.deptype = 'e')
union all
select 'pg_class'::regclass::int8, -d.objid::int8, 0, 'other',
    format('comment on sequence %s of an identity column', d.objid::regclass), null,
    array['definition', obj_description(d.objid, 'pg_class')]
from pg_depend d join pg_class c on c.oid = d.objid and c.relkind = 'S'
where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype = 'i'
    and obj_description(d.objid, 'pg_class') is not null
union all
select classoid::int8, -objoid::int8, objsubid, 'other',
    format('security label of %s %s %s', provider, objtype, objname), null, array['definition', label]
from pg_seclabels where objtype not in ('database', 'role', 'tablespace')
