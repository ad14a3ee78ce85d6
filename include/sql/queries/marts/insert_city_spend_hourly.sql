insert into mart.city_spend_hourly_v1 (
    city_id, hour_at, provider, feature, units, free_units, calls_usd
)
select
    ledger_entry.city_id,
    date_trunc('hour', ledger_entry.recorded_at, 'UTC') as hour_at,
    ledger_entry.provider,
    ledger_entry.feature,
    sum(ledger_entry.unit_count) as units,
    coalesce(sum(ledger_entry.unit_count) filter (where ledger_entry.price_usd = 0), 0) as free_units,
    sum(ledger_entry.price_usd) as calls_usd
from core.ledger_entry
where
    ledger_entry.recorded_at >= %(start_at)s
    and ledger_entry.recorded_at < %(end_at)s
    and ledger_entry.is_billed
group by
    ledger_entry.city_id,
    date_trunc('hour', ledger_entry.recorded_at, 'UTC'),
    ledger_entry.provider,
    ledger_entry.feature;
