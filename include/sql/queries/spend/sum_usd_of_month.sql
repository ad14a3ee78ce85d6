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
        select coalesce(sum(ledger_entry.price_usd), 0)
        from core.ledger_entry
        where
            ledger_entry.reserved_at >= date_trunc('month', now(), 'UTC')
            and ledger_entry.is_billed
    )::double precision as calls_usd,
    (
        select coalesce(sum(session_cost.cost_this_month_usd), 0)
        from core.session_cost
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
            select sum(ledger_entry.price_usd) as usd
            from core.ledger_entry
            where
                ledger_entry.dag_id = under_way.dag_id
                and ledger_entry.run_id = under_way.run_id
                and ledger_entry.is_billed
        ) as call on true
        left join lateral (
            select sum(session_cost.cost_usd) as usd
            from core.session_cost
            where
                session_cost.dag_id = under_way.dag_id
                and session_cost.run_id = under_way.run_id
        ) as session on true
    )::double precision as under_way_usd;
