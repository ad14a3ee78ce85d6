-- What one run paid was sought among all sessions, since who pays was known only after sessions and
-- leases were put together. Apart, both kinds are found by their indexes; the figures are the same.
create or replace view core.session_cost as
with payer as (
    select
        lease_use.session_id,
        lease_use.city_id,
        lease_use.dag_id,
        lease_use.run_id,
        lease_use.leased_at
    from core.lease_use
    union all
    -- Nobody held it: whoever started it pays.
    select
        instance_session.session_id,
        instance_session.city_id,
        instance_session.dag_id,
        instance_session.run_id,
        null as leased_at
    from core.instance_session
    where not exists (
        select 1
        from core.lease_use
        where lease_use.session_id = instance_session.session_id
    )
),

billed_session as (
    select
        instance_session.session_id,
        instance_session.instance_id,
        instance_session.price_per_hour_usd,
        instance_session.running_at,
        instance_session.stopped_at,
        greatest(
            coalesce(instance_session.stopped_at, now()),
            instance_session.running_at + interval '60 seconds'
        ) as billed_until
    from core.instance_session
    where instance_session.running_at is not null
),

span as (
    select
        payer.session_id,
        billed_session.instance_id,
        billed_session.price_per_hour_usd,
        payer.city_id,
        payer.dag_id,
        payer.run_id,
        -- Leases are dated by the warehouse's clock, sessions by EC2's.
        case
            when earlier.leased_at is null then billed_session.running_at
            else least(greatest(payer.leased_at, billed_session.running_at), billed_session.billed_until)
        end as running_at,
        case
            when later.leased_at is null then billed_session.stopped_at
            else least(greatest(later.leased_at, billed_session.running_at), billed_session.billed_until)
        end as stopped_at,
        case
            when later.leased_at is null then billed_session.billed_until
            else least(greatest(later.leased_at, billed_session.running_at), billed_session.billed_until)
        end as billed_until
    from payer
    inner join billed_session on payer.session_id = billed_session.session_id
    left join lateral (
        select max(other.leased_at) as leased_at
        from core.lease_use as other
        where
            other.session_id = payer.session_id
            and other.leased_at < payer.leased_at
    ) as earlier on true
    left join lateral (
        select min(other.leased_at) as leased_at
        from core.lease_use as other
        where
            other.session_id = payer.session_id
            and other.leased_at > payer.leased_at
    ) as later on true
)

select
    span.session_id,
    span.instance_id,
    span.city_id,
    span.dag_id,
    span.run_id,
    span.running_at,
    span.stopped_at,
    extract(epoch from span.billed_until - span.running_at) as billed_seconds,
    extract(epoch from span.billed_until - span.running_at)
    / 3600 * span.price_per_hour_usd as cost_usd,
    extract(
        epoch from greatest(
            span.billed_until - greatest(span.running_at, date_trunc('month', now(), 'UTC')),
            interval '0'
        )
    )
    / 3600 * span.price_per_hour_usd as cost_this_month_usd
from span;
