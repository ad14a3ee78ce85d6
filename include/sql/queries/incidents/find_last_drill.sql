-- The last trial of a backup.
select
    restore_drill.file_name,
    restore_drill.finished_at,
    restore_drill.problem
from core.restore_drill
order by restore_drill.drill_id desc
limit 1
