-- A start that nobody saw running has run if EC2 launched the instance since it was asked for (the
-- clocks may differ by minutes), and no other session is of that launch.
with session as (
    select
        instance_session.session_id,
        coalesce(
            instance_session.running_at,
            case
                when
                    %(launched_at)s::timestamptz >= instance_session.started_at - interval '5 minutes'
                    and not exists (
                        select 1
                        from core.instance_session as other
                        where
                            other.instance_id = instance_session.instance_id
                            and other.running_at >= %(launched_at)s
                    )
                    then %(launched_at)s
            end
        ) as running_at
    from core.instance_session
    where
        instance_session.session_id = %(session_id)s
        and instance_session.stopped_at is null
)

update core.instance_session
set
    running_at = session.running_at,
    started_at = least(instance_session.started_at, session.running_at),
    -- Not before it began, whatever the clocks say: it is closed all the same.
    stopped_at = greatest(
        coalesce(%(ended_at)s::timestamptz, now()),
        coalesce(session.running_at, instance_session.started_at)
    ),
    stopped_at_source = %(source)s,
    stopped_by = %(stopped_by)s
from session
where instance_session.session_id = session.session_id
returning
    instance_session.session_id,
    instance_session.instance_id,
    instance_session.price_per_hour_usd,
    instance_session.started_at,
    instance_session.running_at,
    instance_session.stopped_at,
    instance_session.stopped_by
