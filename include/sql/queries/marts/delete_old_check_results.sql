-- What data checks found before a moment, but the last result of each check and DAG: one that fails and
-- is asked no more stays known.
delete from core.check_result
where
    check_result.recorded_at < %(before)s
    and check_result.check_id not in (
        select max(last.check_id)
        from core.check_result as last
        group by last.check_name, last.dag_id
    )
