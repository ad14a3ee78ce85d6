-- Those that no constraint stands for; a key for some rows only is one of them.
select
    case when pg_index.indisunique then 'UNIQUE ' else 'INDEX ' end
    || substring(pg_get_indexdef(pg_index.indexrelid) from 'USING (.*)') as definition
from pg_index
left join pg_constraint
    on pg_index.indexrelid = pg_constraint.conindid and pg_constraint.contype in ('p', 'u', 'x')
where pg_index.indrelid = %(table_id)s::oid and pg_constraint.oid is null
order by pg_index.indisunique desc, pg_index.indexrelid::regclass::text
