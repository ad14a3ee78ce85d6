-- Data checks that must hold and did not when they were asked last, of all cities or of one.
with last_result as (
    select distinct on (check_result.check_name, check_result.dag_id)
        check_result.check_name,
        check_result.dag_id,
        check_result.severity,
        check_result.offending_count,
        check_result.recorded_at
    from core.check_result
    where check_result.recorded_at > now() - interval '14 days'
    order by check_result.check_name asc, check_result.dag_id asc, check_result.check_id desc
)

select
    failed.check_name,
    sum(failed.offending_count)::bigint as offending_count,
    max(failed.recorded_at) as failed_at
from last_result as failed
where
    failed.severity = 'fail'
    and failed.offending_count > 0
    -- Whoever looks at all cities looks again at what was found bad in one.
    and not exists (
        select 1
        from last_result as whole
        where
            whole.check_name = failed.check_name
            and whole.dag_id = %(whole_dag_id)s
            and whole.offending_count = 0
            and whole.recorded_at > failed.recorded_at
    )
group by failed.check_name
order by failed.check_name
