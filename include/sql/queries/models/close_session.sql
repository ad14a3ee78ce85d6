update core.instance_session
set
    -- A start whose worker died before it could note that the instance runs is billed from its start.
    running_at = coalesce(
        instance_session.running_at,
        case when %(has_run)s then instance_session.started_at end
    ),
    -- Not before it began, should the server's clock have stepped back: it stops all the same.
    stopped_at = greatest(now(), instance_session.started_at, instance_session.running_at),
    stopped_by = %(stopped_by)s
where
    instance_session.instance_id = %(instance_id)s
    and instance_session.stopped_at is null
    and (%(session_id)s::bigint is null or instance_session.session_id = %(session_id)s)
returning
    session_id, instance_id, price_per_hour_usd, started_at, running_at, stopped_at, stopped_by
