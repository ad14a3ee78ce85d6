update core.instance_session
set
    stopped_at = now(),
    stopped_by = %(stopped_by)s
where
    instance_session.instance_id = %(instance_id)s
    and instance_session.stopped_at is null
    and (%(session_id)s::bigint is null or instance_session.session_id = %(session_id)s)
returning
    session_id, instance_id, city_id, dag_id, run_id, price_per_hour_usd,
    started_at, running_at, stopped_at, stopped_by
