insert into mart.city_spend_hourly_v1 (
    city_id, hour_at, provider, feature, units, free_units, calls_usd
)
select
    paid_call.city_id,
    date_trunc('hour', paid_call.recorded_at, 'UTC') as hour_at,
    paid_call.provider,
    paid_call.feature,
    sum(paid_call.unit_count) as units,
    coalesce(sum(paid_call.unit_count) filter (where paid_call.price_usd = 0), 0) as free_units,
    sum(paid_call.price_usd) as calls_usd
from core.paid_call
where
    paid_call.recorded_at >= %(start_at)s
    and paid_call.recorded_at < %(end_at)s
    and paid_call.state in ('reserved', 'succeeded', 'unknown')
    and not paid_call.is_taken_over
group by
    paid_call.city_id,
    date_trunc('hour', paid_call.recorded_at, 'UTC'),
    paid_call.provider,
    paid_call.feature;
