-- What each of the last twelve months (UTC) has cost, this one last: calls as of the last refresh of the facts,
-- GPU time up to now. A session belongs to the month in which it began to run, as in mart.spend_by_month.
with month as (
    select (date_trunc('month', now() at time zone 'UTC') - make_interval(months => number)) at time zone 'UTC' as begins_at
    from generate_series(0, 11) as ago (number)
),

call as (
    select
        date_trunc('month', fact.hour_at, 'UTC') as begins_at,
        sum(fact.units) filter (where fact.provider = 'google_vision') as image_count,
        sum(fact.free_units) filter (where fact.provider = 'google_vision') as free_image_count,
        sum(fact.calls_usd) filter (where fact.provider = 'google_vision') as vision_usd,
        sum(fact.calls_usd) filter (where fact.provider <> 'google_vision') as other_usd
    from mart.city_spend_hourly_v1 as fact
    where fact.hour_at >= (select min(month.begins_at) from month)
    group by date_trunc('month', fact.hour_at, 'UTC')
),

session as (
    select
        date_trunc('month', session_cost.running_at, 'UTC') as begins_at,
        sum(session_cost.billed_seconds) as gpu_seconds,
        sum(session_cost.cost_usd) as gpu_usd
    from core.session_cost
    where session_cost.running_at >= (select min(month.begins_at) from month)
    group by date_trunc('month', session_cost.running_at, 'UTC')
)

select
    month.begins_at,
    coalesce(call.image_count, 0)::bigint as image_count,
    coalesce(call.free_image_count, 0)::bigint as free_image_count,
    coalesce(call.vision_usd, 0)::double precision as vision_usd,
    coalesce(call.other_usd, 0)::double precision as other_usd,
    coalesce(session.gpu_seconds, 0)::double precision as gpu_seconds,
    coalesce(session.gpu_usd, 0)::double precision as gpu_usd
from month
left join call on month.begins_at = call.begins_at
left join session on month.begins_at = session.begins_at
order by month.begins_at
