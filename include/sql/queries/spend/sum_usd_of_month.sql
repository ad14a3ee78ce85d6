-- What is spent this month, and what other runs under way may still spend.
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
        select coalesce(sum(spend_under_way.left_usd), 0)
        from core.spend_under_way
        where spend_under_way.dag_id <> %(dag_id)s or spend_under_way.run_id <> %(run_id)s
    )::double precision as under_way_usd;
