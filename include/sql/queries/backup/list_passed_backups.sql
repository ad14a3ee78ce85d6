-- The files that came back whole when they were restored on trial, and were not found bad since; the one of
-- the last trial first.
select passed.file_name
from core.restore_drill as passed
where
    passed.problem is null
    and not exists (
        select 1
        from core.restore_drill as later
        where
            later.file_name = passed.file_name
            and later.drill_id > passed.drill_id
            and not starts_with(later.problem, %(untried)s)
    )
group by passed.file_name
order by max(passed.drill_id) desc
