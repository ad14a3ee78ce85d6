-- severity: fail
-- The facts of spending (mart.city_spend_hourly_v1) of the settled hours of the last two days are
-- what the ledger holds, hours of which it knows nothing included; else a refresh missed something:
-- run `refresh-marts --all`. All columns are compared.
with bounds as materialized (
    select
        min(settled_hour.hour_at) as start_at,
        max(settled_hour.hour_at) + interval '1 hour' as end_at
    from mart.settled_hour
),

in_core as (
    select
        paid_call.city_id,
        date_trunc('hour', paid_call.recorded_at, 'UTC') as hour_at,
        paid_call.provider,
        paid_call.feature,
        jsonb_build_object(
            'units', sum(paid_call.unit_count),
            'free_units', coalesce(sum(paid_call.unit_count) filter (where paid_call.price_usd = 0), 0),
            'calls_usd', sum(paid_call.price_usd)
        ) as counts
    from bounds
    inner join core.paid_call
        on paid_call.recorded_at >= bounds.start_at and bounds.end_at > paid_call.recorded_at
    where
        paid_call.state in ('reserved', 'succeeded', 'unknown')
        and not paid_call.is_taken_over
    group by
        paid_call.city_id,
        date_trunc('hour', paid_call.recorded_at, 'UTC'),
        paid_call.provider,
        paid_call.feature
),

in_mart as (
    select
        facts.city_id,
        facts.hour_at,
        facts.provider,
        facts.feature,
        jsonb_build_object(
            'units', facts.units, 'free_units', facts.free_units, 'calls_usd', facts.calls_usd
        ) as counts
    from bounds
    inner join mart.city_spend_hourly_v1 as facts
        on facts.hour_at >= bounds.start_at and bounds.end_at > facts.hour_at
)

select
    city_id,
    hour_at,
    provider,
    feature,
    in_core.counts as counts_in_core,
    in_mart.counts as counts_in_mart
from in_core
full outer join in_mart using (city_id, hour_at, provider, feature)
where
    (%(city_id)s::text is null or city_id = %(city_id)s)
    and in_core.counts is distinct from in_mart.counts
    and hour_at in (select settled_hour.hour_at from mart.settled_hour);
