select distinct pg_constraint.conrelid::regclass::text as child
from pg_constraint
where pg_constraint.confrelid = %(table_id)s::oid and pg_constraint.contype = 'f'
order by child
