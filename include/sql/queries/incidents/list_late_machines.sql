-- GPU instances that should be off: held past their deadline, or billed although nobody holds them. The
-- reaper comes every five minutes and has a quarter of an hour.
select
    instance_lease.instance_id,
    instance_lease.run_id as held_by,
    instance_lease.deadline_at as late_since
from core.instance_lease
where instance_lease.deadline_at < now() - %(grace)s::interval
union all
select
    instance_session.instance_id,
    null as held_by,
    coalesce(instance_session.running_at, instance_session.started_at) as late_since
from core.instance_session
where
    instance_session.stopped_at is null
    and coalesce(instance_session.running_at, instance_session.started_at) < now() - %(grace)s::interval
    and not exists (
        select 1
        from core.instance_lease
        where instance_lease.instance_id = instance_session.instance_id
    )
order by instance_id
