-- The last trial of a backup; without those whose problem starts with `left_out`, if it is not null.
select
    restore_drill.file_name,
    restore_drill.finished_at,
    restore_drill.problem
from core.restore_drill
where
    restore_drill.problem is null
    or %(left_out)s::text is null
    or not starts_with(restore_drill.problem, %(left_out)s::text)
order by restore_drill.drill_id desc
limit 1
