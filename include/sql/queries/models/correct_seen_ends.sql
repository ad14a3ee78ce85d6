-- A host may have been restarted, or have needed several tries: of its times, a session's last one is
-- that of its end. What lies before a session's start or after its recorded end is not about it.
with told as (
    select
        instance_session.session_id,
        instance_session.stopped_at as seen_at,
        max(off.at) as off_at
    from core.instance_session
    inner join unnest(%(power_offs)s::timestamptz[]) as off (at)
        on off.at between instance_session.running_at and instance_session.stopped_at
    where
        instance_session.instance_id = %(instance_id)s
        and instance_session.stopped_at_source = 'seen'
    group by instance_session.session_id
)

update core.instance_session
set
    stopped_at = told.off_at,
    stopped_at_source = 'host'
from told
where instance_session.session_id = told.session_id
returning
    told.seen_at,
    told.off_at
