-- GPU instances that should be off: held past their deadline, or billed although no run holds them. The
-- reaper comes every five minutes and has a quarter of an hour. What it holds itself, and anew in each
-- round that cannot stop it, is held by nobody: late since the last run that held it gave it up.
select
    instance_lease.instance_id,
    instance_lease.run_id as held_by,
    instance_lease.deadline_at as late_since
from core.instance_lease
where
    instance_lease.city_id is not null
    and instance_lease.deadline_at < now() - %(grace)s::interval
union all
select
    unheld.instance_id,
    null as held_by,
    unheld.late_since
from (
    select
        instance_session.instance_id,
        greatest(
            coalesce(instance_session.running_at, instance_session.started_at),
            max(lease_use.released_at)
        ) as late_since
    from core.instance_session
    left join core.lease_use on instance_session.session_id = lease_use.session_id
    where
        instance_session.stopped_at is null
        and not exists (
            select 1
            from core.instance_lease
            where
                instance_lease.instance_id = instance_session.instance_id
                and instance_lease.city_id is not null
        )
    group by instance_session.session_id
) as unheld
where unheld.late_since < now() - %(grace)s::interval
order by instance_id
