select
    pg_class.oid::bigint as table_id,
    pg_namespace.nspname as schema_name,
    pg_class.relname as name,
    pg_class.relkind = 'v' as is_view,
    pg_class.relpersistence = 'u' as is_unlogged,
    coalesce(obj_description(pg_class.oid, 'pg_class'), '') as comment
from pg_class
inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
where pg_namespace.nspname = any(%(schemas)s) and pg_class.relkind in ('r', 'v')
order by array_position(%(schemas)s, pg_namespace.nspname::text), pg_class.relname
