select
    pg_attribute.attname as name,
    format_type(pg_attribute.atttypid, pg_attribute.atttypmod) as type,
    pg_attribute.attnotnull as is_required,
    coalesce(col_description(pg_attribute.attrelid, pg_attribute.attnum), '') as comment
from pg_attribute
where
    pg_attribute.attrelid = %(table_id)s::oid
    and pg_attribute.attnum > 0
    and not pg_attribute.attisdropped
order by pg_attribute.attnum
