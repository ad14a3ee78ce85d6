select pg_get_constraintdef(pg_constraint.oid) as definition
from pg_constraint
where pg_constraint.conrelid = %(table_id)s::oid and pg_constraint.contype in ('p', 'u', 'f', 'c')
order by position(pg_constraint.contype::text in 'pufc'), pg_constraint.conname
