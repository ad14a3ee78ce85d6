-- The instances that were asked about, in that order, then others that somebody holds or that run.
with machine as (
    select
        known.instance_id,
        min(known.place) as place
    from (
        select
            wanted.instance_id,
            wanted.place
        from unnest(%(instance_ids)s::text[]) with ordinality as wanted (instance_id, place)
        union all
        select
            held.instance_id,
            null as place
        from core.instance_lease as held
        union all
        select
            started.instance_id,
            null as place
        from core.instance_session as started
        where started.stopped_at is null
    ) as known
    group by known.instance_id
)

select
    machine.instance_id,
    city.slug,
    instance_lease.dag_id,
    instance_lease.run_id,
    instance_lease.leased_at,
    instance_lease.deadline_at,
    instance_session.running_at,
    instance_session.session_id is not null as has_open_session
from machine
left join core.instance_lease on machine.instance_id = instance_lease.instance_id
left join core.city on instance_lease.city_id = city.city_id
left join core.instance_session
    on
        machine.instance_id = instance_session.instance_id
        and instance_session.stopped_at is null
order by machine.place asc nulls last, machine.instance_id asc
