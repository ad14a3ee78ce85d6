-- Grain: one row per month, city, provider and feature (for GPU time: the provider aws_ec2, the
-- feature gpu). A session belongs to the month in which it began to run; of one that several cities
-- used in turn, each has its share.
create view mart.spend_by_month as
select
    date_trunc('month', city_spend_hourly_v1.hour_at, 'UTC') as month_at,
    city_spend_hourly_v1.city_id,
    city_spend_hourly_v1.provider,
    city_spend_hourly_v1.feature,
    sum(city_spend_hourly_v1.units)::bigint as units,
    sum(city_spend_hourly_v1.free_units)::bigint as free_units,
    0::double precision as gpu_seconds,
    sum(city_spend_hourly_v1.calls_usd)::double precision as spend_usd
from mart.city_spend_hourly_v1
group by
    date_trunc('month', city_spend_hourly_v1.hour_at, 'UTC'),
    city_spend_hourly_v1.city_id,
    city_spend_hourly_v1.provider,
    city_spend_hourly_v1.feature
union all
select
    date_trunc('month', session_cost.running_at, 'UTC') as month_at,
    session_cost.city_id,
    'aws_ec2' as provider,
    'gpu' as feature,
    count(distinct session_cost.session_id) as units,
    0 as free_units,
    sum(session_cost.billed_seconds)::double precision as gpu_seconds,
    sum(session_cost.cost_usd)::double precision as spend_usd
from core.session_cost
group by date_trunc('month', session_cost.running_at, 'UTC'), session_cost.city_id;

comment on view mart.spend_by_month is 'One row per month, city, provider and feature: what was paid for.';
comment on column mart.spend_by_month.month_at is 'Start of the month (UTC).';
comment on column mart.spend_by_month.city_id is 'The city; null for GPU time of no city.';
comment on column mart.spend_by_month.provider is 'Who is paid.';
comment on column mart.spend_by_month.feature is 'What for.';
comment on column mart.spend_by_month.units is 'Images that were paid for or may have been; for GPU time: sessions.';
comment on column mart.spend_by_month.free_units is 'Of these, units that cost nothing.';
comment on column mart.spend_by_month.gpu_seconds is 'Seconds of instances that are billed.';
comment on column mart.spend_by_month.spend_usd is 'In US dollars.';
