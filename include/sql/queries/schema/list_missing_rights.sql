-- What the pipeline's login must be allowed and is not: to read all, and to write the tables.
select format('%%s on %%I.%%I', needed.verb, pg_namespace.nspname, pg_class.relname) as missing_right
from pg_catalog.pg_class
inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
cross join unnest(array['select', 'insert', 'update', 'delete']) as needed (verb)
where
    pg_namespace.nspname in ('load', 'core', 'mart')
    and pg_class.relkind in ('r', 'v')
    and (pg_class.relkind = 'r' or needed.verb = 'select')
    -- What a schema may not be looked into is not told either.
    and (
        not has_schema_privilege(pg_namespace.oid, 'usage')
        or not has_table_privilege(pg_class.oid, needed.verb)
    )
order by pg_namespace.nspname, pg_class.relname, needed.verb
