-- What a backup keeps: staging tables are unlogged, and empty between two batches.
select
    namespace.nspname as schema_name,
    class.relname as table_name
from pg_catalog.pg_class as class
inner join pg_catalog.pg_namespace as namespace on class.relnamespace = namespace.oid
where
    class.relkind = 'r'
    and class.relpersistence = 'p'
    and namespace.nspname in ('load', 'core', 'mart', 'public')
order by namespace.nspname, class.relname;
