-- The queue in its order: first whoever has waited too long, the oldest before the others; then by
-- how many people asked for the city, and by age.
with last_instance as (
    select distinct on (training_run.city_id)
        training_run.city_id,
        instance_session.instance_id
    from core.training_run
    inner join core.instance_session on training_run.session_id = instance_session.session_id
    where training_run.city_id in (select lease_request.city_id from core.lease_request)
    order by
        training_run.city_id asc,
        training_run.started_at desc nulls last,
        training_run.training_id desc
),

demand as (
    select
        city_request.city_id,
        sum(city_request.vote_count)::integer as people
    from core.city_request
    where
        -- The votes of those that were merged into it are among its own.
        city_request.stage = 'resolved'
        and city_request.city_id in (select lease_request.city_id from core.lease_request)
    group by city_request.city_id
),

waiting as (
    select
        lease_request.dag_id,
        lease_request.run_id,
        lease_request.city_id,
        lease_request.instance_ids,
        lease_request.lease_seconds,
        lease_request.asked_at,
        last_instance.instance_id as last_instance_id,
        coalesce(demand.people, 0) as people,
        lease_request.asked_at <= now() - make_interval(secs => %(patience_seconds)s) as is_overdue,
        lease_request.renewed_at > now() - make_interval(secs => %(silence_seconds)s) as is_awake
    from core.lease_request
    left join demand on lease_request.city_id = demand.city_id
    left join last_instance on lease_request.city_id = last_instance.city_id
)

select
    waiting.dag_id,
    waiting.run_id,
    waiting.city_id,
    city.slug,
    waiting.instance_ids,
    waiting.lease_seconds,
    waiting.asked_at,
    waiting.people,
    waiting.is_overdue,
    waiting.is_awake,
    waiting.last_instance_id,
    array(
        select wanted.instance_id
        from unnest(waiting.instance_ids) with ordinality as wanted (instance_id, place)
        left join core.instance_lease on wanted.instance_id = instance_lease.instance_id
        where instance_lease.instance_id is null
        order by wanted.place
    ) as free_instance_ids
from waiting
inner join core.city on waiting.city_id = city.city_id
order by
    waiting.is_overdue desc,
    case when not waiting.is_overdue then waiting.people end desc nulls last,
    waiting.asked_at asc,
    waiting.dag_id asc,
    waiting.run_id asc
