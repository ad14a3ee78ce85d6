-- What was ever spent; what the first SightScan paid is in no budget.
select
    (
        select coalesce(sum(ledger_entry.price_usd), 0)
        from core.ledger_entry
        where ledger_entry.is_billed
    )::double precision
    + (
        select coalesce(sum(session_cost.cost_usd), 0)
        from core.session_cost
    )::double precision as usd;
