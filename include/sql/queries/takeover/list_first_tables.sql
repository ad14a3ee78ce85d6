-- Run on a database of the first SightScan: which of its tables are there, and may be read.
select
    format('%s.%s', pg_namespace.nspname, pg_class.relname) as table_name,
    has_schema_privilege(pg_namespace.oid, 'usage') and has_table_privilege(pg_class.oid, 'select') as is_readable
from pg_class
inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
where
    pg_namespace.nspname in ('load_layer', 'integration_layer')
    and pg_class.relkind in ('r', 'p')
