-- Sessions that both have, as they went on: a session is known by its instance and when it was started.
update core.instance_session
set
    running_at = session.running_at,
    stopped_at = session.stopped_at,
    stopped_at_source = session.stopped_at_source,
    stopped_by = session.stopped_by,
    price_per_hour_usd = session.price_per_hour_usd
from carried
cross join lateral jsonb_populate_record(null::core.instance_session, carried.content) as session
where
    carried.table_name = 'instance_session'
    and instance_session.instance_id = session.instance_id
    and instance_session.started_at = session.started_at
    and (instance_session.running_at, instance_session.stopped_at, instance_session.stopped_by)
    is distinct from (session.running_at, session.stopped_at, session.stopped_by)
