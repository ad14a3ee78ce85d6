select
    pg_class.relname as entity,
    pg_attribute.attname as name,
    format_type(pg_attribute.atttypid, null) as type,
    bool_or(pg_constraint.contype = 'p') as is_key,
    bool_or(pg_constraint.contype = 'f') as is_foreign
from pg_class
inner join pg_constraint on pg_class.oid = pg_constraint.conrelid and pg_constraint.contype in ('p', 'f')
inner join pg_attribute
    on pg_class.oid = pg_attribute.attrelid and pg_attribute.attnum = any(pg_constraint.conkey)
where pg_class.relnamespace = 'core'::regnamespace
group by pg_class.relname, pg_attribute.attname, pg_attribute.attnum, pg_attribute.atttypid
order by pg_class.relname, pg_attribute.attnum
