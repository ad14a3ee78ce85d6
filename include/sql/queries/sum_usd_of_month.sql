-- What is spent this month, and what other runs under way may still spend. One that vanished without
-- an end is forgotten after a week.
with under_way as (
    select
        spend_estimate.dag_id,
        spend_estimate.run_id,
        spend_estimate.most_usd
    from core.spend_estimate
    where
        (spend_estimate.dag_id <> %(dag_id)s or spend_estimate.run_id <> %(run_id)s)
        and spend_estimate.estimated_at > now() - interval '7 days'
        and spend_estimate.ended_at is null
        and spend_estimate.refusal is null
)

select
    (
        select coalesce(sum(paid_call.price_usd), 0)
        from core.paid_call
        where
            paid_call.reserved_at >= date_trunc('month', now())
            and paid_call.state in ('reserved', 'succeeded', 'unknown')
            and not paid_call.is_taken_over
    )::double precision as calls_usd,
    (
        select
            coalesce(
                sum(
                    extract(
                        epoch from coalesce(instance_session.stopped_at, now())
                        - greatest(instance_session.running_at, date_trunc('month', now()))
                    )
                    / 3600 * instance_session.price_per_hour_usd
                ),
                0
            )
        from core.instance_session
        where
            instance_session.running_at is not null
            and coalesce(instance_session.stopped_at, now()) >= date_trunc('month', now())
    )::double precision as gpu_usd,
    (
        select
            coalesce(
                sum(
                    greatest(
                        under_way.most_usd - coalesce(call.usd, 0) - coalesce(session.usd, 0), 0
                    )
                ),
                0
            )
        from under_way
        left join lateral (
            select sum(paid_call.price_usd) as usd
            from core.paid_call
            where
                paid_call.dag_id = under_way.dag_id
                and paid_call.run_id = under_way.run_id
                and paid_call.state in ('reserved', 'succeeded', 'unknown')
        ) as call on true
        left join lateral (
            select
                sum(
                    extract(epoch from coalesce(instance_session.stopped_at, now()) - instance_session.running_at)
                    / 3600 * instance_session.price_per_hour_usd
                ) as usd
            from core.instance_session
            where
                instance_session.dag_id = under_way.dag_id
                and instance_session.run_id = under_way.run_id
        ) as session on true
    )::double precision as under_way_usd;
