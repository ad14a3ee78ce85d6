-- severity: fail
-- scope: hour
-- The facts of spending (mart.city_spend_hourly_v1) of the settled hours of the last two days are
-- what the ledger holds, hours of which it knows nothing included; else a refresh missed something:
-- run `refresh-marts --all`. All columns are compared.
with settled as materialized (
    select settled_hour.hour_at
    from mart.settled_hour
    where
        %(keys)s::text[] is null
        or settled_hour.hour_at in (
            select asked.key::timestamptz
            from unnest(%(keys)s::text[]) as asked (key)
        )
),

-- Asked for as values below: the planner then takes what lies between for a few rows, and looks these
-- up by index. Of hours that are asked about, most may lie outside.
bounds as materialized (
    select
        min(settled.hour_at) as start_at,
        max(settled.hour_at) + interval '1 hour' as end_at
    from settled
),

in_core as (
    select
        ledger_entry.city_id,
        ledger_entry.provider,
        ledger_entry.feature,
        date_trunc('hour', ledger_entry.recorded_at, 'UTC') as hour_at,
        jsonb_build_object(
            'units', sum(ledger_entry.unit_count),
            'free_units', coalesce(sum(ledger_entry.unit_count) filter (where ledger_entry.price_usd = 0), 0),
            'calls_usd', sum(ledger_entry.price_usd)
        ) as counts
    from core.ledger_entry
    where
        ledger_entry.recorded_at >= (select bounds.start_at from bounds)
        and ledger_entry.recorded_at < (select bounds.end_at from bounds)
        and date_trunc('hour', ledger_entry.recorded_at, 'UTC') in (select settled.hour_at from settled)
        and ledger_entry.is_billed
    group by
        ledger_entry.city_id,
        date_trunc('hour', ledger_entry.recorded_at, 'UTC'),
        ledger_entry.provider,
        ledger_entry.feature
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
    from mart.city_spend_hourly_v1 as facts
    where
        facts.hour_at >= (select bounds.start_at from bounds)
        and facts.hour_at < (select bounds.end_at from bounds)
        and facts.hour_at in (select settled.hour_at from settled)
),

compared as (
    select
        in_core.counts as counts_in_core,
        in_mart.counts as counts_in_mart,
        coalesce(in_core.city_id, in_mart.city_id) as city_id,
        coalesce(in_core.hour_at, in_mart.hour_at) as hour_at,
        coalesce(in_core.provider, in_mart.provider) as provider,
        coalesce(in_core.feature, in_mart.feature) as feature
    from in_core
    full outer join in_mart
        on
            in_core.city_id = in_mart.city_id
            and in_core.hour_at = in_mart.hour_at
            and in_core.provider = in_mart.provider
            and in_core.feature = in_mart.feature
)

select
    compared.city_id,
    compared.hour_at,
    compared.provider,
    compared.feature,
    compared.counts_in_core,
    compared.counts_in_mart
from compared
where
    (%(city_id)s::text is null or compared.city_id = %(city_id)s)
    and compared.counts_in_core is distinct from compared.counts_in_mart;
