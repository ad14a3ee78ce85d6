select
    pg_class.relname as name,
    array(
        select verb.name
        from unnest(array['select', 'insert', 'update', 'delete', 'truncate']) with ordinality as verb (name, place)
        where has_table_privilege(%(role)s, pg_class.oid, verb.name)
        order by verb.place
    ) as verbs
from pg_class
inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
where pg_namespace.nspname = %(schema)s and pg_class.relkind in ('r', 'p', 'v')
order by pg_class.relname
