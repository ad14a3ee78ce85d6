select
    child.relname as child,
    parent.relname as parent,
    array_agg(pg_attribute.attname::text order by array_position(pg_constraint.conkey, pg_attribute.attnum))
        as columns,
    not bool_and(pg_attribute.attnotnull) as is_optional,
    exists (
        select from pg_index
        where
            pg_index.indrelid = child.oid
            and pg_index.indisunique
            and pg_index.indpred is null
            and pg_index.indkey::smallint[] <@ pg_constraint.conkey
    ) as is_to_one
from pg_constraint
inner join pg_class as child on pg_constraint.conrelid = child.oid
inner join pg_class as parent on pg_constraint.confrelid = parent.oid
inner join pg_attribute
    on child.oid = pg_attribute.attrelid and pg_attribute.attnum = any(pg_constraint.conkey)
where pg_constraint.contype = 'f' and child.relnamespace = 'core'::regnamespace
group by child.oid, child.relname, parent.relname, pg_constraint.conname, pg_constraint.conkey
order by parent.relname, child.relname, pg_constraint.conname
