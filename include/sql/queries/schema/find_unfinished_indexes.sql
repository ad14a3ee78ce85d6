select
    pg_namespace.nspname,
    pg_class.relname
from pg_index
inner join pg_class on pg_index.indexrelid = pg_class.oid
inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
where
    not pg_index.indisvalid
    and pg_class.relname = any(%(names)s)
    and pg_namespace.nspname in ('load', 'core', 'mart')
order by pg_class.relname;
