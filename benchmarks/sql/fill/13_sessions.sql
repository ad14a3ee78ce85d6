insert into core.instance_session (
    instance_id, city_id, dag_id, run_id, price_per_hour_usd, started_at, running_at, stopped_at,
    stopped_by, recorded_at
)
select
    'i-1', city_id, dag_id, run_id, 3.06, estimated_at, estimated_at,
    estimated_at + interval '1 hour', 'd', estimated_at
from core.spend_estimate
