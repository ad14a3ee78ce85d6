select
    instance_session.session_id,
    instance_session.instance_id,
    instance_session.price_per_hour_usd,
    instance_session.started_at,
    instance_session.running_at,
    instance_session.stopped_at,
    instance_session.stopped_by
from core.instance_session
where
    instance_session.instance_id = %(instance_id)s
    and instance_session.stopped_at is null
