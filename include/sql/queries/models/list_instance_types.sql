with seen as (
    select distinct on (instance_session.instance_id)
        instance_session.instance_id,
        instance_session.instance_type
    from core.instance_session
    where
        instance_session.instance_id = any(%(instance_ids)s::text[])
        and instance_session.instance_type is not null
    order by instance_session.instance_id asc, instance_session.started_at desc
)

select distinct seen.instance_type
from unnest(%(instance_ids)s::text[]) as asked (instance_id)
left join seen on asked.instance_id = seen.instance_id
