-- What each of the last twelve months (UTC) has cost, this one last: calls as of the last refresh of the facts,
-- GPU time up to now, in the months in which it ran: so that this month's is core.session_cost.cost_this_month_usd.
with begun as (
    select (date_trunc('month', now() at time zone 'UTC') - make_interval(months => number)) at time zone 'UTC' as begins_at
    from generate_series(0, 11) as ago (number)
),

-- This one has no end yet: a minute that is billed whole may reach into what comes.
month as (
    select
        begun.begins_at,
        lead(begun.begins_at, 1, 'infinity') over (order by begun.begins_at) as ends_at
    from begun
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

share as materialized (
    select
        session_cost.running_at,
        session_cost.running_at + session_cost.billed_seconds * interval '1 second' as billed_until,
        session_cost.cost_usd / session_cost.billed_seconds as usd_per_second
    from core.session_cost
    where session_cost.billed_seconds > 0
),

part as (
    select
        month.begins_at,
        share.usd_per_second,
        extract(
            epoch from least(share.billed_until, month.ends_at) - greatest(share.running_at, month.begins_at)
        ) as seconds
    from share
    inner join month
        on
            share.running_at < month.ends_at
            and share.billed_until > month.begins_at
),

session as (
    select
        part.begins_at,
        sum(part.seconds) as gpu_seconds,
        sum(part.seconds * part.usd_per_second) as gpu_usd
    from part
    group by part.begins_at
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
